"""What a question wants to know of colours, places and sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from maestro_graph.embedded.colours import canonical_colour

__all__ = [
    "ColourOf", "Compare", "Darkness", "Exists", "FormOf", "Half", "ImageFact", "IsA", "ListColours", "Query",
    "Related", "Relation", "SameColour", "Share", "TextOn", "Thing", "Where", "Which", "parse",
]  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FORMS = {
    "circle": "circle", "disc": "circle", "disk": "circle", "ball": "circle", "dot": "circle", "spot": "circle",
    "point": "circle", "bubble": "circle", "ellipse": "ellipse", "oval": "ellipse", "square": "square",
    "rectangle": "rectangle", "triangle": "triangle", "pentagon": "pentagon", "hexagon": "hexagon",
    "octagon": "octagon", "diamond": "diamond", "rhombus": "diamond", "star": "star", "cross": "cross",
    "plus": "cross", "heart": "heart", "ring": "ring", "donut": "ring", "line": "line", "arrow": "arrow",
    "semicircle": "semicircle", "trapezoid": "trapezoid", "parallelogram": "parallelogram", "crescent": "crescent",
}  # fmt: skip
ANYTHING = _words(
    "object shape thing item figure region area blob patch element form target mark marker spot one sign box block "
    "label panel tile plate button card flag rectangle symbol part piece anything something sticker badge tag"
)
BACKGROUND = _words("background backdrop canvas ground surroundings")
PICTURE = _words("image picture photo photograph scene drawing painting figure")
SIZES = {"largest": 1, "biggest": 1, "large": 1, "big": 1, "bigger": 1, "larger": 1, "huge": 1, "main": 1,
         "smallest": -1, "tiniest": -1, "smaller": -1, "small": -2, "tiny": -2, "little": -2}  # fmt: skip
PLACES = {
    "leftmost": (-1, 0), "rightmost": (1, 0), "topmost": (0, -1), "uppermost": (0, -1), "highest": (0, -1),
    "bottommost": (0, 1), "lowest": (0, 1), "lowermost": (0, 1),
}  # fmt: skip
CENTRE = r"\b(?:in|at|near) the (?:very )?(?:cent(?:er|re)|middle)\b|\b(?:central|cent(?:er|re)most|middle)\b"
CORNER = r"\b(?:at|in|on|near)?\s*(?:the )?(top|upper|bottom|lower)[ -](left|right)(?: corner| quadrant| part)?\b"
EDGE = (
    r"\b(?:at|on|in) (?:the )?(left|right|top|bottom)(?: side| edge| half| part| hand "
    r"side)?(?= of the (?:image|picture|scene)|$|\?)"
)
RELATIONS: tuple[tuple[str, str], ...] = (
    (r"(?:directly |immediately |just )?(?:to the )?left(?:[- ]hand side)? (?:side )?of", "left"),
    (r"(?:directly |immediately |just )?(?:to the )?right(?:[- ]hand side)? (?:side )?of", "right"),
    (r"(?:directly |immediately |just )?(?:above|over|on top of|higher (?:up )?than)", "above"),
    (r"(?:directly |immediately |just )?(?:below|under|underneath|beneath|lower (?:down )?than)", "below"),
    (r"(?:inside(?: of)?|within|contained in|enclosed by|surrounded by)", "inside"),
    (r"(?:outside(?: of)?)", "outside"),
    (r"(?:around|surrounding|enclosing|containing)", "around"),
    (r"(?:next to|beside|closest to|nearest(?: to)?|adjacent to|near|close to|by)", "near"),
    (r"(?:farthest from|furthest from)", "far"),
    (r"(?:larger|bigger|greater)(?: in (?:size|area))? than", "larger"),
    (r"(?:smaller|tinier)(?: in (?:size|area))? than", "smaller"),
    (r"taller than", "taller"),
    (r"shorter than", "shorter"),
    (r"wider than", "wider"),
    (r"narrower than", "narrower"),
    (r"(?:brighter|lighter) than", "brighter"),
    (r"darker than", "darker"),
    (r"(?:the same (?:size|area) as|as (?:big|large) as|equal in size to)", "same size"),
    (r"(?:the same colou?r as)", "same colour"),
    (r"(?:the same shape as)", "same form"),
    (r"(?:touching|overlapping|in contact with|overlap(?:s|ping)? with)", "touching"),
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is meant: any of colour, form, size (1 largest, -1 smallest, -2 just small), place.

    Attributes:
        place: wanted corner or edge, (-1|0|1, -1|0|1) from left to right and from top to bottom; None for any.
        extreme: the place is a superlative (leftmost).
        noun: the word that was used.
        special: `background`, `picture` or empty.
        odd: the one that differs from the others.
        known: False where the noun is something that colour and form do not tell (a dog).
        relation, other: "the square left of the circle".
    """

    colour: str | None = None
    form: str | None = None
    size: int = 0
    place: tuple[int, int] | None = None
    extreme: bool = False
    noun: str = ""
    special: str = ""
    known: bool = True
    odd: bool = False
    relation: str = ""
    other: Thing | None = None


