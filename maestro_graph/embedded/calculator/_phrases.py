"""Questions of one fixed form: "12 is what percent of 48?", "Increase 80 by 25 %" (forms in `data/phrases.yaml`)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from maestro_graph.embedded.calculator._arithmetic import ask_stripped
from maestro_graph.embedded.calculator._evaluate import evaluate
from maestro_graph.embedded.calculator._format import Outcome, Style, write_number, write_value
from maestro_graph.embedded.calculator._parser import NotAnExpression, parse

__all__ = ["solve_phrase"]

_SLOT = r"(?P<{name}>[$€£]?\s?-?\(?\d[\d.,]*(?:[+/]\d+)*\)?(?:\s?(?:dollars|euros|pounds))?)"
_MONEY = {"$": "dollar", "€": "euro", "£": "pound sterling", "dollars": "dollar", "euros": "euro",
          "pounds": "pound sterling"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phrase:
    pattern: re.Pattern[str]
    value: str
    suffix: str
    unsigned: re.Pattern[str] | None
    rounding: bool


@cache
def _phrases() -> tuple[Phrase, ...]:
    raw = yaml.safe_load(files("maestro_graph.embedded.calculator").joinpath("data/phrases.yaml").read_text("utf-8"))
    return tuple(
        Phrase(
            _compiled(record["ask"]),
            record["value"],
            record.get("suffix", ""),
            re.compile(record["unsigned"]) if "unsigned" in record else None,
            bool(record.get("rounding", False)),
        )
        for record in raw
    )


def _compiled(ask: str) -> re.Pattern[str]:
    seen: dict[str, int] = {}

    def slot(match: re.Match[str]) -> str:
        name, percent = match.groups()
        seen[name] = seen.get(name, 0) + 1
        named = name if seen[name] == 1 else f"{name}_{seen[name]}"
        return _SLOT.replace("{name}", named) + (r"\s*(?:%|percent\b|per cent\b)" if percent else "")

    return re.compile(re.sub(r"\{([a-d])\}(%?)", slot, ask), re.IGNORECASE)


def solve_phrase(question: str, style: Style) -> Outcome | None:
    """The value of the form that the whole question has; integer questions ("Is 17 prime?") included."""
    candidates = list(dict.fromkeys([question.strip(" ?."), ask_stripped(question)]))
    for text in candidates:
        for solver in (_integer_question, _compared, _days_between, _form):
            outcome = solver(text, style)
            if outcome is not None:
                return outcome
    return None


_LARGER = re.compile(
    r"(?:which(?: (?:one|number|fraction|value))? is |what is )?(?:the )?"
    r"(?P<how>bigger|larger|greater|smaller|less|lower|higher)"
    r"(?: one| number| fraction)?\s?[:,]? (?P<a>[^,]{1,30}?),? or (?P<b>[^,]{1,30})",
    re.IGNORECASE,
)


def _compared(text: str, style: Style) -> Outcome | None:
    """`Which is bigger, 3/5 or 5/8?`"""
    match = _LARGER.fullmatch(text)
    if match is None:
        return None
    try:
        first, second = (evaluate(parse(match.group(name), units=True)) for name in "ab")
    except NotAnExpression:
        return None
    if first.dimension != second.dimension or first.number.free_symbols or second.number.free_symbols:
        return None
    if first.number == second.number:
        return Outcome("they are equal", text, 0.9)
    upwards = match.group("how").lower() in ("bigger", "larger", "greater", "higher")
    winner = "a" if bool(first.number > second.number) == upwards else "b"
    return Outcome(match.group(winner).strip(), text)


_MONTHS = [
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
]  # fmt: skip
_DATE = rf"(?:(?P<m{{0}}>{'|'.join(_MONTHS)}) (?P<d{{0}}>\d{{1,2}})(?:st|nd|rd|th)?(?:,? (?P<y{{0}}>\d{{4}}))?)"
_DAYS = re.compile(
    r"(?:how many days (?:are (?:there )?)?|(?:the )?number of days )(?:between|from) "
    + _DATE.replace("{0}", "1")
    + r" (?:and|to|until) "
    + _DATE.replace("{0}", "2"),
    re.IGNORECASE,
)


def _days_between(text: str, style: Style) -> Outcome | None:
    """`How many days are there between March 1 and March 15?` (in one year where none is given)."""
    match = _DAYS.fullmatch(text)
    if match is None:
        return None
    years = [int(match.group(f"y{index}") or match.group("y2") or match.group("y1") or 2023) for index in (1, 2)]
    try:
        first, second = (
            datetime.date(year, _MONTHS.index(match.group(f"m{index}").lower()) + 1, int(match.group(f"d{index}")))
            for index, year in zip((1, 2), years, strict=True)
        )
    except ValueError:
        return None
    if second < first:
        return None
    sure = match.group("y1") or match.group("y2") or not (first.month <= 2 < second.month)
    return Outcome(str((second - first).days), text, 0.92 if sure else 0.75)


def _form(text: str, style: Style) -> Outcome | None:
    for phrase in _phrases():
        match = phrase.pattern.fullmatch(text)
        if match is None or (phrase.rounding and style.decimals is None):
            continue
        slots = {name[0]: value for name, value in match.groupdict().items() if value is not None}
        money = next((_MONEY[sign] for value in slots.values() for sign in _MONEY if sign in value), None)
        numbers = {
            name: re.sub(r"[$€£\s]|dollars|euros|pounds", "", value).rstrip(".,") for name, value in slots.items()
        }
        template = "{a}" if phrase.rounding else phrase.value
        try:
            tree = parse(re.sub(r"\{([a-d])\}", lambda m, n=numbers: f"({n[m.group(1)]})", template))  # type: ignore[misc]
        except (NotAnExpression, KeyError):
            continue
        number = evaluate(tree).number
        if phrase.unsigned is not None and phrase.unsigned.search(text):
            number = abs(number)
        if phrase.suffix or money is None:
            answer = write_number(number, style) + phrase.suffix
        else:
            answer = write_value(number, money, style)
        return Outcome(answer, f"{template} with {numbers} = {answer}")
    return None


_N = r"(\d{1,15})"


def _integer_question(text: str, style: Style) -> Outcome | None:
    for pattern, solve in _INTEGER_QUESTIONS:
        if match := re.fullmatch(pattern, text, re.IGNORECASE):
            answer = solve(*(int(group) for group in match.groups()))
            return Outcome(answer, f"{text}: {answer}")
    return None


def _prime(number: int) -> str:
    import sympy

    return "yes" if sympy.isprime(number) else "no"


def _prime_factors(number: int) -> str:
    import sympy

    if number < 2 or number > 10**12:
        return "none"
    found = sympy.factorint(number)
    return " × ".join(str(prime) if power == 1 else f"{prime}^{power}" for prime, power in sorted(found.items()))


def _divisors(number: int) -> str:
    import sympy

    return ", ".join(str(item) for item in sympy.divisors(number)) if 0 < number <= 10**9 else "none"


def _divisor_count(number: int) -> str:
    import sympy

    return str(sympy.divisor_count(number))


def _next_prime(number: int) -> str:
    import sympy

    return str(sympy.nextprime(number))


def _primes_below(number: int) -> str:
    import sympy

    return str(sympy.primepi(min(number, 10**6) - 1))


_INTEGER_QUESTIONS: tuple[tuple[str, Callable[..., str]], ...] = (
    (rf"(?:is )?{_N} (?:is )?(?:a )?prime(?: number)?", _prime),
    (rf"is {_N} (?:an )?even(?: number)?", lambda n: "yes" if n % 2 == 0 else "no"),
    (rf"is {_N} (?:an )?odd(?: number)?", lambda n: "yes" if n % 2 else "no"),
    (rf"is {_N} (?:evenly )?divisible by {_N}", lambda n, d: "yes" if d and n % d == 0 else "no"),
    (rf"is {_N} a (?:factor|divisor) of {_N}", lambda d, n: "yes" if d and n % d == 0 else "no"),
    (rf"is {_N} a multiple of {_N}", lambda n, d: "yes" if d and n % d == 0 else "no"),
    (rf"is {_N} a (?:perfect )?square(?: number)?", lambda n: "yes" if round(n**0.5) ** 2 == n else "no"),
    (rf"(?:the |all )*prime (?:factors|factori[sz]ation|decomposition) of {_N}", _prime_factors),
    (rf"factori[sz]e {_N}(?: into primes)?", _prime_factors),
    (rf"(?:the |all |list )*(?:factors|divisors) of {_N}", _divisors),
    (rf"how many (?:factors|divisors) (?:does|has) {_N}(?: have)?", _divisor_count),
    (rf"(?:the )?(?:next|smallest|first) prime(?: number)? (?:after|greater than|larger than|above) {_N}", _next_prime),
    (rf"how many primes?(?: numbers?)? (?:are (?:there )?)?(?:less than|below|under|smaller than) {_N}", _primes_below),
)  # fmt: skip
