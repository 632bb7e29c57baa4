"""Results in the files that lm-eval (the Language Model Evaluation Harness, 0.4) writes, for tools that read those."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maestro_evaluation.records import SampleRecord
from maestro_evaluation.results import Results, by, read_results, suite_figure
from maestro_graph.errors import MaestroError, UnknownNameError

__all__ = ["write_lm_eval"]


def write_lm_eval(folder: Path, out: Path, *, router: str) -> list[Path]:
    """Write `results.json` and a `samples_SUITE.jsonl` for each suite.

    `acc` is the suite's own figure, and its standard error is a quarter of the 95 % interval's width. What has no score
    is not among the samples; `n-samples` has both numbers. Of repeated runs all are samples.

    Raises:
        UnknownNameError: the run has no such router.
        MaestroError: nothing is scored, or the files cannot be written.
    """
    results = read_results(folder)
    if router not in results.routers:
        raise UnknownNameError(f"router in {folder}", router, results.routers)
    own = [record for record in results.records if record["router"] == router]
    suites = by(own, "suite")
    scored = {suite: [record for record in part if record["score"] is not None] for suite, part in suites.items()}
    scored = {suite: part for suite, part in scored.items() if part}
    if not scored:
        raise MaestroError(f"{folder}: nothing of {router!r} is scored")
    files = {out / "results.json": json.dumps(_results(results, router, suites, scored), ensure_ascii=True, indent=2)}
    for suite, part in scored.items():
        lines = [json.dumps(_sample(at, record), ensure_ascii=True) for at, record in enumerate(part)]
        files[out / f"samples_{_file_name(suite)}.jsonl"] = "\n".join(lines)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise MaestroError(f"the log cannot be written to {out}: {error}; give another --out") from error
    return list(files)


def _results(
    results: Results,
    router: str,
    suites: dict[str, list[SampleRecord]],
    scored: dict[str, list[SampleRecord]],
) -> dict[str, Any]:
    command = results.info.get("command")
    return {
        "results": {suite: _figure(suite, part) for suite, part in scored.items()},
        "group_subtasks": {suite: [] for suite in scored},
        "configs": {
            suite: {"task": suite, "output_type": "generate_until", "num_fewshot": 0, "rule": part[0]["rule"]}
            for suite, part in scored.items()
        },
        "versions": dict.fromkeys(scored, 1),
        "n-shot": dict.fromkeys(scored, 0),
        "higher_is_better": {suite: {"acc": True} for suite in scored},
        "n-samples": {
            suite: {"original": len(suites[suite]), "effective": len(part)} for suite, part in scored.items()
        },
        "config": {"model": "maestro", "model_args": f"router={router}", "command": command},
        "model_name": f"maestro/{router}",
    }


def _figure(suite: str, records: Sequence[SampleRecord]) -> dict[str, Any]:
    interval = suite_figure(records).interval
    if interval is None:
        return {"alias": suite}
    return {
        "alias": suite,
        "acc,none": interval.value,
        "acc_stderr,none": (interval.high - interval.low) / 4,
    }


def _sample(at: int, record: SampleRecord) -> dict[str, Any]:
    answer, target = record["answer"] or "", json.dumps(record.get("gold"), ensure_ascii=False)
    return {
        "doc_id": at,
        "doc": {
            "id": record["sample"],
            "question": record["question"],
            "images": record["images"],
            "family": record["family"],
            "fingerprint": record["fingerprint"],
        },
        "target": target,
        "arguments": {"gen_args_0": {"arg_0": record["question"], "arg_1": {}}},
        "resps": [[answer]],
        "filtered_resps": [answer],
        "filter": "none",
        "metrics": ["acc"],
        "doc_hash": _hash(record["fingerprint"]),
        "prompt_hash": _hash(record["question"]),
        "target_hash": _hash(target),
        "acc": record["score"],
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _file_name(suite: str) -> str:
    return "".join(mark if mark.isalnum() or mark in "-_." else "-" for mark in suite)