@dataclass(frozen=True, slots=True)
class ColourOf:
    thing: Thing


@dataclass(frozen=True, slots=True)
class FormOf:
    thing: Thing


@dataclass(frozen=True, slots=True)
class Which:
    """The thing itself, to be named: `by` says what to name it with (`colour`, `form`, `both`)."""

    thing: Thing
    by: str


@dataclass(frozen=True, slots=True)
class Where:
    thing: Thing


@dataclass(frozen=True, slots=True)
class Half:
    """Is the thing in this half of the picture or in the other? `words` are for the low end and the high end."""

    thing: Thing
    words: tuple[str, str]
    upright: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """Is A … than/of B?"""

    first: Thing
    relation: str
    second: Thing


@dataclass(frozen=True, slots=True)
class Related:
    """Which of two, or where A is as seen from B."""

    first: Thing
    second: Thing
    asks: str  # larger, smaller, left, right, above, below, direction (level or upright alone), brighter, darker


@dataclass(frozen=True, slots=True)
class IsA:
    """Is the thing of this colour or form?"""

    thing: Thing
    claimed: Thing


@dataclass(frozen=True, slots=True)
class SameColour:
    first: Thing
    second: Thing
    what: str


@dataclass(frozen=True, slots=True)
class Exists:
    thing: Thing


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the picture a colour covers; `unit` is `percent`, `fraction` or `most` (is it mostly …?)."""

    colour: str | None
    unit: str


@dataclass(frozen=True, slots=True)
class Darkness:
    """Is the picture dark, bright, grey or colourful?"""

    claim: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class ImageFact:
    """Width, height, size, orientation, aspect ratio, colour or black and white."""

    what: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Which of several pictures is …?"""

    by: str
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class TextOn:
    """What is written on a thing; `unit` is what is expected (letter, number, word or empty)."""

    thing: Thing
    unit: str


@dataclass(frozen=True, slots=True)
class ListColours:
    pass


Query: TypeAlias = (
    ColourOf | FormOf | Which | Where | Relation | Related | IsA | SameColour | Exists | Share | Darkness | ImageFact
    | Compare | TextOn | ListColours | Half
)  # fmt: skip

SMALL_WORDS = _words(
    "the a an any some of in on at to this that is are there it its which what you can see i we picture image photo "
    "scene photograph shown visible drawn coloured colored filled solid single only very with and located placed "
    "positioned lying standing side corner edge half part quadrant area's overall whole entire"
)


