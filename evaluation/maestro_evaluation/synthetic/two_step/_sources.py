"""Pictures with one number to find: a scene to count in, a table, a receipt, a chart."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._canvas import Canvas
from maestro_evaluation.synthetic._generator import Scene, share
from maestro_evaluation.synthetic.two_step._tables import RECEIPTS, TABLES

__all__ = ["SOURCES", "Source"]


class Source:
    """A kind of picture.

    Attributes:
        family: what is needed, in order.
        lookups: questions for the number, with `{row}` and the like from `words`; shared by their order.
        veiled: such that do not tell what kind of picture it is.
    """

    name: str
    family: str
    lookups: tuple[str, ...]
    veiled: tuple[str, ...] = ()
    styles: tuple[dict[str, Any], ...]

    def scene(self, rng: Random, split: Split) -> Scene:
        """With `found`, the number to be found, and `words` for the question."""
        raise NotImplementedError

    def found(self, scene: Scene) -> Decimal:
        """The number again, from what is drawn."""
        raise NotImplementedError

    def draw(self, scene: Scene) -> Image.Image:
        raise NotImplementedError


COLOURS = {
    "red": "#d62728", "blue": "#1f5fbf", "green": "#2a9d3a", "yellow": "#f2c80f", "purple": "#7b3fa0",
    "orange": "#f57c00", "black": "#1b1b1b",
}  # fmt: skip
FORMS = ("circle", "square", "triangle")
COLUMNS, ROWS, CELL = 7, 5, 84


class CountScene(Source):
    """Shapes apart from each other; those of one colour and form are asked about."""

    name = "shapes"
    family = "count_then_calculate"
    lookups = (
        "How many {things} are there?",
        "Count the {things}.",
        "What is the number of {things}?",
        "How many {things} can be seen?",
        "How many {things} does the picture show?",
        "Find the number of {things} in the picture.",
    )
    styles = (
        {"style": "white", "paper": "#ffffff", "edge": "", "palette": ["red", "blue", "green"]},
        {"style": "sand", "paper": "#f4ead5", "edge": "#1b1b1b", "palette": ["red", "blue", "purple"]},
        {"style": "grey", "paper": "#e3e6ea", "edge": "", "palette": ["orange", "blue", "green"]},
        {"style": "edged", "paper": "#ffffff", "edge": "#1b1b1b", "palette": ["yellow", "blue", "red"]},
        {"style": "mint", "paper": "#e5f5ec", "edge": "", "palette": ["purple", "red", "black"]},
        {"style": "night", "paper": "#20262e", "edge": "", "palette": ["yellow", "green", "orange"]},
    )

    def scene(self, rng: Random, split: Split) -> Scene:
        style = rng.choice(share(self.styles, split))
        wanted = (rng.choice(style["palette"]), rng.choice(FORMS))
        count = rng.randint(2, 12)
        kinds = [(colour, form) for colour in style["palette"] for form in FORMS if (colour, form) != wanted]
        others = [rng.choice(kinds) for _ in range(rng.randint(6, 16))]
        drawn = [wanted] * count + others
        cells = rng.sample([(column, row) for column in range(COLUMNS) for row in range(ROWS)], len(drawn))
        shapes = [
            {
                "colour": colour,
                "form": form,
                "at": [(column + 0.5) * CELL + rng.uniform(-9, 9), (row + 0.5) * CELL + rng.uniform(-9, 9)],
                "radius": rng.uniform(17, 29),
            }
            for (colour, form), (column, row) in zip(drawn, cells, strict=True)
        ]
        thing = f"{wanted[0]} {wanted[1]}"
        return {
            "look": style,
            "parts": {"style": style["style"]},
            "shapes": shapes,
            "found": str(count),
            "words": {"thing": thing, "things": f"{thing}s"},
        }

    def found(self, scene: Scene) -> Decimal:
        kinds = [f"{shape['colour']} {shape['form']}" for shape in scene["shapes"]]
        return Decimal(kinds.count(scene["words"]["thing"]))

    def draw(self, scene: Scene) -> Image.Image:
        look = scene["look"]
        canvas = Canvas(COLUMNS * CELL, ROWS * CELL, look["paper"])
        for shape in scene["shapes"]:
            (x, y), r, ink = shape["at"], shape["radius"], COLOURS[shape["colour"]]
            edge = look["edge"] or None
            if shape["form"] == "circle":
                canvas.disc((x, y), r, edge or ink)
                canvas.disc((x, y), r - 2, ink)
            elif shape["form"] == "square":
                canvas.box((x - 0.9 * r, y - 0.9 * r), (x + 0.9 * r, y + 0.9 * r), fill=ink, colour=edge, width=2)
            else:
                corners = [(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)]
                canvas.polygon(corners, fill=ink, colour=edge, width=2)
        return canvas.image()


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Rows of a table with one number each, and the row asked about."""

    title: str
    column: str
    rows: list[list[str]]
    asked: int

    def scene(self, style: dict[str, Any]) -> Scene:
        name, value = self.rows[self.asked]
        return {
            "look": style,
            "parts": {"style": style["style"], "table": self.title},
            "title": self.title,
            "column": self.column,
            "rows": self.rows,
            "asked": self.asked,
            "found": value,
            "words": {"row": name, "column": self.column.lower()},
        }


