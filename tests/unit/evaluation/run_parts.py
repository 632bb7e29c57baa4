"""Folders of runs made up for tests of what reads them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from maestro_evaluation.records import CalledRecord, SampleRecord
from maestro_evaluation.samples import Sample

NOTHING = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0.0}


def called(expert: str = "reader", skill: str | None = None, **fields: Any) -> CalledRecord:
    record = {
        "turn": 0,
        "expert": expert,
        "skill": skill,
        "level2": None,
        "status": "ok",
        "answer": "4",
        "confidence": 0.8,
        "seconds": 0.5,
        "usage": dict(NOTHING),
    }
    return {**record, **fields}  # type: ignore[typeddict-item, return-value]


def record(
    sample: str = "1",
    score: float | None = 1.0,
    *,
    suite: str = "own",
    router: str = "encoder",
    images: Iterable[str] = (),
    meta: Mapping[str, Any] | None = None,
    **fields: Any,
) -> SampleRecord:
    question, gold = fields.pop("question", f"What is in {sample}?"), fields.pop("gold", "4")
    rule = fields.pop("rule", "short-answer")
    made = Sample(
        id=sample,
        suite=suite,
        question=question,
        images=tuple(images),
        answer=gold,
        family="",
        rule=rule,
        meta=meta or {},
    )
    base = {
        "suite": suite,
        "sample": sample,
        "fingerprint": made.fingerprint,
        "family": "Counting_Problem_Solver",
        "split": "test",
        "rule": rule,
        "group": None,
        "free_answer": True,
        "question": question,
        "images": list(images),
        "gold": gold,
        "router": router,
        "repeat": 0,
        "seed": 0,
        "status": "ok",
        "problem": None,
        "stop_reason": "answered",
        "answer": "4" if score else "5",
        "score": score,
        "confidence": 0.8,
        "turns": 2,
        "calls": [called()],
        "seconds": 0.6,
        "usage": {**NOTHING, "calls": 1},
        "meta": dict(meta or {}),
    }
    return {**base, **fields}  # type: ignore[typeddict-item, return-value]


def write_run(folder: Path, records: Iterable[SampleRecord], info: Mapping[str, Any] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(each) for each in records]
    (folder / "samples.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if info is not None:
        (folder / "run.json").write_text(json.dumps(info), encoding="utf-8")
    return folder
