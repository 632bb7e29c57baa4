"""What a question about a table asks for: words to a query. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from maestro_graph.embedded.chart._mentions import Mention, find_mentions, words_of
from maestro_graph.embedded.chart._numbers import parse_number
from maestro_graph.embedded.chart._table import Table

__all__ = ["Bound", "Op", "Query", "parse_question"]

Op = Literal[
    "lookup",
    "extreme",
    "widest",
    "steepest",
    "difference",
    "change",
    "ratio",
    "sum",
    "average",
    "median",
    "range",
    "share",
    "count",
    "count_if",
    "list_if",
    "compare",
    "check",
    "trend",
    "title",
    "x_label",
    "y_label",
    "kind",
    "legend",
    "colour_of",
    "of_colour",
    "find",
]
Wants = Literal["category", "series", "value"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition on values: `sign` is `>`, `>=`, `<`, `<=` or `=`; `high` closes an interval."""

    sign: str
    value: float
    high: float | None = None

    def holds(self, value: float) -> bool:
        if self.high is not None:
            return self.value <= value <= self.high
        if self.sign == "=":
            return abs(value - self.value) <= 0.02 * max(abs(value), abs(self.value), 1e-12)
        strict = {">": value > self.value, "<": value < self.value}
        return strict.get(self.sign, value >= self.value if self.sign == ">=" else value <= self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question in terms of a table.

    Attributes:
        op: what to do.
        categories, series: indices that the question names, in its order.
        largest: for extremes and comparisons: the larger or the smaller one.
        rank: 1 for the extreme itself, 2 for the second one, …
        wants: what an extreme should give.
        bound: a condition on values.
        colour: a colour word.
        counted: what a count is about.
        places: numbers named that are no category but lie on a numeric axis.
        percent: a change or difference is wanted in per cent.
        total: values are to be added over the series.
        sure: 0 to 1, how well the form of the question was understood.
    """

    op: Op
    categories: tuple[int, ...] = ()
    series: tuple[int, ...] = ()
    largest: bool = True
    rank: int = 1
    wants: Wants = "category"
    bound: Bound | None = None
    colour: str = ""
    counted: Wants = "category"
    places: tuple[float, ...] = ()
    percent: bool = False
    total: bool = False
    whole: bool = False
    span: bool = False
    sure: float = 1.0


_MORE = (
    r"(?:more|higher|greater|larger|bigger|taller|longer|above|over|exceed\w*|exceeding|"
    r"surpass\w*|better|warmer|hotter|"
    r"upwards?|outnumber\w*|outperform\w*|beat\w*|older|farther|heavier|at least)"
)
_LESS = r"(?:less|lower|fewer|smaller|shorter|below|under|beneath|worse|colder|cooler|at most|lighter)"
_MOST = (
    r"\b(?:highest|largest|most|maximum|greatest|biggest|max|top|peak\w*|best|tallest|longest|leading|leads?|"
    r"dominant|dominates?|main|hottest|warmest|wettest|first place|majority)\b"
)
_LEAST = (
    r"\b(?:lowest|smallest|least|minimum|fewest|min|bottom|worst|shortest|weakest|coldest|driest|rarest|"
    r"bottoms out|trough|dip\w*)\b"
)
_ORDINALS = {
    "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6,
}  # fmt: skip
_COLOURS = [
    "red",
    "orange",
    "yellow",
    "green",
    "cyan",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "gray",
    "grey",
    "white",
    "teal",
    "violet",
    "magenta",
    "turquoise",
    "navy",
    "olive",
    "maroon",
    "gold",
    "lime",
]
_MARKS = (
    r"(?:bars?|slices?|sectors?|wedges?|categor(?:y|ies)|columns?|groups?|segments?|"
    r"points?|labels?|items?|parts?|pieces?|portions?|x[- ]?values?|entries|data points?)"
)
_SERIES_WORDS = r"(?:lines?|series|curves?|legend (?:entries|labels|items)|colou?rs?|data ?sets?|variables?)"
_NUM = r"[-−]?[$€£]?\s?\d[\d,]*(?:\.\d+)?(?:\s*(?:%|percent|k|thousand|million|billion|m|bn)\b|%)?"


def parse_question(question: str, table: Table) -> Query | None:
    """The query behind a question, or `None` where its form is not understood or names nothing of the table."""
    names = _Names(question, table)
    text = " ".join(question.lower().replace("’", "'").split())
    for reader in (_about_texts, _about_colours, _about_numbers):
        query = reader(text, names, table)
        if query is not None:
            return names.fill(query)
    return None


class _Names:
    """Which categories and series a question names."""

    def __init__(self, question: str, table: Table) -> None:
        self.question = question
        categories = find_mentions(question, table.categories)
        series = find_mentions(question, table.series) if len(table.series) > 1 else []
        self.categories = [m for m in categories if not _covered(m, series)]
        self.series = [m for m in series if not _covered(m, self.categories) or m.score >= 0.97]
        self.rest = _blank(question, [*self.categories, *self.series])
        self.places: tuple[float, ...] = ()
        if table.numeric_categories:
            self.places = self._on_axis(table)

    def _on_axis(self, table: Table) -> tuple[float, ...]:
        ends = [n.value for name in table.categories if (n := parse_number(name)) is not None]
        found = []
        for match in re.finditer(
            r"(?<![\d.,])\d{4}(?![\d.,]|%)|(?<=\bat )\d+(?:\.\d+)?|(?<=x = )\d+(?:\.\d+)?", self.rest
        ):
            value = float(match.group())
            before = self.rest[: match.start()].rstrip().lower()
            if ends and min(ends) <= value <= max(ends) and not re.search(rf"{_MORE}|{_LESS}|than$", before[-14:]):
                found.append(value)
        return tuple(found)

    def fill(self, query: Query) -> Query:
        scores = [m.score for m in (*self.categories, *self.series)]
        return replace(
            query,
            categories=_unique(m.index for m in self.categories),
            series=_unique(m.index for m in self.series),
            places=self.places,
            sure=query.sure * (min(scores) if scores else 1.0),
        )

    @property
    def some(self) -> bool:
        return bool(self.categories or self.series or self.places)


def _unique(items: object) -> tuple[int, ...]:
    return tuple(dict.fromkeys(items))  # type: ignore[call-overload]


def _covered(mention: Mention, others: Sequence[Mention]) -> bool:
    """Whether a better or longer mention of the other kind stands at the same place."""
    return any(
        mention.start < o.end
        and o.start < mention.end
        and (o.score, o.end - o.start) > (mention.score, mention.end - mention.start)
        for o in others
    )


def _blank(question: str, mentions: Sequence[Mention]) -> str:
    out = question
    for m in mentions:
        out = out[: m.start] + " " * (m.end - m.start) + out[m.end :]
    return out


def _about_texts(text: str, names: _Names, table: Table) -> Query | None:
    axis = re.search(r"\b(x|y|horizontal|vertical)[- ]?axis\b", text)
    if (
        axis
        and re.search(r"label|title|name|represent|show|measur|what is on|display|stand|unit|caption", text)
        and not re.search(r"maximum|highest|largest|lowest|smallest", text)
    ):
        return Query(op="x_label" if axis[1] in {"x", "horizontal"} else "y_label")
    if re.search(r"\btitle\b|\b(?:chart|graph|plot|figure) (?:called|about|titled)\b|\bheading\b", text):
        return Query(op="title")
    if re.search(r"\b(?:type|kind|sort) of (?:chart|graph|plot|diagram)\b", text):
        return Query(op="kind")
    if re.search(r"\b(?:which|what)\b.*\b(?:in|listed in|shown in) the legend\b", text) and "how many" not in text:
        return Query(op="legend")
    return None


def _names_things(text: str, table: Table) -> bool:
    """Whether "colour" is what the categories are called ("which eye colour"), not how they are drawn."""
    kind = re.search(r"\b(?:which|what|whose) (?:is the |was the )?(?P<of>[a-z]+) colou?rs?\b", text)
    if kind and kind["of"] not in {"the", "is", "are", "was", "has", "does", "line", "bar", "slice", "sector", "mark"}:
        return True
    coloured = sum(name.strip().lower() in _COLOURS for name in table.categories)
    return coloured * 2 > len(table.categories)


def _about_colours(text: str, names: _Names, table: Table) -> Query | None:
    if _names_things(text, table):
        return None
    if (
        re.search(
            r"\b(?:what|which)(?:'s| is| are)?(?: the)? colou?r\b|\bcolou?r (?:is|of|represents?|"
            r"shows?)\b",
            text,
        )
        and "how many" not in text
    ):
        if names.some:
            return Query(op="colour_of")
        order = _order(text)
        return None if order is None else Query(op="colour_of", largest=order, rank=_rank(text))
    colour = next((c for c in _COLOURS if re.search(rf"\b{c}\b", names.rest.lower())), "")
    if not colour:
        return None
    colour = "gray" if colour == "grey" else colour
    if re.search(
        r"\b(?:what|which|who)\b.*\b(?:represent|show|stand|mean|indicat|depict|denot|"
        r"correspond|is|does)\w*\b",
        text,
    ) and not re.search(rf"{_MOST}|{_LEAST}|value|how (?:many|much)", text):
        return Query(op="of_colour", colour=colour)
    inner = _about_numbers(text, names, table)
    return None if inner is None else replace(inner, colour=colour)


def _about_numbers(text: str, names: _Names, table: Table) -> Query | None:
    for reader in (
        _ratio,
        _widest,
        _gap,
        _counting,
        _trend,
        _yes_no,
        _either,
        _combined,
        _extreme,
        _share,
        _conditional,
        _lookup,
    ):
        query = reader(text, names, table)
        if query is not None:
            return query
    return None


def _order(text: str) -> bool | None:
    """True for the largest, False for the smallest, `None` where neither is asked."""
    text = re.sub(r"\bat (?:most|least)\b", " ", text)
    most, least = re.search(_MOST, text), re.search(_LEAST, text)
    if most and least:
        return most.start() < least.start()
    return None if not (most or least) else bool(most)


def _rank(text: str) -> int:
    for word, rank in _ORDINALS.items():
        if re.search(rf"\b{word}[- ]?(?:most\b|{_MOST[2:-2]}|{_LEAST[2:-2]}|place|in rank)", text):
            return rank
    return 1


def _bound(rest: str) -> Bound | None:
    """A condition with a number in the words that are left when the names are taken out."""
    rest = " ".join(rest.lower().replace("−", "-").split())
    match = re.search(rf"\bbetween ({_NUM}) and ({_NUM})", rest)
    if match:
        low, high = _number(match[1]), _number(match[2])
        if low is not None and high is not None:
            return Bound(">=", min(low, high), max(low, high))
    patterns = (
        (r"(?:at least|no less than|not less than|minimum of|or more than or equal to|≥|>=)", ">="),
        (r"(?:at most|no more than|not more than|up to|≤|<=)", "<="),
        (rf"(?:{_MORE}(?: than)?|>)", ">"),
        (rf"(?:{_LESS}(?: than)?|<)", "<"),
        (
            r"(?:exactly|equal(?:s| to)?|a value of|(?:is|was|are|were|of|have|has|had)(?: about|"
            r" around| exactly)?|reach(?:es|ed)?)",
            "=",
        ),
    )
    for words, sign in patterns:
        match = re.search(
            rf"{words}(?: a| an| the)?(?: value| level| mark| count| total| threshold)?(?: of)? ({_NUM})", rest
        )
        if match:
            value = _number(match[1])
            if value is not None:
                if re.search(rf"{re.escape(match[1])} or (?:more|higher|above|greater)", rest):
                    sign = ">="
                if re.search(rf"{re.escape(match[1])} or (?:less|lower|below|fewer)", rest):
                    sign = "<="
                return Bound(sign, value)
    return None


def _number(text: str) -> float | None:
    text = text.strip().rstrip(".,").replace("percent", "%").replace("$ ", "$")
    number = parse_number(text)
    return None if number is None else number.value


def _ratio(text: str, names: _Names, table: Table) -> Query | None:
    if re.search(
        r"\bratio\b|\bhow many times\b|\bhow much (?:times|fold)\b|\bby what factor\b|"
        r"\bdivided by\b|\btimes (?:as|larger|higher|more|bigger|greater)\b",
        text,
    ) and (len(names.categories) + len(names.series) + len(names.places) >= 2 or _order(text) is not None):
        return Query(op="ratio", largest=_order(text) is not False)
    return None


def _widest(text: str, names: _Names, table: Table) -> Query | None:
    """The largest gap between two series, the largest step between neighbours."""
    order = _order(text)
    if order is None:
        return None
    if len(names.series) == 2 and re.search(r"\bdifference|\bgap\b|\bdiffer\b|apart", text):
        return Query(op="widest", largest=order, wants=_wanted(text, table))
    step = re.search(
        rf"(?:{_MOST}|{_LEAST}|biggest|sharpest|steepest)\W+(?:\w+\W+)?(increase|rise|jump|"
        rf"growth|gain|decrease|drop|fall|decline|change)",
        text,
    )
    if step is None:
        step = re.search(
            r"(increas|ris|grow|jump|decreas|drop|fell|fall|"
            r"declin)\w*(?: \w+){0,3} (?:the )?(?:most|fastest|sharpest)",
            text,
        )
    if step:
        up = re.match(r"incr|ris|jump|grow|gain|change", step[1]) is not None
        return Query(
            op="steepest",
            largest=up,
            wants="value" if text.startswith(("what is", "what was", "how")) else "category",
            sure=0.85,
        )
    return None


def _gap(text: str, names: _Names, table: Table) -> Query | None:
    percent = re.search(
        r"\bpercent(?:age)? (?:change|increase|decrease|growth|drop|difference)\b|"
        r"\bby (?:what|how many) percent",
        text,
    )
    two = len(names.categories) + len(names.places) >= 2 or len(names.series) >= 2
    if percent and "point" not in text:
        return Query(op="change", percent=True) if two else None
    if re.search(
        r"\bdifference\b|\bhow (?:much|many)(?: \w+){0,2} (?:more|less|fewer|higher|lower|"
        r"larger|smaller|greater|bigger|taller)\b|\bby how much\b|\bgap\b|\bdiffer\b|"
        r"\bhow much (?:did|has|does|was|is).*(?:increase|decrease|change|rise|grow|fall|drop|"
        r"decline|exceed)|\bsubtract|\bminus\b",
        text,
    ):
        if two:
            return Query(op="difference")
        if re.search(_MOST, text) and re.search(_LEAST, text):
            return Query(op="range")
        if _bound(names.rest) is None and len(table.series) == 2 and names.some:
            return Query(op="difference", sure=0.7)
    if re.search(r"\brange\b", text) and not two:
        return Query(op="range")
    return None


def _counting(text: str, names: _Names, table: Table) -> Query | None:
    match = re.search(
        r"\b(?:how many|(?:what is|count|give) the (?:total )?number of|number of|"
        r"count(?: all)?(?: of)?(?: the)?)\b(.*)",
        text,
    )
    if match is None:
        return None
    tail = match[1].strip()
    counted: Wants = "category"
    if re.match(rf"(?:different |distinct |of the |separate )?{_SERIES_WORDS}\b", tail) and table.kind != "pie":
        counted = "series"
        if re.match(r"(?:different )?colou?rs?", tail) and len(table.series) == 1:
            counted = "category"
    elif re.match(rf"(?:\w+ ){{0,2}}{_MARKS}\b", tail) or _is_category_noun(tail, names, table):
        counted = "category"
    else:
        return None
    bound = _bound(names.rest)
    if (
        bound is None
        and names.categories
        and not names.series
        and re.search(rf"{_MORE}|{_LESS}|larger", tail)
        and len(names.categories) == 1
    ):
        return Query(op="count_if", counted=counted, largest=re.search(_LESS, tail) is None)
    if bound is not None:
        return Query(op="count_if", bound=bound, counted=counted)
    if len(names.series) == 2 and re.search(rf"{_MORE}|{_LESS}", tail):
        return Query(op="count_if", counted=counted, largest=re.search(_LESS, tail) is None)
    if names.categories and not re.match(rf"(?:\w+ ){{0,2}}(?:{_MARKS}|{_SERIES_WORDS})", tail):
        return None
    bars = re.match(r"(?:\w+ ){0,2}(?:bars|columns)\b", tail) is not None and not re.search(r"\bgroups?\b", tail)
    return Query(op="count", counted=counted, whole=bars and "bars" in table.kind)


def _is_category_noun(tail: str, names: _Names, table: Table) -> bool:
    """Whether the words counted are what the categories are: by the axis' label, or by a common noun."""
    first = words_of(tail)[:4]
    labels = words_of(table.category_label)
    for word in first:
        stem = word.rstrip("s")
        if any(
            stem and (stem == label.rstrip("s") or (len(stem) > 3 and label.startswith(stem[:-1]))) for label in labels
        ):
            return True
        if word in {"are", "is", "have", "has", "had", "did", "do", "does", "were", "was", "in"}:
            break
    nouns = [
        "years",
        "months",
        "countries",
        "states",
        "cities",
        "people",
        "players",
        "species",
        "products",
        "regions",
        "companies",
        "days",
        "names",
        "sites",
        "firms",
    ]
    if not first or names.categories:
        return False
    if first[0] in nouns or (len(first) > 1 and first[1] in nouns):
        return first[0] not in words_of(table.value_label) or _bound(names.rest) is not None
    return _bound(names.rest) is not None


def _trend(text: str, names: _Names, table: Table) -> Query | None:
    movement = (
        r"(?:increas|decreas|ris|rose|fall|fell|grow|grew|declin|drop|go up|go down|went up|"
        r"went down|go(?:es)? (?:up|down))\w*"
    )
    if not re.search(rf"\b{movement}|\btrend\b", text) or re.search(r"\bhow (?:much|many)\b", text):
        return None
    start = re.match(r"(?:did|does|do|is|has|have|was|were|are)\b", text)
    if start and not re.search(r"\bor\b|\btrend\b", text):
        up = re.search(r"\b(?:increas|ris|rose|grow|grew|go up|went up|going up)\w*", text) is not None
        return Query(op="trend", wants="value", largest=up, span=True)
    if start or re.search(
        r"\btrend\b|increase or decrease|rise or fall|up or down|increasing or decreasing|"
        r"grow or shrink|decrease or increase",
        text,
    ):
        return Query(op="trend", span=True)
    return None


def _yes_no(text: str, names: _Names, table: Table) -> Query | None:
    if not re.match(r"(?:is|are|was|were|does|do|did|has|have|had|can|could)\b", text):
        return None
    if re.search(r"\bor\b", names.rest.lower()) and not re.search(rf"{_MORE}.*\bthan\b|{_LESS}.*\bthan\b", text):
        return None
    equal = re.search(r"\b(?:equal|same|as (?:high|large|many|much))\b", text)
    two = len(names.categories) + len(names.places) >= 2 or len(names.series) >= 2
    more, less = re.search(rf"\b{_MORE}\b", text), re.search(rf"\b{_LESS}\b", text)
    if two and (more or less or equal):
        larger = more is not None and (less is None or more.start() < less.start())
        return Query(op="compare", largest=larger, wants="series" if equal and not (more or less) else "value")
    bound = _bound(names.rest)
    if names.some and bound is not None:
        return Query(op="check", bound=bound)
    order = _order(text)
    if names.some and order is not None:
        return Query(op="check", largest=order, rank=_rank(text))
    return None


def _either(text: str, names: _Names, table: Table) -> Query | None:
    """`Which is higher, A or B?`"""
    more, less = re.search(rf"\b{_MORE}\b", text), re.search(rf"\b{_LESS}\b", text)
    order = _order(text)
    if not re.search(r"\bor\b", names.rest.lower()) or not (more or less or order is not None):
        return None
    largest = order if order is not None else (less is None or (more is not None and more.start() < less.start()))
    if len(names.categories) >= 2:
        return Query(op="extreme", largest=largest, wants="category", span=True)
    if len(names.series) >= 2:
        return Query(op="extreme", largest=largest, wants="series", span=True)
    return None


def _combined(text: str, names: _Names, table: Table) -> Query | None:
    asks_order = _order(text) is not None
    if (
        re.search(r"\b(?:average|mean|avg)\b", text)
        and not asks_order
        and not _means_label(text, table, r"average|mean")
    ):
        return Query(op="average", span=_between(text))
    if re.search(r"\bmedian\b", text) and not asks_order and not _means_label(text, table, "median"):
        return Query(op="median")
    if (
        re.search(
            r"\b(?:sum|total|combined|altogether|together|in all|overall|add(?:ed)? up|"
            r"accumulated)\b",
            text,
        )
        and not asks_order
    ):
        if re.search(r"\b(?:percent|percentage|share|fraction|proportion)\b", text) and len(names.categories) < 2:
            return None
        if re.match(r"(?:which|when|who)\b", text):
            return None
        return Query(op="sum", span=_between(text), total=True)
    if (
        len(names.categories) >= 2
        and re.search(r"\band\b", names.rest.lower())
        and re.search(r"\b(?:share|percentage|percent)\b", text)
        and table.kind == "pie"
    ):
        return Query(op="sum", sure=0.8)
    return None


def _means_label(text: str, table: Table, word: str) -> bool:
    """`What is the mean yield of X` where the axis itself shows means: a look-up, not an average over the chart."""
    label = f"{table.value_label} {table.title}".lower()
    return bool(re.search(word, label)) and any(n in text for n in [c.lower() for c in table.categories])


def _between(text: str) -> bool:
    return re.search(r"\b(?:between|from)\b.*\b(?:and|to|until|through)\b", text) is not None


def _wanted(text: str, table: Table) -> Wants:
    if re.search(rf"\b(?:which|what) {_SERIES_WORDS}\b", text) and len(table.series) > 1:
        return "series"
    if re.match(
        r"(?:in |on |at |during |for |by |to |of )?(?:which|who|when|where|whose)\b|(?:in|on|"
        r"at|during) what\b",
        text,
    ):
        if re.search(
            r"\bwhich (?:is|was) the (?:highest|lowest|maximum|minimum|largest|smallest) (?:value|"
            r"number|amount)\b",
            text,
        ):
            return "value"
        return "category"
    if re.search(r"\bvalue (?:of|for|in) the\b", text) or re.match(r"how (?:many|much|high|low|large|tall)\b", text):
        return "value"
    noun = re.search(
        rf"\bwhat(?:'s| is| was| are| were)? (?:the )?(?:\w+[- ])?(?:{_MOST[2:-2]}|"
        rf"{_LEAST[2:-2]})[- ]?(.*)",
        text,
    )
    if noun:
        tail = words_of(noun[1])[:3]
        if tail and set(tail) & set(words_of(table.value_label)):
            return "value"
        if re.match(rf"(?:\w+ )?{_MARKS}\b", noun[1]) and not re.search(r"\bvalue\b", noun[1]):
            return "category"
        labels = {w.rstrip("s") for w in words_of(table.category_label)}
        if tail and tail[0].rstrip("s") in labels:
            return "category"
        return "value"
    label = {w.rstrip("s") for w in words_of(table.category_label)}
    what = re.search(r"\bwhat (\w+)", text)
    if what and (
        what[1].rstrip("s") in label
        or re.search(
            r"what (?!is\b|are\b|was\b|were\b|'s)\w+ (?:has|had|have|is|was|shows?|did|do|does|"
            r"are|were|represents?|got|makes?)\b",
            text,
        )
    ):
        return "category"
    return "value"


def _extreme(text: str, names: _Names, table: Table) -> Query | None:
    order = _order(text)
    if order is None:
        return None
    wants = _wanted(text, table)
    total = re.search(r"\b(?:total|combined|overall|sum)\b", text) is not None
    average = re.search(r"\b(?:average|mean)\b", text) is not None and not _means_label(text, table, "average|mean")
    return Query(op="extreme", largest=order, rank=_rank(text), wants=wants, total=total or average)


def _share(text: str, names: _Names, table: Table) -> Query | None:
    if not re.search(r"\b(?:percent|percentage|share|fraction|proportion|portion|part|contribution)\b|%", text):
        return None
    if re.match(r"(?:which|who|when)\b", text) and _bound(names.rest) is not None:
        return None
    if not names.some:
        return None
    return Query(
        op="share", total=re.search(r"\b(?:of|to) (?:the )?(?:total|whole|all|overall|entire)\b", text) is not None
    )


def _conditional(text: str, names: _Names, table: Table) -> Query | None:
    if not re.match(r"(?:in )?(?:which|what|who|when|list|name)\b", text):
        return None
    bound = _bound(names.rest)
    if bound is None or (names.categories and not names.series):
        return None
    return Query(op="find" if bound.sign == "=" else "list_if", bound=bound, sure=0.85)


def _lookup(text: str, names: _Names, table: Table) -> Query | None:
    if names.categories or names.places or (names.series and (len(table.categories) == 1)):
        asked = re.search(r"\b(?:what|how|which|give|find|tell|when|read|value|estimate|approximate)\b", text)
        return Query(op="lookup", sure=1.0 if asked else 0.6, whole=text.startswith("how many"))
    if (
        names.series
        and re.search(r"\b(?:what|how)\b", text)
        and re.search(r"\b(?:value|at the end|final|last|first|start)\b", text)
    ):
        return Query(op="lookup", sure=0.4)
    return None
