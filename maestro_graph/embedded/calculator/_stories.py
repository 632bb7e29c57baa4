"""Stories of a kind of thing that becomes more or less: "Tom has 15 apples and gives 6 away. How many are left?"."""

from __future__ import annotations

import re
from fractions import Fraction

from maestro_graph.embedded.calculator._evaluate import sympify_fraction
from maestro_graph.embedded.calculator._format import Outcome, Style, write_number

__all__ = ["solve_story"]

_MORE = (
    r"(?:buys?|bought|gets?|got|receives?|received|finds?|found|adds?|added|picks?|picked|collects?|collected|wins?|won"
    r"|earns?|earned|bakes?|baked|makes?|made|(?:is|are|was|were) given|gains?|gained"
    r"|join(?:s|ed)?|arrives?|arrived"
    r"|come|came|more (?:\w+ )?(?:come|came|join|joined|arrive|arrived)"
    r"|gives? (?:him|her|me|them)|gave (?:him|her|me|them))"
)
_LESS = (
    r"(?:gives?|gave|loses?|lost|eats?|ate|sells?|sold|uses?|used|spends?|spent|breaks?|broke|fl(?:y|ies|ew) away"
    r"|drops?|dropped|leaves?|left|removes?|removed|throws?|threw|(?:are|were|is|was) (?:eaten|sold|taken|used|removed"
    r"|broken|lost)|takes? away|took away|took|donates?|donated|drinks?|drank)"
)
_HAS = r"(?:has|have|had|owns?|owned|there (?:are|were|is)|starts? with|started with|holds?|contains?|with)"
_LEFT = re.compile(r"\bhow (?:many|much)\b.*\b(?:left|remain(?:s|ing)?|now|still|then)\b", re.IGNORECASE)
_TOTAL = re.compile(
    r"\bhow (?:many|much)\b.*\b(?:in total|altogether|in all|together|now|total|combined)\b", re.IGNORECASE
)
_BARRED = re.compile(
    r"\b(?:each|every|per|times|twice|half|percent|%|than|average|if|between|equally|double|costs?|another \w+ times"
    r"|ratio|rate|least|most|before|originally|initially|at first|dozen|hours?|days?|kilomet\w+|miles?)\b|[%/=]",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])\$?(\d{1,9}(?:\.\d{1,4})?)(?![\w.]*\d)")
_EVENT = re.compile(rf"\b(?P<has>{_HAS})\b|\b(?P<more>{_MORE})\b|\b(?P<less>{_LESS})\b", re.IGNORECASE)


def solve_story(question: str, style: Style) -> Outcome | None:
    """What is left, or there altogether; `None` where the story is not one of these."""
    told, ask, asked = question.rpartition("how many")
    if not ask:
        told, ask, asked = question.rpartition("How many")
    if not ask or _BARRED.search(question) or re.search(r"\d", asked):
        return None
    amounts = [(match.start(), Fraction(match.group(1))) for match in _NUMBER.finditer(told)]
    if not 2 <= len(amounts) <= 5 or len(re.findall(r"\d+(?:\.\d+)?", told)) != len(amounts):
        return None
    wants_left, wants_total = _LEFT.search(ask + asked), _TOTAL.search(ask + asked)
    kinds = _kinds(told, [place for place, _ in amounts])
    if kinds is None or kinds[0] != "has" or not (wants_left or wants_total):
        return None
    if "less" in kinds[1:] and not wants_left:
        return None
    if "has" in kinds[1:] and (not wants_total or set(kinds) != {"has"}):
        return None
    total = amounts[0][1]
    steps = [str(total)]
    for (_, amount), kind in zip(amounts[1:], kinds[1:], strict=True):
        total += -amount if kind == "less" else amount
        steps.append(f"{'-' if kind == 'less' else '+'} {amount}")
    if total < 0:
        return None
    answer = write_number(sympify_fraction(total), style)
    return Outcome(answer, f"{' '.join(steps)} = {answer}", 0.75)


def _kinds(told: str, places: list[int]) -> list[str] | None:
    """What happens at each number: the last event word before it, after the number before."""
    kinds: list[str] = []
    begin = 0
    for place in places:
        events = list(_EVENT.finditer(told, begin, place))
        if not events:
            return None
        last = events[-1]
        kinds.append("has" if last.group("has") else "more" if last.group("more") else "less")
        begin = place
    tail = list(_EVENT.finditer(told, places[-1]))
    if tail and tail[0].group("less") and kinds[-1] == "has" and len(kinds) > 1:
        kinds[-1] = "less"  # "There were 9 birds and 4 flew away"
    elif tail and not tail[0].group("has") and kinds[-1] == "has":
        kinds[-1] = "more"
    return kinds
