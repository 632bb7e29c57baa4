"""Answers to the queries about one picture."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from maestro_graph.embedded._base import refuse
from maestro_graph.embedded.looker._find import find, holds, matching, place_words
from maestro_graph.embedded.looker._middle import middle_colour
from maestro_graph.embedded.looker._questions import (
    ColourOf,
    Compare,
    Darkness,
    Exists,
    FormOf,
    Half,
    ImageFact,
    IsA,
    ListColours,
    Query,
    Related,
    Relation,
    SameColour,
    Share,
    TextOn,
    Thing,
    Where,
    Which,
)
from maestro_graph.embedded.looker._regions import NEUTRAL, Region, Scene
from maestro_graph.embedded.looker._text import text_on
from maestro_graph.images import MaestroImage

__all__ = ["Look", "answer_query"]

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


@dataclass(frozen=True, slots=True)
class Look:
    """An answer with the regions that it rests on."""

    answer: str
    confidence: float
    why: str
    regions: tuple[Region, ...] = ()


def answer_query(query: Query, scene: Scene, image: MaestroImage) -> Look:  # noqa: C901 - one case for each query
    """Answer, or raise `refuse(...)` where a thing that is spoken of was not found."""
    match query:
        case ColourOf():
            return _colour(query.thing, scene, image)
        case FormOf():
            return _form(query.thing, scene)
        case Which():
            return _which(query, scene)
        case Half():
            return _half(query, scene)
        case Where():
            return _where(query.thing, scene)
        case Relation():
            return _relation(query, scene)
        case Related():
            return _related(query, scene)
        case IsA():
            return _is_a(query, scene)
        case SameColour():
            return _same(query, scene)
        case Exists():
            return _exists(query.thing, scene)
        case Share():
            return _share(query, scene)
        case Darkness():
            return _darkness(query, scene)
        case ImageFact():
            return _fact(query, scene)
        case TextOn():
            return _text(query, scene, image)
        case ListColours():
            return _list(scene)
        case Compare():
            raise refuse("comparing pictures takes at least two")
        case _:
            assert_never(query)


def _named(thing: Thing) -> str:
    parts = [{1: "large", -1: "small"}.get(thing.size, ""), thing.colour or "", thing.form or thing.noun or "object"]
    return " ".join(part for part in parts if part)


def _one(scene: Scene, thing: Thing) -> tuple[Region, float]:
    if not thing.known and thing.colour is None and thing.form is None:
        raise refuse(f"colour and form alone do not tell what is a {thing.noun!r}")
    found = find(scene, thing)
    if found is None:
        seen = ", ".join(r.words for r in scene.regions[:8]) or "nothing distinct"
        raise refuse(f"no {_named(thing)} was found; there is: {seen}")
    region, fit = found
    return region, fit * (1.0 if thing.known else 0.6)


def _colour(thing: Thing, scene: Scene, image: MaestroImage) -> Look:
    if thing.special == "background":
        sure = 0.9 if scene.background_share > 0.3 else 0.6
        return Look(scene.background, sure, f"The ground covers {scene.background_share:.0%} of the picture.")
    if thing.special == "picture":
        return _share(Share(None, "dominant"), scene)
    if thing.noun in ("sky", "grass", "sea", "floor", "ground", "water", "ceiling", "road"):
        return _zone(thing, image)
    if not thing.known and thing.form is None and not thing.relation:
        return _subject(thing, scene, image)
    vague = thing.colour is not None and not find(scene, thing) and (thing.form or thing.relation or thing.size)
    wanted = replace(thing, colour=None) if vague else thing
    region, fit = _one(scene, wanted)
    why = f"The {_named(thing)} at ({region.centre[0]:.0f}, {region.centre[1]:.0f}) has RGB {region.rgb}."
    return Look(region.colour, 0.9 * fit * _told(region), why, (region,))


def _told(region: Region) -> float:
    """Less for colours that are neither vivid nor clearly grey: people disagree about their names."""
    return 1.0 if region.vivid > 0.09 or region.colour in NEUTRAL else 0.8


def _subject(thing: Thing, scene: Scene, image: MaestroImage) -> Look:
    """The colour of something that is not told by form: the most striking region or middle of a photo; unsure."""
    found = find(scene, Thing(size=thing.size, place=thing.place))
    middle = [r for r in scene.regions if r.area > 0.004 * scene.width * scene.height and r.clean > 0.5]
    if found is None or not middle or len(scene.regions) > 60:
        return _middle(thing, image)
    region = max(middle, key=lambda r: r.area * (0.1 + r.vivid))
    if sum(r.sure > 0.6 for r in middle) * 2 > len(middle):
        raise refuse(f"there are drawn forms, of which none is known to be a {thing.noun!r}")
    return Look(region.colour, 0.4, f"The most striking region, taken for the {thing.noun}.", (region,))


def _middle(thing: Thing, image: MaestroImage) -> Look:
    """What was photographed stands in the middle more often than not."""
    seen = middle_colour(image.rgb())
    if seen is None:
        raise refuse(f"colour and form alone do not tell what is a {thing.noun!r}")
    why = f"{seen.name} has {seen.middle:.0%} of the middle and {seen.rim:.0%} of the rim, taken for the {thing.noun}."
    return Look(seen.name, 0.35, why)


def _zone(thing: Thing, image: MaestroImage) -> Look:
    """Sky is above, ground is below: the median colour of the upper or lower fifth."""
    from maestro_graph.embedded.colours import colour_name

    picture = image.rgb()
    fifth = max(1, picture.height // 5)
    upper = thing.noun in ("sky", "ceiling")
    box = (0, 0, picture.width, fifth) if upper else (0, picture.height - fifth, picture.width, picture.height)
    strip = picture.crop(box).resize((64, 16))
    red, green, blue = np.median(np.asarray(strip).reshape(-1, 3), axis=0)
    where = "upper" if upper else "lower"
    return Look(colour_name((red, green, blue)), 0.5, f"The {where} fifth of the picture, taken for the {thing.noun}.")


def _form(thing: Thing, scene: Scene) -> Look:
    region, fit = _one(scene, thing)
    if region.form == "other":
        raise refuse(f"the {_named(thing)} has no form that I know")
    return Look(
        region.form, 0.9 * fit * (0.5 + 0.5 * region.sure), f"Its outline is nearest to a {region.form}.", (region,)
    )


def _which(query: Which, scene: Scene) -> Look:
    region, fit = _one(scene, query.thing)
    name = {"colour": region.colour, "form": region.words, "both": region.words}[query.by]
    if query.by == "form" and region.form == "other":
        name = region.words
    return Look(name, 0.85 * fit, f"It is the {region.words} at {_at(region, scene)}.", (region,))


def _at(region: Region, scene: Scene) -> str:
    return place_words(*region.centre, scene.width, scene.height)


def _where(thing: Thing, scene: Scene) -> Look:
    region, fit = _one(scene, thing)
    x, y = region.centre
    why = f"The {region.words} is centred at ({x:.0f}, {y:.0f}) of {scene.width} x {scene.height} pixels."
    return Look(_at(region, scene), 0.9 * fit, why, (region,))


def _half(query: Half, scene: Scene) -> Look:
    region, fit = _one(scene, query.thing)
    at = region.centre[1] / scene.height if query.upright else region.centre[0] / scene.width
    clear = min(1.0, abs(at - 0.5) / 0.05)
    why = f"The {region.words} is centred at {at:.0%} of the picture's {'height' if query.upright else 'width'}."
    return Look(query.words[int(at > 0.5)], (0.4 + 0.5 * clear) * fit, why, (region,))


def _relation(query: Relation, scene: Scene) -> Look:
    a, fit_a = _one(scene, query.first)
    if query.second.special in ("picture", "background"):
        raise refuse("a relation to the whole picture says nothing")
    b, fit_b = _other(scene, query.second, a)
    yes = holds(a, query.relation, b)
    why = f"The {a.words} is at {_at(a, scene)}, the {b.words} at {_at(b, scene)}; areas {a.area:.0f} and {b.area:.0f}."
    return Look("yes" if yes else "no", 0.9 * fit_a * fit_b, why, (a, b))


def _other(scene: Scene, thing: Thing, first: Region) -> tuple[Region, float]:
    region, fit = _one(scene, thing)
    if region is not first:
        return region, fit
    rest = replace(scene, regions=tuple(r for r in scene.regions if r is not first))
    return _one(rest, thing)


def _related(query: Related, scene: Scene) -> Look:
    a, fit_a = _one(scene, query.first)
    b, fit_b = _other(scene, query.second, a)
    sure = 0.9 * fit_a * fit_b
    if query.asks in ("direction", "level", "upright"):
        dx, dy = a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]
        level = "right" if dx > 0 else "left"
        upright = "below" if dy > 0 else "above"
        sideways = abs(dx) > abs(dy) if query.asks == "direction" else query.asks == "level"
        answer = level if sideways else upright
        return Look(answer, sure, f"The {a.words} is {answer} of the {b.words}.", (a, b))
    first = holds(a, query.asks, b)
    chosen, thing = (a, query.first) if first else (b, query.second)
    return Look(f"the {_named(thing)}", sure, f"Of the two, the {chosen.words} is it.", (a, b))


def _is_a(query: IsA, scene: Scene) -> Look:
    if query.thing.special == "background" and query.claimed.colour:
        yes = scene.background == query.claimed.colour
        return Look("yes" if yes else "no", 0.85, f"The background is {scene.background}.")
    region, fit = _one(scene, query.thing)
    claim = query.claimed
    yes = (claim.colour is None or region.colour == claim.colour) and (claim.form is None or region.form == claim.form)
    if claim.place is not None:
        yes = yes and any(r is region for r, _ in matching(scene, Thing(place=claim.place)))
    return Look("yes" if yes else "no", 0.85 * fit, f"It is a {region.words} at {_at(region, scene)}.", (region,))


def _same(query: SameColour, scene: Scene) -> Look:
    a, fit_a = _one(scene, query.first)
    b, fit_b = _other(scene, query.second, a)
    yes = holds(a, {"color": "same colour", "shape": "same form", "size": "same size"}[query.what], b)
    return Look("yes" if yes else "no", 0.85 * fit_a * fit_b, f"They are a {a.words} and a {b.words}.", (a, b))


def _exists(thing: Thing, scene: Scene) -> Look:
    if not thing.known and thing.form is None:
        raise refuse(f"colour and form alone do not tell whether there is a {thing.noun!r}")
    found = matching(scene, thing)
    good = [pair for pair in found if pair[1] >= 0.6 and pair[0].clean > 0.3]
    if good:
        return Look("yes", 0.85 * good[0][1], f"There is a {good[0][0].words}.", (good[0][0],))
    by_share = thing.colour is not None and thing.form is None and scene.shares.get(thing.colour, 0.0) > 0.002
    if by_share:
        return Look("yes", 0.6, f"{scene.shares[thing.colour or '']:.1%} of the picture is {thing.colour}.")
    if found:
        return Look("no", 0.45, f"The nearest thing is a {found[0][0].words}.", (found[0][0],))
    return Look("no", 0.75, "Nothing like it was found.")


def _share(query: Share, scene: Scene) -> Look:
    if query.unit == "dominant":
        colour, share = next(iter(scene.shares.items()))
        second = list(scene.shares.values())[1] if len(scene.shares) > 1 else 0.0
        return Look(colour, 0.6 + 0.3 * min(1.0, 2 * (share - second)), f"{colour} covers {share:.0%} of the picture.")
    colour = query.colour or scene.background
    share = scene.shares.get(colour, 0.0)
    if query.unit == "most":
        return Look("yes" if share > 0.5 else "no", 0.8, f"{share:.0%} of the picture is {colour}.")
    if query.unit == "fraction":
        return Look(_fraction(share), 0.7, f"{share:.1%} of the picture is {colour}.")
    text = f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"
    return Look(text, 0.75, f"{share:.1%} of the picture is {colour}.")


def _fraction(share: float) -> str:
    """The nearest simple fraction where one is near, else a decimal."""
    simple = [(n, d) for d in (2, 3, 4, 5, 6, 8, 10) for n in range(1, d) if math.gcd(n, d) == 1]
    n, d = min(simple, key=lambda f: abs(f[0] / f[1] - share))
    return f"{n}/{d}" if abs(n / d - share) < 0.012 else f"{share:.2f}"


def _darkness(query: Darkness, scene: Scene) -> Look:
    facts = f"mean brightness {scene.brightness:.2f} of 1, mean chroma {scene.vividness:.3f}"
    dark = scene.brightness < 0.45
    if query.claim.startswith("colo"):
        return Look("yes" if scene.vividness > 0.045 else "no", 0.7, facts)
    if query.other:
        dark_word, bright_word = (query.claim, query.other)
        if query.claim in ("bright", "light", "day", "daytime"):
            dark_word, bright_word = bright_word, dark_word
        return Look(dark_word if dark else bright_word, 0.6 + abs(scene.brightness - 0.45), facts)
    claims_dark = query.claim in ("dark", "night")
    return Look("yes" if claims_dark == dark else "no", min(0.9, 0.55 + abs(scene.brightness - 0.45)), facts)


def _fact(query: ImageFact, scene: Scene) -> Look:
    width, height = scene.width, scene.height
    size = f"{width} x {height} pixels"
    match query.what:
        case "width":
            return Look(f"{width} pixels", 0.9, size)
        case "height":
            return Look(f"{height} pixels", 0.9, size)
        case "ratio":
            divisor = math.gcd(width, height)
            return Look(f"{width // divisor}:{height // divisor}", 0.85, size)
        case "orientation":
            answer = "square" if width == height else "landscape" if width > height else "portrait"
            return Look(answer, 0.9, size)
        case "grey":
            grey = scene.vividness < 0.012
            return Look("yes" if grey else "no", 0.85, f"The mean chroma is {scene.vividness:.3f}.")
        case _:
            return Look(f"{width} x {height}", 0.9, size)


def _list(scene: Scene) -> Look:
    from_regions = {r.colour for r in scene.regions if r.area > 0.0005 * scene.width * scene.height}
    listed = [c for c, share in scene.shares.items() if share > 0.01 or (share > 0.001 and c in from_regions)]
    return Look(", ".join(listed), 0.7, "Shares: " + ", ".join(f"{c} {scene.shares[c]:.1%}" for c in listed))


def _text(query: TextOn, scene: Scene, image: MaestroImage) -> Look:
    region, fit = _one(scene, query.thing)
    candidates = [r for r, f in matching(scene, query.thing) if f > 0.6 * fit][:6]
    ordered = [region, *(r for r in candidates if r is not region)]
    for candidate in ordered:
        read = text_on(image, candidate.box, query.unit)
        if read is not None:
            text, score = read
            return Look(
                text, 0.9 * score, f"On the {candidate.words} at {_at(candidate, scene)}: {text!r}.", (candidate,)
            )
    raise refuse(f"no text was found on the {region.words} at {_at(region, scene)}")