def thing(phrase: str) -> Thing:
    """Read a noun phrase: "the small red square at the top left"."""
    text = " ".join(phrase.lower().strip(" ?.!,").split())
    for pattern, relation in RELATIONS:
        match = re.search(
            rf"(?:^|\s)(?:that is |which is |lying |located |positioned )?(?:{pattern}) (?:the |a |an )(.+)$", text
        )
        if match and relation in ("left", "right", "above", "below", "inside", "near", "around", "far"):
            base = thing(text[: match.start()])
            return replace(base, relation=relation, other=thing(match.group(match.lastindex or 1)))
    odd = re.search(ODD, text)
    if odd:
        text = text[: odd.start()] + text[odd.end() :]
    place, extreme, text = _place(text)
    found = Thing(place=place, extreme=extreme, odd=odd is not None)
    for word in re.findall(r"[a-zà-ÿ]+(?:-[a-zà-ÿ]+)?", text):
        found = _add(found, word)
    return replace(found, special="") if found.noun and found.special == "picture" else found


def _add(thing: Thing, word: str) -> Thing:
    """The thing with what one more word says of it."""
    single = _singular(word)
    shade = canonical_colour(word.removesuffix("-colored").removesuffix("-coloured"))
    if word in PLACES:
        return replace(thing, place=PLACES[word], extreme=True)
    if shade is not None and thing.colour is None:
        return replace(thing, colour=shade)
    if word in SIZES:
        return replace(thing, size=SIZES[word])
    if single in FORMS and thing.form is None:
        return replace(thing, form=FORMS[single], noun=single)
    if single in BACKGROUND:
        return replace(thing, special="background", noun=single)
    if single in PICTURE and not thing.noun:
        return replace(thing, special=thing.special or "picture")
    if word in SMALL_WORDS or word in ("light", "dark", "bright"):
        return thing
    if not thing.noun or single not in ANYTHING:
        return replace(thing, noun=single, known=single in ANYTHING)
    return thing


def _singular(word: str) -> str:
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3 and word not in ("rhombus", "plus"):
        return word[:-1]
    return word


ODD = (
    r"\b(?:odd (?:one out|one)|odd|(?:that |which )?(?:is |are )?(?:different|differs|unique)(?: "
    r"(?:from|than|to|in color)(?: all)?(?: the)? (?:others?|rest))?|"
    r"unlike (?:all )?(?:the )?(?:others?|rest)|stands? out|outlier|intruder)\b"
)
FAR = (
    r"\b(?:(?:on|at|in|to) )?(?:the )?(?:(?:far|very|extreme) |furthest (?:to the )?|farthest (?:to "
    r"the )?|most to the )(left|right|top|bottom)\b"
)
SIDES = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}


def _place(text: str) -> tuple[tuple[int, int] | None, bool, str]:
    far = re.search(FAR, text)
    if far:
        return SIDES[far.group(1)], True, text[: far.start()] + text[far.end() :]
    corner = re.search(CORNER, text)
    if corner:
        up = -1 if corner.group(1) in ("top", "upper") else 1
        return (-1 if corner.group(2) == "left" else 1, up), False, text[: corner.start()] + text[corner.end() :]
    centre = re.search(CENTRE, text)
    if centre:
        return (0, 0), False, text[: centre.start()] + text[centre.end() :]
    edge = re.search(EDGE, text)
    if edge:
        return SIDES[edge.group(1)], False, text[: edge.start()] + text[edge.end() :]
    return None, False, text


def parse(question: str, pictures: int) -> Query | None:
    """The query, None where the question is about something that this expert does not look at."""
    low = " ".join(question.lower().replace("colour", "color").replace("centre", "center").split()).strip(" ?.!")
    if re.match(r"how many\b|count\b|what is the (?:number|count) of\b", low):
        return None
    for attempt in (
        _compare,
        _fact,
        _dark,
        _text_on,
        _share,
        _half,
        _same,
        _colour,
        _related,
        _form,
        _where,
        _exists,
        _claim,
        _which,
    ):
        found = attempt(low, pictures)
        if found is not None:
            return found
    return None


