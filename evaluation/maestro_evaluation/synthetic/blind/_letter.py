"""A word with an oval around one of its letters: which?"""

from __future__ import annotations

from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._fonts import font
from maestro_evaluation.synthetic._generator import Scene, share
from maestro_graph.evidence import Json

__all__ = ["CircledLetter"]

SIDE = 512
WORDS = (
    "Uncopyrightable",
    "Acknowledgement",
    "Hydropneumatics",
    "Ambidextrously",
    "Subdermatoglyphic",
    "Misconjugatedly",
    "dKqLmWzRtYpXbNcVhGfJ",
    "tHyUiKaRbNqWeOpXcZvM",
    "gSlDpQoFwTzBhXuJkEyR",
    "Troublemaking",
    "Flamethrowing",
    "Consumptively",
)
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "sans-red-4", "face": "DejaVuSans", "ring": "red", "width": 4, "padding": 25},
    {"style": "sans-red-6", "face": "DejaVuSans", "ring": "red", "width": 6, "padding": 50},
    {"style": "serif-red-5", "face": "DejaVuSerif", "ring": "red", "width": 5, "padding": 25},
    {"style": "mono-red-4", "face": "DejaVuSansMono", "ring": "red", "width": 4, "padding": 25},
    {"style": "serif-red-4", "face": "DejaVuSerif", "ring": "red", "width": 4, "padding": 100},
    {"style": "bold-blue-4", "face": "DejaVuSans-Bold", "ring": "#1b58d0", "width": 4, "padding": 50},
)


class CircledLetter:
    name = "circled letter"
    rule_task = name
    wordings = (
        "Which letter is being circled? Answer with the letter only.",
        "Which character is highlighted with an oval? Answer with the letter only.",
        "Around which letter is an oval drawn? Give the letter only.",
        "Which letter of the word has a ring around it? Give the letter only.",
        "What is the circled character? Reply with one letter.",
        "One letter is inside an ellipse: which one? Reply with one letter.",
    )
    veiled = (
        "Which one is marked? Answer with the letter only.",
        "Which one stands out? Answer with the letter only.",
        "Which one is singled out? Give the letter only.",
    )
    chance = 1 / 15
    options = False

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        words = share(WORDS, split)
        word = words[number % len(words)]
        style = rng.choice(share(STYLES, split))
        letter = rng.choice(sorted(set(word.lower())))
        place = rng.choice([at for at, found in enumerate(word.lower()) if found == letter])
        lift = rng.randint(-100, 100)
        parts = {"style": style["style"], "table": word}
        return {**style, "parts": parts, "word": word, "place": place, "lift": lift, "words": []}

    def answer(self, scene: Scene) -> Json:
        return str(scene["word"][scene["place"]]).lower()

    def second_answer(self, scene: Scene) -> Json:
        """The letter whose middle is nearest to the oval's, with the letters' widths as drawn."""
        size = _size(scene)
        left, _, width = _spot(scene, size)
        face = font(scene["face"], size)
        middle, x, best = left + width / 2, (SIDE - face.getlength(scene["word"])) / 2, (float("inf"), "")
        for letter in scene["word"]:
            best = min(best, (abs(x + face.getlength(letter) / 2 - middle), letter))
            x += face.getlength(letter)
        return best[1].lower()

    def draw(self, scene: Scene) -> Image.Image:
        size = _size(scene)
        canvas = Canvas(SIDE, SIDE)
        left, middle, width = _spot(scene, size)
        start = (SIDE - font(scene["face"], size).getlength(scene["word"])) / 2
        baseline = middle + size * 0.3
        canvas.text((start, baseline), scene["word"], "black", face=scene["face"], size=size, anchor="ls")
        _, top, _, bottom = canvas.text_box(
            (left, baseline), scene["word"][scene["place"]], face=scene["face"], size=size, anchor="ls"
        )
        centre = (left + width / 2, (top + bottom) / 2)
        canvas.oval(centre, 1.4 * width / 2, 1.4 * (bottom - top) / 2, scene["ring"], scene["width"] / 2)
        return canvas.image()


def _size(scene: Scene) -> float:
    """The size at which the word, with its padding, fills the width."""
    room = SIDE - 2 * scene["padding"]
    return float(min(96.0, round(96.0 * room / font(scene["face"], 96).getlength(scene["word"]), 2)))


def _spot(scene: Scene, size: float) -> tuple[float, float, float]:
    """The letter's left side, the line's middle and the letter's width."""
    face = font(scene["face"], size)
    before = face.getlength(scene["word"][: scene["place"]])
    start = (SIDE - face.getlength(scene["word"])) / 2
    return start + before, SIDE / 2 + scene["lift"], face.getlength(scene["word"][scene["place"]])
