"""Small drawings for reports: curves and heat maps as SVG and HTML, without a drawing library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["curves", "heat_map"]

WIDTH, HEIGHT, MARGIN = 520, 180, 34
COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f", "#475569")


def curves(title: str, lines: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Lines over steps, with the range of values at the left and the names below."""
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    right = max(x for x, _ in points) or 1
    low, high = min(y for _, y in points), max(y for _, y in points)
    spread = (high - low) or 1

    def place(x: float, y: float) -> str:
        across = MARGIN + x / right * (WIDTH - 2 * MARGIN)
        return f"{across:.1f},{HEIGHT - MARGIN + 10 - (y - low) / spread * (HEIGHT - 2 * MARGIN):.1f}"

    drawn = "".join(
        f'<polyline fill="none" stroke="{COLOURS[at % len(COLOURS)]}" stroke-width="1.5" '
        f'points="{" ".join(place(x, y) for x, y in line)}"/>'
        for at, line in enumerate(lines.values())
    )
    names = " ".join(
        f'<span style="color:{COLOURS[at % len(COLOURS)]}">{escape(name)}</span>' for at, name in enumerate(lines)
    )
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f'<text x="2" y="{MARGIN - 20}" font-size="10">{high:.3g}</text>'
        f'<text x="2" y="{HEIGHT - MARGIN + 10}" font-size="10">{low:.3g}</text>'
        f'<text x="{WIDTH - MARGIN - 30}" y="{HEIGHT - 8}" font-size="10">step {right:.0f}</text>{drawn}</svg>'
        f"<small>{names}</small></figure>"
    )


def heat_map(rows: Mapping[str, Mapping[str, float]], columns: Sequence[str]) -> str:
    """Shares from 0 to 1 as a table whose cells are as dark as their share."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr><th>{escape(name)}</th>" + "".join(_cell(row.get(column, 0.0)) for column in columns) + "</tr>"
        for name, row in rows.items()
    )
    return f'<table class="heat"><tr><th></th>{head}</tr>{body}</table>'


def _cell(share: float) -> str:
    text = f"{share:.0%}" if share >= 0.005 else ""
    ink = "#fff" if share > 0.55 else "#111"
    return f'<td style="background:rgba(37,99,235,{share:.2f});color:{ink}">{text}</td>'
