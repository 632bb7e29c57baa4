"""MathVision (MATH-V): find the final answer in the reply, clean it, and compare it with the letter and the option.

Equal means equal as text, or equal after LaTeX evaluation, rounded to two decimals. "B. 12" is wrong, "1,000" is 1000,
"50%" is not 0.5.
"""

from __future__ import annotations

import re
from typing import Any

from maestro_evaluation._rule import Meta, Rule
from maestro_evaluation._symbolic_calls import same_by_latex
from maestro_evaluation._text import LETTERS, as_text, hit, to_float

__all__ = ["RULES", "final_answer"]

BOX = "oxed{"
FLAGS = ("the final answer is", "the answer is", "the correct answer is", "the answer should be")
CHOICE_LETTERS = "ABCDE"
# In this order: what one replacement leaves, the next one finds.
CLEANING = (
    *((" ", ""), ("\\,", ""), ("∞", "\\infty"), ("+\\infty", "\\infty"), ("\\\\", "\\"), ("\n", "")),
    *(("\\text", ""), ("\\mbox", ""), ("bmatrix", "pmatrix"), ("\\left", ""), ("\\right", "")),
    *(("^{\\circ}", ""), ("^\\circ", ""), ("{m}^3", ""), ("m^3", "")),
    *(("{units}", ""), ("units", ""), ("{km}", ""), ("km", "")),
    *(("\\!", ""), ("\\\\", "\\"), ("tfrac", "frac"), ("dfrac", "frac"), ("\\left", ""), ("\\right", "")),
    *(("^{\\circ}", ""), ("^\\circ", ""), ("\\$", ""), ("$", ""), ("\\%", ""), ("{.", "{0.")),
)
BARE_ROOT = re.compile(r"\\sqrt([^{])")
WHOLE_FRACTION = re.compile(r"(-?(?:0|[1-9][0-9]*))/(-?(?:0|[1-9][0-9]*))")


def _official(prediction: Any, answer: Any, meta: Meta) -> float:
    given, letter = final_answer(as_text(prediction)), as_text(answer)
    golds = [gold for gold in (letter, _option(letter, meta.get("options"))) if gold.strip()]
    if not given.strip() or not golds:
        return 0.0
    if any(gold.strip().lower() == given.strip().lower() for gold in golds):
        return 1.0
    return hit(bool(same_by_latex(given.lower(), [gold.lower() for gold in golds])))


def _option(letter: str, options: Any) -> str:
    if isinstance(options, (list, tuple)) and len(letter) == 1 and letter in LETTERS[: len(options)]:
        return as_text(options[LETTERS.index(letter)])
    return ""


def final_answer(reply: str) -> str:
    """The answer that the reply ends in, cleaned of LaTeX dress, units and words around it."""
    text = reply.strip()
    for letter in CHOICE_LETTERS:
        if text.endswith((f" {letter}.", f" ({letter}).")) or text.startswith(
            (f"{letter}\n", f"({letter})\n", f"({letter}) {letter}\n")
        ):
            text = letter
    tail = text.split("is ")[-1].rstrip(".")
    if to_float(tail) is not None:
        text = tail
    if BOX not in text:
        text = _after_flags(text)
    elif text.count(BOX) > 1:
        text = "\\boxed{" + text.split(BOX)[-1]
    text = _cleaned(text)
    for opening, closing in ("()", "{}"):
        for letter in CHOICE_LETTERS.lower():
            text = text.replace(f"{opening}{letter}{closing}", letter)
    return text.rstrip(".").lstrip(":").strip()


def _after_flags(text: str) -> str:
    """What follows the announcements, up to the end of the line or sentence."""
    for flag in FLAGS:
        for form in (flag, flag.replace("the", "The")):
            announced = form in text
            text = text.split(form)[-1].strip()
            if announced:
                text = text.split("\n")[0].split(". ")[0]
    return text


def _cleaned(text: str) -> str:
    text = _in_box(text.lower().replace("{}", ""))
    closing, opening = text.find("}"), text.find("{")
    if closing >= 0 and (opening < 0 or closing < opening):
        text = text[:closing]
    text = text.split("=")[-1].split("\\approx")[-1]
    for old, new in CLEANING:
        text = text.replace(old, new)
    if text.startswith("."):
        text = f"0{text}"
    return _as_fractions(text)


def _in_box(text: str) -> str:
    """From the first box's brace to the last brace of all, line breaks included; all of it where there is no box."""
    start, end = text.find(BOX), text.rfind("}")
    return text[start + len(BOX) : end] if start >= 0 and start + len(BOX) <= end else text


def _as_fractions(text: str) -> str:
    if "sqrt" in text:
        text = _braced_fractions(BARE_ROOT.sub(r"\\sqrt{\1}", text))
    if text == "0.5":
        return "\\frac{1}{2}"
    if found := WHOLE_FRACTION.fullmatch(text):
        return f"\\frac{{{found[1]}}}{{{found[2]}}}"
    return text


def _braced_fractions(text: str) -> str:
    """`\\frac12` as `\\frac{1}{2}`."""
    first, *parts = text.split("\\frac")
    done = first
    for part in parts:
        if part.startswith("{"):
            done += f"\\frac{part}"
        elif len(part) < 2:
            return text
        else:
            rest = part[1:] if part[1] == "{" else f"{{{part[1]}}}{part[2:]}"
            done += f"\\frac{{{part[0]}}}{rest}"
    return done


RULES = (
    Rule(
        name="mathvision.official",
        benchmark="MathVision",
        source="mathllm/MATH-V@a1f5cc3add evaluation/evaluate.py::evaluate, utils.py::find_math_answer, is_equal",
        scorer=_official,
    ),
)
