"""A drawing as SVG: text stays text, light and dark."""

from __future__ import annotations

import math
from html import escape

from maestro_graph.cli._drawing import LINE, NOTE_SIZE, TITLE_SIZE, Arrow, Box, Drawing, Point

__all__ = ["arrow_head", "first_line", "to_svg"]

HEAD = 10.0
STYLE = """
.page { fill: #ffffff; } .box { fill: #eef3fb; stroke: #2f5aa8; stroke-width: 1.6; }
.title { fill: #16233a; font: 600 17px system-ui, "Segoe UI", "Noto Sans", sans-serif; }
.note { fill: #4a5a72; font: 13px system-ui, "Segoe UI", "Noto Sans", sans-serif; }
.line { fill: none; stroke: #5b6b82; stroke-width: 1.8; } .dashed { stroke-dasharray: 6 4; }
.head, .dot { fill: #5b6b82; } .ring { fill: none; stroke: #5b6b82; stroke-width: 1.8; }
@media (prefers-color-scheme: dark) {
.page { fill: #12161c; } .box { fill: #1c2738; stroke: #8ab4f8; } .title { fill: #e6eaf0; } .note { fill: #a9b6c8; }
.line, .ring { stroke: #9aa7b5; } .head, .dot { fill: #9aa7b5; } }
"""


def to_svg(drawing: Drawing) -> str:
    """The drawing as a document of its own."""
    width, height = math.ceil(drawing.width), math.ceil(drawing.height)
    names = ", ".join(box.title for box in drawing.boxes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="Graph with the nodes {escape(names)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width}" height="{height}" rx="12"/>',
        *(_arrow(arrow) for arrow in drawing.arrows),
        *(_box(box) for box in drawing.boxes),
        "</svg>\n",
    ]
    return "\n".join(parts)


def arrow_head(arrow: Arrow) -> tuple[Point, Point, Point]:
    """The triangle at the end of an arrow."""
    (x1, y1), (x2, y2) = arrow.points[2], arrow.points[3]
    angle = math.atan2(y2 - y1, x2 - x1)
    left, right = angle + math.pi - 0.42, angle + math.pi + 0.42
    return (
        (x2, y2),
        (x2 + HEAD * math.cos(left), y2 + HEAD * math.sin(left)),
        (x2 + HEAD * math.cos(right), y2 + HEAD * math.sin(right)),
    )


def first_line(box: Box) -> float:
    """Baseline of a box's title, so that title and notes stand in its middle."""
    text = TITLE_SIZE + len(box.notes) * NOTE_SIZE * LINE
    return box.y + (box.height - text) / 2 + TITLE_SIZE * 0.82


def _arrow(arrow: Arrow) -> str:
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = arrow.points
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in arrow_head(arrow))
    kind = "line dashed" if arrow.dashed else "line"
    return (
        f'<path class="{kind}" d="M{x0:.1f} {y0:.1f} C{x1:.1f} {y1:.1f} {x2:.1f} {y2:.1f} {x3:.1f} {y3:.1f}"/>'
        f'<polygon class="head" points="{head}"/>'
    )


def _box(box: Box) -> str:
    middle = box.x + box.width / 2
    if box.kind != "node":
        centre = box.y + box.height / 2
        radius = box.width / 2
        ring = (
            f'<circle class="ring" cx="{middle:.1f}" cy="{centre:.1f}" r="{radius:.1f}"/>' if box.kind == "end" else ""
        )
        inner = radius - 4 if box.kind == "end" else radius
        return (
            f'{ring}<circle class="dot" cx="{middle:.1f}" cy="{centre:.1f}" r="{inner:.1f}"/>'
            f'<text class="note" x="{middle:.1f}" y="{box.y + box.height + 17:.1f}" text-anchor="middle">'
            f"{escape(box.title)}</text>"
        )
    y = first_line(box)
    lines = [
        f'<rect class="box" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="9"/>',
        f'<text class="title" x="{middle:.1f}" y="{y:.1f}" text-anchor="middle">{escape(box.title)}</text>',
    ]
    for number, note in enumerate(box.notes, 1):
        at = y + number * NOTE_SIZE * LINE + 2
        lines.append(f'<text class="note" x="{middle:.1f}" y="{at:.1f}" text-anchor="middle">{escape(note)}</text>')
    return "".join(lines)
