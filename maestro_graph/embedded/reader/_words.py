"""Words: tokens that forgive OCR's slips, likeness of phrases, and labels that mean the same in everyday documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from maestro_graph.embedded.reader._labels import concepts
from maestro_graph.embedded.reader._values import Kind

__all__ = ["KINDS", "STOP", "alike", "concepts_of", "is_label", "phrase_match", "tokens", "word_set"]


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


STOP = word_set(
    "a an the of on in at to for from by with and or is are was were be been being it its this that these those "
    "there here do does did has have had can could will would shall should may might what which who whom whose "
    "when where why how please tell me us show give find read say says said write written print printed shown "
    "display displayed appear appears appearing listed mentioned stated indicated according image picture photo "
    "text"
)

KINDS: tuple[tuple[Kind, str], ...] = (
    ("email", r"\be-?mails?\b"),
    ("phone", r"\b(?:tele)?phone\b|\bmobile\b|\bfax\b|contact number|number (?:to|should i|do i|can i) call|\bcall\b"),
    ("url", r"\bwebsites?\b|\burls?\b|\bweb (?:address|page|site)\b|\bhomepage\b|\blink\b"),
    ("percent",
                r"\bpercent(?:age)?\b|\bper cent\b|\b(?:tax|vat|gst|interest|discount|growth|commission) rate\b|"
                r"\brate of (?:tax|vat|interest)\b|\bwhat %"),
    ("year", r"\byear\b"),
    ("date",
             r"\bdates?\b|\bdeadline\b|\bbirthday\b|\bwhen\b|\bwhat day\b|\bwhich day\b|\bexpir|\bbest "
             r"before\b|\bborn\b"),
    ("time", r"\bwhat time\b|\btimes?\b|\bhours?\b|\bo'clock\b|\bdepartures?\b|\barrivals?\b"),
    ("money",
              r"\bprices?\b|\bcosts?\b|\bhow much\b|\btotal\b|\bsubtotal\b|\btax\b|\bvat\b|\bamount\b|"
              r"\bbalance\b|\btip\b|"
     r"\bfees?\b|\bcharged?\b|\bdiscount\b|\bchange\b|\bpaid\b|\bgratuity\b|\bdeposit\b|\bsalary\b|\brent\b"),
    ("code", r"\b(?:invoice|order|receipt|account|customer|reference|serial|tracking|policy|flight|booking|ticket|"
     r"registration|passport|licen[cs]e|document|case|item|part|model|room|gate|seat|table|confirmation|transaction|"
     r"member(?:ship)?|patient|student|employee|card|batch|lot)\s*(?:id|number|no\b|nr\b|code|#)|"
     r"\b(?:id|code|sku|isbn)\b|"
     r"\b(?!(?:the|what|which|a|an|this|that|whole|total|largest|smallest|highest|lowest)\b)\w+ "
     r"(?:number|no\.|nr\.)(?! of)"),
    ("measure", r"\bhow (?:tall|high|long|wide|far|deep|heavy|fast|thick|old|big|large|hot|cold)\b|"
     r"\b(?:height|weight|length|width|depth|distance|speed|temperature|duration|volume|capacity|age|dosage|dose)\b"),
    ("number", r"\bnumbers?\b|\bhow many\b|\bquantity\b|\bqty\b"),
    ("address", r"\baddress\b"),
    ("name", r"\bwho\b|\bwhose\b|\bname\b|\bcashier\b|\bsender\b|\brecipient\b|\bsignature\b|\bsigned\b|\bauthor\b"),
)  # fmt: skip

FOLD = str.maketrans("01|!5$", "olilss")


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers."""
    return [t for t in re.findall(r"[^\W_]+(?:['’\-/&.][^\W_]+)*", text.lower()) if t]


def _stem(word: str) -> str:
    word = re.sub(r"['’]s$", "", word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=8192)
def alike(a: str, b: str) -> float:
    """Likeness of two words, 0 to 1: plural and the letters that OCR mixes up are forgiven, numbers are not."""
    if a == b:
        return 1.0
    if a.isdigit() or b.isdigit():
        return 0.0
    a, b = _stem(a), _stem(b)
    if a == b:
        return 1.0
    a, b = a.translate(FOLD).replace("-", ""), b.translate(FOLD).replace("-", "")
    if a == b:
        return 0.97
    if min(len(a), len(b)) < 4:
        return 0.0
    ratio = SequenceMatcher(None, a, b).ratio()
    if min(len(a), len(b)) >= 5 and (a.startswith(b) or b.startswith(a)):
        ratio = max(ratio, 0.82)
    if a[0] != b[0]:
        ratio -= 0.08
    return ratio if ratio >= 0.78 else 0.0


def phrase_match(phrase: Sequence[str], words: Sequence[str]) -> tuple[float, int, int]:
    """Best run of `words` for the phrase: (mean likeness, start, end), order kept, small words skipped."""
    best = (0.0, 0, 0)
    if not phrase:
        return best
    for start in range(len(words)):
        score, position = 0.0, start
        for index, word in enumerate(phrase):
            reach = range(position, min(len(words), position + (1 if index == 0 else 3)))
            hit = max(((alike(word, words[i]), -i) for i in reach), default=(0.0, 0))
            if hit[0] == 0.0 or any(words[i] not in STOP for i in range(position, -hit[1])):
                break
            score, position = score + hit[0], -hit[1] + 1
        else:
            best = max(best, (score / len(phrase), start, position), key=lambda b: (b[0], -(b[2] - b[1])))
    return best


def concepts_of(phrase: Sequence[str]) -> list[tuple[tuple[str, ...], float]]:
    """Label phrases that mean what the phrase of a question means, with weights; the phrase itself first."""
    out: dict[tuple[str, ...], float] = {tuple(phrase): 1.0}
    for triggers, labels in concepts():
        hits = [t for t in triggers if _same(tokens(t), phrase)]
        if hits:
            for label, weight in labels:
                key = tuple(tokens(label))
                out[key] = max(out.get(key, 0.0), weight * 0.99)
    return list(out.items())


def _same(a: Sequence[str], b: Sequence[str]) -> bool:
    return len(a) == len(b) and all(max(alike(x, y) for y in b) >= 0.9 for x in a)


@lru_cache(maxsize=1)
def _label_words() -> frozenset[str]:
    words = {_stem(t) for _, labels in concepts() for label, sure in labels if sure > 0.8 for t in tokens(label)}
    more = (
        "item description product service class age city state country id no number ref notes comments "
        "signature status type"
    )
    return frozenset(words | set(more.split()))


def is_label(text: str) -> bool:
    """Whether a text reads like a label: it ends with a colon, or all its words are label words."""
    if text.rstrip().endswith(":"):
        return True
    words = [w for w in tokens(text) if w not in STOP]
    return bool(words) and len(words) <= 4 and all(_stem(w) in _label_words() for w in words)
