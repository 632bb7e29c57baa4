"""Pictures with a known number of things, and pictures that nobody can count in, to fit the counter's confidence.

Every source is a function of a random generator; it returns an RGB array and the true count (`None`: there is none).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from preview_pictures import SOURCES as PREVIEW

Rng = np.random.Generator
Counted = tuple[NDArray[np.uint8], int | None]
Places = list[tuple[float, float, float]]
PHOTOS = "coffee astronaut camera gravel brick grass moon ihc chelsea motorcycle_left rocket retina"


def scattered(rng: Rng, width: int, height: int, most: int, closest: float) -> Places:
    """Places (x, y, radius), at least `closest` times the sum of two radii apart."""
    wanted = int(np.exp(rng.uniform(math.log(3), math.log(most))))
    base = min(width, height) / (2.6 * math.sqrt(wanted) + 1.2)
    spread, places = rng.uniform(0.03, 0.45), []
    for _ in range(3000):
        if len(places) == wanted:
            break
        r = max(5.0, base * (1 - spread * rng.random()))
        x, y = rng.uniform(r + 2, width - r - 2), rng.uniform(r + 2, height - r - 2)
        if all(math.hypot(x - a, y - b) > closest * (r + c) for a, b, c in places):
            places.append((x, y, r))
    return places


def clouds(rng: Rng, width: int, height: int, scale: float) -> NDArray[np.float32]:
    """Smooth random brightness of deviation 1."""
    small = rng.normal(0, 1, (max(2, int(height / scale)), max(2, int(width / scale)))).astype(np.float32)
    wide = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return wide / max(float(wide.std()), 1e-6)


def lumps(rng: Rng) -> Counted:
    """Things as a camera sees them: one kind, uneven light, texture on things and ground, blur and grain."""
    width, height = int(rng.integers(300, 1000)), int(rng.integers(250, 800))
    places = scattered(rng, width, height, 80, rng.choice([1.2, 1.04, 1.0, 0.9]))
    ground, step = rng.uniform(20, 230, 3) * rng.uniform(0.4, 1), rng.uniform(10, 150)
    away = 1.0 if ground.mean() < 110 else -1.0
    picture = np.ones((height, width, 3), np.float32) * ground
    picture += clouds(rng, width, height, rng.uniform(80, 400))[..., None] * rng.uniform(0, 20)
    picture += clouds(rng, width, height, rng.uniform(2, 8))[..., None] * rng.choice([0, 2, 5, 12])
    tint, aspect, marks = rng.uniform(0.5, 1, 3), rng.uniform(0.5, 1), rng.uniform(0, 0.35)
    texture = clouds(rng, width, height, rng.uniform(3, 20))
    for x, y, r in places:
        mask = np.zeros((height, width), np.float32)
        axes = (int(r), max(2, int(r * min(1.0, aspect * rng.uniform(0.9, 1.1)))))
        cv2.ellipse(mask, (int(x), int(y)), axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
        level = step * rng.uniform(0.75, 1.25) * away * tint
        mine = ground + level + (texture * marks * step)[..., None]
        picture = picture * (1 - mask[..., None]) + mine * mask[..., None]
    picture *= np.linspace(rng.uniform(0.7, 1.1), rng.uniform(0.7, 1.1), width)[None, :, None]
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0))
    picture += rng.normal(0, rng.choice([0, 2, 5, 14]), picture.shape)
    if rng.random() < 0.4:
        picture = picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return np.clip(picture, 0, 255).astype(np.uint8), len(places)


def outline(rng: Rng, form: str) -> list[tuple[float, float]]:
    def regular(n: int) -> list[tuple[float, float]]:
        return [(math.cos(2 * math.pi * i / n), math.sin(2 * math.pi * i / n)) for i in range(n)]

    if form == "star":
        dent = rng.uniform(0.38, 0.55)
        return [(x * (dent if i % 2 else 1), y * (dent if i % 2 else 1)) for i, (x, y) in enumerate(regular(10))]
    if form == "rectangle":
        return [(1, 0.5), (-1, 0.5), (-1, -0.5), (1, -0.5)]
    return regular({"circle": 72, "square": 4, "triangle": 3, "pentagon": 5, "hexagon": 6}[form])


def drawing(rng: Rng) -> Counted:
    """Flat forms: apart, overlapping, or outlines, on a plain or shaded ground."""
    width, height = int(rng.integers(280, 1000)), int(rng.integers(250, 800))
    hard = rng.random()
    places = scattered(rng, width, height, 25, 0.75 if hard < 0.3 else 1.08)
    base = rng.uniform(200, 255, 3) if rng.random() < 0.8 else rng.uniform(0, 60, 3)
    ground = np.ones((height, width, 3), np.float32) * base
    if rng.random() < 0.3:
        ground += np.linspace(-rng.uniform(0, 25), rng.uniform(0, 25), width)[None, :, None]
    if rng.random() < 0.15:
        ground += clouds(rng, width, height, 4)[..., None] * rng.uniform(2, 9)
    picture = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)).resize((2 * width, 2 * height))
    draw = ImageDraw.Draw(picture)
    forms = rng.choice(["circle", "square", "triangle", "pentagon", "hexagon", "star", "rectangle"], 3)
    inks = [tuple(int(v) for v in rng.integers(0, 256, 3)) for _ in range(4)]
    inks = [c for c in inks if np.abs(np.array(c) - base).max() > 70] or [(220, 20, 30)]
    hollow = rng.random() < 0.25
    for x, y, r in places:
        turn, ink = rng.uniform(0, 6.28), inks[rng.integers(len(inks))]
        c, s = math.cos(turn) * r, math.sin(turn) * r
        points = [(2 * (x + a * c - b * s), 2 * (y + a * s + b * c)) for a, b in outline(rng, str(rng.choice(forms)))]
        if hollow:
            draw.line([*points, points[0], points[1]], fill=ink, width=max(3, int(0.15 * r)), joint="curve")
        else:
            draw.polygon(points, fill=ink)
    pixels = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS)).astype(np.float32)
    pixels += rng.normal(0, rng.choice([0, 0, 4, 12]), pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8), len(places)


def nested(rng: Rng) -> Counted:
    """Outlines within outlines, from the whole picture's size to a small one."""
    side, count = int(rng.integers(300, 900)), int(rng.integers(2, 7))
    picture = Image.new("RGB", (2 * side, 2 * side), "white")
    draw, width = ImageDraw.Draw(picture), max(2, int(rng.uniform(0.006, 0.014) * side))
    x, y, r, sides = side / 2, side / 2, side * 0.45, rng.choice([4, 4, 3, 72])
    for _ in range(count):
        points = [
            (2 * (x + r * math.cos(a)), 2 * (y + r * math.sin(a)))
            for a in np.arange(sides + 2) * 2 * math.pi / sides + math.pi / 4
        ]
        draw.line(points, fill=(0, 0, 0), width=2 * width, joint="curve")
        smaller = r * rng.uniform(0.6, 0.8)
        room = 0.5 * (0.4 if sides == 3 else 0.7) * (r - smaller)
        x, y, r = x + rng.uniform(-room, room), y + rng.uniform(-room, room), smaller
    return np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS)), count


