"""Which region a phrase of the question means."""

from __future__ import annotations

import math
from collections.abc import Sequence

from maestro_graph.embedded.looker._questions import Thing
from maestro_graph.embedded.looker._regions import NEUTRAL, Region, Scene

__all__ = ["apart", "find", "holds", "matching", "place_words"]

# what may be called by another name: a square is a rectangle, a round spot may measure as an ellipse
KIN: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "ellipse", "octagon", "hexagon"),
    "ellipse": ("ellipse", "circle"),
    "square": ("square", "rectangle", "diamond"),
    "rectangle": ("rectangle", "square", "parallelogram", "line"),
    "diamond": ("diamond", "square", "parallelogram"),
    "triangle": ("triangle",),
    "ring": ("ring", "circle"),
    "octagon": ("octagon", "circle", "hexagon"),
    "hexagon": ("hexagon", "circle", "octagon", "pentagon"),
    "pentagon": ("pentagon", "hexagon"),
    "line": ("line", "rectangle"),
}
COLOUR_KIN: dict[str, tuple[str, ...]] = {
    "orange": ("brown", "red", "yellow"), "pink": ("magenta", "red", "purple"), "purple": ("magenta", "blue", "pink"),
    "magenta": ("pink", "purple"), "cyan": ("blue", "green"), "brown": ("orange", "red"), "yellow": ("orange", "beige"),
    "red": ("brown", "pink", "orange"),
    "blue": ("cyan", "purple"), "green": ("cyan", "yellow"),
    "gray": ("black", "white"),
    "beige": ("brown", "yellow", "white"), "white": ("gray", "beige"), "black": ("gray",),
}  # fmt: skip


def matching(scene: Scene, thing: Thing) -> list[tuple[Region, float]]:
    """Regions that fit colour, form and place, each with how well (0 to 1), best first."""
    regions: Sequence[Region] = scene.regions
    scored = []
    for region in regions:
        fit = _fit(region, thing, scene)
        if fit > 0.0:
            scored.append((region, fit))
    if thing.relation and thing.other is not None:
        scored = _related(scene, scored, thing)
    scored.sort(key=lambda pair: -pair[1])
    return scored


def _fit(region: Region, thing: Thing, scene: Scene) -> float:
    fit = 1.0
    if thing.colour is not None:
        if region.colour == thing.colour:
            fit *= 1.0
        elif region.colour in COLOUR_KIN.get(thing.colour, ()):
            fit *= 0.45
        else:
            return 0.0
    if thing.form is not None:
        kin = KIN.get(thing.form, (thing.form,))
        if region.form == thing.form:
            fit *= 0.75 + 0.25 * region.sure
        elif region.form in kin:
            fit *= 0.6
        elif thing.noun in ("dot", "spot", "point", "ball", "bubble") and region.clean > 0.8:
            fit *= 0.5
        else:
            return 0.0
    if thing.place is not None and not thing.extreme:
        x = region.centre[0] / scene.width * 2 - 1
        y = region.centre[1] / scene.height * 2 - 1
        want_x, want_y = thing.place
        if (want_x and x * want_x < 0) or (want_y and y * want_y < 0):
            return 0.0
        fit *= 1.0 - 0.25 * min(1.0, math.hypot(x - 0.6 * want_x, y - 0.6 * want_y))
    return fit


def prominence(region: Region, scene: Scene) -> float:
    """How much a region catches the eye: colour, clean outline, size, and being the only one of its colour."""
    alike = sum(r.colour == region.colour and r.area > 0.2 * region.area for r in scene.regions)
    size = math.sqrt(region.area / (scene.width * scene.height))
    vivid = 0.05 + region.vivid + (0.05 if region.colour in NEUTRAL else 0.0)
    left, top, right, bottom = region.box
    cut = left <= 1 or top <= 1 or right >= scene.width - 1 or bottom >= scene.height - 1
    whole = 0.4 if cut else 1.0  # what runs out of the picture is scenery more often than not
    return float(
        whole
        * vivid
        * (0.2 + region.clean) ** 2
        * (0.25 + region.sure) ** 1.5
        * (0.02 + size) ** 0.5
        / max(1, alike) ** 0.7
    )


def find(scene: Scene, thing: Thing) -> tuple[Region, float] | None:
    """The region that is meant, and how sure that is; None where there is none."""
    scored = matching(scene, thing)
    if not scored:
        return None
    best = scored[0][1]
    fitting = [(r, fit) for r, fit in scored if fit > 0.75 * best]
    if thing.odd:
        return _odd_one(fitting)
    if thing.extreme and thing.place is not None:
        x, y = thing.place
        seen = _notable(fitting)
        return max(seen, key=lambda p: p[0].centre[0] * x + p[0].centre[1] * y)
    if thing.place == (0, 0):
        middle = (scene.width / 2, scene.height / 2)
        return min(_notable(fitting), key=lambda p: math.dist(p[0].centre, middle))
    if thing.size > 0:
        return max(fitting, key=lambda p: p[0].area)
    if thing.size == -1:
        clear = [(r, fit) for r, fit in fitting if r.clean > 0.75 or r.sure > 0.4] or fitting
        return min(_notable(clear), key=lambda p: p[0].area)
    if thing.size == -2:
        return max(fitting, key=lambda p: prominence(p[0], scene) * _smallness(p[0], scene) * p[1])
    if len(fitting) == 1:
        return fitting[0]
    ranked = sorted(fitting, key=lambda p: -prominence(p[0], scene) * p[1])
    sure = 1.0 if prominence(ranked[1][0], scene) < 0.5 * prominence(ranked[0][0], scene) else 0.8
    return ranked[0][0], ranked[0][1] * sure


