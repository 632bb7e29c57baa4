"""Printed pages, receipts, forms; and signs: few large words."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from preview_pictures._base import Pixels, Rng, aged, figure_pixels, font, ground, hexed, source, svg_pixels, words


def _paragraphs(draw: ImageDraw.ImageDraw, rng: Rng, width: int, height: int, size: int) -> None:
    margin, y = int(width * rng.uniform(0.05, 0.14)), int(height * 0.06)
    face = font(rng, size)
    if rng.random() < 0.6:
        draw.text((margin, y), words(rng, 2, 4).title(), "black", font(rng, size * 2))
        y += size * 4
    while y < height * rng.uniform(0.6, 0.95):
        for _ in range(rng.integers(1, 9)):
            line = words(rng, 30, 30)
            while draw.textlength(line, face) > width - 2 * margin:
                line = line[: line.rfind(" ")]
            draw.text((margin, y), line, (20, 20, 20), face)
            y += int(size * 1.4)
        y += size


def _receipt(draw: ImageDraw.ImageDraw, rng: Rng, width: int, height: int, size: int) -> None:
    face, y = font(rng, size), int(height * 0.04)
    draw.text((width // 4, y), words(rng, 1, 3).upper(), "black", font(rng, int(size * 1.6)))
    y += size * 3
    while y < height * 0.9:
        draw.text((width // 14, y), words(rng, 1, 2), "black", face)
        price = f"{rng.gamma(2, 6):.2f}"
        draw.text((width - width // 14 - draw.textlength(price, face), y), price, "black", face)
        y += int(size * rng.uniform(1.4, 2.2))
        if rng.random() < 0.1:
            draw.line((width // 14, y, width - width // 14, y), "black", 1)
            y += size // 2


def _form(draw: ImageDraw.ImageDraw, rng: Rng, width: int, height: int, size: int) -> None:
    face, y = font(rng, size), int(height * 0.05)
    draw.text((width // 10, y), words(rng, 2, 4).upper(), "black", font(rng, int(size * 1.8)))
    y += size * 4
    boxed = rng.random() < 0.5
    while y < height * 0.92:
        draw.text((width // 10, y), words(rng, 1, 2).title() + ":", "black", face)
        if rng.random() < 0.7:
            draw.text((width // 2, y), words(rng, 1, 2), (30, 30, 90), face)
        if boxed:
            draw.rectangle((int(width * 0.47), y - size // 3, int(width * 0.92), y + int(size * 1.4)), outline="black")
        else:
            draw.line((int(width * 0.47), y + int(size * 1.2), int(width * 0.92), y + int(size * 1.2)), "black")
        y += int(size * rng.uniform(2, 3))


@source("page", "PIL")
def page_pil(rng: Rng) -> Pixels:
    write = [_paragraphs, _receipt, _form][rng.integers(3)]
    width = int(rng.integers(300, 1400))
    height = int(width * (rng.uniform(1.2, 2.4) if write is _receipt else rng.uniform(0.5, 1.5)))
    paper = "white" if rng.random() < 0.6 else tuple(int(v) for v in rng.integers(200, 256, 3))
    picture = Image.new("RGB", (width, height), paper)
    write(ImageDraw.Draw(picture), rng, width, height, max(9, int(width * rng.uniform(0.016, 0.04))))
    return aged(np.asarray(picture), rng)


@source("page", "OpenCV")
def page_opencv(rng: Rng) -> Pixels:
    width, height = int(rng.integers(300, 900)), int(rng.integers(350, 1200))
    pixels = np.full((height, width, 3), rng.integers(225, 256), np.uint8)
    face, scale = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX])), rng.uniform(0.4, 0.8)
    y = 40
    while y < height - 20:
        cv2.putText(pixels, words(rng, 1, 4), (20, y), face, scale, (30, 30, 30), 1, cv2.LINE_AA)
        if rng.random() < 0.6:
            cv2.putText(pixels, f"{rng.gamma(2, 9):.2f}", (int(width * 0.75), y), face, scale, (30, 30, 30), 1)
        y += int(45 * scale)
    return aged(pixels, rng)


@source("page", "matplotlib")
def page_matplotlib(rng: Rng) -> Pixels:
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(rng.uniform(4, 8), rng.uniform(4, 9)))
    lines = int(rng.integers(8, 30))
    family = str(rng.choice(["serif", "sans-serif", "monospace"]))
    for i in range(lines):
        figure.text(0.08, 0.95 - i * 0.9 / lines, words(rng, 2, 6), family=family, size=rng.uniform(9, 10))
    if rng.random() < 0.3:
        axes = figure.add_axes((0.08, 0.05, 0.84, 0.4))
        axes.axis("off")
        axes.table([[f"{v:.1f}" for v in rng.gamma(2, 9, 4)] for _ in range(6)], loc="center")
    return aged(figure_pixels(figure, rng), rng)


@source("page", "cairo")
def page_cairo(rng: Rng) -> Pixels:
    width, height, size = int(rng.integers(300, 800)), int(rng.integers(400, 1000)), int(rng.integers(10, 18))
    family = rng.choice(["Liberation Sans", "Liberation Serif", "DejaVu Sans Mono"])
    parts, y = [], 30
    while y < height - 20:
        parts.append(f'<text x="20" y="{y}">{words(rng, 2, 5)}</text>')
        if rng.random() < 0.5:
            parts.append(f'<text x="{width - 30}" y="{y}" text-anchor="end">{rng.gamma(2, 9):.2f}</text>')
        if rng.random() < 0.15:
            parts.append(f'<path d="M20 {y + 6}H{width - 20}" stroke="black"/>')
        y += int(size * rng.uniform(1.3, 2))
    return svg_pixels(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="100%" height="100%" '
        f'fill="white"/><g font-family="{family}" font-size="{size}">{"".join(parts)}</g></svg>',
        float(rng.choice([1, 2])),
    )


def _sign_text(rng: Rng) -> list[str]:
    if rng.random() < 0.25:
        a, b = rng.integers(1, 400, 2)
        return [f"{a} {rng.choice(['+', '-', '×', '/'])} {b} = ?"]
    lines = [words(rng, 1, 2) for _ in range(rng.integers(1, 4))]
    return [line.upper() for line in lines] if rng.random() < 0.7 else [line.title() for line in lines]


@source("sign", "PIL")
def sign_pil(rng: Rng) -> Pixels:
    width, height = int(rng.integers(250, 1000)), int(rng.integers(150, 800))
    colour, lines = ground(rng), _sign_text(rng)
    picture = Image.new("RGB", (width, height), colour)
    draw = ImageDraw.Draw(picture)
    ink = tuple(255 if v < 128 else 0 for v in (sum(colour) // 3,) * 3)
    size = int(min(height / (len(lines) + 1), 1.5 * width / max(map(len, lines))))
    face = font(rng, int(size * rng.uniform(0.6, 1)))
    if rng.random() < 0.4:
        draw.rounded_rectangle((6, 6, width - 6, height - 6), 20, outline=ink, width=max(3, width // 80))
    for i, line in enumerate(lines):
        x = (width - draw.textlength(line, face)) / 2
        draw.text((x, (height - size * 1.1 * len(lines)) / 2 + i * size * 1.1), line, ink, face)
    return aged(np.asarray(picture), rng)


@source("sign", "cairo")
def sign_cairo(rng: Rng) -> Pixels:
    width, height = int(rng.integers(250, 700)), int(rng.integers(150, 500))
    colour, lines = ground(rng), _sign_text(rng)
    ink = "white" if sum(colour) < 380 else "black"
    size = min(height / (len(lines) + 1), 1.4 * width / max(map(len, lines)))
    parts = "".join(
        f'<text x="{width / 2}" y="{height / 2 + (i - len(lines) / 2 + 0.8) * size * 1.1}">{line}</text>'
        for i, line in enumerate(lines)
    )
    return svg_pixels(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="100%" height="100%" '
        f'fill="{hexed(colour)}"/><rect x="5" y="5" rx="12" width="{width - 10}" height="{height - 10}" fill="none" '
        f'stroke="{ink}" stroke-width="{rng.integers(0, 6)}"/><g text-anchor="middle" font-family="Liberation Sans" '
        f'font-weight="bold" font-size="{size}" fill="{ink}">{parts}</g></svg>'
    )
