"""Arrange a compiled graph for a drawing: layers from left to right, no network and no graph library needed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from maestro_graph.cli._words import shortened

__all__ = ["Arrow", "Box", "Curve", "Drawing", "Point", "arranged"]

Point = tuple[float, float]
Curve = tuple[Point, Point, Point, Point]

MARGIN = 28.0
GAP_X, GAP_Y = 120.0, 36.0
PORT_GAP = 11.0
CAPTION = 20.0
PAD_X, PAD_Y = 20.0, 14.0
TITLE_SIZE, NOTE_SIZE = 17.0, 13.0
LINE = 1.3
TITLE_WIDTH, NOTE_WIDTH = 0.58, 0.55  # of a letter, in sizes: above the average of common sans-serif faces
MOST_NOTES = 8
NOTE_CHARS = 30
END_RADIUS = 9.0
LOOP = 46.0
BEND = 0.5


class DrawnNode(Protocol):
    """A node of LangGraph's drawable graph."""

    @property
    def name(self) -> str: ...


class DrawnEdge(Protocol):
    """An edge of LangGraph's drawable graph."""

    @property
    def source(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def conditional(self) -> bool: ...


class Drawable(Protocol):
    """What `compiled.get_graph()` returns."""

    @property
    def nodes(self) -> Mapping[str, DrawnNode]: ...
    @property
    def edges(self) -> Iterable[DrawnEdge]: ...


@dataclass(frozen=True, slots=True)
class Box:
    """A node; `kind` tells the start and the end, which are drawn as dots."""

    x: float
    y: float
    width: float
    height: float
    title: str
    notes: tuple[str, ...]
    kind: Literal["node", "start", "end"]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A cubic Bézier curve; dashed where a decision takes it."""

    points: Curve
    dashed: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes and arrows in pixels at scale 1."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def arranged(graph: Drawable, notes: Mapping[str, tuple[str, ...]] | None = None) -> Drawing:
    """Boxes in layers by their distance from the start, and curves between them.

    Args:
        graph: nodes and edges.
        notes: lines to write under a node's name.
    """
    edges = sorted({(edge.source, edge.target, edge.conditional) for edge in graph.edges})
    layers = _layers(list(graph.nodes), [(source, target) for source, target, _ in edges])
    boxes = _placed(graph, layers, notes or {})
    ports = _ports(boxes, [(source, target) for source, target, _ in edges])
    arrows = [
        Arrow(_loop(boxes[source]) if source == target else _curve(*ports[source, target]), dashed)
        for source, target, dashed in edges
    ]
    heights = [box.y for box in boxes.values()] + [point[1] for arrow in arrows for point in arrow.points]
    up = MARGIN - min(heights, default=0.0)
    right = max((box.x + box.width for box in boxes.values()), default=0.0)
    bottom = max((box.y + box.height + (CAPTION if box.kind != "node" else 0) for box in boxes.values()), default=0.0)
    return Drawing(
        right + MARGIN,
        max([bottom, *heights]) + up + MARGIN,
        tuple(replace(box, y=box.y + up) for box in boxes.values()),
        tuple(Arrow(_lifted(arrow.points, up), arrow.dashed) for arrow in arrows),
    )


def _lifted(points: Curve, up: float) -> Curve:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points
    return (x0, y0 + up), (x1, y1 + up), (x2, y2 + up), (x3, y3 + up)


def _layers(nodes: list[str], edges: list[tuple[str, str]]) -> list[list[str]]:
    """Nodes by the length of the longest way to them, edges that lead back left out."""
    onward = {node: [target for source, target in edges if source == node] for node in nodes}
    back: set[tuple[str, str]] = set()
    done: set[str] = set()
    depth = dict.fromkeys(nodes, 0)

    def find_back(node: str, above: tuple[str, ...]) -> None:
        for target in onward[node]:
            if target == node or target in above:
                back.add((node, target))
            elif target not in done:
                find_back(target, (*above, node))
        done.add(node)

    targets = {target for source, target in edges if source != target}
    for node in sorted(nodes, key=lambda name: name in targets):
        if node not in done:
            find_back(node, ())
    forward = [edge for edge in edges if edge not in back]
    for _ in nodes:
        for source, target in forward:
            depth[target] = max(depth[target], depth[source] + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for node in nodes:
        layers[depth[node]].append(node)
    return layers


def _placed(graph: Drawable, layers: list[list[str]], notes: Mapping[str, tuple[str, ...]]) -> dict[str, Box]:
    """Boxes with their places: layers are centred on each other, and boxes of one layer have one width."""
    sized = {name: _sized(graph.nodes[name].name, notes.get(name, ())) for layer in layers for name in layer}
    for name, box in sized.items():
        ends = sum((edge.source == name) != (edge.target == name) for edge in graph.edges)
        if box.kind == "node":
            sized[name] = replace(box, height=max(box.height, PORT_GAP * (ends + 1)))
    middle = max((sum(sized[n].height for n in layer) + GAP_Y * (len(layer) - 1) for layer in layers), default=0.0) / 2
    boxes: dict[str, Box] = {}
    x = MARGIN
    for layer in layers:
        width = max(sized[name].width for name in layer)
        height = sum(sized[n].height for n in layer) + GAP_Y * (len(layer) - 1)
        y = (_beside(layer[0], graph, boxes, middle) if len(layer) == 1 else middle) - height / 2
        for name in layer:
            boxes[name] = replace(sized[name], x=x, y=y, width=width)
            y += boxes[name].height + GAP_Y
        x += width + GAP_X
    return boxes


def _beside(name: str, graph: Drawable, boxes: Mapping[str, Box], middle: float) -> float:
    """The height of a node that stands alone in its layer: that of what leads to it."""
    before = [boxes[edge.source] for edge in graph.edges if edge.target == name and edge.source in boxes]
    if not before:
        return middle
    return sum(box.y + box.height / 2 for box in before) / len(before)


def _sized(name: str, notes: tuple[str, ...]) -> Box:
    if name in {"__start__", "__end__"}:
        side = 2 * END_RADIUS
        return Box(0, 0, side, side, name.strip("_"), (), "start" if name == "__start__" else "end")
    lines = tuple(shortened(note, NOTE_CHARS) for note in notes[:MOST_NOTES])
    if len(notes) > MOST_NOTES:
        lines = (*lines[:-1], f"and {len(notes) - MOST_NOTES + 1} more")
    title = shortened(name, NOTE_CHARS)
    width = max([len(title) * TITLE_SIZE * TITLE_WIDTH, *(len(line) * NOTE_SIZE * NOTE_WIDTH for line in lines)])
    height = TITLE_SIZE * LINE + len(lines) * NOTE_SIZE * LINE
    return Box(0, 0, width + 2 * PAD_X, height + 2 * PAD_Y, title, lines, "node")


def _ports(boxes: Mapping[str, Box], edges: list[tuple[str, str]]) -> dict[tuple[str, str], tuple[Point, Point]]:
    """Where every edge leaves and enters: along a side, in the order of the boxes at the other ends."""
    sides: dict[tuple[str, bool], list[tuple[float, bool, tuple[str, str]]]] = {}
    for source, target in edges:
        if source != target:
            rightward = boxes[target].x > boxes[source].x
            for node, other, enters in ((source, target, False), (target, source, True)):
                side = rightward != enters
                far = boxes[other].y + boxes[other].height / 2
                # Of two edges between the same boxes the one from left to right lies above.
                sides.setdefault((node, side), []).append((far, not rightward, (source, target)))
    found: dict[tuple[str, str], dict[str, Point]] = {}
    for (node, right), ends in sides.items():
        box = boxes[node]
        gap = min(2 * PORT_GAP, box.height / (len(ends) + 1))
        first = box.y + box.height / 2 - gap * (len(ends) - 1) / 2
        for number, (_, _, edge) in enumerate(sorted(ends)):
            found.setdefault(edge, {})[node] = (box.x + box.width if right else box.x, first + number * gap)
    return {edge: (ends[edge[0]], ends[edge[1]]) for edge, ends in found.items()}


def _curve(start: Point, end: Point) -> Curve:
    reach = (end[0] - start[0]) * BEND
    return start, (start[0] + reach, start[1]), (end[0] - reach, end[1]), end


def _loop(box: Box) -> Curve:
    """From a box to itself, above it."""
    middle, top = box.x + box.width / 2, box.y
    spread = min(26.0, box.width / 3)
    above = top - LOOP
    return (
        (middle - spread, top),
        (middle - 1.6 * spread, above),
        (middle + 1.6 * spread, above),
        (middle + spread, top),
    )