def _compare(low: str, pictures: int) -> Query | None:
    if pictures < 2:
        return None
    match = re.search(
        r"\b(brighter|brightest|lighter|lightest|darker|darkest|larger|largest|bigger|biggest|smaller|"
        r"smallest|wider|taller|"
        r"more colou?rful|most colou?rful|more saturated|less colou?rful)\b", low
    )  # fmt: skip
    more = re.search(r"\b(?:more|most) (\w+)\b", low)
    colour = canonical_colour(more.group(1)) if more else None
    if re.search(r"\b(?:which|what) (?:image|picture|photo|one|of)", low) and (match or colour):
        return Compare(match.group(1) if match else "colour", colour)
    if re.search(r"\b(?:same|identical|differ|different)\b", low) and re.search(
        r"\b(?:images|pictures|photos|two|both)\b", low
    ):
        return Compare("same")
    return None


def _fact(low: str, pictures: int) -> Query | None:
    of = r"(?: (?:of|does|is|are|has)?\s*(?:the |this )?(?:image|picture|photo|photograph|file)\b.*)"
    if re.search(r"\b(?:landscape|portrait)\b|\borientation\b", low):
        return ImageFact("orientation")
    if re.search(r"aspect ratio", low):
        return ImageFact("ratio")
    if re.search(r"\b(?:resolution|dimensions?)\b", low) or re.search(
        r"how (?:large|big) is (?:the|this) (?:image|picture|photo)$", low
    ):
        return ImageFact("size")
    for what in ("width", "height", "size"):
        if re.search(rf"\b{what}\b{of}", low):
            return ImageFact(what)
    if re.search(r"how (?:wide|high|tall) is (?:the|this) (?:image|picture|photo)", low):
        return ImageFact("width" if "wide" in low else "height")
    if re.search(r"black[- ]and[- ]white|gr[ae]yscale|monochrome", low) and re.search(
        r"image|picture|photo|\bit\b|this", low
    ):
        return ImageFact("grey")
    return None


def _dark(low: str, pictures: int) -> Query | None:
    match = re.match(
        r"(?:is|does|was) (?:the |this )?(?:overall )?(?:image|picture|photo|photograph|scene|it)\b.*?\b"
        r"(dark|bright|light|colou?rful|night|day(?:time)?)\b(?:er)?(?: or (?:mostly |at )?(\w+))?", low
    )  # fmt: skip
    if match:
        return Darkness(match.group(1), match.group(2) or "")
    return None


def _text_on(low: str, pictures: int) -> Query | None:
    write = r"(?:is |are |appears? )?(?:that is )?(?:written|printed|shown|painted|displayed|on|inside|in|does)"
    match = re.search(
        rf"\b(?:what|which) (?P<unit>letters?|numbers?|digits?|words?|text|code|characters?|name|"
        rf"message)?\s*(?:is|are|does|do)?\s*"
        rf"(?:there )?(?:{write})\s+(?:on |in |inside |within )?(?P<thing>(?:the|a) .+?)(?: (?:say|show|"
        rf"read|carry|contain|have|bear|display|hold))?s?$",
        low,
    )
    if match is None:
        match = re.search(
            r"\b(?:read|what is|find) (?:the )?(?P<unit>letter|number|digit|word|text|code|character|name|"
            r"message|inscription|label)s? "
            r"(?:that is |which is )?(?:written |printed |shown |painted |displayed )?(?:on|in|inside|within|"
            r"of) (?P<thing>(?:the|a) .+)$",
            low,
        )
    if match is None:
        match = re.search(r"^what does (?P<thing>the .+?) (?:say|read)$", low)
    if match is None:
        return None
    found = thing(match["thing"])
    if found.colour is None and found.form is None and not found.size and found.place is None:
        return None
    unit = (match.groupdict().get("unit") or "").rstrip("s")
    if not unit and not re.search(r"written|printed|say|read|painted", low):
        return None
    return TextOn(found, unit)


def _share(low: str, pictures: int) -> Query | None:
    if re.match(
        r"(?:in|at|on) (?:which|what)\b|where\b|(?:which|what) (?:part|portion) (?:of the (?:image|"
        r"picture|scene) )?(?:contains|has|shows)",
        low,
    ):
        return None
    words = re.findall(r"[a-z]+", low)
    colours = [c for w in words if (c := canonical_colour(w))]
    if re.search(r"\b(?:fraction|percent(?:age)?|proportion|share|part|portion)\b|\bhow much of\b|\bwhat %", low) and (
        colours or "background" in low
    ):
        unit = "fraction" if re.search(r"\bfraction\b|proportion", low) else "percent"
        return Share(colours[0] if colours else None, unit)
    if colours and re.search(r"\b(?:mostly|mainly|predominantly|largely)\b", low):
        return Share(colours[0], "most")
    return None


