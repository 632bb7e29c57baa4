"""A chart from its scene, by matplotlib. The only module that imports it."""

from __future__ import annotations

import warnings
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any

from PIL import Image

from maestro_evaluation.synthetic._generator import Scene
from maestro_evaluation.synthetic.charts._styles import STYLES, Style
from maestro_evaluation.synthetic.charts._tasks import number_text
from maestro_graph.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_chart"]

DPI = 110
BY_NAME = {style.name: style for style in STYLES}
LONG = 9


def draw_chart(scene: Scene) -> Image.Image:
    """The chart; the same bytes for the same scene and release of matplotlib.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    mpl, figures, agg = _matplotlib()
    data: Any = scene
    style = BY_NAME[data["style"]]
    with mpl.rc_context({**mpl.rcParamsDefault, **_rc(style)}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a legend that finds no best place
        figure = figures.Figure(figsize=style.size, dpi=DPI, layout="tight")
        axes = figure.add_subplot()
        {"pie": _pie, "donut": _pie, "barh": _across, "line": _lines, "lines": _lines}.get(data["kind"], _bars)(
            axes, data, style
        )
        axes.set_title(data["title"])
        canvas = agg.FigureCanvasAgg(figure)
        canvas.draw()
        return Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba())).convert("RGB")


def _matplotlib() -> tuple[Any, Any, Any]:
    try:
        import matplotlib as mpl
        from matplotlib import figure
        from matplotlib.backends import backend_agg
    except ImportError as error:
        raise MissingExtraError("the suite synthetic-charts", "eval", "matplotlib") from error
    return mpl, figure, backend_agg


def _rc(style: Style) -> dict[str, Any]:
    colours = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color", "axes.edgecolor")
    return {
        **dict.fromkeys(colours, style.ink),
        **{f"axes.spines.{side}": side in style.spines for side in ("left", "right", "top", "bottom")},
        "font.family": style.font,
        "font.size": 10,
        "figure.facecolor": style.paper,
        "axes.facecolor": style.plot,
        "axes.axisbelow": True,
        "grid.color": style.grid or "white",
        "legend.frameon": False,
    }


def _bars(axes: Axes, data: Any, style: Style) -> None:
    """Upright bars, of several series side by side or stacked."""
    stacked = data["kind"] == "stacked"
    count = 1 if stacked else len(data["series"])
    width = (style.width if count == 1 else 0.82) / count
    base = [0.0] * len(data["labels"])
    for place, (name, values) in enumerate(zip(data["series"], data["values"], strict=True)):
        at = [row + (0 if stacked else (place - (count - 1) / 2) * width) for row in range(len(values))]
        bars = axes.bar(at, values, width, bottom=base, label=name, color=style.colours[place], edgecolor=style.edge)
        if data["printed"]:
            ink = _contrast(style.colours[place]) if stacked else style.ink
            axes.bar_label(
                bars, [number_text(value) for value in values], label_type="center" if stacked else "edge", color=ink,
                padding=0 if stacked else 2, fontsize=8 if len(values) * count > 8 else 9,
            )  # fmt: skip
        if stacked:
            base = [low + value for low, value in zip(base, values, strict=True)]
    axes.set_xticks(range(len(data["labels"])), data["labels"])
    _labels(axes, data, style)
    axes.margins(y=0.12)
    axes.set_ylim(bottom=0)


def _across(axes: Axes, data: Any, style: Style) -> None:
    places = range(len(data["labels"]))
    bars = axes.barh(places, data["values"][0], style.width, color=style.colours[0], edgecolor=style.edge)
    if data["printed"]:
        axes.bar_label(bars, [number_text(value) for value in data["values"][0]], padding=3, color=style.ink)
    axes.set_yticks(places, data["labels"])
    axes.invert_yaxis()
    axes.set_xlabel(data["unit"])
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    _grid(axes, style, "x")


def _lines(axes: Axes, data: Any, style: Style) -> None:
    for place, (name, values) in enumerate(zip(data["series"], data["values"], strict=True)):
        dots = style.marker or ("o" if data["printed"] else "")
        axes.plot(range(len(values)), values, label=name, color=style.colours[place], marker=dots or None, linewidth=2)
        if data["printed"]:
            for row, value in enumerate(values):
                axes.annotate(
                    number_text(value), (row, value), (0, 6), textcoords="offset points", ha="center", fontsize=8
                )
    axes.set_xticks(range(len(data["labels"])), data["labels"])
    _labels(axes, data, style)
    axes.margins(y=0.15)
    axes.set_ylim(bottom=0)


def _labels(axes: Axes, data: Any, style: Style) -> None:
    longest = max(map(len, data["labels"]))
    tilted = longest > LONG or (len(data["labels"]) > 7 and longest > 5)
    if tilted:
        for text in axes.get_xticklabels():
            text.set(rotation=35, ha="right", rotation_mode="anchor")
    axes.set_ylabel(data["unit"])
    _grid(axes, style, "y")
    if len(data["series"]) > 1:
        _legend(axes, style, len(data["series"]), lower=tilted)


def _legend(axes: Axes, style: Style, count: int, *, lower: bool) -> None:
    if style.legend == "below":
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.34 if lower else -0.12), ncols=count)
    elif style.legend == "right":
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    else:
        axes.legend(loc="best")


def _grid(axes: Axes, style: Style, axis: Any) -> None:
    if style.grid:
        axes.grid(axis=axis)
        axes.tick_params(length=0)


def _pie(axes: Axes, data: Any, style: Style) -> None:
    values = data["values"][0]
    hole = 0.42 if data["kind"] == "donut" else 1.0
    keyed = bool(data["keyed"])
    wedges, *_ = axes.pie(
        values,
        labels=None if keyed else data["labels"],
        colors=style.colours[: len(values)],
        startangle=90,
        counterclock=False,
        wedgeprops={"width": hole, "edgecolor": style.paper, "linewidth": 1.5},
    )
    if data["printed"]:
        _shares(axes, wedges, values, style, middle=1 - hole / 2 if hole < 1 else 0.66)
    if keyed:
        axes.legend(wedges, data["labels"], loc="center left", bbox_to_anchor=(1.0, 0.5))


def _shares(axes: Axes, wedges: Any, values: list[float], style: Style, *, middle: float) -> None:
    for place, (wedge, value) in enumerate(zip(wedges, values, strict=True)):
        angle = radians((wedge.theta1 + wedge.theta2) / 2)
        axes.text(
            middle * cos(angle), middle * sin(angle), f"{number_text(value)}%", ha="center", va="center", fontsize=9,
            color=_contrast(style.colours[place]),
        )  # fmt: skip


def _contrast(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"
