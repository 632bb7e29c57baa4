"""A table, empty or with words: how many rows and columns?"""

from __future__ import annotations

from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._generator import Scene, digits, share
from maestro_graph.evidence import Json

__all__ = ["BlankGrid", "WordGrid"]

SMALLEST, LARGEST = 3, 15
DIFFERENCES = (-1, 0, 1)
STYLES: tuple[dict[str, Any], ...] = (
    {"style": "500-thin", "size": 500, "width": 2.5, "ink": "black", "paper": "white", "margin": 0.0},
    {"style": "500-thick", "size": 500, "width": 5.0, "ink": "black", "paper": "white", "margin": 0.0},
    {"style": "800-thin", "size": 800, "width": 4.0, "ink": "black", "paper": "white", "margin": 0.0},
    {"style": "1000-thick", "size": 1000, "width": 10.0, "ink": "black", "paper": "white", "margin": 0.0},
    {"style": "1000-thin", "size": 1000, "width": 5.0, "ink": "black", "paper": "white", "margin": 0.0},
    {"style": "700-inset", "size": 700, "width": 3.0, "ink": "#30475e", "paper": "#fbfaf5", "margin": 0.06},
)
VOCABULARY = (
    "tiger violin market copper window valley button garden ribbon hammer planet silver candle forest bridge anchor "
    "lemon rocket mirror island pepper saddle winter tunnel basket camera marble needle puzzle wagon carpet engine "
    "flower guitar helmet insect jacket kettle ladder monkey nectar orange pillow quartz rabbit shovel ticket "
    "umpire velvet walnut yellow zipper apple beacon cactus dragon easel falcon goblet harbor icicle jungle"
)
WORDS = tuple(VOCABULARY.split())


class _Grid:
    chance = 1 / 37
    options = False
    filled = False
    wordings = (
        "Count the rows and columns and answer with numbers in curly brackets, as in rows={{5}} columns={{6}}.",
        "How many rows and columns are in the table? Answer as (rows, columns), as in (5, 6).",
        "How many rows and how many columns does the grid have? Answer as (rows, columns).",
        "Give the size of this grid as (rows, columns), as in (5, 6).",
        "Count this table's rows and columns. Reply in the form (rows, columns).",
        "What are the numbers of rows and of columns in the grid? Reply as (rows, columns), for instance (5, 6).",
    )
    veiled = (
        "What size is it? Answer as (down, across), as in (5, 6).",
        "How many down and how many across? Answer as (down, across), as in (5, 6).",
        "Give its size as (down, across), as in (5, 6).",
    )

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        difference, extra = digits(number, len(DIFFERENCES), LARGEST - SMALLEST + 1)
        rows = SMALLEST + extra % (LARGEST - SMALLEST + 1)
        columns = rows + DIFFERENCES[difference]
        if not SMALLEST <= columns <= LARGEST:
            columns = rows
        if rng.random() < 0.5:
            rows, columns = columns, rows
        style = rng.choice(share(STYLES, split))
        left = top = style["margin"] * style["size"] + style["width"] / 2
        right = bottom = style["size"] - left
        parts = {"style": style["style"]}
        words = share(WORDS, split)
        cells = [rng.choice(words) for _ in range(rows * columns)] if self.filled else []
        return {
            **style,
            "parts": parts,
            "across": [left + (right - left) * place / columns for place in range(columns + 1)],
            "down": [top + (bottom - top) * place / rows for place in range(rows + 1)],
            "cells": cells,
            "shape": [rows, columns],
            "words": [],
        }

    def answer(self, scene: Scene) -> Json:
        rows, columns = scene["shape"]
        return f"{rows},{columns}"

    def second_answer(self, scene: Scene) -> Json:
        """Gaps between the ruled lines."""
        return f"{len(set(scene['down'])) - 1},{len(set(scene['across'])) - 1}"

    def draw(self, scene: Scene) -> Image.Image:
        canvas = Canvas(scene["size"], scene["size"], scene["paper"])
        across, down, width = scene["across"], scene["down"], scene["width"]
        for x in across:
            canvas.line([(x, down[0]), (x, down[-1])], scene["ink"], width)
        for y in down:
            canvas.line([(across[0], y), (across[-1], y)], scene["ink"], width)
        columns = len(across) - 1
        size = 0.2 * min(across[1] - across[0], down[1] - down[0])
        for place, word in enumerate(scene["cells"]):
            row, column = divmod(place, columns)
            middle = ((across[column] + across[column + 1]) / 2, (down[row] + down[row + 1]) / 2)
            canvas.text(middle, word, "black", size=size)
        return canvas.image()


class BlankGrid(_Grid):
    name = "counting grid - blank grids"
    rule_task = name


class WordGrid(_Grid):
    name = "counting grid - word grids"
    rule_task = name
    filled = True