def _same(low: str, pictures: int) -> Query | None:
    match = re.match(
        r"(?:do|are|is|does|have) (?P<a>the .+?) and (?P<b>(?:the )?.+?) (?:have |of |in )?(?:the )?same "
        r"(?P<what>color|shape|size)",
        low,
    )
    if match:
        return SameColour(thing(match["a"]), thing(match["b"]), match["what"])
    return None


def _colour(low: str, pictures: int) -> Query | None:
    if not re.search(r"\bcolors?\b|\bhue\b|\bshade\b", low):
        return None
    if re.search(
        r"\b(?:dominant|main|most common|predominant|primary|most frequent|prevailing|overall|most of)\b", low
    ) and not re.search(r"background|\bshape|\bobject", low):
        return Share(None, "dominant")
    if re.search(
        r"(?:what|which|list|name)(?: are)? (?:all )?(?:the )?(?:different )?colors\b(?! (?:is|are) the)", low
    ):
        return ListColours()
    if re.search(r"which color (?:covers|takes|occupies|fills) the (?:most|largest|biggest)", low):
        return Share(None, "dominant")
    for pattern in (
        r"colors? (?:is|are|was|does|has|do|would you say) (?P<x>.+?)(?: (?:have|painted|drawn|colored|in))?$",
        r"colors? of (?P<x>.+)$",
        r"(?P<x>the .+?)(?:'s)? color$",
        r"colors? (?:\w+ )?(?P<x>the .+)$",
    ):
        match = re.search(pattern, low)
        if match:
            found = thing(match["x"])
            if found.special == "picture":
                return Share(None, "dominant")
            return ColourOf(found)
    return None


ENDS = {"upper": 0, "top": 0, "left": 0, "left-hand": 0, "lower": 1, "bottom": 1, "right": 1, "right-hand": 1}


def _half(low: str, pictures: int) -> Query | None:
    end = "|".join(ENDS)
    match = re.match(
        rf"(?:is|are|does|do) (?P<x>.+?) (?:located |placed |lying |lie |positioned )?(?:in|on|at|to) the "
        rf"(?P<a>{end})(?: half| side| part| end)?,? or (?:in |on |at |to )?(?:the )?(?P<b>{end})"
        rf"(?: half| side| part| end)?(?: of the (?:image|picture|scene|photo\w*))?$",
        low,
    )
    if match is None or ENDS[match["a"]] == ENDS[match["b"]]:
        return None
    first, second = sorted((match["a"], match["b"]), key=ENDS.__getitem__)
    upright = not first.startswith("left")
    return Half(thing(match["x"]), (first, second), upright) if upright != second.startswith("right") else None


