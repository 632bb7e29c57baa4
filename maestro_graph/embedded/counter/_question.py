"""What a question wants counted: form, colour, and the comparison, if any. Pure text work."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from maestro_graph.embedded.colours import canonical_colour

__all__ = ["Query", "QueryKind", "Target", "parse_question", "read_target", "singular"]

QueryKind = Literal[
    "count", "difference", "more", "fewer", "equal", "exists", "most", "least", "colours", "forms", "crossings", "grid"
]

FORM_WORDS: dict[str, str] = {
    "circle": "circle", "disc": "circle", "disk": "circle", "round": "circle", "dot": "dot", "spot": "dot",
    "point": "dot", "ring": "ring", "annulus": "ring", "donut": "ring", "doughnut": "ring", "hoop": "ring",
    "ellipse": "ellipse", "oval": "ellipse", "square": "square", "rectangle": "rectangle", "box": "box",
    "triangle": "triangle", "pentagon": "pentagon", "hexagon": "hexagon", "octagon": "octagon",
    "diamond": "diamond", "rhombus": "diamond", "rhombi": "diamond", "rhombuse": "diamond", "kite": "diamond",
    "star": "star", "cross": "cross", "crosse": "cross", "plus": "cross", "pluse": "cross", "plu": "cross",
    "heart": "heart", "line": "line", "segment": "line", "stroke": "line", "stick": "line", "arrow": "arrow",
    "semicircle": "semicircle", "trapezoid": "trapezoid", "trapezium": "trapezoid",
    "parallelogram": "parallelogram", "quadrilateral": "quadrilateral", "polygon": "polygon",
    "annuli": "ring", "ellipsis": "ellipse", "crescent": "crescent",
}  # fmt: skip

_ANY = frozenset(
    [
        "object",
        "thing",
        "item",
        "shape",
        "figure",
        "element",
        "blob",
        "piece",
        "symbol",
        "region",
        "one",
        "entity",
        "form",
        "mark",
    ]
)
_NOT_OURS = {
    "text, which a reader counts": "word letter character sentence paragraph page digit number name title label "
    "syllable vowel word column_of_text question",
    "people or animals in a photograph": "person people man men woman women child children kid face boy girl player "
    "human dog cat animal bird horse cow sheep hand finger eye leg student visitor",
    "things that only a trained detector tells apart": "car vehicle bus truck bicycle motorcycle boat plane "
    "airplane tree building house window chair table_leg traffic_light",
    "parts of a chart, which a chart reader counts": "bar slice sector tick axis axe legend category series "
    "datapoint entry",
    "a quantity, not things to count": "year month week day hour minute second percent dollar euro degree meter metre "
    "kilometer kilometre mile cm mm kg gram litre liter unit time million thousand billion point_of",
}
_SMALL = "a an the of in on are is there here this that picture image photo photograph many how do does can you see "
_STOP = frozenset(
    (_SMALL + "total number visible shown altogether overall drawn contained within at all any some and or have has "
     "what count please give tell me it its by to with which from be i we show appear appears scene figure's exist "
     "exists contains contain different distinct please seen their they these those whole both").split()
)  # fmt: skip
_LOOKS_WORDS = (
    "small large big tiny little filled solid hollow outlined outline empty single coloured colored separate "
    "individual touching overlapping bright dark light round-shaped"
)
_LOOKS = frozenset(_LOOKS_WORDS.split())
_DIGITS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be counted.

    Attributes:
        noun: the word of the question ("coins"), for the reply; empty where there was none.
        form: a form class, `None` for anything.
        colours: any of these colour names; empty for every colour.
        without_colours, without_form: things of these colours or of this form are left out.
        filled: True for filled things only, False for outlines only, `None` for both.
        size: "small" or "large" where the question says so.
    """

    noun: str = ""
    form: str | None = None
    colours: tuple[str, ...] = ()
    without_colours: tuple[str, ...] = ()
    without_form: str | None = None
    filled: bool | None = None
    size: Literal["small", "large"] | None = None

    def words(self) -> str:
        """The target in words, for the reply."""
        parts = [" or ".join(self.colours)] if self.colours else []
        parts.append(self.noun or "objects")
        text = " ".join(parts)
        if self.without_colours:
            text += " that are not " + " or ".join(self.without_colours)
        if self.without_form:
            text += f" that are no {self.without_form}s"
        return text


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question.

    Attributes:
        kind: what to do with the counts of `targets`.
        targets: one target, or several to be added up; two for comparisons and crossings.
        number: the number asked about ("exactly 5"), else `None`.
        asks: for grids, which of rows, columns and cells is asked.
        refusal: why this is no question for the counter; empty where it is one.
    """

    kind: QueryKind = "count"
    targets: tuple[Target, ...] = (Target(),)
    number: int | None = None
    asks: tuple[str, ...] = ()
    refusal: str = ""


def parse_question(question: str) -> Query:
    """Read a question. `Query.refusal` says so where it asks for no count that pixels alone can give."""
    text = " ".join(question.lower().replace("’", "'").split())[:2000]
    for parse in (_grid, _crossings, _compare, _most, _varieties, _existence, _count):
        query = parse(text)
        if query is not None:
            return query
    return Query(refusal="it is not a question about how many things there are")


def singular(word: str) -> str:
    """A noun in the singular, as far as endings tell."""
    irregular = {"nuclei": "nucleus", "vertices": "vertex", "people": "people", "crosses": "cross", "boxes": "box",
                 "pluses": "plus", "lenses": "lens", "berries": "berry", "cherries": "cherry"}  # fmt: skip
    if word in irregular:
        return irregular[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        return word[:-1]
    return word


def read_target(phrase: str) -> Target:
    """What a noun phrase in lower case means: "large red circle"."""
    return _target(phrase)


def _tokens(phrase: str) -> list[str]:
    return re.findall(r"[a-zà-ÿ]+(?:-[a-z]+)?|\d+", phrase)


def _target(phrase: str) -> Target:
    """Read a noun phrase such as "red circles", "shapes that are not green", "blue or green squares"."""
    negative = re.search(
        r"\b(?:(?:that|which|who)?\s*(?:are|is)?\s*(?:not|n't)|other than|except(?: for)?|without|besides|non)\b"
        r"[ -]*(.*)",
        phrase,
    )
    if negative:
        rest = _target(negative.group(1))
        base = _target(phrase[: negative.start()])
        return replace(base, without_colours=rest.colours, without_form=rest.form)
    colours: list[str] = []
    form: str | None = None
    noun = ""
    filled: bool | None = None
    size: Literal["small", "large"] | None = None
    tokens = _tokens(phrase)
    for index, token in enumerate(tokens):
        word = singular(token)
        colour = canonical_colour(token.removesuffix("-colored").removesuffix("-coloured"))
        if colour is not None and not (token in ("rose", "gold") and index == len(tokens) - 1):
            colours.append(colour)
        elif word in FORM_WORDS:
            if word == "round" and index < len(tokens) - 1 and form is None:
                form = "circle"
                continue
            form, noun = FORM_WORDS[word], token
        elif word in ("small", "tiny", "little"):
            size = "small"
        elif word in ("large", "big"):
            size = "large"
        elif word in ("hollow", "outlined", "outline", "empty", "unfilled"):
            filled = False
        elif word in ("filled", "solid"):
            filled = True
        elif form is None and _is_noun(token, word) and (not noun or word not in _ANY):
            noun = token
    return Target(noun, form, tuple(dict.fromkeys(colours)), (), None, filled, size)


def _is_noun(token: str, word: str) -> bool:
    return not (token in _STOP or word in _STOP or word in _LOOKS or token.isdigit())


def _refusal(target: Target) -> str:
    word = singular(target.noun)
    for reason, words in _NOT_OURS.items():
        if word in words.split() or target.noun in words.split():
            return f"{target.noun!r} are {reason}"
    return ""


def _counted(kind: QueryKind, *targets: Target, number: int | None = None) -> Query:
    refusal = next((r for t in targets if (r := _refusal(t))), "")
    return Query(kind, targets, number, (), refusal)


def _grid(text: str) -> Query | None:
    if re.search(r"\bhow many (?:circle|dot|square|coin|star)", text):
        return None
    heads = re.findall(
        r"(?=\b(?:how many|number of|count|size)\s+"
        r"(.*?)(?:\b(?:are|is|does|do|has|have|had|in|of|on|can|with|that|there)\b|[?.,;]|$))",
        text,
    )
    for phrase in (" ".join(heads), text):  # "how many rows has the grid of 7 columns" asks for the rows alone
        asks = tuple(part for part in ("row", "column") if re.search(rf"\b{part}s?\b", phrase))
        if asks:
            break
    if not asks and re.search(r"\bcells\b.*\b(?:grid|table)\b|\b(?:grid|table)\b.*\bcells\b", text):
        asks = ("cell",)
    if asks and re.search(r"how many|number of|count|what is the size", text):
        return Query("grid", (), None, asks)
    return None


_TIMES = re.compile(
    r"\bhow (?:many times|often)\b.*\b(?:cross|intersect|touch|meet|cut|pass over)\b"
    r"|\b(?:intersection|crossing|meeting|contact|touching|common) points?\b|\bpoints? (?:of|where)\b.*"
    r"\b(?:intersection|cross|intersect|touch|meet)|\bpoints? in common\b"
)


def _crossings(text: str) -> Query | None:
    if not _TIMES.search(text) and not re.search(
        r"\b(?:intersect\w*|cross(?:es|ings?)? each|cross(?:ing)? (?:points?|at)|crossings?|meet)\b", text
    ):
        return None
    if not re.search(r"how many|how often|number of|count", text):
        return None
    if re.search(r"how many (?:\w+ )?(?:lines|circles|shapes|segments|squares)\b", text):
        return None
    colours = [c for t in _tokens(text) if (c := canonical_colour(t))]
    unique = tuple(dict.fromkeys(colours))
    targets = tuple(Target("lines", "line", (c,)) for c in unique[:2])
    return Query("crossings", targets if len(targets) == 2 else (Target("lines", "line"),))


def _share(first: Target, second: Target) -> tuple[Target, Target]:
    """Let "more red than blue squares" and "more red squares than blue ones" give both sides the noun."""

    def bare(t: Target) -> bool:
        return t.form is None and (not t.noun or singular(t.noun) in _ANY)

    if bare(first) and not bare(second) and first.colours:
        first = replace(first, noun=second.noun, form=second.form)
    elif bare(second) and not bare(first) and second.colours:
        second = replace(second, noun=first.noun, form=first.form)
    return first, second


_NUMBER_TESTS: dict[str, tuple[QueryKind, int]] = {
    "more than": ("more", 0),
    "fewer than": ("fewer", 0),
    "less than": ("fewer", 0),
    "at least": ("more", -1),
    "exactly": ("equal", 0),
    "at most": ("fewer", 1),
}


def _compare(text: str) -> Query | None:
    patterns: tuple[tuple[str, QueryKind], ...] = (
        (r"how many (?:more|fewer|less) (.+?)\s+than\s+(.+)", "difference"),
        (r"(?:difference between|difference in) (?:the )?(?:number|count)s? of (.+?)\s+and\s+(.+)", "difference"),
        (r"\bmore (.+?)\s+than\s+(.+)", "more"),
        (r"\b(?:fewer|less) (.+?)\s+than\s+(.+)", "fewer"),
        (r"\bas many (.+?)\s+as\s+(.+)", "equal"),
        (r"same number of (.+?)\s+(?:and|as)\s+(.+)", "equal"),
        (r"(?:number|count) of (.+?)\s+(?:equal|the same as)\s*(?:to)?\s*(?:the (?:number|count) of)?\s*(.+)", "equal"),
        (r"(?:number|count) of (.+?)\s+(?:greater|larger|higher|more|bigger) than\s*(?:the (?:number|count) of)?"
         r"\s*(.+)",
         "more"),
        (r"(?:number|count) of (.+?)\s+(?:smaller|lower|less|fewer) than\s*(?:the (?:number|count) of)?\s*(.+)",
         "fewer"),
        (r"\bdo (.+?)\s+outnumber\s+(.+)", "more"),
        (r"(?:numbers|counts) of (.+?)\s+and\s+(.+?)\s+(?:equal|the same)", "equal"),
    )  # fmt: skip
    for pattern, kind in patterns:
        found = re.search(pattern, text)
        if not found:
            continue
        left, right = found.group(1), found.group(2)
        number = _number(left if kind in ("more", "fewer") and not left.strip() else right)
        first, second = _target(left), _target(right)
        if number is not None and second.form is None and not second.colours:
            return _counted(kind, replace(first, noun=first.noun), number=number)
        return _counted(kind, *_share(first, second))
    found = re.search(r"\b(more than|fewer than|less than|at least|exactly|at most)\s+(\w+)\s+(.+)", text)
    if found and (number := _number(found.group(2))) is not None and not text.startswith("how many"):
        kind, shift = _NUMBER_TESTS[found.group(1)]
        return _counted(kind, _target(found.group(3)), number=number + shift)
    return None


def _number(phrase: str) -> int | None:
    for token in _tokens(phrase):
        if token.isdigit() and len(token) < 7:
            return int(token)
        if token in _DIGITS and token not in ("one",):
            return _DIGITS[token]
    return None


def _most(text: str) -> Query | None:
    found = re.search(
        r"(?:which|what) (colou?r|shape|form|kind|type)s?\b.*\b(most|least|fewest|rarest|majority|commonest)\b", text
    )
    if not found:
        return None
    kind: QueryKind = "least" if found.group(2) in ("least", "fewest", "rarest") else "most"
    asks = "colour" if found.group(1).startswith("colo") else "form"
    target = _target(
        re.sub(r"\b(most|least|fewest|common|commonest|frequent|often|occurs?|appears?|is|do)\b", "", text)
    )
    form = target.form if asks == "colour" else None
    return Query(kind, (replace(target, form=form),), None, (asks,))


def _varieties(text: str) -> Query | None:
    found = re.search(
        r"(?:how many|number of) (?:(?:different|distinct|unique|various)\s+)?(colou?rs|(?:kinds|types|sorts) of|"
        r"(?:different|distinct|unique) (?:shapes|forms)(?: types?)?|shape types|shape classes)\b(.*)", text,
    )  # fmt: skip
    if not found:
        return None
    if found.group(1).startswith("colo"):
        rest = _target(found.group(2))
        return Query("colours", (replace(rest, noun=rest.noun),))
    return Query("forms", (_target(found.group(2)),))


def _existence(text: str) -> Query | None:
    found = re.match(r"(?:is|are) there (?:a|an|any|some)\b(.+)", text)
    return _counted("exists", _target(found.group(1))) if found else None


def _count(text: str) -> Query | None:
    found = re.search(
        r"(?:how many|(?:what is |what's |give |tell me |find )?(?:the )?(?:total )?(?:number|count|amount) of|"
        r"\bcount(?: up)?(?: all)?(?: of)?(?: the)?)\s+(.+)", text,
    )  # fmt: skip
    if not found:
        return None
    phrase = _IN_COLOUR.sub(_colour_first, re.split(r"[?.!;:,(\[{]", found.group(1))[0])
    if phrase.split()[0] == "times":
        return Query(refusal="how often something happens is not something to count in a picture")
    head, rest = _split_head(phrase)
    parts = re.split(r"\s(?:and|or|plus)\s", head)
    targets = [_target(part) for part in parts]
    if len(parts) < 2 or not all(t.form for t in targets):
        targets = [_target(head)]
    return _counted("count", *(_with_predicate(t, rest) for t in targets))


_IN_COLOUR = re.compile(r"\b(?P<noun>[a-z]+) (?:in|of) (?:the )?(?:colou?r )?(?P<colour>[a-z]+)\b")


def _colour_first(found: re.Match[str]) -> str:
    """ "crosses in red" as "red crosses"; anything else stays as it is."""
    noun, colour = found.group("noun"), found.group("colour")
    return f"{colour} {noun}" if canonical_colour(colour) is not None and noun not in _STOP else found.group(0)


def _split_head(phrase: str) -> tuple[str, str]:
    """Cut "circles in the picture are red" into what is counted and what is said of it."""
    cut = re.search(
        r"\s(?:(?:are|is|were|can|do|does|have|has|did|could|aren't|isn't|lie|appear|appears)\b|"
        r"(?:in|on|visible|shown|within|here|there|inside|drawn|you|that|which|other|except|besides)\b)", " " + phrase,
    )  # fmt: skip
    if cut is None or cut.start() == 0:
        return phrase, ""
    return phrase[: cut.start() - 1], " " + phrase[cut.start() :]


def _with_predicate(target: Target, rest: str) -> Target:
    """Add "are red", "are not green", "other than circles" to what is counted."""
    negated = re.search(
        r"\b(?:not|aren't|isn't|neither|other than|except(?: for)?|besides|excluding|apart from)\b(.*)", rest
    )
    if negated:
        out = _target(negated.group(1))
        return replace(target, without_colours=out.colours, without_form=out.form)
    said = re.search(r"\b(?:are|is|have the colou?r|colou?red)\s+(.*)", rest)
    if said is None:
        return target
    more = _target(re.split(r"\b(?:in|on|there|visible|within)\b", said.group(1))[0])
    return replace(
        target,
        colours=tuple(dict.fromkeys(target.colours + more.colours)),
        form=target.form or more.form,
        filled=target.filled if target.filled is not None else more.filled,
        size=target.size or more.size,
    )
