"""The suite: kinds of charts in turn, for each its kinds of questions in turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from PIL import Image

from maestro_evaluation.samples import Split
from maestro_evaluation.synthetic._generator import Generator, Question, Rejected, Scene, digits, share
from maestro_evaluation.synthetic.charts._draw import draw_chart
from maestro_evaluation.synthetic.charts._styles import STYLES
from maestro_evaluation.synthetic.charts._tables import Table, tables_of
from maestro_evaluation.synthetic.charts._tasks import TASKS
from maestro_graph.evidence import Json

__all__ = ["ChartSuite"]

FAMILY = "Chart_Problem_Solver"
ONE = ("lookup", "difference", "largest", "ratio", "compare", "count", "total", "smallest")
KINDS: dict[str, Sequence[str]] = {
    "bar": ONE,
    "pie": ("lookup", "largest", "difference", "compare", "total", "smallest"),
    "line": ("lookup", "difference", "compare", "count", "ratio", "total"),
    "grouped": ("lookup", "difference", "largest", "compare", "ratio", "total", "smallest"),
    "barh": ONE,
    "donut": ("lookup", "largest", "difference", "compare", "total", "smallest"),
    "lines": ("lookup", "difference", "compare", "ratio"),
    "stacked": ("lookup", "largest", "compare", "difference", "smallest"),
}
MOST_LABELS = {"bar": 9, "barh": 10, "line": 12, "grouped": 5, "stacked": 6, "lines": 9, "pie": 6, "donut": 6}
LEAST_LABELS = {"bar": 6, "barh": 6, "line": 8, "grouped": 3, "stacked": 4, "lines": 5, "pie": 3, "donut": 3}
LEAST_SLICE = 5.0
NAMES_FOR_EXTREMES = 10
"""Fewer, and the winner could be guessed."""

PLURALS = {"industry": "industries", "variety": "varieties"}


class ChartSuite(Generator):
    """Questions about charts of real tables."""

    name = "synthetic-charts"
    title = "Charts of real tables"
    about = (
        "Bars, lines, pies and donuts in several styles: reading a value, difference, ratio, sum, extremes, "
        "comparison, count. Half of the charts print their values."
    )
    follows = "ChartQA"
    licence = "Apache-2.0 (drawn by this project from public tables, tables/ORIGIN.md; fonts DejaVu, free licence)"
    families = (FAMILY,)

    def scene(self, rng: Random, split: Split, number: int) -> Scene:
        place, turn = digits(number, len(KINDS), 10**9)
        kind = list(KINDS)[place]
        task, again = digits(turn, len(KINDS[kind]), 10**9)
        table = _table(rng, split, kind, KINDS[kind][task])
        style = rng.choice(share(STYLES, split))
        printed = rng.random() < (0.25 if kind in {"line", "lines"} else 0.5)
        scene: dict[str, Any] = {
            "task": f"{kind}: {KINDS[kind][task]}",
            "kind": kind,
            "asked": KINDS[kind][task],
            "style": style.name,
            "printed": printed,
            "keyed": rng.random() < 0.4,
            "parts": {"style": style.name, "table": table.name},
            "title": table.title,
            "unit": table.unit,
            "quantity": table.quantity,
            "noun": table.noun,
            "series_noun": table.series_noun,
            "label_kind": table.label_kind,
            "series_kind": table.series_kind,
            "labels": list(table.labels),
            "series": list(table.series),
            "values": [list(column) for column in table.values],
        }
        if kind in {"pie", "donut"}:
            _as_shares(scene)
        _check(scene)
        scene["ask"] = TASKS[scene["asked"]].choose(rng, scene, again)
        return scene

    def answer(self, scene: Scene) -> Json:
        return TASKS[str(scene["asked"])].answer(scene)

    def second_answer(self, scene: Scene) -> Json:
        return TASKS[str(scene["asked"])].again(scene)

    def draw(self, scene: Scene) -> Sequence[Image.Image]:
        return [draw_chart(scene)]

    def questions(self, scene: Scene, answer: Json, rng: Random, split: Split, *, veiled: bool) -> Sequence[Question]:
        task = TASKS[str(scene["asked"])]
        wording = rng.choice(share(task.veiled if veiled else task.wordings, split))
        text = wording.format(**_words(scene))
        if scene["unit"] == "%" and task.name in {"lookup", "difference", "total"}:
            text += " Give the number without a percent sign."
        return [
            Question(
                text=text[0].upper() + text[1:],
                answer=str(answer),
                rule="chartqa.vlmevalkit",
                family=FAMILY,
                template=f"{task.name}: {wording}",
                chance=task.chance,
                options=task.options,
            )
        ]


def _table(rng: Random, split: Split, kind: str, asked: str) -> Table:
    """A part of a table of the split that makes a chart of this kind."""
    several = kind in {"grouped", "stacked", "lines"}
    extreme = asked in {"largest", "smallest"}
    views = [
        view
        for table in tables_of(split)
        for view in ((table, table.turned()) if table.comparable and len(table.series) > 1 else (table,))
        if _suits(view, kind, several=several, extreme=extreme)
    ]
    view = rng.choice(views)
    series = rng.randint(2, min(3, len(view.series))) if several else 1
    count = rng.randint(LEAST_LABELS[kind], MOST_LABELS[kind])
    if extreme:
        part = view.columns(rng, series).crowned(rng, count, largest=asked == "largest")
    else:
        part = view.cut(rng, count, series)
    return part if several or len(view.series) == 1 else part.column(part.series[0])


def _suits(view: Table, kind: str, *, several: bool, extreme: bool) -> bool:
    if len(view.labels) < (NAMES_FOR_EXTREMES if extreme else LEAST_LABELS[kind]):
        return False
    if several and (len(view.series) < 2 or not view.comparable):
        return False
    if kind in {"line", "lines"}:
        return view.label_kind != "name"
    if extreme and view.label_kind == "year":  # the rule forgives 5 % of a year
        return False
    return kind not in {"pie", "donut"} or (view.additive and view.label_kind == "name")


def _as_shares(scene: dict[str, Any]) -> None:
    values = scene["values"][0]
    total = sum(values)
    shares = [round(100 * value / total) for value in values]
    if min(shares) < LEAST_SLICE or sum(shares) != 100:
        raise Rejected
    scene |= {"values": [[float(value) for value in shares]], "unit": "%"}
    scene["quantity"] = f"share of the {scene['quantity']} shown"
    if not scene["printed"] and scene["asked"] not in {"largest", "smallest", "compare"}:
        scene["printed"] = True


def _check(scene: dict[str, Any]) -> None:
    values = [value for column in scene["values"] for value in column]
    if min(values) <= 0 or (scene["kind"] not in {"pie", "donut"} and max(values) > 60 * min(values)):
        raise Rejected
    if len(set(scene["labels"])) < len(scene["labels"]):
        raise Rejected
    if scene["kind"] in {"grouped", "stacked", "lines"} and scene["printed"] and len(values) > 12:
        scene["printed"] = False
    if scene["kind"] == "stacked" and scene["printed"]:
        tallest = max(map(sum, zip(*scene["values"], strict=True)))
        scene["printed"] = min(values) > 0.06 * tallest
    if scene["kind"] == "lines" and scene["printed"]:
        scene["printed"] = False


def _words(scene: Scene) -> dict[str, str]:
    data: Any = scene
    ask = data["ask"]
    several = len(data["series"]) > 1
    names = [_name(data, *name) for name in ask["names"]]
    words = {"quantity": data["quantity"], "noun": data["noun"], "nouns": _plural(data["noun"]), "within": ""}
    words |= dict(zip("ab", names, strict=False))
    words |= {f"of_{key}": f"{_joint(data)} {name}" for key, name in zip("ab", names, strict=False)}
    words["threshold"] = f"{ask.get('threshold', 0):,.10g}".replace(",", "") + ("%" if data["unit"] == "%" else "")
    if several and "largest" in ask:
        words["within"] = f" {'for' if data['series_kind'] == 'name' else 'in'} {ask['names'][0][1]}"
    return words


def _name(data: Any, label: str, series: str) -> str:
    if len(data["series"]) == 1:
        return label
    if data["label_kind"] != "name":
        return f"{series} in {label}"
    return f"{label} in {series}" if data["series_kind"] != "name" else f"{label} at {series}"


def _joint(data: Any) -> str:
    return "in" if data["label_kind"] != "name" and len(data["series"]) == 1 else "for"


def _plural(noun: str) -> str:
    return PLURALS.get(noun, f"{noun}s")