def photograph(rng: Rng) -> Counted:
    """A crop of a photograph in which nothing is there to be counted."""
    names = PHOTOS.split()
    path = next((Path(skimage.__file__).parent / "data").glob(names[rng.integers(len(names))] + ".*"))
    picture = Image.open(path).convert("RGB")
    share = rng.uniform(0.5, 1.0)
    width, height = int(picture.width * share), int(picture.height * share)
    left, top = rng.integers(0, picture.width - width + 1), rng.integers(0, picture.height - height + 1)
    picture = picture.crop((left, top, left + width, top + height))
    picture = picture.resize((round(width * rng.uniform(0.7, 1.5)), round(height * rng.uniform(0.7, 1.5))))
    return np.asarray(picture), None


def noise(rng: Rng) -> Counted:
    """Grain of some size, in grey or colour."""
    width, height, size = int(rng.integers(200, 900)), int(rng.integers(200, 700)), rng.choice([1, 1, 2, 4, 8, 16])
    planes = [clouds(rng, width, height, float(size)) for _ in range(rng.choice([1, 3]))]
    picture = np.stack(planes if len(planes) == 3 else planes * 3, axis=2) * rng.uniform(10, 60) + 128
    return np.clip(picture, 0, 255).astype(np.uint8), None


def tissue(rng: Rng) -> Counted:
    """Ragged pieces of two or three tones at many scales, as stained tissue has."""
    width, height = int(rng.integers(300, 900)), int(rng.integers(300, 700))
    tones = rng.uniform(60, 250, (4, 3))
    picture = np.ones((height, width, 3), np.float32) * tones[0]
    for tone in tones[1:]:
        field = clouds(rng, width, height, rng.uniform(8, 40)) + clouds(rng, width, height, rng.uniform(3, 9)) * 0.7
        mask = cv2.GaussianBlur((field > rng.uniform(0.2, 1.3)).astype(np.float32), (0, 0), 1.2)[..., None]
        picture = picture * (1 - mask) + tone * mask
    picture += clouds(rng, width, height, 2.5)[..., None] * rng.uniform(3, 15)
    return np.clip(picture, 0, 255).astype(np.uint8), None


def _of_preview(kind: str, name: str) -> Callable[[Rng], Counted]:
    return lambda rng: (np.ascontiguousarray(PREVIEW[kind, name](rng)), None)


SOURCES: dict[str, Callable[[Rng], Counted]] = {
    "lumps": lumps, "drawing": drawing, "nested": nested, "photograph": photograph, "noise": noise, "tissue": tissue,
} | {f"{k} by {n}": _of_preview(k, n) for k, n in PREVIEW if k in ("page", "chart", "sign", "diagram")}  # fmt: skip
MANY = {"lumps": 8, "drawing": 8, "nested": 2, "photograph": 4, "noise": 1, "tissue": 2}
"""How many times as many pictures of a source are drawn as of the others."""
