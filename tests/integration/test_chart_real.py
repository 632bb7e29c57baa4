"""The chart reader with the real text reader, on charts drawn by libraries that it was not developed on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from maestro_graph.embedded.chart import ChartReader, Table
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import ImageStore

pytestmark = pytest.mark.real

CHARTS = Path(__file__).parents[1] / "data" / "charts"
EXAMPLES = Path(__file__).parents[2] / "examples" / "images"
READER = ChartReader(ExpertCard(name="Chart-Reader", description="reads charts", abilities=frozenset({"chart"})))


def ask(question: str, path: Path, **more: object) -> ExpertReply:
    request = ExpertRequest(question=question, images=(ImageStore().open(str(path)),), **more)  # type: ignore[arg-type]
    return asyncio.run(READER.ask(request))


@pytest.mark.parametrize(
    ("picture", "question", "answer"),
    [
        ("plotly_1_5", "Which state has the highest value?", "Texas"),
        ("plotly_1_5", "What is the maximum number of executions?", 37.0),
        ("plotly_1_5", "How many bars are there?", 8.0),
        ("plotnine_1_3", "What is the value of 2008 for Manufacturing?", 13403.0),
        ("plotnine_1_3", "Which series has the highest value in 2010?", "Government"),
        ("plotnine_1_3", "Did Construction increase or decrease between 2006 and 2010?", "decrease"),
        ("rbase_1_4", "Which slice is the largest?", "Grignolino"),
        ("rbase_1_4", "What share does Barbera have?", 27.0),
        ("gnuplot_1_6", "In which year was the highest value?", "1961"),
        ("gnuplot_1_6", "What is the difference between 1961 and 1953?", 2936.0),
        ("bokeh_1_7", "What is the value of Renewables in 2017?", 21933.0),
        ("bokeh_1_7", "Is Nuclear Energy higher than Renewables in 2011?", "No"),
    ],
)
def test_charts_of_other_libraries(picture: str, question: str, answer: str | float) -> None:
    reply = ask(question, CHARTS / f"{picture}.png")
    assert reply.answer is not None
    if isinstance(answer, str):
        assert reply.answer == answer
    else:
        assert float(reply.answer.rstrip("%")) == pytest.approx(answer, rel=0.05)
    assert Table.from_json(reply.details["table"]).categories


def pictures() -> dict[str, Image.Image]:
    page = Image.new("RGB", (600, 400), "white")
    pen = ImageDraw.Draw(page)
    for k in range(9):
        pen.text((30, 20 + 40 * k), f"Chapter {k}: in which the story goes on for {k} more pages", fill="black")
    noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    return {
        "one pixel": Image.new("RGB", (1, 1), "red"),
        "black": Image.new("RGB", (640, 480), "black"),
        "white": Image.new("RGB", (640, 480), "white"),
        "large": Image.new("RGB", (7680, 4320), "gray"),
        "noise": Image.fromarray(noise),
        "page of text": page,
    }


@pytest.mark.parametrize("name", list(pictures()))
def test_what_is_no_chart_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    pictures()[name].save(path)
    with pytest.raises(CallFailure) as caught:
        ask("What is the highest value?", path)
    assert caught.value.kind == "refused"


def test_a_table_brought_by_others_is_asked_where_there_is_no_chart(tmp_path: Path) -> None:
    path = tmp_path / "white.png"
    Image.new("RGB", (300, 200), "white").save(path)
    table = Table(
        kind="bars",
        series=("",),
        categories=("a dog", "a cat"),
        values=((3.0, 5.0),),
        confidence=((0.9, 0.9),),
    )
    evidence = Evidence(
        turn=0, call=0, expert="Other", skill=None, query="", status="ok", text="", details={"table": table.to_json()}
    )
    assert ask("Which category has the highest value?", path, evidence=(evidence,)).answer == "a cat"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the smallest slice?", "rain"),
        ("How many slices are there?", "4"),
        ("How many days of sun were there?", "180"),
    ],
)
def test_a_pie_of_the_examples(question: str, answer: str) -> None:
    assert ask(question, EXAMPLES / "seattle_weather.png").answer == answer
