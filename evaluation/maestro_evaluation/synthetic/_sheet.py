"""A contact sheet: some pictures of a suite with their questions and answers, to be looked at."""

from __future__ import annotations

import textwrap
from pathlib import Path

from PIL import Image, ImageDraw

from maestro_evaluation.samples import Sample, Suite
from maestro_evaluation.synthetic._fonts import font
from maestro_graph.errors import MaestroError

__all__ = ["contact_sheet", "save_sheet"]

COLUMNS = 4
ROWS = 3
CELL = 300
CAPTION = 84
GAP = 12
LINE = 44
MOST_LINES = 5


def contact_sheet(suite: Suite) -> Image.Image:
    """Twelve samples: as many tasks as there are, then as many styles as there are."""
    chosen = _choose(suite)
    columns = min(COLUMNS, len(chosen))
    rows = -(-len(chosen) // columns)
    size = (GAP + columns * (CELL + GAP), GAP + rows * (CELL + CAPTION + GAP))
    sheet = Image.new("RGB", size, "white")
    for place, sample in enumerate(chosen):
        row, column = divmod(place, columns)
        _paste(sheet, sample, GAP + column * (CELL + GAP), GAP + row * (CELL + CAPTION + GAP))
    return sheet


def save_sheet(suite: Suite, file: Path) -> None:
    """Write the sheet in the form that the file's ending names.

    Raises:
        MaestroError: Pillow does not know the ending.
    """
    if file.suffix.lower() not in Image.registered_extensions():
        raise MaestroError(f"{file} has no ending of a picture; name it .png or .webp")
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix.lower() == ".webp":
        contact_sheet(suite).save(file, quality=75, method=6)
    else:
        contact_sheet(suite).save(file)


def _choose(suite: Suite) -> list[Sample]:
    """In turn of each task the next sample, begun at different places, since answers run in cycles."""
    tasks: dict[tuple[object, ...], dict[tuple[str, ...], Sample]] = {}
    for sample in suite:
        task = (sample.scene.get("generator", ""), sample.scene.get("task", sample.family))
        tasks.setdefault(task, {}).setdefault(sample.images, sample)
    rows = []
    for place, found in enumerate(tasks.values()):
        samples = list(found.values())
        start = place * 5 % len(samples)
        rows.append(samples[start:] + samples[:start])
    ranked = [row[turn] for turn in range(max(map(len, rows))) for row in rows if turn < len(row)]
    return ranked[: COLUMNS * ROWS]


def _paste(sheet: Image.Image, sample: Sample, left: int, top: int) -> None:
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((left - 1, top - 1, left + CELL, top + CELL), outline="#999999")
    if sample.images:
        with Image.open(sample.images[0]) as image:
            small = image.convert("RGB")
            small.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
        sheet.paste(small, (left + (CELL - small.width) // 2, top + (CELL - small.height) // 2))
    answer = str(sample.scene.get("reply", sample.answer))
    lines = textwrap.wrap(f"{sample.question}", LINE)[: MOST_LINES - 1]
    lines.append(textwrap.shorten(f"→ {answer}", LINE, placeholder=" …"))
    pen.text((left, top + CELL + 4), "\n".join(lines), fill="black", font=font("DejaVuSans", 11), spacing=3)
