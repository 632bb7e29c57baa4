"""What the packages for runs promise."""

from __future__ import annotations

from maestro_evaluation import baselines, judge, running


def test_what_is_exported() -> None:
    assert running.__all__ == [
        "OUTCOMES",
        "SAMPLES",
        "MadeRun",
        "MadeTable",
        "PlanRouter",
        "Progress",
        "Ran",
        "RunOptions",
        "Settings",
        "Shard",
        "TableEnsemble",
        "all_plans",
        "answer_of",
        "compute_outcomes",
        "current_sample",
        "listed_plans",
        "make_run",
        "make_table",
        "metered",
        "pairs",
        "read_table",
        "registry_identity",
        "run_once",
    ]
    assert baselines.__all__ == [
        "ORACLE",
        "Baseline",
        "Fitted",
        "Given",
        "TrainingData",
        "baselines",
        "find_baseline",
        "freeze_oracle",
        "oracle_of",
        "table_digest",
    ]
    assert judge.__all__ == ["Judge", "Judged", "parse_verdict", "render_prompt"]
    for module in (running, baselines, judge):
        assert all(hasattr(module, name) for name in module.__all__)
