"""Charts by six libraries."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from preview_pictures._base import (
    Pixels,
    Rng,
    bright,
    decoded,
    figure_pixels,
    font,
    ground,
    hexed,
    source,
    words,
)


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
