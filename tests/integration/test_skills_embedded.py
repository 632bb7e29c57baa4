"""Skills on the embedded experts that can run them: real models, real pictures and drawings (issue B, 2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from maestro_graph import CallSkill, Registry, load_registry
from maestro_graph.calls import CallSettings, run_call
from maestro_graph.evidence import Evidence

pytestmark = pytest.mark.real

PICTURES = Path(__file__).parents[2] / "examples" / "images"
OTHERS = Path(__file__).parents[1] / "data" / "pictures"
CHARTS = Path(__file__).parents[1] / "data" / "charts"


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry("embedded")


async def run(registry: Registry, skill: str, question: str, picture: Path, expert: str | None = None) -> Evidence:
    key = next(key for key, found in registry.skills.items() if found.card.name == skill)
    who = expert or next(name for name, able in registry.actions() if able == key)
    return await run_call(
        registry,
        CallSkill(who, key, question),
        turn=0,
        index=0,
        images=[registry.images.open(str(picture))],
        evidence=(),
        settings=CallSettings(seconds_left=60),
    )


@pytest.mark.parametrize(
    ("skill", "question", "picture", "answer", "child"),
    [
        ("counting-problem-solver", "How many coins are there?", "coins.png", "24", None),
        ("counting-problem-solver", "How many bright regions are there?", "cell.png", "1", None),
        (
            "chart-problem-solver",
            "In which year was the price of wheat highest?",
            "wheat_price.png",
            "1800",
            "line",
        ),
        ("chart-problem-solver", "Which column is the tallest?", "iowa_electricity.png", "Fossil Fuels", "bar"),
        ("chart-problem-solver", "Which slice of the whole is the largest?", "seattle_weather.png", "sun", "pie"),
        ("ocr-problem-solver", "What is the heading of the page?", "page.png", "Region-based segmentation", None),
        (
            "ocr-problem-solver",
            "What is written in the picture?",
            "iowa_electricity.png",
            "Nuclear Energy",
            "text-recognition",
        ),
        ("ocr-problem-solver", "What is written in the picture?", "seattle_weather.png", "Seattle", "text-recognition"),
        ("perception-problem-solver", "What colour is the background?", "cell.png", "gray", None),
        ("perception-problem-solver", "Is the picture mostly dark?", "rocket.jpg", "yes", None),
        ("perception-problem-solver", "Is the picture mostly dark?", "page.png", "no", None),
    ],
)
async def test_answers(
    registry: Registry, skill: str, question: str, picture: str, answer: str, child: str | None
) -> None:
    evidence = await run(registry, skill, question, PICTURES / picture)
    assert evidence.status == "ok", evidence.text
    assert answer.lower() in (evidence.answer or "").lower()
    assert child is None or evidence.details["level2"] == child


@pytest.mark.parametrize(
    ("skill", "question", "picture", "answer", "child"),
    [
        ("counting-problem-solver", "How many blue sweets are there?", "smarties.png", "3", None),
        ("counting-problem-solver", "How many red squares are there?", "separating-lines.png", "5", None),
        ("diagram-reasoning", "How many triangles are drawn?", "pic3.png", "1", "geometric-shape-counting"),
        ("diagram-reasoning", "How many squares are drawn?", "pic3.png", "2", "geometric-shape-counting"),
        (
            "diagram-reasoning",
            "How many blue circles are drawn?",
            "separating-lines.png",
            "5",
            "geometric-shape-counting",
        ),
        (
            "diagram-reasoning",
            "How many rows and columns does the chessboard have?",
            "chessboard.png",
            "8 rows and 8 columns",
            "grid-structure-parsing",
        ),
        (
            "diagram-reasoning",
            "How many times do the red and the blue line meet?",
            "normal_form.jpg",
            "1",
            "intersection-route-counting",
        ),
        (
            "diagram-reasoning",
            "Are the green and the blue circle touching each other?",
            "opencv-logo.png",
            "no",
            "circle-contact-overlap",
        ),
        ("geometric-problem-solver", "What is the perimeter of the triangle?", "airports.png", "4983", None),
        ("geometric-problem-solver", "What is the area of the rectangle?", "pitch.png", "7140", None),
        ("geometric-problem-solver", "How long is x?", "diamond.png", "127.3", None),
        ("geometric-problem-solver", "What is the circumference of the circle?", "centre-circle.png", "57.49 m", None),
        ("geometric-problem-solver", "How long is the diagonal x?", "court.png", "31.76 m", None),
    ],
)
async def test_pictures_of_other_makers(
    registry: Registry, skill: str, question: str, picture: str, answer: str, child: str | None
) -> None:
    evidence = await run(registry, skill, question, OTHERS / picture)
    assert evidence.answer == answer, evidence.text
    assert child is None or evidence.details["level2"] == child


@pytest.mark.parametrize(
    ("question", "picture", "answer"),
    [
        ("Which state has the highest value?", "plotly_1_5.png", "Texas"),
        ("Which slice is the largest?", "rbase_1_4.png", "Grignolino"),
        ("In which year was the highest value?", "gnuplot_1_6.png", "1961"),
        ("Is Nuclear Energy higher than Renewables in 2011?", "bokeh_1_7.png", "No"),
    ],
)
async def test_charts_of_other_libraries(registry: Registry, question: str, picture: str, answer: str) -> None:
    evidence = await run(registry, "chart-problem-solver", question, CHARTS / picture)
    assert evidence.answer == answer, evidence.text


@pytest.mark.parametrize(
    ("picture", "part", "scale", "oval", "answer"),
    [
        ("page.png", (0, 0, 384, 60), 4, (94, 23, 196, 159), "g"),
        ("page.png", (0, 0, 384, 60), 4, (588, 23, 690, 159), "s"),
        ("page.png", (0, 30, 384, 110), 4, (1161, 56, 1236, 156), "i"),
        ("seattle_weather.png", None, 2, (695, 13, 734, 66), "S"),
        ("iowa_electricity.png", None, 2, (781, 992, 821, 1044), "N"),
    ],
)
async def test_a_letter_of_a_printed_page_or_chart_with_an_oval_around_it(
    registry: Registry,
    tmp_path: Path,
    picture: str,
    part: tuple[int, int, int, int] | None,
    scale: int,
    oval: tuple[int, int, int, int],
    answer: str,
) -> None:
    shown = Image.open(PICTURES / picture).convert("RGB").crop(part)
    shown = shown.resize((shown.width * scale, shown.height * scale), Image.Resampling.LANCZOS)
    ImageDraw.Draw(shown).ellipse(oval, outline="red", width=4)
    shown.save(tmp_path / "marked.png")
    evidence = await run(registry, "diagram-reasoning", "Which letter is being circled?", tmp_path / "marked.png")
    assert evidence.answer == answer, evidence.text
    assert evidence.details["level2"] == "highlighted-character"


def word_with_an_oval() -> Image.Image:
    picture = Image.new("RGB", (640, 300), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(60)
    at = 60 + font.getlength("Cathe")
    draw.text((60, 100), "Cathedral", font=font, fill="black")
    draw.ellipse((at - 6, 90, at + font.getlength("d") + 6, 180), outline="red", width=4)
    return picture


def map_of_routes() -> Image.Image:
    picture = Image.new("RGB", (600, 600), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(40)
    for label, place in (("A", (280, 5)), ("B", (560, 280)), ("C", (285, 550)), ("D", (10, 280))):
        draw.text(place, label, font=font, fill="black")
    for colour, points in (
        ("tomato", [(280, 60), (280, 200), (200, 200), (200, 400), (280, 400), (280, 540)]),
        ("royalblue", [(310, 60), (310, 250), (400, 250), (400, 450), (310, 450), (310, 540)]),
        ("seagreen", [(60, 310), (450, 310), (450, 300), (550, 300)]),
    ):
        draw.line(points, fill=colour, width=8, joint="curve")
    return picture


@pytest.mark.parametrize(
    ("picture", "question", "answer", "child"),
    [
        (word_with_an_oval, "Which letter is being circled?", "d", "highlighted-character"),
        (map_of_routes, "How many single-colored paths go from A to C?", "2", "intersection-route-counting"),
        (map_of_routes, "How many single-colored paths go from D to B?", "1", "intersection-route-counting"),
        (map_of_routes, "How many single-colored paths go from A to B?", "0", "intersection-route-counting"),
    ],
)
async def test_writing_in_diagrams(
    registry: Registry, tmp_path: Path, picture: Callable[[], Image.Image], question: str, answer: str, child: str
) -> None:
    picture().save(tmp_path / "drawing.png")
    evidence = await run(registry, "diagram-reasoning", question, tmp_path / "drawing.png")
    assert evidence.answer == answer, evidence.text
    assert evidence.details["level2"] == child


def grid(draw: ImageDraw.ImageDraw) -> None:
    for x in range(7):
        draw.line((50 + x * 100, 50, 50 + x * 100, 450), fill="black", width=3)
    for y in range(5):
        draw.line((50, 50 + y * 100, 650, 50 + y * 100), fill="black", width=3)


def board(draw: ImageDraw.ImageDraw) -> None:
    for x in range(6):
        draw.line((100 + x * 80, 60, 100 + x * 80, 380), fill="navy", width=4)
    for y in range(5):
        draw.line((100, 60 + y * 80, 500, 60 + y * 80), fill="navy", width=4)


def discs(draw: ImageDraw.ImageDraw) -> None:
    for x, y in ((120, 120), (350, 140), (560, 330), (200, 370)):
        draw.ellipse((x - 60, y - 60, x + 60, y + 60), fill="red")


@pytest.mark.parametrize(
    ("drawn", "question", "answer", "child"),
    [
        (grid, "How many rows and columns does it have?", "4 rows and 6 columns", "grid-structure-parsing"),
        (board, "How many rows and columns are there?", "4 rows and 5 columns", "grid-structure-parsing"),
        (discs, "How many circles are drawn?", "4", "geometric-shape-counting"),
    ],
)
async def test_diagrams(
    registry: Registry,
    tmp_path: Path,
    drawn: Callable[[ImageDraw.ImageDraw], None],
    question: str,
    answer: str,
    child: str,
) -> None:
    picture = Image.new("RGB", (700, 500), "white")
    drawn(ImageDraw.Draw(picture))
    picture.save(tmp_path / "drawing.png")
    evidence = await run(registry, "diagram-reasoning", question, tmp_path / "drawing.png")
    assert evidence.answer == answer, evidence.text
    assert evidence.details["level2"] == child


async def test_what_no_embedded_expert_can_is_refused_with_the_reason(registry: Registry) -> None:
    formula = await run(registry, "ocr-problem-solver", "Give me the LaTeX", PICTURES / "page.png")
    assert (formula.status, formula.usage.calls) == ("refused", 0)
    assert "formula-recognition" in formula.text
    science = await run(registry, "science-problem-solver", "What is it?", PICTURES / "cell.png", "reader")
    assert science.status == "refused"
    assert "needs the ability chat" in science.text
