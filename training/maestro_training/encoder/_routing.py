"""Where questions of each family go, before training and after, and some runs that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from maestro_graph.evidence import Json
from maestro_graph.routers.encoder import Head
from maestro_training.encoder._config import EncoderTraining
from maestro_training.encoder._figures import shares
from maestro_training.encoder._judge import Judged, judged
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._world import WorldSample

if TYPE_CHECKING:
    from maestro_training.encoder._train import Course

__all__ = ["EXAMPLES", "routing_record"]

EXAMPLES = 6


def routing_record(course: Course, heads: Mapping[str, Head], training: EncoderTraining) -> dict[str, Json]:
    """Shares of first calls by family, scores by family, and runs on which the heads differ, as JSON."""
    world = course.test or course.validation or course.train
    scores = Scores()
    found = {
        name: judged(
            world.samples, course.every_card, head.logits, course.encode, max_turns=training.max_turns, scores=scores
        )
        for name, head in heads.items()
    }
    record: dict[str, Any] = {
        "actions": ["@@".join(part for part in action if part) for action in course.every_card.actions],
        "heads": {name: _by_family(world.samples, result) for name, result in found.items()},
        "examples": _examples(world.samples, found),
    }
    return record


def _by_family(samples: Sequence[WorldSample], result: Judged) -> dict[str, Any]:
    first: dict[str, list[str]] = defaultdict(list)
    points: dict[str, list[float]] = defaultdict(list)
    calls: dict[str, list[int]] = defaultdict(list)
    for item in samples:
        run = result.runs[item.sample.key]
        family = item.sample.family or "(none)"
        first[family].append(run.calls[0].name if run.calls else "(none)")
        points[family].append(result.scores[item.sample.key])
        calls[family].append(len(run.calls))
    return {
        family: {
            "questions": len(names),
            "first": shares(names),
            "score": sum(points[family]) / len(names),
            "calls": sum(calls[family]) / len(names),
        }
        for family, names in sorted(first.items())
    }


def _examples(samples: Sequence[WorldSample], found: Mapping[str, Judged]) -> list[dict[str, Any]]:
    """Runs that became right, and runs that became wrong."""
    (_, after), (_, before) = list(found.items())[:2]
    changed = [item for item in samples if after.scores[item.sample.key] != before.scores[item.sample.key]]
    better = [item for item in changed if after.scores[item.sample.key] > before.scores[item.sample.key]]
    worse = [item for item in changed if item not in better]
    chosen = [*better[:EXAMPLES], *worse[: EXAMPLES // 2]]
    return [
        {
            "sample": item.sample.key,
            "family": item.sample.family,
            "question": item.sample.question,
            "accepted": item.sample.answer,
            "runs": {
                name: {
                    "calls": [
                        {"who": call.name, "status": call.status, "answer": call.answer, "confidence": call.confidence}
                        for call in result.runs[item.sample.key].calls
                    ],
                    "answer": result.runs[item.sample.key].answer,
                    "score": result.scores[item.sample.key],
                }
                for name, result in found.items()
            },
        }
        for item in chosen
    ]
