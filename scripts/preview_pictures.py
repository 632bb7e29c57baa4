"""Pictures of known kind, drawn by many libraries, to fit and test the preview of pictures (fit_preview.py).

Every source is a function of a random generator that returns an RGB array. A source is (kind, name); the name is the
library or origin, so that whole libraries can be held out. Photographs are crops of those that ship in
scikit-image, scikit-learn and matplotlib.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

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


# ---- photographs


@cache
def _photo_files(origin: str) -> tuple[Path, ...]:
    import skimage
    import sklearn.datasets

    if origin == "scikit-image":
        names = (
            "coffee astronaut camera gravel brick grass moon ihc cell chelsea coins motorcycle_left hubble_deep_field "
            "rocket retina"
        )
        folder = Path(skimage.__file__).parent / "data"
        return tuple(next(folder.glob(f"{name}.*")) for name in names.split())
    if origin == "scikit-learn":
        return tuple(sorted((Path(sklearn.datasets.__file__).parent / "images").glob("*.jpg")))
    return (Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg"),)


def photo(rng: Rng, origin: str = "scikit-image") -> Pixels:
    """A crop of a photograph, at some scale, brightness and JPEG quality, sometimes inverted or grey."""
    files = _photo_files(origin)
    picture = Image.open(files[rng.integers(len(files))]).convert("RGB")
    share = rng.uniform(0.45, 1.0)
    width, height = int(picture.width * share), int(picture.height * share)
    left, top = rng.integers(0, picture.width - width + 1), rng.integers(0, picture.height - height + 1)
    picture = picture.crop((left, top, left + width, top + height))
    scale = rng.uniform(0.6, 2.0)
    pixels = np.asarray(picture.resize((max(64, int(width * scale)), max(64, int(height * scale)))))
    if rng.random() < 0.3:  # smooth, as larger photographs are when they are scaled down
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(1, 3))
    pixels = np.clip(pixels * rng.uniform(0.7, 1.3) + rng.uniform(-20, 20), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        pixels = 255 - pixels
    if rng.random() < 0.15:
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    return np.rot90(pixels, rng.integers(4)) if rng.random() < 0.2 else pixels


for _origin in ("scikit-image", "scikit-learn", "matplotlib"):
    SOURCES["photo", _origin] = lambda rng, origin=_origin: photo(rng, origin)


@source("photo", "synthetic")
def photo_synthetic(rng: Rng) -> Pixels:
    """What photographs share: colour that varies at every scale, soft edges, uneven light, grain."""
    width, height = int(rng.integers(300, 1200)), int(rng.integers(300, 900))
    total, fall = np.zeros((height, width, 3), np.float32), rng.uniform(0.35, 0.8)
    for octave in range(1, 9):
        cells = rng.normal(0, 1, (2**octave, 2**octave, 3 if rng.random() < 0.5 else 1)).astype(np.float32)
        layer = cv2.resize(cells, (width, height), interpolation=cv2.INTER_CUBIC)
        total += fall**octave * layer.reshape(height, width, -1)
    total = 128 + total / total.std() * rng.uniform(8, 60)
    for x, y, r in places(rng, width, height) if rng.random() < 0.6 else []:
        mask = np.zeros((height, width, 1), np.float32)
        cv2.ellipse(mask, (int(x), int(y)), (int(r), int(r * rng.uniform(0.6, 1))), 0, 0, 360, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), max(1, r / 12)).reshape(height, width, 1)
        total = total * (1 - mask) + mask * (0.4 * total + rng.uniform(0, 150, 3))
    light = np.linspace(rng.uniform(0.5, 1.2), rng.uniform(0.5, 1.2), height)[:, None, None]
    pixels = np.clip(total * light + rng.normal(0, rng.uniform(0, 8), total.shape), 0, 255).astype(np.uint8)
    return np.repeat(pixels[:, :, :1], 3, axis=2) if rng.random() < 0.3 else pixels


# ---- charts


def table(rng: Rng, low: int = 3, high: int = 12) -> tuple[list[str], np.ndarray]:
    count = int(rng.integers(low, high + 1))
    labels = [words(rng, 1, 1) + str(i) for i in range(count)]
    if rng.random() < 0.4:
        labels = [str(2000 + i) for i in range(count)]
    return labels, np.round(rng.gamma(3, rng.choice([1, 10, 1000]), count), 1)


def _plot(axes: Any, rng: Rng) -> None:
    labels, values = table(rng)
    colours = [hexed(bright(rng)) for _ in labels] if rng.random() < 0.4 else None
    places = range(len(values))
    form = str(rng.choice(["bar", "barh", "line", "pie", "scatter", "stacked", "groups", "hist", "area"]))
    forms: dict[str, Callable[[], Any]] = {
        "bar": lambda: axes.bar(labels, values, color=colours),
        "barh": lambda: axes.barh(labels, values, color=colours),
        "pie": lambda: axes.pie(values, labels=labels, colors=colours, autopct=rng.choice([None, "%1.0f%%"])),
        "scatter": lambda: axes.scatter(rng.normal(size=60), rng.normal(size=60), c=colours[0] if colours else None),
        "hist": lambda: axes.hist(rng.normal(size=200), bins=15),
        "area": lambda: axes.fill_between(places, values, alpha=0.6),
        "line": lambda: [
            axes.plot(
                labels, rng.permutation(values), marker=rng.choice(["o", "", "s"]), label=f"{words(rng, 1, 1)}{i}"
            )
            for i in range(rng.integers(1, 5))
        ],
        "stacked": lambda: _series(axes, rng, values, stacked=True),
        "groups": lambda: _series(axes, rng, values, stacked=False),
    }
    forms[form]()
    if form in ("stacked", "groups"):
        axes.set_xticks(places, labels)
    if form in ("line", "stacked", "groups") and rng.random() < 0.7:
        axes.legend()
    if form != "pie" and rng.random() < 0.4:
        axes.grid(visible=True, axis=rng.choice(["y", "both"]))
    if rng.random() < 0.8:
        axes.set_title(words(rng, 2, 6))
    if form != "pie" and rng.random() < 0.6:
        axes.set_ylabel(words(rng, 1, 3))


def _series(axes: Any, rng: Rng, values: np.ndarray, *, stacked: bool) -> None:
    below = np.zeros(len(values))
    for i in range(3):
        more, shift = rng.permutation(values), 0 if stacked else (i - 1) * 0.27
        wide = 0.8 if stacked else 0.26
        axes.bar(np.arange(len(values)) + shift, more, wide, bottom=below, label=f"{words(rng, 1, 1)}{i}")
        below = below + more if stacked else below


def _mpl_chart(rng: Rng, style: str) -> Pixels:
    from matplotlib import pyplot as plt

    with plt.style.context(style):
        figure, axes = plt.subplots(figsize=(rng.uniform(4, 10), rng.uniform(3, 7)))
        _plot(axes, rng)
        return figure_pixels(figure, rng)


@source("chart", "matplotlib")
def chart_matplotlib(rng: Rng) -> Pixels:
    return _mpl_chart(rng, str(rng.choice(["default", "default", "ggplot", "bmh", "dark_background", "fast"])))


@source("chart", "seaborn")
def chart_seaborn(rng: Rng) -> Pixels:
    import seaborn
    from matplotlib import pyplot as plt

    with seaborn.axes_style(str(rng.choice(["whitegrid", "darkgrid", "white", "ticks"]))):
        figure, axes = plt.subplots(figsize=(rng.uniform(4, 9), rng.uniform(3, 6)))
        labels, values = table(rng)
        form = rng.integers(4)
        if form == 0:
            seaborn.barplot(x=labels, y=values, ax=axes)
        elif form == 1:
            seaborn.barplot(x=values, y=labels, ax=axes, color=hexed(bright(rng)))
        elif form == 2:
            seaborn.lineplot(x=list(range(len(values))), y=values, ax=axes)
        else:
            seaborn.boxplot([rng.normal(size=30) for _ in range(5)], ax=axes)
        axes.set_title(words(rng, 2, 5))
        return figure_pixels(figure, rng)


@source("chart", "plotnine")
def chart_plotnine(rng: Rng) -> Pixels:
    import pandas as pd
    import plotnine as p9

    labels, values = table(rng)
    frame = pd.DataFrame({"x": labels, "y": values, "n": range(len(values))})
    forms = [
        lambda: p9.ggplot(frame, p9.aes("x", "y")) + p9.geom_col(fill=hexed(bright(rng))),
        lambda: p9.ggplot(frame, p9.aes("x", "y", fill="x")) + p9.geom_col(),
        lambda: p9.ggplot(frame, p9.aes("n", "y")) + p9.geom_line() + p9.geom_point(),
    ]
    theme = [p9.theme_gray, p9.theme_bw, p9.theme_minimal, p9.theme_classic][rng.integers(4)]()
    plot = forms[rng.integers(3)]() + p9.ggtitle(words(rng, 2, 5)) + theme
    buffer = io.BytesIO()
    plot.save(buffer, format="png", width=rng.uniform(4, 8), height=rng.uniform(3, 6), dpi=100, verbose=False)
    return decoded(buffer.getvalue())


@source("chart", "altair")
def chart_altair(rng: Rng) -> Pixels:
    import altair as alt
    import pandas as pd
    import vl_convert

    labels, values = table(rng)
    base = alt.Chart(pd.DataFrame({"x": labels, "y": values}), title=words(rng, 2, 5))
    size = {"width": int(rng.integers(200, 600)), "height": int(rng.integers(150, 400))}
    forms = [
        lambda: base.mark_bar().encode(x="x", y="y"), lambda: base.mark_bar().encode(y="x", x="y", color="x"),
        lambda: base.mark_line(point=True).encode(x="x", y="y"), lambda: base.mark_arc().encode(theta="y", color="x"),
        lambda: base.mark_arc(innerRadius=60).encode(theta="y", color="x"),
        lambda: base.mark_area().encode(x="x", y="y"),
    ]  # fmt: skip
    chart = forms[rng.integers(len(forms))]().properties(**size)
    return decoded(vl_convert.vegalite_to_png(chart.to_json(), scale=float(rng.choice([1, 2]))))


@source("chart", "pygal")
def chart_pygal(rng: Rng) -> Pixels:
    import pygal
    from pygal import style

    labels, values = table(rng)
    form = [pygal.Bar, pygal.Line, pygal.Pie, pygal.HorizontalBar, pygal.StackedBar][rng.integers(5)]
    look = [style.DefaultStyle, style.CleanStyle, style.LightColorizedStyle, style.DarkStyle][rng.integers(4)]
    chart = form(style=look, width=int(rng.integers(500, 1000)), height=int(rng.integers(350, 700)))
    chart.title = words(rng, 2, 5)
    if form is pygal.Pie:
        for label, value in zip(labels, values, strict=True):
            chart.add(label, value)
    else:
        chart.x_labels = labels
        for i in range(rng.integers(1, 4)):
            chart.add(f"{words(rng, 1, 1)}{i}", list(rng.permutation(values)))
    return decoded(chart.render_to_png())


@source("chart", "PIL")
def chart_pil(rng: Rng) -> Pixels:
    width, height = int(rng.integers(400, 1200)), int(rng.integers(300, 800))
    picture = Image.new("RGB", (width, height), ground(rng) if rng.random() < 0.3 else "white")
    draw, text = ImageDraw.Draw(picture), font(rng, width // 50)
    ink = "black" if sum(picture.getpixel((0, 0))) > 300 else "white"
    left, bottom, top, right = width // 9, int(height * 0.86), height // 8, int(width * 0.95)
    labels, values = table(rng)
    draw.text((width // 3, height // 40), words(rng, 2, 5), ink, font(rng, width // 32))
    if rng.random() < 0.2:
        start = 0.0
        box = (width // 4, top, width // 4 + bottom - top, bottom)
        for label, value in zip(labels, values, strict=True):
            end = start + 360 * value / values.sum()
            colour = bright(rng)
            draw.pieslice(box, start, end, fill=colour)
            draw.rectangle((int(width * 0.82), top + start, int(width * 0.84), top + start + 12), fill=colour)
            draw.text((int(width * 0.85), top + start), label, ink, text)
            start = end
        return np.asarray(picture)
    draw.line((left, top, left, bottom, right, bottom), ink, 2)
    for i in range(6):
        y = bottom - i * (bottom - top) // 5
        draw.text((left - width // 14, y - 6), str(round(values.max() * i / 5)), ink, text)
        if rng.random() < 0.5:
            draw.line((left, y, right, y), (200, 200, 200))
    step = (right - left) / len(values)
    points = [(left + step * (i + 0.5), bottom - (bottom - top) * v / values.max()) for i, v in enumerate(values)]
    colour, bars = bright(rng), rng.random() < 0.6
    for (x, y), label in zip(points, labels, strict=True):
        if bars:
            draw.rectangle((x - step * 0.35, y, x + step * 0.35, bottom), fill=colour)
        draw.text((x - step * 0.3, bottom + 8), label, ink, text)
    if not bars:
        draw.line(points, colour, 3)
    return np.asarray(picture)


# ---- printed pages, receipts, forms


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


# ---- signs: few large words


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


# ---- drawn objects to count and to look at


def _outline(rng: Rng, x: float, y: float, r: float) -> list[tuple[float, float]]:
    sides, turn = int(rng.choice([3, 4, 5, 6, 10, 40])), rng.uniform(0, 6)
    radii = [r * (0.45 if sides == 10 and i % 2 else 1) for i in range(sides)]
    return [
        (x + q * np.cos(turn + 6.2832 * i / sides), y + q * np.sin(turn + 6.2832 * i / sides))
        for i, q in enumerate(radii)
    ]


def places(rng: Rng, width: int, height: int) -> list[tuple[float, float, float]]:
    """Centres and radii: some apart, some touching, alike or varied in size."""
    count, base = int(rng.integers(2, 50)), min(width, height)
    size = base * float(np.clip(rng.uniform(0.25, 0.6) / np.sqrt(count), 0.012, 0.25))
    spread = rng.uniform(0, 0.5)
    return [
        (rng.uniform(size, width - size), rng.uniform(size, height - size), size * rng.uniform(1 - spread, 1 + spread))
        for _ in range(count)
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


# ---- diagrams: thin strokes, few labels


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
