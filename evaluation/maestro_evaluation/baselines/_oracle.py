"""The oracle: per question the best of all pairs and listed plans, known from the outcomes. A bound, no router.

Defined before anything is trained, and frozen beside the table: free-answer questions only (a guess among options
would count as knowledge), experts at temperature 0. Of plans that are as good the one with fewer calls, then the
cheaper one, then the one listed first, so that its calls are those that are needed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from maestro_evaluation._current import current_sample
from maestro_evaluation._plan_router import follow
from maestro_evaluation.baselines._base import Baseline, Fitted, Given
from maestro_evaluation.plans import Plan
from maestro_evaluation.records import PASSING, Outcome, Table
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json
from maestro_graph.routers import RouterTurn, RouterView

__all__ = ["BASELINES", "ORACLE", "OracleRouter", "freeze_oracle", "oracle_of", "table_digest"]

ORACLE = "oracle.json"
DEFINITION = (
    "per question the best score over all pairs and listed plans, free-answer questions only, experts at "
    "temperature 0; of equals fewer calls, then lower cost, then the earlier plan"
)


class OracleRouter:
    """Carries out the frozen plan of the question that it is asked."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self._plans = plans

    async def decide(self, view: RouterView) -> RouterTurn:
        """The plan that is known to be best."""
        sample = current_sample()
        if sample.key not in self._plans:
            raise MaestroError(f"the oracle has no plan for {sample.key!r}; add its outcomes and freeze it anew")
        return follow(self._plans[sample.key], view)


def oracle_of(samples: Iterable[Sample], table: Table, plans: Sequence[Plan]) -> dict[str, tuple[Plan, float]]:
    """The best plan and its score by sample key, of the free-answer samples that have scores.

    Raises:
        MaestroError: the table lacks a plan of a sample.
    """
    found: dict[str, tuple[Plan, float]] = {}
    for sample in samples:
        if not sample.free_answer:
            continue
        rows = {plan: _row(table, sample.key, plan) for plan in plans}
        scored = {plan: row for plan, row in rows.items() if row["score"] is not None}
        if scored:
            best = min(
                scored,
                key=lambda plan: (
                    -(scored[plan]["score"] or 0.0),
                    len(plan.actions),
                    scored[plan]["usage"]["cost"],
                    plans.index(plan),
                ),
            )
            found[sample.key] = (best, scored[best]["score"] or 0.0)
    return found


def table_digest(samples: Iterable[Sample], table: Table, plans: Sequence[Plan]) -> str:
    """Digest of the answers and scores that an oracle is made from (not of times, which differ by the day)."""
    said = hashlib.sha256()
    for sample in samples:
        for plan in plans:
            row = _row(table, sample.key, plan)
            line = [sample.key, row["fingerprint"], str(plan), row["identity"], row["answer"], row["score"]]
            said.update(json.dumps(line).encode() + b"\n")
    return said.hexdigest()


def freeze_oracle(
    samples: Sequence[Sample], table: Table, plans: Sequence[Plan], file: Path, *, identity: str
) -> dict[str, Plan]:
    """Write the oracle of an ensemble, or check that the one that is there is the same; returns its plans.

    A frozen oracle may get further samples (another suite or split); what it says of a sample stays. Samples on which
    a call timed out or could not be made are not frozen: their outcomes may still change.

    Args:
        identity: of the ensemble.

    Raises:
        MaestroError: the file says something else of a sample than the table, or has other plans.
    """
    found = oracle_of(samples, table, plans)
    lasting = [
        sample
        for sample in samples
        if sample.key in found and all(_row(table, sample.key, plan)["status"] not in PASSING for plan in plans)
    ]
    new = {sample.key: [str(found[sample.key][0]), found[sample.key][1]] for sample in lasting}
    whole = _kept(file)
    kept = whole.get(identity, {})
    names = [str(plan) for plan in plans]
    if kept and kept["plans"] != names:
        raise MaestroError(f"{file} was frozen over other plans; give the same --plans, or another folder")
    before = kept.get("samples", {})
    changed = [key for key in new if key in before and before[key] != new[key]]
    if changed:
        raise MaestroError(
            f"{file} was frozen with other outcomes of {len(changed)} questions ({', '.join(changed[:3])} …); an "
            f"oracle is not changed once it is defined: use its table, or another folder"
        )
    parts = {
        f"{suite}:{split}": [sample for sample in lasting if (sample.suite, sample.split) == (suite, split)]
        for suite, split in sorted({(sample.suite, sample.split) for sample in lasting})
    }
    whole[identity] = {
        "plans": names,
        "tables": {
            **kept.get("tables", {}),
            **{
                name: {"samples": len(part), "sha256": table_digest(part, table, plans)} for name, part in parts.items()
            },
        },
        "samples": {**before, **new},
    }
    _write(file, {"definition": DEFINITION, "ensembles": whole})
    return {key: plan for key, (plan, _) in found.items()}


def _kept(file: Path) -> dict[str, Any]:
    """The oracles of a file by ensemble."""
    if not file.exists():
        return {}
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))["ensembles"]
        return dict(kept)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise MaestroError(f"{file} cannot be read: {error!r}; delete it and freeze the oracle anew") from error


def _write(file: Path, data: dict[str, Json]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".tmp")
    beside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    beside.replace(file)


def _row(table: Table, key: str, plan: Plan) -> Outcome:
    row = table.get((key, str(plan)))
    if row is None:
        raise MaestroError(f"the outcome table has no row of the plan {str(plan)!r} on {key!r}; add it")
    return row


def _oracle(given: Given) -> Fitted:
    return Fitted(router=OracleRouter(given.oracle), about={"definition": DEFINITION})


BASELINES = (
    Baseline(
        name="oracle",
        summary="per question the best of all pairs and listed plans: a bound, free-answer questions only",
        fit=_oracle,
        informed=True,
        free_answer_only=True,
    ),
)
