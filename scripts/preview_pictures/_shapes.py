"""Drawn objects to count and to look at."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from preview_pictures._base import Pixels, Rng, aged, bright, figure_pixels, ground, hexed, places, source, svg_pixels


def _outline(rng: Rng, x: float, y: float, r: float) -> list[tuple[float, float]]:
    sides, turn = int(rng.choice([3, 4, 5, 6, 10, 40])), rng.uniform(0, 6)
    radii = [r * (0.45 if sides == 10 and i % 2 else 1) for i in range(sides)]
    return [
        (x + q * np.cos(turn + 6.2832 * i / sides), y + q * np.sin(turn + 6.2832 * i / sides))
        for i, q in enumerate(radii)
    ]


@source("shapes", "PIL")
def shapes_pil(rng: Rng) -> Pixels:
    width, height = int(rng.integers(200, 1200)), int(rng.integers(200, 900))
    picture = Image.new("RGB", (width, height), ground(rng))
    draw = ImageDraw.Draw(picture)
    colours = [bright(rng) for _ in range(rng.integers(1, 6))]
    for x, y, r in places(rng, width, height):
        outline = "black" if rng.random() < 0.15 else None
        draw.polygon(_outline(rng, x, y, r), fill=colours[rng.integers(len(colours))], outline=outline)
    pixels = np.asarray(picture)
    return aged(pixels, rng) if rng.random() < 0.3 else pixels


@source("shapes", "OpenCV")
def shapes_opencv(rng: Rng) -> Pixels:
    width, height = int(rng.integers(200, 1000)), int(rng.integers(200, 800))
    pixels = np.full((height, width, 3), ground(rng), np.uint8)
    for x, y, r in places(rng, width, height):
        centre, colour = (int(x), int(y)), bright(rng)
        form = rng.integers(3)
        if form == 0:
            cv2.circle(pixels, centre, int(r), colour, -1)
        elif form == 1:
            cv2.rectangle(pixels, (int(x - r), int(y - r)), (int(x + r * 0.7), int(y + r)), colour, -1)
        else:
            cv2.ellipse(pixels, centre, (int(r), int(r * 0.6)), rng.uniform(0, 180), 0, 360, colour, -1)
    if rng.random() < 0.25:
        pixels = np.clip(pixels + rng.normal(0, 8, pixels.shape), 0, 255).astype(np.uint8)
    return pixels


@source("shapes", "scikit-image")
def shapes_skimage(rng: Rng) -> Pixels:
    from skimage.draw import random_shapes

    width, height = int(rng.integers(200, 700)), int(rng.integers(200, 600))
    largest = min(width, height) // int(rng.integers(3, 9))
    pixels, _ = random_shapes(
        (height, width), 30, 3, min_size=largest // 3, max_size=largest, rng=rng, intensity_range=((0, 220),),
        allow_overlap=bool(rng.random() < 0.3),
    )  # fmt: skip
    return pixels


@source("shapes", "matplotlib")
def shapes_matplotlib(rng: Rng) -> Pixels:
    from matplotlib import patches
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(rng.uniform(3, 8), rng.uniform(3, 6)), facecolor=hexed(ground(rng)))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    axes.axis("off")
    for x, y, r in places(rng, 100, 100):
        axes.add_patch(patches.Polygon(_outline(rng, x, y, r), color=hexed(bright(rng))))
    return figure_pixels(figure, rng)


@source("shapes", "cairo")
def shapes_cairo(rng: Rng) -> Pixels:
    width, height = int(rng.integers(200, 900)), int(rng.integers(200, 700))
    parts = []
    for x, y, r in places(rng, width, height):
        fill = hexed(bright(rng))
        if rng.random() < 0.5:
            parts.append(f'<circle cx="{x}" cy="{y}" r="{r}" fill="{fill}"/>')
        else:
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in _outline(rng, x, y, r))
            parts.append(f'<polygon points="{points}" fill="{fill}"/>')
    return svg_pixels(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"><rect width="100%" height="100%" '
        f'fill="{hexed(ground(rng))}"/>{"".join(parts)}</svg>'
    )


@source("shapes", "landscape")
def shapes_landscape(rng: Rng) -> Pixels:
    """A drawn scene: sky, ground, houses, trees, many small things."""
    width, height = int(rng.integers(600, 1800)), int(rng.integers(400, 1100))
    picture = Image.new("RGB", (width, height), tuple(int(v) for v in rng.integers((120, 170, 200), (200, 230, 256))))
    draw = ImageDraw.Draw(picture)
    horizon = int(height * rng.uniform(0.2, 0.6))
    draw.rectangle(
        (0, horizon, width, height), fill=tuple(int(v) for v in rng.integers((60, 120, 40), (160, 200, 120)))
    )
    for x, y, r in places(rng, width, height - horizon):
        top, colour = y + horizon, bright(rng)
        if rng.random() < 0.5:
            draw.rectangle((x - r, top - r, x + r, top), fill=colour)
            draw.polygon([(x - 1.2 * r, top - r), (x, top - 1.8 * r), (x + 1.2 * r, top - r)], fill=bright(rng))
        else:
            draw.rectangle((x - r / 8, top - r, x + r / 8, top), fill=(90, 60, 30))
            draw.ellipse((x - r / 2, top - 2 * r, x + r / 2, top - r * 0.8), fill=(30, int(rng.integers(80, 160)), 40))
    pixels = np.asarray(picture)
    if rng.random() < 0.4:
        pixels = np.clip(pixels + rng.normal(0, rng.uniform(2, 12), pixels.shape), 0, 255).astype(np.uint8)
    return pixels