def _numbers(rng: Random, split: Split, least: int, most: int) -> _Numbers:
    table = rng.choice(share(TABLES, split))
    names = rng.sample(table.rows, rng.randint(least, min(most, len(table.rows))))
    values = rng.sample(range(table.low, table.high), len(names))
    return _Numbers(
        table.title,
        table.column,
        [[name, str(value)] for name, value in zip(names, values, strict=True)],
        rng.randrange(len(names)),
    )


def _read_back(scene: Scene) -> Decimal:
    cells = {name: Decimal(text) for name, text in scene["rows"]}
    return cells[scene["words"]["row"]]


class TableRead(Source):
    """A table with two columns."""

    name = "table"
    family = "read_then_calculate"
    lookups = (
        "What is the number of {column} for {row}?",
        "What number does the table give for {row}?",
        "Which number belongs to {row}?",
        "How many {column} does the table give for {row}?",
        "What stands in the row of {row}?",
        "How many {column} are listed for {row}?",
    )
    veiled = ("What is it for {row}?", "How much is it for {row}?", "What is shown for {row}?")
    styles = (
        {
            "style": "ruled",
            "paper": "white",
            "ink": "black",
            "band": "",
            "rules": "#555555",
            "face": "DejaVuSans",
            "size": 20,
        },
        {
            "style": "zebra",
            "paper": "white",
            "ink": "black",
            "band": "#e8eef7",
            "rules": "",
            "face": "DejaVuSans",
            "size": 19,
        },
        {
            "style": "serif",
            "paper": "#fffdf5",
            "ink": "#222222",
            "band": "",
            "rules": "#999999",
            "face": "DejaVuSerif",
            "size": 20,
        },
        {
            "style": "mono",
            "paper": "white",
            "ink": "black",
            "band": "",
            "rules": "",
            "face": "DejaVuSansMono",
            "size": 18,
        },
        {
            "style": "green",
            "paper": "#f3faf3",
            "ink": "#14371c",
            "band": "#dcefdc",
            "rules": "#7aa37f",
            "face": "DejaVuSans",
            "size": 22,
        },
        {
            "style": "dark",
            "paper": "#23272e",
            "ink": "#f0f0f0",
            "band": "#2f353e",
            "rules": "",
            "face": "DejaVuSans",
            "size": 20,
        },
    )

    def scene(self, rng: Random, split: Split) -> Scene:
        return _numbers(rng, split, 4, 8).scene(rng.choice(share(self.styles, split)))

    def found(self, scene: Scene) -> Decimal:
        return _read_back(scene)

    def draw(self, scene: Scene) -> Image.Image:
        look, lines = scene["look"], [["", scene["column"]], *scene["rows"]]
        step, width = round(look["size"] * 2.1), 460
        canvas = Canvas(width, step * (len(lines) + 1) + 50, look["paper"])
        canvas.text((width / 2, 28), scene["title"], look["ink"], face=_bold(look["face"]), size=look["size"] * 1.1)
        for place, (name, value) in enumerate(lines):
            top = 50 + place * step
            if look["band"] and place % 2 == 0:
                canvas.box((24, top), (width - 24, top + step), fill=look["band"])
            if look["rules"]:
                canvas.line([(24, top + step), (width - 24, top + step)], look["rules"], 1.2)
            face = _bold(look["face"]) if place == 0 else look["face"]
            canvas.text((40, top + step / 2), name, look["ink"], face=face, size=look["size"], anchor="lm")
            canvas.text((width - 40, top + step / 2), value, look["ink"], face=face, size=look["size"], anchor="rm")
        return canvas.image()