def _odd_one(fitting: list[tuple[Region, float]]) -> tuple[Region, float] | None:
    """The only one of its colour, form or size among things that are otherwise alike."""
    seen = _notable(fitting)
    if len(seen) < 3:
        return None
    areas = sorted(r.area for r, _ in seen)
    usual = areas[len(areas) // 2]

    def rarity(region: Region) -> float:
        colour = sum(r.colour == region.colour for r, _ in seen)
        form = sum(r.form == region.form for r, _ in seen)
        off = abs(math.log(region.area / usual))
        return 1.0 / colour + 0.9 / form + 0.1 * min(off, 4.0)

    ranked = sorted(seen, key=lambda p: -rarity(p[0]))
    clear = rarity(ranked[0][0]) > 1.3 * rarity(ranked[1][0])
    return ranked[0][0], ranked[0][1] * (1.0 if clear else 0.5)


def _notable(fitting: list[tuple[Region, float]]) -> list[tuple[Region, float]]:
    """Without specks: regions of at least a twentieth of the median area."""
    areas = sorted(r.area for r, _ in fitting)
    least = areas[len(areas) // 2] / 20
    return [(r, fit) for r, fit in fitting if r.area >= least]


def _smallness(region: Region, scene: Scene) -> float:
    """1 for what is small in the picture, less for what fills a good part of it."""
    share = region.area / (scene.width * scene.height)
    return 1.0 / (1.0 + math.sqrt(share / 0.01))


def _related(scene: Scene, scored: list[tuple[Region, float]], thing: Thing) -> list[tuple[Region, float]]:
    """Keep what stands in the relation to the other thing; nearer ones fit better."""
    if thing.other is None:
        return scored
    other = find(scene, thing.other)
    if other is None:
        return []
    anchor, sure = other
    out = []
    reach = math.hypot(scene.width, scene.height)
    notable = _notable(scored) if scored else []
    for region, fit in notable:
        if region is anchor or not holds(region, thing.relation, anchor):
            continue
        away = apart(region, anchor) / reach
        aligned = _aligned(region, thing.relation, anchor)
        near = away if thing.relation == "far" else 1.0 - away
        out.append((region, fit * sure * (0.3 + 0.7 * near) * aligned))
    return out


def _aligned(a: Region, relation: str, b: Region) -> float:
    """1 straight in the direction, less the more it is off to a side."""
    dx, dy = abs(a.centre[0] - b.centre[0]), abs(a.centre[1] - b.centre[1])
    if relation in ("left", "right"):
        return max(0.2, dx / (dx + dy + 1e-6))
    if relation in ("above", "below"):
        return max(0.2, dy / (dx + dy + 1e-6))
    return 1.0


def apart(a: Region, b: Region) -> float:
    """Gap between two regions: between discs of their areas, or between boxes where one is long."""
    if any(max(r.width, r.height) > 2 * min(r.width, r.height) for r in (a, b)):
        return _box_gap(a, b)
    radii = math.sqrt(a.area / math.pi) + math.sqrt(b.area / math.pi)
    return max(0.0, math.dist(a.centre, b.centre) - radii)


def _box_gap(a: Region, b: Region) -> float:
    dx = max(0.0, a.box[0] - b.box[2], b.box[0] - a.box[2])
    dy = max(0.0, a.box[1] - b.box[3], b.box[1] - a.box[3])
    return math.hypot(dx, dy)


def _inside(a: Region, b: Region) -> bool:
    return (
        a.area < b.area and b.box[0] <= a.centre[0] <= b.box[2] and b.box[1] <= a.centre[1] <= b.box[3]
        and a.width <= b.width and a.height <= b.height
    )  # fmt: skip


def holds(a: Region, relation: str, b: Region) -> bool:  # noqa: C901 - one case for each relation
    """Whether `a` stands in the relation to `b`."""
    near = 0.15
    match relation:
        case "left":
            return a.centre[0] < b.centre[0] - near * min(a.width, b.width)
        case "right":
            return a.centre[0] > b.centre[0] + near * min(a.width, b.width)
        case "above":
            return a.centre[1] < b.centre[1] - near * min(a.height, b.height)
        case "below":
            return a.centre[1] > b.centre[1] + near * min(a.height, b.height)
        case "inside":
            return _inside(a, b)
        case "outside":
            return not _inside(a, b)
        case "around":
            return _inside(b, a)
        case "larger":
            return a.area > b.area
        case "smaller":
            return a.area < b.area
        case "taller":
            return a.height > b.height
        case "shorter":
            return a.height < b.height
        case "wider":
            return a.width > b.width
        case "narrower":
            return a.width < b.width
        case "brighter":
            return sum(a.rgb) > sum(b.rgb)
        case "darker":
            return sum(a.rgb) < sum(b.rgb)
        case "same size":
            return abs(a.area - b.area) < 0.12 * max(a.area, b.area)
        case "same colour":
            return a.colour == b.colour
        case "same form":
            return a.form == b.form
        case "touching":
            return _box_gap(a, b) < 3
        case _:  # near, far: any
            return True


def place_words(x: float, y: float, width: float, height: float) -> str:
    """Where a point lies, by thirds: "top left", "center", "right" …"""
    across = ("left", "", "right")[min(2, max(0, int(3 * x / max(1.0, width))))]
    down = ("top", "", "bottom")[min(2, max(0, int(3 * y / max(1.0, height))))]
    return " ".join(part for part in (down, across) if part) or "center"
