"""A suite whose every question reads the same: only the picture tells which expert can answer it.

"How many squares are there?" is asked of a bar chart, of a page with a list, of drawn shapes, and of a large scene in
which one small plate says so. The embedded chart reader, reader and counter can each answer their own kind and no
other (`maestro eval outcomes` says how cleanly). All pictures have the same proportions, so that their size tells
nothing. Kinds are drawn 2 : 1 : 2 : 1, a third of the questions for each of the three experts.

    python benchmarks/pixels_suite.py --out pixels --train 120 --test 60
    maestro eval outcomes --suite pixels --registry embedded --out pixels-outcomes
"""

from __future__ import annotations

import argparse
import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from maestro_evaluation.samples import Sample, Split, Suite, SuiteInfo, write_questions
from maestro_evaluation.synthetic._fonts import Face, font
from maestro_evaluation.synthetic.targets._clutter import STYLES, draw_clutter

QUESTION = "How many squares are there?"
NAMES = ("circles", "stars", "crosses", "rings", "arrows", "hearts", "lines", "cubes")
KINDS = ("chart", "page", "shapes", "chart", "target", "shapes")
SIZE = (600, 480)
LARGE = (1000, 800)
PAPERS = ("white", "#fbf6e8", "#eef3fa", "#f4f4f4")
INKS = ("black", "#20262e", "#3a2a1a", "#123a5a")
COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#d68910", "#7d3c98", "#117a65")
FACES: Sequence[Face] = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSerif", "DejaVuSans-Oblique")


def chart(draw: random.Random, file: Path) -> int:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = names_with_squares(draw, draw.randint(3, 5))
    values = [draw.randint(3, 30) for _ in names]
    figure = Figure(figsize=(SIZE[0] / 100, SIZE[1] / 100), dpi=100, facecolor=draw.choice(PAPERS))
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.bar(names, values, color=draw.choice(COLOURS), width=draw.uniform(0.5, 0.8))
    axes.set_ylim(0, 32)
    axes.set_ylabel("count")
    if draw.random() < 0.5:
        axes.set_title(draw.choice(("Shapes", "What was found", "Stock")))
    if draw.random() < 0.5:
        axes.grid(axis="y", alpha=0.4)
    figure.savefig(file)
    return values[names.index("squares")]


def page(draw: random.Random, file: Path) -> int:
    names = names_with_squares(draw, draw.randint(3, 5))
    values = [draw.randint(11, 99) for _ in names]
    image = Image.new("RGB", SIZE, draw.choice(PAPERS))
    pen, ink, face = ImageDraw.Draw(image), draw.choice(INKS), draw.choice(FACES)
    left, size, step = draw.randint(30, 120), draw.randint(22, 28), draw.randint(54, 66)
    pen.text((left, 30), draw.choice(("Stock list", "Inventory", "Shapes found")), font=font(face, size + 6), fill=ink)
    column = left + draw.randint(180, 260)
    for row, (name, value) in enumerate(zip(names, values, strict=True)):
        pen.text((left, 110 + step * row), f"{name}:", font=font(face, size), fill=ink)
        pen.text((column, 110 + step * row), str(value), font=font(face, size), fill=ink)
    image.save(file)
    return values[names.index("squares")]


def shapes(draw: random.Random, file: Path) -> int:
    image = Image.new("RGB", SIZE, draw.choice(PAPERS))
    pen = ImageDraw.Draw(image)
    count, others = draw.randint(3, 9), draw.randint(2, 6)
    cells = draw.sample(list(itertools.product(range(6), range(5))), count + others)
    for number, (column, row) in enumerate(cells):
        x, y, half = 50 + 98 * column, 50 + 94 * row, draw.randint(20, 32)
        x, y = x + draw.randint(-8, 8), y + draw.randint(-8, 8)
        shape = pen.rectangle if number < count else pen.ellipse
        shape((x - half, y - half, x + half, y + half), fill=draw.choice(COLOURS))
    image.save(file)
    return count


def target(draw: random.Random, file: Path) -> int:
    image = draw_clutter(draw.choice(list(STYLES)), *LARGE, draw.randrange(10**6))
    pen, value = ImageDraw.Draw(image), draw.randint(11, 99)
    x, y, text = draw.randint(100, LARGE[0] - 300), draw.randint(100, LARGE[1] - 200), f"squares: {value}"
    wide = pen.textlength(text, font=font("DejaVuSans", 22))
    pen.rectangle((x, y, x + wide + 14, y + 36), fill="white", outline="black")
    pen.text((x + 7, y + 4), text, font=font("DejaVuSans", 22), fill="black")
    image.save(file, quality=88)
    return value


def names_with_squares(draw: random.Random, count: int) -> list[str]:
    names = [*draw.sample(NAMES, count - 1), "squares"]
    draw.shuffle(names)
    return names


DRAWN: dict[str, Callable[[random.Random, Path], int]] = {
    "chart": chart,
    "page": page,
    "shapes": shapes,
    "target": target,
}


def write_suite(folder: Path, sizes: dict[Split, int], seed: int) -> Suite:
    pictures = folder.resolve() / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    samples = []
    for split, size in sizes.items():
        for number in range(size):
            kind = KINDS[number % len(KINDS)]
            name = f"{split}-{kind}-{number:04d}"
            file = pictures / f"{name}.{'jpg' if kind == 'target' else 'png'}"
            answer = DRAWN[kind](random.Random(f"{seed} {name}"), file)
            samples.append(
                Sample(
                    id=name,
                    suite="pixels",
                    question=QUESTION,
                    images=(str(file),),
                    answer=str(answer),
                    family=kind,
                    rule="short-answer",
                    split=split,
                    free_answer=True,
                )
            )
    info = SuiteInfo(
        name="pixels",
        title="One question, four kinds of picture",
        source=f"generated: benchmarks/pixels_suite.py, seed {seed}",
        licence="Apache-2.0 (drawn by this project; fonts DejaVu, free licence)",
    )
    suite = Suite(info, tuple(samples))
    write_questions(suite, folder)
    return suite


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=int, default=120)
    parser.add_argument("--test", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    suite = write_suite(options.out, {"train": options.train, "test": options.test}, options.seed)
    print(f"{len(suite)} questions: {options.out}")


if __name__ == "__main__":
    main()