class ReceiptRead(Source):
    """A receipt: a price or the total."""

    name = "receipt"
    family = "read_then_calculate"
    lookups = (
        "How much is the {row}?",
        "What is the price of the {row}?",
        "What amount is printed for the {row}?",
        "What is the amount for the {row}?",
        "What does the receipt say for the {row}?",
        "Which price is given for the {row}?",
    )
    veiled = ("How much is it for the {row}?", "What is shown for the {row}?", "What is it for the {row}?")
    styles = (
        {"style": "till", "paper": "#fdfdf8", "ink": "#222222", "face": "DejaVuSansMono", "size": 17, "line": "-"},
        {"style": "shop", "paper": "white", "ink": "black", "face": "DejaVuSans", "size": 18, "line": "_"},
        {"style": "cafe", "paper": "#fbf3e4", "ink": "#3a2b1d", "face": "DejaVuSerif", "size": 18, "line": "."},
        {"style": "bold", "paper": "white", "ink": "black", "face": "DejaVuSansMono-Bold", "size": 17, "line": "="},
        {"style": "pale", "paper": "#f4f4f4", "ink": "#555555", "face": "DejaVuSansMono", "size": 19, "line": "-"},
        {"style": "blue", "paper": "white", "ink": "#1d2f6f", "face": "DejaVuSans", "size": 17, "line": "-"},
    )

    def scene(self, rng: Random, split: Split) -> Scene:
        shop = rng.choice(share(RECEIPTS, split))
        names = rng.sample(shop.rows, rng.randint(3, min(7, len(shop.rows))))
        cents = rng.sample(range(shop.low // 5, shop.high // 5), len(names))
        prices = [Decimal(amount) * 5 / 100 for amount in cents]
        rows = [[name, f"{price:.2f}"] for name, price in zip(names, prices, strict=True)]
        rows.append(["Total", f"{sum(prices):.2f}"])
        asked = rng.randrange(len(rows))
        style = rng.choice(share(self.styles, split))
        return {
            "look": style,
            "parts": {"style": style["style"], "table": shop.title},
            "title": shop.title,
            "rows": rows,
            "asked": asked,
            "found": rows[asked][1],
            "words": {"row": rows[asked][0].lower()},
        }

    def found(self, scene: Scene) -> Decimal:
        """The total by adding up, a price by taking the others from the total."""
        prices = {name.lower(): Decimal(text) for name, text in scene["rows"]}
        total = prices.pop("total")
        asked = scene["words"]["row"]
        if asked == "total":
            return sum(prices.values(), Decimal(0))
        return total - sum((price for name, price in prices.items() if name != asked), Decimal(0))

    def draw(self, scene: Scene) -> Image.Image:
        look, step, width = scene["look"], round(scene["look"]["size"] * 1.9), 380
        canvas = Canvas(width, step * (len(scene["rows"]) + 2) + 90, look["paper"])
        canvas.text((width / 2, 36), scene["title"].upper(), look["ink"], face=look["face"], size=look["size"] * 1.3)
        top = 76.0
        for name, price in scene["rows"]:
            if name == "Total":
                canvas.dashes((24, top + 4), (width - 24, top + 4), look["ink"], 1.5, 6 if look["line"] == "-" else 2)
                top += 16
            shown = "TOTAL" if name == "Total" else name
            canvas.text((28, top + step / 2), shown, look["ink"], face=look["face"], size=look["size"], anchor="lm")
            canvas.text(
                (width - 28, top + step / 2), price, look["ink"], face=look["face"], size=look["size"], anchor="rm"
            )
            top += step
        canvas.text((width / 2, top + step), "Thank you", look["ink"], face=look["face"], size=look["size"] * 0.9)
        return canvas.image()


class ChartRead(Source):
    """Bars with their values printed on them."""

    name = "bars"
    family = "chart_then_calculate"
    lookups = (
        "What is the value of {row} in the chart?",
        "What is the value of the bar for {row}?",
        "How high is the bar of {row}?",
        "What value does the chart show for {row}?",
        "Which value has the bar of {row}?",
        "What is the height of the bar for {row}?",
    )
    veiled = ("What is the value for {row}?", "What is the number for {row}?", "What value has {row}?")
    styles = (
        {"style": "blue", "paper": "white", "ink": "#222222", "fill": "#3b78c3", "grid": "#dddddd", "lying": False},
        {"style": "teal", "paper": "white", "ink": "#222222", "fill": "#2a9d8f", "grid": "", "lying": True},
        {"style": "rust", "paper": "#fbf7f0", "ink": "#33261d", "fill": "#c4572e", "grid": "#e4d9c8", "lying": False},
        {"style": "violet", "paper": "white", "ink": "#222222", "fill": "#7d5fb2", "grid": "", "lying": True},
        {"style": "slate", "paper": "#f2f4f7", "ink": "#1f2933", "fill": "#52606d", "grid": "#d5dbe2", "lying": False},
        {"style": "olive", "paper": "white", "ink": "#222222", "fill": "#8a9a3b", "grid": "#e6e6e6", "lying": True},
    )

    def scene(self, rng: Random, split: Split) -> Scene:
        return _numbers(rng, split, 4, 6).scene(rng.choice(share(self.styles, split)))

    def found(self, scene: Scene) -> Decimal:
        return _read_back(scene)

    def draw(self, scene: Scene) -> Image.Image:
        look, rows = scene["look"], scene["rows"]
        largest = max(int(value) for _, value in rows)
        canvas = Canvas(640, 460, look["paper"])
        canvas.text((320, 26), f"{scene['title']}: {scene['column'].lower()}", look["ink"], size=19)
        left, top, right, bottom = (150, 60, 600, 430) if look["lying"] else (60, 60, 610, 400)
        across, down = right - left, bottom - top
        for quarter in range(1, 5) if look["grid"] else ():
            y = bottom - down * 0.9 * quarter / 4
            canvas.line([(left, y), (right, y)], look["grid"], 1)
        for place, (name, value) in enumerate(rows):
            middle, size = (place + 0.5) / len(rows), int(value) / largest * 0.9
            half = 0.31 / len(rows)
            if look["lying"]:
                y, end = top + middle * down, left + size * across
                canvas.box((left, y - half * down), (end, y + half * down), fill=look["fill"])
                canvas.text((end + 8, y), value, look["ink"], size=15, anchor="lm")
                canvas.text((left - 8, y), name, look["ink"], size=15, anchor="rm")
            else:
                x, end = left + middle * across, bottom - size * down
                canvas.box((x - half * across, end), (x + half * across, bottom), fill=look["fill"])
                canvas.text((x, end - 12), value, look["ink"], size=15)
                canvas.text((x, bottom + 16), name, look["ink"], size=15)
        canvas.line([(left, top), (left, bottom)], look["ink"], 1.5)
        if not look["lying"]:
            canvas.line([(left, bottom), (right, bottom)], look["ink"], 1.5)
        return canvas.image()


def _bold(face: str) -> Any:
    return f"{face}-Bold"


SOURCES: tuple[Source, ...] = (CountScene(), TableRead(), ChartRead(), ReceiptRead())
