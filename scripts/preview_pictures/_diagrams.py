"""Diagrams: thin strokes, few labels."""

from __future__ import annotations

import itertools

import numpy as np
from PIL import Image, ImageDraw

from preview_pictures._base import Pixels, Rng, bright, figure_pixels, font, ground, hexed, source, svg_pixels, words


def _corners(rng: Rng, width: float, height: float) -> list[tuple[float, float]]:
    sides = int(rng.choice([3, 3, 4, 5]))
    turn, spread = rng.uniform(0, 6), 6.2832 / sides
    return [
        (
            width * (0.5 + 0.36 * np.cos(turn + spread * (i + rng.uniform(-0.25, 0.25)))),
            height * (0.5 + 0.36 * np.sin(turn + spread * (i + rng.uniform(-0.25, 0.25)))),
        )
        for i in range(sides)
    ]


def _labels(rng: Rng, corners: list[tuple[float, float]]) -> list[tuple[float, float, str]]:
    """Corner names, and a length or an angle here and there."""
    found = [(x, y, "ABCDEFG"[i]) for i, (x, y) in enumerate(corners)]
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        if rng.random() < 0.6:
            note = f"{rng.integers(1, 90)}" + str(rng.choice(["", " cm", "°", " m"]))
            found.append(((ax + bx) / 2, (ay + by) / 2, note))
    return found


@source("diagram", "PIL")
def diagram_pil(rng: Rng) -> Pixels:
    width, height = int(rng.integers(300, 1000)), int(rng.integers(250, 800))
    picture = Image.new("RGB", (width, height), "white" if rng.random() < 0.7 else ground(rng))
    draw, stroke = ImageDraw.Draw(picture), max(2, width // int(rng.integers(120, 300)))
    ink = "black" if sum(picture.getpixel((0, 0))) > 380 else "white"
    corners, face = _corners(rng, width, height), font(rng, width // int(rng.integers(22, 40)))
    draw.line([*corners, corners[0]], ink, stroke)
    if rng.random() < 0.3:
        r = min(width, height) * rng.uniform(0.2, 0.4)
        draw.ellipse((width / 2 - r, height / 2 - r, width / 2 + r, height / 2 + r), outline=ink, width=stroke)
    if rng.random() < 0.3:
        draw.line([corners[0], corners[len(corners) // 2]], ink, stroke)
    for x, y, note in _labels(rng, corners):
        draw.text((x + 6, y - 6), note, ink, face)
    if rng.random() < 0.3:
        draw.text((width // 12, height - width // 18), words(rng, 3, 7), ink, face)
    return np.asarray(picture)


@source("diagram", "matplotlib")
def diagram_matplotlib(rng: Rng) -> Pixels:
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(rng.uniform(3, 7), rng.uniform(3, 6)))
    axes = figure.add_axes((0.05, 0.05, 0.9, 0.9))
    axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    axes.axis("off")
    corners = _corners(rng, 100, 100)
    xs, ys = zip(*corners, corners[0], strict=True)
    axes.plot(xs, ys, color="black" if rng.random() < 0.6 else hexed(bright(rng)), lw=rng.uniform(1, 3))
    if rng.random() < 0.4:
        axes.add_patch(plt.Circle((50, 50), rng.uniform(15, 40), fill=False, lw=1.5))
    if rng.random() < 0.3:
        axes.fill(xs, ys, color=hexed(bright(rng)), alpha=0.2)
    for x, y, note in _labels(rng, corners):
        axes.text(x, y, note, size=rng.uniform(10, 16))
    return figure_pixels(figure, rng)


@source("diagram", "cairo")
def diagram_cairo(rng: Rng) -> Pixels:
    width, height = int(rng.integers(250, 800)), int(rng.integers(200, 700))
    corners = _corners(rng, width, height)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    texts = "".join(f'<text x="{x:.0f}" y="{y:.0f}">{note}</text>' for x, y, note in _labels(rng, corners))
    circle = f'<circle cx="{width / 2}" cy="{height / 2}" r="{height * 0.3}"/>' if rng.random() < 0.4 else ""
    return svg_pixels(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="100%" height="100%" '
        f'fill="white"/><g fill="none" stroke="black" stroke-width="{rng.uniform(1, 4):.1f}">'
        f'<polygon points="{points}"/>'
        f'{circle}</g><g font-family="Liberation Serif" font-size="{rng.integers(14, 30)}">{texts}</g></svg>'
    )


@source("diagram", "boxes and arrows")
def diagram_boxes(rng: Rng) -> Pixels:
    width, height = int(rng.integers(400, 1000)), int(rng.integers(300, 800))
    picture = Image.new("RGB", (width, height), "white")
    draw, face = ImageDraw.Draw(picture), font(rng, width // 45)
    count = int(rng.integers(3, 7))
    spots = [
        (width * (0.12 + 0.7 * (i % 3) / 2.2), height * (0.12 + 0.6 * (i // 3) + rng.uniform(0, 0.15)))
        for i in range(count)
    ]
    for (ax, ay), (bx, by) in itertools.pairwise(spots):
        draw.line((ax + width * 0.08, ay + height * 0.05, bx + width * 0.08, by + height * 0.05), "black", 2)
    for x, y in spots:
        fill = "white" if rng.random() < 0.7 else tuple(int(v) for v in rng.integers(190, 256, 3))
        draw.rectangle((x, y, x + width * 0.17, y + height * 0.11), fill, "black", 2)
        draw.text((x + 8, y + height * 0.035), words(rng, 1, 1), "black", face)
    return np.asarray(picture)
