"""Signs, receipts and forms as pictures: clean, rotated, or noisy and blurred."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from maestro_evaluation.synthetic._fonts import Face, font
from maestro_evaluation.synthetic._generator import Scene

__all__ = ["STYLES", "Style", "draw_text"]

FINER = 2
SIGN = (640, 360)


@dataclass(frozen=True, slots=True)
class Style:
    """Type and colours of a split's pictures: a board's, a wall's behind it, a paper's."""

    name: str
    face: Face
    bold: Face
    board: str
    letters: str
    wall: str
    paper: str
    ink: str


STYLES = (
    Style("street", "DejaVuSans", "DejaVuSans-Bold", "#1f4f8f", "#ffffff", "#b9a48c", "#ffffff", "#111111"),
    Style("till", "DejaVuSansMono", "DejaVuSansMono-Bold", "#f4f0e4", "#202020", "#7d8a93", "#fbfaf5", "#222222"),
    Style("printed", "DejaVuSerif", "DejaVuSerif-Bold", "#2f6b3f", "#fdf6dd", "#cbbfa8", "#fdfcf8", "#1a1a2a"),
    Style("shop", "DejaVuSans", "DejaVuSans-BoldOblique", "#9c2f2f", "#ffe9b8", "#d8d2c4", "#f7f7f7", "#333333"),
    Style("clerk", "DejaVuSerif", "DejaVuSerif-BoldItalic", "#fafafa", "#123c6b", "#8d7f74", "#f6f1e2", "#2b2b2b"),
    Style("station", "DejaVuSansMono", "DejaVuSans-Bold", "#22262b", "#ffd23c", "#a3a9ae", "#ffffff", "#000000"),
    Style("tablet", "DejaVuSans", "DejaVuSerif-Bold", "#3c4450", "#f3f3f3", "#99a69b", "#eef3f6", "#1d2b36"),
)


def draw_text(scene: Scene) -> Image.Image:
    """The picture of a scene."""
    data: Any = scene
    style = next(style for style in STYLES if style.name == data["style"])
    image = {"sign": _sign, "receipt": _receipt, "form": _form}[data["kind"]](data, style)
    return _worn(image, data["noise"], data["seed"])


def _sign(data: Any, style: Style) -> Image.Image:
    """A board at an angle on a wall of bricks."""
    wall = Image.new("RGB", SIGN, style.wall)
    pen = ImageDraw.Draw(wall)
    for row in range(0, SIGN[1], 30):
        pen.line([(0, row), (SIGN[0], row)], fill="#8f8577", width=2)
        for column in range(row // 30 % 2 * 35, SIGN[0], 70):
            pen.line([(column, row), (column, row + 30)], fill="#8f8577", width=2)
    board = _board(data["glyphs"], style)
    turned = board.rotate(data["angle"], Image.Resampling.BICUBIC, expand=True)
    share = min(1.0, (SIGN[0] - 16) / turned.width, (SIGN[1] - 16) / turned.height)
    turned = turned.resize((round(turned.width * share), round(turned.height * share)), Image.Resampling.LANCZOS)
    wall.paste(turned, ((SIGN[0] - turned.width) // 2, (SIGN[1] - turned.height) // 2), turned)
    return wall


def _board(glyphs: Any, style: Style) -> Image.Image:
    text = "".join(glyphs)
    face = font(style.bold, 44 * FINER)
    left, top, right, bottom = face.getbbox(text)
    size = (round(right - left) + 60 * FINER, round(bottom - top) + 56 * FINER)
    board = Image.new("RGBA", size, style.board)
    pen = ImageDraw.Draw(board)
    pen.rectangle((8, 8, size[0] - 9, size[1] - 9), outline=style.letters, width=4)
    pen.text((size[0] / 2, size[1] / 2), text, fill=style.letters, font=face, anchor="mm")
    return board.resize((size[0] // FINER, size[1] // FINER), Image.Resampling.LANCZOS)


def _receipt(data: Any, style: Style) -> Image.Image:
    width, step = 400 * FINER, 30 * FINER
    sheet = Image.new("RGB", (width, step * (len(data["lines"]) + 2)), style.paper)
    pen = ImageDraw.Draw(sheet)
    edge = 30 * FINER
    for row, (left, right) in enumerate(data["lines"], start=1):
        y = row * step + step / 2
        strong = left in {"", "TOTAL"}
        face = font(style.bold if strong else style.face, (19 if strong else 17) * FINER)
        if left == "-":
            pen.line([(edge, y), (width - edge, y)], fill=style.ink, width=FINER)
        elif left == "":
            pen.text((width / 2, y), right, fill=style.ink, font=face, anchor="mm")
        else:
            pen.text((edge, y), left, fill=style.ink, font=face, anchor="lm")
            pen.text((width - edge, y), right, fill=style.ink, font=face, anchor="rm")
    return _laid(sheet, data["angle"], style)


def _form(data: Any, style: Style) -> Image.Image:
    width, step = 560 * FINER, 52 * FINER
    sheet = Image.new("RGB", (width, step * (len(data["lines"]) + 2)), style.paper)
    pen = ImageDraw.Draw(sheet)
    edge = 40 * FINER
    pen.text((edge, step * 0.7), data["heading"], fill=style.ink, font=font(style.bold, 24 * FINER), anchor="lm")
    for row, (left, right) in enumerate(data["lines"], start=1):
        y = row * step + step / 2
        pen.rectangle((edge, y - step * 0.42, width - edge, y + step * 0.42), outline="#9a9a9a", width=FINER)
        pen.line([(220 * FINER, y - step * 0.42), (220 * FINER, y + step * 0.42)], fill="#9a9a9a", width=FINER)
        pen.text((edge + 12 * FINER, y), left, fill=style.ink, font=font(style.bold, 17 * FINER), anchor="lm")
        pen.text((232 * FINER, y), right, fill=style.ink, font=font(style.face, 18 * FINER), anchor="lm")
    return _laid(sheet, data["angle"], style)


def _laid(sheet: Image.Image, angle: float, style: Style) -> Image.Image:
    """A sheet at an angle on a table."""
    turned = sheet.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=style.wall)
    return turned.resize((turned.width // FINER, turned.height // FINER), Image.Resampling.LANCZOS)


def _worn(image: Image.Image, noise: float, seed: int) -> Image.Image:
    """Blurred and grainy; `noise` is the share of grain, 0 leaves the picture as it is."""
    if not noise:
        return image
    rng = Random(seed)  # noqa: S311 - no secret
    grain = Image.frombytes("L", image.size, rng.randbytes(image.width * image.height)).convert("RGB")
    return Image.blend(image.filter(ImageFilter.GaussianBlur(0.9)), grain, noise)
