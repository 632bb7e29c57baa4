"""What the drawings share: the table of sources, words, colours, places, a scanner's wear."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageFont

mpl.use("Agg")

Rng = np.random.Generator
Pixels = np.ndarray
Draw = Callable[[Rng], Pixels]
SOURCES: dict[tuple[str, str], Draw] = {}

WORDS = (  # noqa: SIM905 - a list of 70 strings is harder to read
    "harbour total north paper winter price market copper river invoice signal energy garden amount street coffee "
    "bridge report number window silver station weight orange summer letter island account travel mountain delivery "
    "due date name tax item quantity subtotal the of and in for with under over between after before open closed "
    "caution exit no entry parking slow danger high voltage welcome library museum platform private keep left"
).split()
FONTS = sorted(str(f) for f in Path(mpl.get_data_path(), "fonts", "ttf").glob("DejaVu*.ttf") if "Display" not in f.stem)


def source(kind: str, name: str) -> Callable[[Draw], Draw]:
    def keep(draw: Draw) -> Draw:
        SOURCES[kind, name] = draw
        return draw

    return keep


def words(rng: Rng, low: int, high: int) -> str:
    return " ".join(rng.choice(WORDS, rng.integers(low, high + 1)))


def font(rng: Rng, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(rng.choice(FONTS)), max(6, size))


def bright(rng: Rng) -> tuple[int, int, int]:
    hsv = np.uint8([[[rng.integers(180), rng.integers(120, 256), rng.integers(90, 256)]]])
    return tuple(int(v) for v in cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0])


def ground(rng: Rng) -> tuple[int, int, int]:
    """A background: white, near white, grey, dark or coloured."""
    which = rng.random()
    if which < 0.45:
        return (255, 255, 255)
    if which < 0.65:
        return tuple(int(v) for v in rng.integers(215, 256, 3))
    if which < 0.75:
        return (int(rng.integers(60, 215)),) * 3
    return tuple(int(v) for v in rng.integers(0, 60, 3)) if which < 0.87 else bright(rng)


def hexed(colour: tuple[int, ...]) -> str:
    return "#" + "".join(f"{v:02x}" for v in colour)


def decoded(data: bytes) -> Pixels:
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture).convert("RGB"))


def figure_pixels(figure: Any, rng: Rng) -> Pixels:
    from matplotlib import pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=int(rng.choice([72, 100, 150, 200])), facecolor=figure.get_facecolor())
    plt.close("all")
    return decoded(buffer.getvalue())


def svg_pixels(svg: str | bytes, scale: float = 1.0) -> Pixels:
    import cairosvg

    return decoded(cairosvg.svg2png(bytestring=svg, scale=scale))


def aged(pixels: Pixels, rng: Rng) -> Pixels:
    """What a scanner or a telephone does to a page: slight turn, uneven light, blur, noise, JPEG."""
    height, width = pixels.shape[:2]
    if rng.random() < 0.4:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-4, 4), 1)
        fill = tuple(int(v) for v in pixels[2, 2])
        pixels = cv2.warpAffine(pixels, turn, (width, height), borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    if rng.random() < 0.4:
        light = np.linspace(rng.uniform(0.6, 1), rng.uniform(0.8, 1), width)[None, :, None]
        pixels = (pixels * light).astype(np.uint8)
    if rng.random() < 0.4:
        pixels = np.clip(pixels + rng.normal(0, rng.uniform(2, 9), pixels.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        pixels = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return pixels


def places(rng: Rng, width: int, height: int) -> list[tuple[float, float, float]]:
    """Centres and radii: some apart, some touching, alike or varied in size."""
    count, base = int(rng.integers(2, 50)), min(width, height)
    size = base * float(np.clip(rng.uniform(0.25, 0.6) / np.sqrt(count), 0.012, 0.25))
    spread = rng.uniform(0, 0.5)
    return [
        (rng.uniform(size, width - size), rng.uniform(size, height - size), size * rng.uniform(1 - spread, 1 + spread))
        for _ in range(count)
    ]