def _related(low: str, pictures: int) -> Query | None:
    match = re.match(
        r"(?:which|what) (?:one |shape |object |of them |of the two |thing |color |figure )?(?:is |are |"
        r"has )(?:the )?(?P<by>larger|bigger|smaller|taller|wider|"
        r"higher|lower|brighter|darker|lighter|further left|further right|more to the left|more to the "
        r"right)(?: area)?[,:]?\s*(?P<a>(?:the |a )?.+?) or (?P<b>.+)$", low
    )  # fmt: skip
    if match:
        by = {
            "bigger": "larger",
            "higher": "above",
            "lower": "below",
            "lighter": "brighter",
            "further left": "left",
            "further right": "right",
            "more to the left": "left",
            "more to the right": "right",
        }.get(match["by"], match["by"])
        return Related(thing(match["a"]), thing(match["b"]), by)
    match = re.match(
        r"is (?P<a>the .+?) (?:to the |on the )?(?P<x>left|right|above|below|over|under) or (?:to the |on "
        r"the )?(?P<y>left|right|above|below|over|under)(?: side)? (?:of )?(?P<b>.+)$",
        low,
    )
    if match:
        level = sum(match[side] in ("left", "right") for side in ("x", "y"))
        asks = ("upright", "direction", "level")[level]
        return Related(thing(match["a"]), thing(match["b"]), asks)
    match = re.match(
        r"where is (?P<a>the .+?) (?:relative to|compared (?:to|with)|in relation to|with respect to|as "
        r"seen from) (?P<b>.+)$",
        low,
    )
    if match:
        return Related(thing(match["a"]), thing(match["b"]), "direction")
    if low.startswith(("is ", "are ", "does ", "do ")):
        for pattern, relation in RELATIONS:
            match = re.match(
                rf"(?:is|are|does|do) (?P<a>(?:the |a )?.+?) (?:located |positioned |lying |placed )?(?:{pattern}) "
                rf"(?P<b>(?:the |a |an )?.+)$",
                low,
            )
            if match:
                return Relation(thing(match["a"]), relation, thing(match["b"]))
    return None


def _form(low: str, pictures: int) -> Query | None:
    for pattern in (
        r"(?:what|which) (?:kind of |type of |sort of )?(?:geometric(?:al)? )?(?:shape|form|figure) (?:is|"
        r"does|has) (?P<x>(?:the |this )?(?!the (?:largest|smallest|biggest)$)"
        r"(?!in |at |on |above|below|left|right|next|the (?:left|right|top|bottom)most$).+?)(?: have)?$",
        r"what is the (?:shape|form) of (?P<x>.+)$",
    ):
        match = re.search(pattern, low)
        if match:
            found = thing(match["x"])
            if found.form is None and not any(re.match(p, match["x"]) for p, _ in RELATIONS):
                return FormOf(found)
    return None


def _where(low: str, pictures: int) -> Query | None:
    match = re.match(
        r"(?:where(?: in the (?:image|picture|scene))? (?:is|are|can i find|do you see)|(?:in|at|on) "
        r"which (?:corner or |side or )?(?:part|"
        r"corner|quadrant|half|area|region|side)(?: of the (?:image|picture|scene))? (?:is|are)|"
        r"(?:what|which) (?:part|corner|quadrant|half|side)(?: of the (?:image|picture|scene))? (?:is|are|"
        r"contains|has)|locate|find|what is the (?:position|location) of) (?P<x>.+?)(?: in the (?:image|"
        r"picture|scene))?(?: in)?$", low
    )  # fmt: skip
    return Where(thing(match["x"])) if match else None


def _exists(low: str, pictures: int) -> Query | None:
    match = re.match(
        r"(?:is|are) there (?P<x>(?:a|an|any|some|something)\b.+)$|(?:can you see|do you see|does (?:the|"
        r"this) (?:image|picture|scene|photo) (?:contain|have|show)) (?P<y>.+)$",
        low,
    )
    return Exists(thing(match["x"] or match["y"])) if match else None


def _claim(low: str, pictures: int) -> Query | None:
    match = re.match(r"(?:is|are) (?P<x>the .+?) (?P<claim>(?:an? )?(?:\w+ )?[\w-]+)$", low)
    if match is None:
        return None
    claimed = thing(match["claim"])
    subject = thing(match["x"])
    if claimed.colour is None and claimed.form is None and claimed.place is None:
        return None
    return IsA(subject, claimed)


def _which(low: str, pictures: int) -> Query | None:
    match = re.match(r"(?:which|what|name)(?: is| are)? (?P<x>.+)$", low)
    if match is None:
        return None
    phrase = match["x"]
    found = thing(re.sub(r"\b(?:is|are|lies|stands|appears)\b", " ", phrase))
    if not (found.size or found.place is not None or found.relation or found.odd):
        return None
    by = "both" if not re.match(r"(?:the )?(?:shape|form|figure)\b", phrase) else "form"
    if re.match(r"color", phrase):
        by = "colour"
    return Which(found, by)
