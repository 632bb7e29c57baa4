"""A map of coloured routes between four stations: how many lead from one to another?"""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import combinations, pairwise
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas, Point
from maestro_evaluation.synthetic._generator import Rejected, Scene, digits, share
from maestro_graph.evidence import Json

__all__ = ["SubwayRoutes"]

LATTICE = 18
PORTS = {
    "A": [(8, 0), (9, 0), (10, 0)],
    "B": [(17, 8), (17, 9), (17, 10)],
    "C": [(8, 17), (9, 17), (10, 17)],
    "D": [(0, 8), (0, 9), (0, 10)],
}
"""Where routes can leave each station: points of the lattice."""
PAIRS = list(combinations("ABCD", 2))
COUNTS = (0, 1, 2, 3)
TAB10 = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"]
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "512-thin", "size": 512, "width": 4.0, "inks": TAB10, "paper": "white"},
    {"style": "512-thick", "size": 512, "width": 7.0, "inks": TAB10, "paper": "white"},
    {"style": "768-thin", "size": 768, "width": 6.0, "inks": TAB10, "paper": "white"},
    {"style": "1024-thick", "size": 1024, "width": 13.0, "inks": TAB10, "paper": "white"},
    {"style": "1024-thin", "size": 1024, "width": 7.0, "inks": TAB10, "paper": "white"},
    {"style": "700-grey", "size": 700, "width": 6.0, "inks": TAB10[::-1], "paper": "#f2f2f2"},
)

Node = tuple[int, int]


class SubwayRoutes:
    name = "subway connections"
    rule_task = name
    wordings = (
        "How many single-color paths go from {0} to {1}? Answer with a number.",
        "Count the one-colored routes that go from {0} to {1}. Answer with a number.",
        "How many routes of one colour connect station {0} and station {1}? Give a number.",
        "Between {0} and {1}, how many lines of a single colour run? Give a number.",
        "How many subway lines lead from {0} to {1}? Reply with a number.",
        "What is the number of coloured paths joining {0} and {1}? Reply with a number.",
    )
    veiled = (
        "How many lead from {0} to {1}? Answer with a number.",
        "How many ways are there between {0} and {1}? Give a number.",
        "How often are {0} and {1} connected? Give a number.",
    )
    chance = 1 / len(COUNTS)
    options = False

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        place, pair = digits(number, len(COUNTS), len(PAIRS))
        asked = PAIRS[pair % len(PAIRS)]
        style = rng.choice(share(STYLES, split))
        ends = _connections(rng, asked, COUNTS[place])
        inks = rng.sample(style["inks"], len(ends))
        routes = [
            {"from": first, "to": last, "ink": ink, "path": path}
            for (first, last, path), ink in zip(_lay(rng, ends), inks, strict=True)
        ]
        words = list(asked) if rng.random() < 0.5 else list(asked[::-1])
        return {**style, "parts": {"style": style["style"]}, "routes": routes, "asked": list(asked), "words": words}

    def answer(self, scene: Scene) -> Json:
        return sum({route["from"], route["to"]} == set(scene["asked"]) for route in scene["routes"])

    def second_answer(self, scene: Scene) -> Json:
        """By colour: the points that an odd number of its edges meet in are its ends, and ports of stations."""
        station = {port: name for name, ports in PORTS.items() for port in ports}
        edges: dict[str, Counter[Node]] = {}
        for route in scene["routes"]:
            meeting = edges.setdefault(route["ink"], Counter())
            for first, last in pairwise(route["path"]):
                meeting.update([tuple(first), tuple(last)])
        ends = [[station[node] for node, count in meeting.items() if count % 2] for meeting in edges.values()]
        return sum(sorted(found) == sorted(scene["asked"]) for found in ends)

    def draw(self, scene: Scene) -> Image.Image:
        size = scene["size"]
        canvas = Canvas(size, size, scene["paper"])
        unit = size / (LATTICE + 3)

        def at(node: Point) -> Point:
            return (node[0] + 2) * unit, (node[1] + 2) * unit

        for route in scene["routes"]:
            canvas.line([at(node) for node in route["path"]], route["ink"], scene["width"])
        for name, ports in PORTS.items():
            (left, top), (right, bottom) = ports[0], ports[-1]
            away = {"A": (0, -1), "B": (1, 0), "C": (0, 1), "D": (-1, 0)}[name]
            x, y = at(((left + right) / 2 + away[0] * 0.65, (top + bottom) / 2 + away[1] * 0.65))
            half = (1.5 * unit, 0.6 * unit) if name in "AC" else (0.6 * unit, 1.5 * unit)
            box = ((x - half[0], y - half[1]), (x + half[0], y + half[1]))
            canvas.box(*box, fill=scene["paper"], colour="black", width=max(1.5, size / 400))
            canvas.text((x, y), name, size=0.85 * unit, face="DejaVuSans-Bold")
        return canvas.image()


def _connections(rng: Random, asked: tuple[str, str], count: int) -> list[tuple[str, str]]:
    """Pairs of stations to connect: the asked one so many times, each station one to three times."""
    free = dict.fromkeys(PORTS, 3)
    ends = [asked] * count
    for name in asked:
        free[name] -= count
    others = [pair for pair in PAIRS if pair != asked]
    for _ in range(rng.randint(2, 5)):
        if able := [pair for pair in others if free[pair[0]] and free[pair[1]]]:
            pair = rng.choice(able)
            ends.append(pair)
            for name in pair:
                free[name] -= 1
    if any(left == 3 for left in free.values()):
        raise Rejected
    rng.shuffle(ends)
    return ends


def _lay(rng: Random, ends: list[tuple[str, str]]) -> list[tuple[str, str, list[Node]]]:
    """A path for each pair; no two share an edge, none passes another's port."""
    ports = {name: rng.sample(places, len(places)) for name, places in PORTS.items()}
    taken = [(first, last, ports[first].pop(), ports[last].pop()) for first, last in ends]
    used: set[frozenset[Node]] = set()
    laid = []
    for first, last, start, goal in taken:
        path = _path(rng, start, goal, used)
        used.update(frozenset(edge) for edge in pairwise(path))
        laid.append((first, last, path))
    return laid


def _path(rng: Random, start: Node, goal: Node, used: set[frozenset[Node]]) -> list[Node]:
    """The shortest path over edges of random length that are not in use."""
    closed = {port for places in PORTS.values() for port in places} - {start, goal}
    queue: list[tuple[float, Node, Node | None]] = [(0.0, start, None)]
    before: dict[Node, Node | None] = {}
    while queue:
        far, node, came = heapq.heappop(queue)
        if node in before:
            continue
        before[node] = came
        if node == goal:
            return _back(before, goal)
        for step in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            after = (node[0] + step[0], node[1] + step[1])
            edge = frozenset((node, after))
            inside = (1 <= after[0] < LATTICE - 1 and 1 <= after[1] < LATTICE - 1) or after == goal
            if inside and after not in closed and after not in before and edge not in used:
                heapq.heappush(queue, (far + rng.uniform(0.2, 3.0), after, node))
    raise Rejected


def _back(before: dict[Node, Node | None], goal: Node) -> list[Node]:
    path, node = [], before[goal]
    path.append(goal)
    while node is not None:
        path.append(node)
        node = before[node]
    return path[::-1]
