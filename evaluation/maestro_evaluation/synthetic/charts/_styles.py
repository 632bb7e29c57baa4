"""How charts look. A style belongs to one split."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["STYLES", "Style"]


@dataclass(frozen=True, slots=True)
class Style:
    """Colours, frame and type of a chart; `hollow` bars are outlined, `spines` are the sides of the frame drawn."""

    name: str
    colours: tuple[str, ...]
    paper: str = "white"
    plot: str = "white"
    ink: str = "#222222"
    grid: str = ""
    spines: tuple[str, ...] = ("left", "bottom")
    font: str = "DejaVu Sans"
    edge: str = "none"
    legend: str = "best"
    width: float = 0.7
    marker: str = ""
    size: tuple[float, float] = (6.4, 4.4)


STYLES = (
    Style("plain", ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f")),
    Style(
        "office", ("#4472c4", "#ed7d31", "#a5a5a5", "#ffc000", "#5b9bd5", "#70ad47", "#264478", "#9e480e"),
        grid="#d9d9d9", spines=("bottom",), legend="below", ink="#404040", marker="o",
    ),
    Style(
        "serif", ("#355070", "#b56576", "#6d9f71", "#e9b44c", "#6d597a", "#1b998b", "#c05746", "#7a7a7a"),
        font="DejaVu Serif", edge="#222222", spines=("left", "bottom", "right", "top"),
    ),
    Style(
        "grey-panel", ("#e24a33", "#348abd", "#988ed5", "#777777", "#fbc15e", "#8eba42", "#ffb5b8", "#2f4b7c"),
        plot="#e5e5e5", grid="white", spines=(), legend="right", size=(7.0, 4.2),
    ),
    Style(
        "dark", ("#8dd3c7", "#feffb3", "#bfbbd9", "#fa8174", "#81b1d2", "#fdb462", "#b3de69", "#bc82bd"),
        paper="#1c1c22", plot="#1c1c22", ink="#eeeeee", grid="#3a3a44", marker="s",
    ),
    Style(
        "print", ("#111111", "#777777", "#bbbbbb", "#444444", "#999999", "#dddddd", "#2a2a2a", "#5e5e5e"),
        edge="black", font="DejaVu Serif", spines=("left", "bottom", "right", "top"), marker="^", width=0.6,
    ),
    Style(
        "pastel", ("#66c2a5", "#fc8d62", "#8da0cb", "#e78ac3", "#a6d854", "#ffd92f", "#e5c494", "#b3b3b3"),
        paper="#fcfaf5", plot="#fcfaf5", spines=("bottom",), legend="below",
    ),
    Style(
        "report", ("#00468b", "#ed0000", "#42b540", "#0099b4", "#925e9f", "#fdaf91", "#ad002a", "#adb6b6"),
        grid="#cccccc", spines=("left", "bottom"), legend="right", edge="white", size=(7.2, 4.4),
    ),
    Style(
        "mono", ("#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51", "#7b2d26", "#6a994e", "#577590"),
        font="DejaVu Sans Mono", plot="#f3f3f3", spines=("left", "bottom", "right", "top"), grid="#dddddd",
    ),
)  # fmt: skip
