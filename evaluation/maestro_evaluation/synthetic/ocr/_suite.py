"""The suite: signs, receipts and forms in turn, each clean, rotated and worn in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Rejected, Scene, digits, share
from maestro_evaluation.synthetic.ocr._draw import STYLES, draw_text
from maestro_evaluation.synthetic.ocr._papers import form, money, printed_cents, printed_value, receipt
from maestro_evaluation.synthetic.ocr._words import code, word
from maestro_graph.evidence import Json

__all__ = ["OcrSuite"]

FAMILY = "ocr_problem_solver"
TASKS = ("sign", "receipt field", "form field", "code", "receipt price", "receipt sum")
KINDS = {"sign": "sign", "code": "sign", "form field": "form"}
STATES = ("clean", "rotated", "worn", "upside down")
HEADINGS = ("APPLICATION", "ORDER FORM", "REGISTRATION", "BOOKING", "TRANSFER", "DELIVERY NOTE", "MEMBERSHIP")
ASKED_OF_RECEIPTS = ("number", "date", "total", "town")
TYPES = {
    "sign": "Regular Text Recognition",
    "code": "Non-Semantic Text Recognition",
    "receipt sum": "Doc-oriented VQA",
}

WORDINGS: Mapping[str, Sequence[str]] = {
    "sign": (
        "What is written in the picture?",
        "What does the sign say?",
        "Read the text on the board.",
        "Which words are on the sign?",
        "Give the text that the board shows.",
        "What can be read on the sign?",
    ),
    "code": (
        "What is the code on the board?",
        "Which letters and digits are on the board?",
        "Read the code in the picture.",
        "What characters does the sign show?",
        "Give the code that is painted on the board.",
        "Which code can be read on the sign?",
    ),
    "receipt field": (
        "What is the {field} on this receipt?",
        "Which {field} does the receipt show?",
        "Read the {field} from the receipt.",
        "Extract the {field} of the receipt.",
        "The receipt names which {field}?",
        "Find the {field} of this purchase.",
    ),
    "receipt price": (
        "What does the line {a} cost?",
        "How much was paid for {a}?",
        "What is the price of {a} on the receipt?",
        "Which amount stands beside {a}?",
        "At what price was {a} sold?",
        "How much does the receipt charge for {a}?",
    ),
    "receipt sum": (
        "What do {a} and {b} cost together? Give two decimals.",
        "How much was paid for {a} and {b} in total? Give two decimals.",
        "Add the prices of {a} and {b}. Give two decimals.",
        "What is the sum of the prices of {a} and {b}? Give two decimals.",
        "How much do {a} plus {b} come to? Give two decimals.",
        "Together, {a} and {b} cost how much? Give two decimals.",
    ),
    "form field": (
        "What is filled in for {field}?",
        "Which entry does the form have under {field}?",
        "Read the {field} from the form.",
        "What is given as {field}?",
        "Extract the {field} from this document.",
        "The document has which entry beside {field}?",
    ),
}
VEILED: Mapping[str, Sequence[str]] = {
    "sign": ("What does it say?", "What is there?", "What do you see here?"),
    "code": ("What does it show?", "Which one is it?", "What is on it?"),
    "receipt field": ("What is the {field}?", "Which {field} is it?", "The {field}, please?"),
    "receipt price": ("What is it for {a}?", "How much is {a}?", "{a}: how much?"),
    "receipt sum": (
        "What are {a} and {b} together? Give two decimals.",
        "What is {a} plus {b}? Give two decimals.",
        "Add {a} and {b}; what is the sum? Give two decimals.",
    ),
    "form field": ("What is it for {field}?", "Which {field} is given?", "{field}: what is it?"),
}


class OcrSuite(Generator):
    """Reading signs, receipts and forms."""

    name = "synthetic-ocr"
    title = "Signs, receipts and forms"
    about = (
        "Reading signs and codes, fields and prices of receipts, entries of forms; a quarter clean, a quarter rotated, "
        "a quarter blurred and grainy, a quarter upside down or on its side; some prices must be added."
    )
    follows = "OCRBench"
    families = (FAMILY,)

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        place, turn = digits(number, len(TASKS), 10**9)
        task, state = TASKS[place], STATES[turn % len(STATES)]
        style = rng.choice(share(STYLES, split))
        scene: dict[str, Any] = {
            "task": task,
            "kind": KINDS.get(task, "receipt"),
            "state": state,
            "style": style.name,
            "parts": {"style": style.name},
            "seed": rng.randrange(2**32),
            "angle": {
                "rotated": rng.choice((-1, 1)) * rng.uniform(8, 24),
                "upside down": rng.choice((90, 180, 270)),
            }.get(state, rng.uniform(-1.5, 1.5)),
            "noise": round(rng.uniform(0.18, 0.3), 3) if state == "worn" else 0.0,
        }
        return {**scene, **_content(rng, split, task, turn // len(STATES))}

    def answer(self, scene: Scene) -> Json:
        data: Any = scene
        if data["kind"] == "sign":
            return str(data["text"])
        asked, known = data["asked"], data["data"]
        if data["kind"] == "form":
            return str(known[asked[0]])
        if data["task"] == "receipt field":
            return money(sum(known["items"].values()) + known["tax"]) if asked[0] == "total" else str(known[asked[0]])
        return money(sum(known["items"][name] for name in asked))

    def second_answer(self, scene: Scene) -> Json:
        """From what is drawn."""
        data: Any = scene
        if data["kind"] == "sign":
            return "".join(data["glyphs"])
        lines, asked = data["lines"], data["asked"]
        if data["task"] == "receipt sum":
            return f"{sum(printed_cents(lines, name) for name in asked) / 100:.2f}"
        if data["task"] == "receipt field":
            if asked[0] == "town":
                return str([right for left, right in lines if left == ""][1])
            if asked[0] == "total":
                return f"{(printed_cents(lines, 'Subtotal') + printed_cents(lines, 'Tax')) / 100:.2f}"
            return printed_value(lines, {"number": "Receipt", "date": "Date"}[asked[0]])
        return printed_value(lines, asked[0])

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [draw_text(scene)]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        data: Any = scene
        task = data["task"]
        wording = rng.choice(share((VEILED if veiled else WORDINGS)[task], split))
        asked = [*data["asked"], ""]
        field = "receipt number" if asked[0] == "number" else asked[0]
        text = wording.format(field=field, a=asked[0], b=asked[1])
        if (
            str(answer).lower() in text.lower()
        ):  # the rule looks for the answer in the reply: a repeated question would do
            raise Rejected
        return [
            Question(
                text=text,
                answer=[str(answer)],
                reply=str(answer),
                rule="ocrbench.official",
                meta={"dataset": "synthetic", "question_type": TYPES.get(task, "Key Information Extraction")},
                family=FAMILY,
                template=f"{task}: {wording}",
                chance=0.02,
            )
        ]


def _content(rng: Random, split: Split, task: str, turn: int) -> dict[str, Any]:
    if task in {"sign", "code"}:
        text = word(rng, split) if task == "sign" else code(rng)
        return {"text": text, "glyphs": list(text), "asked": [""]}
    if task == "form field":
        made = form(rng, split)
        return {**made, "asked": [rng.choice(list(made["data"]))], "heading": rng.choice(share(HEADINGS, split))}
    made = receipt(rng, split)
    if task == "receipt field":
        return {**made, "asked": [ASKED_OF_RECEIPTS[turn % len(ASKED_OF_RECEIPTS)]]}
    return {**made, "asked": rng.sample(list(made["data"]["items"]), 1 if task == "receipt price" else 2)}
