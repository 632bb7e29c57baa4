"""What a question wants from a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from maestro_graph.embedded.colours import canonical_colour
from maestro_graph.embedded.reader._values import Kind
from maestro_graph.embedded.reader._words import KINDS, STOP, tokens, word_set

__all__ = [
    "Count", "Extreme", "Field", "Mention", "Neighbour", "Ordinal", "Plan", "Region", "Reverse", "Title",
    "Transcribe", "plan",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Region:
    """Where in the picture to look: `vertical` top|middle|bottom, `horizontal` left|right, a colour's name."""

    vertical: str | None = None
    horizontal: str | None = None
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Transcribe:
    """The whole text, or that of a region."""

    region: Region = Region()


@dataclass(frozen=True, slots=True)
class Ordinal:
    """The n-th unit (0-based, negative from the end), of the whole text or of a larger unit `inside`."""

    unit: str
    index: int
    inside: Ordinal | Title | None = None


@dataclass(frozen=True, slots=True)
class Title:
    """The heading."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many lines, words, paragraphs, items, or occurrences of `of`."""

    unit: str
    of: str = ""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What stands `after`, `before`, `above`, `below`, `right` or `left` of a text."""

    where: str
    anchor: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """Whether the text contains something."""

    what: str


@dataclass(frozen=True, slots=True)
class Extreme:
    """The item with the largest or smallest value of a column."""

    largest: bool
    value: bool  # whether the value is asked, not the item


@dataclass(frozen=True, slots=True)
class Reverse:
    """The item whose row holds a value."""

    value: str


@dataclass(frozen=True, slots=True)
class Field:
    """The value of a label; `item` names a row where the label names a column.

    Attributes:
        label: words of the label, may be empty where only the kind is asked.
        kind: the value's type, None where the question does not tell.
        expected: for a yes/no question, the value that it supposes.
    """

    label: tuple[str, ...]
    item: tuple[str, ...] = ()
    kind: Kind | None = None
    expected: str | None = None
    question: str = ""


Plan: TypeAlias = Transcribe | Ordinal | Title | Count | Neighbour | Mention | Extreme | Reverse | Field

ORDINALS = {
    "first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "sixth": 5, "seventh": 6, "eighth": 7, "ninth": 8,
    "tenth": 9, "last": -1, "final": -1, "bottom": -1, "top": 0, "second to last": -2, "penultimate": -2,
    "second-to-last": -2, "second last": -2, "next to last": -2,
}  # fmt: skip
ORDINAL = (
    r"second[ -]to[ -]last|next to last|second last|penultimate|"
    + "|".join(word for word in ORDINALS if " " not in word and "-" not in word)
    + r"|\d+(?:st|nd|rd|th)"
)
UNIT = (
    r"line|row|word|paragraph|letter|character|sentence|item|entry|heading|column|bullet(?: point)?|"
    r"option|step|number"
)
QUOTED = r"[\"'“”‘’«»]+(?P<{0}>.+?)[\"'“”‘’«»]+(?=\W|$)"
PLACE = (
    "receipt|page|form|document|sign|signs|image|picture|photo|invoice|ticket|bill|menu|label|letter|"
    "card|poster|note|"
    "paper|screen|scan|sheet|table|list|plate|license plate|number plate|badge|banner|board|billboard|notice|sticker|"
    "screenshot|certificate|envelope|book|cover|flyer|brochure|email|message|shirt|box|bottle|package|door|wall|text|"
    "street sign|road sign|button|display|statement|schedule|timetable|memo|report|coupon|voucher|tag|slip|passage"
)
COLOURS = "red|green|blue|yellow|orange|purple|pink|brown|black|white|grey|gray|cyan|magenta|violet|turquoise|teal|navy"
TRANSCRIBE = (
    r"^(?:please )?(?:read|transcribe|extract|copy|ocr)\b(?! the (?:first|last|second|third|line))|"
    rf"what (?:does|do|did) (?:it|this|that|these|they|the (?:[\w-]+ ){{0,3}}?(?:{PLACE})s?)(?: (?:in|"
    r"on|at) .*)? (?:say|read|state)|"
    r"what(?:'s| is| are|s)? (?:the )?(?:text |words? |message |inscription |writing )?(?:that "
    r")?(?:is |are )?(?:written|printed|shown|displayed|says?) "
    r"(?:on|in|at|here)|what (?:is|are) (?:the |all (?:the )?)?(?:text|words?|message|inscription|"
    r"writing|slogan|caption)\b(?! (?:after|before|below|above|next|following))|"
    r"what (?:text|words?|message|writing) (?:is|are|do|does|can)|what is (?:written|printed)\s*\??$|"
    r"what (?:does|do) (?:it|this) say|"
    r"which words?(?: is| are)? (?:written|printed|shown)"
)  # fmt: skip


def plan(question: str) -> Plan:
    """The plan for a question in English. Anything else becomes a field lookup over its content words."""
    text = " ".join(question.strip().split())
    low = text.lower().rstrip("?. !")
    for attempt in (_mention, _count, _ordinal, _extreme, _neighbour, _title, _transcribe, _reverse):
        found = attempt(low, text)
        if found is not None:
            return found
    return _field(low, text)


def _quoted(text: str) -> str | None:
    match = re.search(QUOTED.format("q"), text)
    return match["q"].strip() if match else None


def _mention(low: str, text: str) -> Plan | None:
    verbs = r"mention|contain|include|say|have|show|list|read|display"
    match = re.match(
        rf"(?:does|do|did) (?:the |this |it\b)?.*?\b(?:{verbs})s? (?:the )?(?:word|words|name|phrase|text|"
        rf"number)?s? ?(?P<what>.+)",
        low,
    )
    if match is None:
        match = re.match(
            r"(?:is|are|was) (?:the )?(?:word |words |name |phrase |text |number )?(?P<what>.+?) "
            rf"(?:mentioned|listed|written|included|printed|shown|present|visible|contained|in the (?:{PLACE})|"
            rf"on the (?:{PLACE}))\b",
            low,
        )
    if match is None:
        match = re.match(
            rf"is there (?:a|an|any|the )?(?:word |mention of )(?P<what>.+?)(?: (?:in|on) (?:the|this) (?:{PLACE}))?$",
            low,
        )
    if match is None:
        return None
    what = _quoted(text) or _without_place(match["what"])
    what = re.sub(r"^(?:the |a |an |any )?(?:words? |name |phrase )?", "", what).strip(" '\"“”")
    return Mention(what) if what and not re.match(r"(?:on|in|at)\b", what) else None


def _count(low: str, text: str) -> Plan | None:
    match = re.match(r"(?:how many|what is the number of|count the|count all(?: the)?|number of) (?P<rest>.+)", low)
    if match is None:
        return None
    rest = match["rest"]
    times = re.match(
        r"times? (?:does|do|is|did|can) (?:the )?(?:word |name |phrase |letter )?(?P<of>.+?) (?:appear|"
        r"occur|mentioned|used|be|show|come)",
        rest,
    )
    if times:
        return Count("times", _quoted(text) or times["of"])
    of = re.match(r"(?:occurrences|instances) of (?:the )?(?:word )?(?P<of>.+)", rest)
    if of:
        return Count("times", _quoted(text) or _without_place(of["of"]))
    unit = re.match(
        r"(?:different |distinct )?(?:(?:lines?|rows?)(?: of (?:text|writing))?|words?|paragraphs?|"
        r"columns?|characters?|letters?|"
        r"sentences?|line items|items|products|entries|dishes|drinks|options|bullet points?)\b",
        rest,
    )
    if unit is None:
        return None
    name = re.sub(r" of .*|different |distinct ", "", unit.group()).rstrip("s")
    name = {
        "row": "line",
        "line item": "item",
        "product": "item",
        "entrie": "item",
        "dishe": "item",
        "drink": "item",
        "character": "letter",
        "option": "item",
        "bullet point": "item",
    }.get(name, name)
    inside = re.search(r" (?:in|does|of) (?:the )?(?:title|heading)\b", rest)
    return Count(name, "title" if inside else "")


def _numbered(low: str) -> Ordinal | None:
    """ "rule number 2", "step 3": an entry that is printed with its number."""
    match = re.search(
        r"\b(?:rule|step|item|point|option|question|section|entry|task|instruction|note|bullet) (?:number "
        r"|no\.? |#)?(?P<n>\d+)\b",
        low,
    )
    return Ordinal("numbered", int(match["n"]) - 1) if match else None


def _index(word: str) -> int:
    if word in ORDINALS:
        return ORDINALS[word]
    digits = re.match(r"\d+", word)
    return int(digits.group()) - 1 if digits else ORDINALS.get(word.replace("-", " "), 0)


def _ordinal(low: str, text: str) -> Plan | None:
    parts = [
        (m["n"], m["unit"])
        for m in re.finditer(rf"\b(?P<n>{ORDINAL}) (?:(?:text|full|complete) )?(?P<unit>{UNIT})\b", low)
    ]
    parts += [
        (f"{m['n']}th", m["unit"])
        for m in re.finditer(r"\b(?P<unit>line|row|paragraph|word|item) (?:number |no\.? )?(?P<n>\d+)\b", low)
    ]
    numbered = _numbered(low)
    if numbered is not None and re.match(r"(?:what|which|read|state)\b", low):
        return numbered
    if not parts or re.search(r"\b(?:after|before|below|above|follow|left|right)", low):
        return None
    inside: Ordinal | Title | None = None
    for word, unit in reversed(parts[1:]):
        inside = Ordinal(unit, _index(word), inside)
    if inside is None and re.search(r"\bof the (?:title|heading|headline)\b", low):
        inside = Title()
    word, unit = parts[0]
    order = {"letter": 0, "character": 0, "word": 1}
    if isinstance(inside, Ordinal) and order.get(inside.unit, 2) < order.get(unit, 2):
        return Ordinal(inside.unit, inside.index, Ordinal(unit, _index(word)))
    return Ordinal(unit, _index(word), inside)


def _extreme(low: str, text: str) -> Plan | None:
    large = re.search(
        r"most expensive|highest[- ]price|costs? the most|highest (?:price|cost|amount)|priciest|dearest", low
    )
    small = re.search(r"cheapest|least expensive|lowest[- ]price|costs? the least|lowest (?:price|cost|amount)", low)
    if not (large or small):
        return None
    value = bool(
        re.search(
            r"what is the (?:highest|lowest) (?:price|cost|amount)|how much|price of the (?:most|cheap|least)|"
            r"cost of the",
            low,
        )
    )
    return Extreme(bool(large), value)


def _neighbour(low: str, text: str) -> Plan | None:
    sides = {
        r"(?:comes?|is|stands?|appears?|follows?|written|printed|word|line|number|text|item|come)? "
        r"?(?:directly |right |immediately )?(?:after|following)": "after",
        r"follows?": "after",
        r"(?:directly |right |immediately )?(?:before|preceding)|precedes?": "before",
        r"(?:directly |right |immediately )?(?:below|under|underneath|beneath)": "below",
        r"(?:directly |right |immediately )?above": "above",
        r"(?:to the right of|right of|next to|beside)": "right",
        r"(?:to the left of|left of)": "left",
    }
    for pattern, where in sides.items():
        match = re.search(rf"\b(?:{pattern})\b (?:the )?(?P<anchor>.+)$", low)
        if match is None:
            continue
        anchor = _quoted(text)
        if anchor is None:
            if not re.match(r"^(?:what|which)\b", low):
                continue
            anchor = re.sub(
                r"^(?:the )?(?:words?|line|text|label|name|number|phrase|heading|title) ",
                "",
                _without_place(match["anchor"]),
            )
        unit = re.search(r"\b(word|line|number|item)\b", low[: match.start("anchor")])
        return Neighbour(where, anchor.strip(" '\""), unit.group(1) if unit else "")
    return None


def _title(low: str, text: str) -> Plan | None:
    if re.search(r"\bjob title\b", low):
        return None
    pattern = (
        r"\b(?:title|heading|headline|header)\b|\bname of (?:the |this )?(?:store|shop|restaurant|cafe|"
        r"café|company|business|"
        r"event|book|document|newspaper|hotel|bar|bakery|market|supermarket|pharmacy|brand|form)\b|"
        r"\b(?:store|shop|restaurant|cafe|café|business|bakery|hotel|brand)(?:'s)? name\b|"
        r"^(?:which|what) (?:store|shop|restaurant|cafe|café|business|bakery|supermarket)\b|"
        r"\bwhat (?:kind|type) of (?:document|form|page)\b|what is (?:this|the) (?:document|page|form) "
        r"(?:called|about|titled)"
    )
    return Title() if re.search(pattern, low) else None


def _region(low: str) -> Region:
    vertical = re.search(r"\b(?:at|in|on|near) the (?:very )?(top|bottom|middle|cent(?:er|re))\b", low)
    corner = re.search(r"\b(top|bottom|upper|lower)[ -](left|right)\b", low)
    side = re.search(r"\b(?:on|at|in) the (left|right)(?: side| half)?\b", low)
    colour = re.search(rf"\b({COLOURS})\b", low)
    up = corner.group(1) if corner else vertical.group(1) if vertical else None
    up = {"upper": "top", "lower": "bottom", "center": "middle", "centre": "middle"}.get(up or "", up)
    across = corner.group(2) if corner else side.group(1) if side else None
    return Region(up, across, canonical_colour(colour.group(1)) if colour else None)


def _transcribe(low: str, text: str) -> Plan | None:
    if not re.search(TRANSCRIBE, low):
        return None
    return Transcribe(_region(low))


def _reverse(low: str, text: str) -> Plan | None:
    match = re.match(
        r"(?:what|which) (?:item|product|dish|drink|thing|article|service|one)?s? ?(?:costs?|is priced at|"
        r"is sold for|has (?:a|the) price of|sells for) "
        r"(?P<value>.*\d.*)",
        low,
    )
    return Reverse(_without_place(match["value"])) if match else None


def _without_place(phrase: str) -> str:
    """The phrase without `on the receipt`, `in this picture` … at its end."""
    said = r"(?:written|printed|shown|given|listed|displayed|stated|mentioned|indicated)"
    where = (
        rf"(?:(?:on|in|at) (?:the |this |that |a )?(?:[\w-]+ )?|(?:of|for|from|by) (?:the |this |that |a "
        rf"))(?:{PLACE})"
    )
    out = re.sub(rf"\s*\b(?:{said} )?{where}$", "", phrase.strip(" ?.!"))
    return out if tokens(out) else phrase


def _kind(low: str) -> Kind | None:
    for kind, pattern in KINDS:
        if re.search(pattern, low):
            if kind == "money" and re.search(r"\bhow much (?:time|does .* weigh)", low):
                continue
            return kind
    return None


PARAPHRASES: tuple[tuple[str, str], ...] = (
    (
     r"^how much (?:is|was|are|were|do|does|did) (?:it|this|i|we|you|they|the customer|the order|the "
     r"bill|everything|all)(?: all)?(?: cost| owe| come to| pay| to pay| altogether| in total)*(?: "
     r"altogether| in total)?$",
                "total"),
    (
     r"^how much (?:money )?(?:did|does) (?:the )?(?:customer|buyer|client|guest|they|he|she) (?:pay|"
     r"spend|give|hand over|tender)\b.*",
                "amount paid"),
    (r"^how much (?:money )?(?:is|was) (?:due|owed|to be paid|payable|charged|spent)\b.*", "total"),
    (r"^how much (?:did|does) (?:the )?(?:whole |entire )?(?:meal|purchase|order|bill|trip|shopping)\b.*", "total"),
    (
     r"^how much (?:was|is) (?:the )?(?:customer )?(?:given|returned) back.*|.*\bchange (?:was|is) "
     r"(?:given|returned|due).*",
                "change"),
    (r"^when (?:is|was|must|should|does) (?:the )?(?:invoice|bill|payment|amount|it|this) .*\b(?:due|paid)\b.*",
                "due date"),
    (r"^(?:by )?when (?:is|was|must|should) .*\b(?:pay|paid|payment|due)\b.*", "due date"),
    (
     r"^when (?:is|was|were|did) (?:the |this )?(?:invoice|receipt|letter|order|document|bill|purchase|"
     r"report|memo|it|certificate)(?: (?:issued|dated|written|made|printed|created|sent|placed|take "
     r"place|bought))*$",
                "date"),
    (r"^when does (?:the |this |it)?.*\bexpire\b.*", "expiry date"),
    (r"^when was .* born$", "date birth"),
    (
     r"^who (?:sent|wrote|issued|is the (?:letter|invoice|email|message|memo|note) from|signed|is "
     r"(?:the|this) .*\bfrom)\b.*",
                "sender"),
    (
     r"^(?:who|whom) (?:is|was|are|should|does) .*\b(?:addressed|sent to|billed|for|written to|to)\b.*|"
     r"^to whom .*|^who (?:received|receives|gets)\b.*",
                "recipient"),
    (r"^who (?:served|was the (?:server|cashier|waiter))\b.*", "cashier"),
    (r"^how (?:was|is|did) .*\b(?:paid|pay)\b.*|.*\bpayment method\b.*|.*\bmethod of payment\b.*", "payment method"),
    (r"^where (?:is|was|will|does|do) .*\b(?:take place|held|meeting|event|be|located|meet)\b.*", "location"),
    (r"^what (?:card|method) .*\b(?:paid|pay|payment)\b.*|^(?:what|how) .*\bused to pay\b.*", "payment method"),
    (r"^(?:at )?what time .*\bopens?\b.*|.*\bopening (?:hours|times)\b.*", "opening hour"),
    (r"^how old is .*", "age"),
)  # fmt: skip


DAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekday|weekend|holiday"


def _field(low: str, text: str) -> Field:
    kind = _kind(low)
    bare = _without_place(low)
    yes = re.match(
        r"(?:is|was|are|were) (?:the )?(?P<label>[a-z' -]+?) (?:equal to |exactly "
        r")?(?P<value>[$€£]?\s?\d[\w.,/:%-]*)$",
        bare,
    )
    if yes:
        return Field(_content(yes["label"]), (), kind, yes["value"], text)
    day = re.search(rf"\b(?:on |for )?({DAY})s?$", bare)
    if day and re.search(r"\b(?:opens?|opened|opening|closes?|closing|hours?)\b", bare):
        hours = re.search(r"\bhours?\b", bare) is not None
        return Field((day.group(1),), (), None if hours else "time", None, text)
    for pattern, label in PARAPHRASES:
        if re.match(pattern, bare):
            return Field(tuple(tokens(label)), (), None if label == "payment method" else kind, None, text)
    of = re.search(
        r"\b(?P<attr>[\w'/-]+(?: (?!of |for |the )[\w'/-]+){0,2}) (?:of|for|on|in|per) (?:the |an? |one "
        r")?(?P<item>.+)$",
        bare,
    )
    much = re.match(
        r"how much (?:is|are|does|do|did|was|were|for) (?:the |an? |one )?(?P<item>.+?)(?: costs?| sell "
        r"for| charged| paid)?$",
        bare,
    )
    many = re.match(r"how many (?P<item>.+?)(?: (?:were|are|was|is|did|do|have) .*)?$", bare)
    if much:
        return Field(("price",), _content(much["item"]), "money", None, text)
    if many:
        return Field(("quantity",), _content(many["item"]), "number", None, text)
    if of and _content(of["attr"]):
        return Field(_content(of["attr"]), _content(of["item"]), kind, None, text)
    has = re.match(
        r"(?:which|what) (?P<attr>(?!time\b|day\b|date\b|is\b|are\b)[\w'/-]+) "
        r"(?:is|are|was|were|has|have|had|with|does|did|will be) (?:the |an? )?(?P<item>.+)$",
        bare,
    )
    if has and not of and _content(has["item"]):
        return Field(_content(has["attr"]), _content(has["item"]), kind, None, text)
    verb = re.match(
        r"(?:what|when|where|which) (?:time |date |day |platform |gate )?(?:does|do|did|is|are) (?:the "
        r")?(?P<item>.+?) (?P<attr>\w+)$",
        bare,
    )
    if verb and not of:
        both = _content(bare)
        return Field(both, (), kind, None, text)
    return Field(_content(bare), (), kind, None, text)


FILLERS = word_set(
    "given charged made used bought purchased applied included required owed needed provided "
    "applicable entered filled "
    "specified set recorded sold happen happened take place taken got get much many"
)


def _content(phrase: str) -> tuple[str, ...]:
    """The words that name something, without the verbs that any field can have."""
    words = [re.sub(r"['’]s$", "", t) for t in tokens(phrase) if t not in STOP]
    return tuple(w for w in words if w not in FILLERS) or tuple(words)
