"""How each benchmark makes one figure of many items, by the rule its items are scored with.

Sources: `docs/scoring.md`. A suite whose items follow several benchmarks' rules has the plain mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from maestro_evaluation._registry import aggregate, rules
from maestro_evaluation._text import as_int
from maestro_evaluation.records import SampleRecord
from maestro_evaluation.scorers.tallyqa import first_count

__all__ = ["Reckoning", "reckoning_of"]

Cell = Callable[[SampleRecord], str]
Figures = Callable[[Sequence[SampleRecord]], list[tuple[str, str]]]


def _one_cell(record: SampleRecord) -> str:
    return ""


def _no_figures(records: Sequence[SampleRecord]) -> list[tuple[str, str]]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Reckoning:
    """A benchmark's way from items to a figure.

    Attributes:
        says: in words, for a report.
        cell: the part whose mean is taken first; the parts' means are averaged.
        part: what results are also given by (human and augmented …), empty for none.
        figures: what else the benchmark states, as label and text, from scored records of one repeat.
    """

    says: str = "mean of all items"
    cell: Cell = _one_cell
    part: Cell = _one_cell
    figures: Figures = _no_figures


def reckoning_of(records: Sequence[SampleRecord]) -> Reckoning:
    """The way of the benchmark that all these records are scored by; else the plain mean."""
    names = {rules[record["rule"]].benchmark if record["rule"] in rules else "" for record in records}
    return RECKONINGS.get(names.pop(), PLAIN) if len(names) == 1 else PLAIN


def _meta(*names: str) -> Cell:
    """The first of these fields of a sample's meta that is there."""

    def read(record: SampleRecord) -> str:
        meta = record.get("meta") or {}
        return next((str(meta[name]) for name in names if meta.get(name) not in (None, "")), "")

    return read


def _chart_part(record: SampleRecord) -> str:
    told = _meta("type", "human_or_machine", "split")(record).lower()
    named = {"0": "human", "1": "augmented", "human_test": "human", "augmented_test": "augmented"}
    return named.get(told, told)


def _tally_part(record: SampleRecord) -> str:
    told = _meta("is_simple", "issimple")(record).lower()
    return {"true": "simple", "1": "simple", "false": "complex", "0": "complex"}.get(told, "")


def _blind_cell(record: SampleRecord) -> str:
    """The task; both counting grids are one."""
    task = _meta("task")(record).lower()
    return "counting grid" if task.startswith("counting grid") else task


def _rmse(records: Sequence[SampleRecord]) -> list[tuple[str, str]]:
    counts = [first_count(record["answer"]) for record in records]
    read = [(count, record["gold"]) for count, record in zip(counts, records, strict=True) if count is not None]
    wanted = [(count, number) for count, gold in read if (number := as_int(gold)) is not None]
    if not wanted:
        return []
    found = aggregate("tallyqa.official_agg", [count for count, _ in wanted], [gold for _, gold in wanted])
    return [("RMSE", f"{found['rmse']:.2f} over the {len(wanted)} replies with a count")]


def _points(records: Sequence[SampleRecord]) -> list[tuple[str, str]]:
    return [("points", f"{sum(record['score'] or 0.0 for record in records):g} of {len(records)}")]


def _every_rotation(records: Sequence[SampleRecord]) -> list[tuple[str, str]]:
    """The stricter circular figure, which is not HR-Bench's."""
    questions = {record["group"] for record in records if record["group"] is not None}
    lost = {record["group"] for record in records if (record["score"] or 0.0) < 1.0}
    if not questions:
        return []
    held = len(questions - lost)
    return [("right in every rotation", f"{100 * held / len(questions):.1f} % of {len(questions)} questions")]


PLAIN = Reckoning()

RECKONINGS: Mapping[str, Reckoning] = {
    "ChartQA": Reckoning(says="mean of all items; human and augmented questions apart", part=_chart_part),
    "TallyQA": Reckoning(says="mean of all items; simple and complex apart", part=_tally_part, figures=_rmse),
    "HR-Bench": Reckoning(
        says="mean over the option rotations of each rotation's accuracy (not: right in every rotation)",
        cell=_meta("cycle_category"),
        part=_meta("category"),
        figures=_every_rotation,
    ),
    "OCRBench": Reckoning(
        says="points, one an item, as share of all", part=_meta("question_type", "dataset"), figures=_points
    ),
    "VLMsAreBlind": Reckoning(says="mean over tasks, both counting grids as one", cell=_blind_cell, part=_blind_cell),
    "SLAKE": Reckoning(says="mean of all items; open and closed apart", part=_meta("answer_type")),
    "V*": Reckoning(says="mean of all items; attributes and relations apart", part=_meta("category")),
    "MathVision": Reckoning(part=_meta("subject")),
    "MathVista": Reckoning(part=_meta("question_type")),
    "MicroVQA": Reckoning(part=_meta("task")),
    "ERQA": Reckoning(part=_meta("question_type", "category")),
    "HumanEval-V": Reckoning(says="pass@1 of one solution an item", part=_meta("task_type")),
    "ZoomBench": Reckoning(part=_meta("category", "dimension")),
}
