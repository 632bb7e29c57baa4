"""The card of a trained policy: what it is, what it was trained on, what it reached."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from maestro_graph.routers.encoder import Head
from maestro_training.encoder._config import EncoderTraining

__all__ = ["model_card"]


def model_card(
    head: Head, training: EncoderTraining, table: Mapping[str, Mapping[str, float]], *, reported: str = "test"
) -> str:
    """The card as Markdown; `reported` is the split that the table is of."""
    text = files("maestro_training.encoder").joinpath("templates", "model_card.md").read_text(encoding="utf-8")
    rows = "\n".join(
        f"| {name} | {row['score']:.3f} | {row['calls']:.2f} | {row['closed']:.0%} |" for name, row in table.items()
    )
    left_out = [*training.without_families, *training.without_experts, *training.without_skills]
    return Template(text).substitute(
        parameters=f"{sum(value.size for value in head.weights.values()):,}",
        suite=Path(training.suite).name,
        reported=reported,
        registry=training.registry,
        left_out=", ".join(left_out) or "nothing",
        seed=training.seed,
        steps=training.steps,
        questions=training.questions,
        group_size=training.group_size,
        call_weight=training.reward.calls,
        cost_weight=training.reward.cost,
        rows=rows,
    )
