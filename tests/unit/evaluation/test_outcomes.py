"""The outcome table: complete, resumable, shared, and replayed exactly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ensembles import Known, sample, small_ensemble

from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Outcome
from maestro_evaluation.running import (
    PlanRouter,
    Progress,
    Settings,
    Shard,
    TableEnsemble,
    all_plans,
    compute_outcomes,
    listed_plans,
    metered,
    pairs,
    read_table,
    registry_identity,
    run_once,
)
from maestro_evaluation.running._execute import scored
from maestro_evaluation.running._log import RecordLog, read_records
from maestro_evaluation.running._outcomes import outcome_of
from maestro_evaluation.samples import Sample
from maestro_graph import CallFailure, Registry, load_registry
from maestro_graph.cache import CallCache
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Usage

QUIET = Progress(shown=False)
APPLES = sample(1, "How many apples?", "3")
PEARS = sample(2, "How many pears, and one more?", "6")
PLANS = (
    *pairs(small_ensemble()),
    Plan.parse("apples > adder"),
    Plan.parse("pears > adder"),
    Plan.parse("apples@@Apple-Counting > adder"),
)


async def compute(
    registry: Registry, file: Path, samples: tuple[Sample, ...] = (APPLES, PEARS), plans: tuple[Plan, ...] = PLANS
) -> int:
    return await compute_outcomes(
        samples,
        plans,
        metered(registry, CallCache()),
        file,
        identity="me",
        settings=Settings(),
        concurrency=2,
        progress=QUIET,
    )


def asked(registry: Registry) -> dict[str, int]:
    return {name: len(expert.requests) for name, expert in registry.experts.items() if isinstance(expert, Known)}


def without_seconds(row: Outcome) -> dict[str, Any]:
    kept = json.loads(json.dumps(row))
    del kept["seconds"]
    for item in kept["evidence"]:
        del item["seconds"]
    return dict(kept)


async def test_every_plan_has_a_row_and_equal_requests_are_made_once(tmp_path: Path) -> None:
    registry = small_ensemble()
    assert await compute(registry, tmp_path / "o.jsonl") == 2 * len(PLANS) == 14
    table = read_table(tmp_path / "o.jsonl")
    assert {plan: table["small/train-1", plan]["score"] for plan in ("apples", "pears", "apples > adder")} == {
        "apples": 1.0,
        "pears": 0.0,
        "apples > adder": 0.0,
    }
    assert table["small/train-2", "pears > adder"]["answer"] == "6"
    assert table["small/train-2", "pears > adder"]["score"] == 1.0
    refused = table["small/train-1", "pears"]
    assert (refused["status"], refused["answer"], refused["score"]) == ("refused", None, 0.0)
    # Apples: two plain questions, and the skill's second one of a sample that it knows; refusals are remembered. The
    # adder: alone and after every other evidence, of which two refusals of pears' sample are equal.
    assert asked(registry) == {"apples": 3, "pears": 2, "adder": 7}


async def test_every_row_is_charged_as_if_it_were_alone(tmp_path: Path) -> None:
    await compute(small_ensemble(delay_s=0.03), tmp_path / "o.jsonl")
    table = read_table(tmp_path / "o.jsonl")
    single, skill = table["small/train-1", "apples"], table["small/train-1", "apples@@Apple-Counting"]
    assert single["usage"]["calls"] == 1
    assert skill["usage"]["calls"] == 2
    assert skill["seconds"] >= 0.06 > 0.03 <= single["seconds"]
    assert table["small/train-1", "apples@@Apple-Counting > adder"]["usage"]["calls"] == 3


async def test_a_killed_computation_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "o.jsonl"
    await compute(small_ensemble(), file)
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:9]) + lines[9][:40])  # as a kill in the middle of a write leaves it
    registry = small_ensemble()
    assert await compute(registry, file) == 5
    rows = list(read_records(file))
    assert len(rows) == 14
    assert len({(row["sample"], row["plan"]) for row in rows}) == 14
    assert await compute(small_ensemble(), file) == 0


async def test_a_changed_sample_is_computed_anew(tmp_path: Path) -> None:
    file = tmp_path / "o.jsonl"
    await compute(small_ensemble(), file, (APPLES,))
    changed = sample(1, "How many apples?", "4")
    assert await compute(small_ensemble(), file, (changed,)) == len(PLANS)
    table = read_table(file, samples={changed.key: changed})
    assert table[changed.key, "apples"]["score"] == 0.0


async def test_what_a_bad_day_broke_is_tried_again(tmp_path: Path) -> None:
    down = small_ensemble()
    down.remove_expert("pears")
    down.add_expert(Known("pears", lambda request: CallFailure("unreachable", "the line is dead")))
    assert await compute(down, tmp_path / "o.jsonl", (PEARS,)) == len(PLANS)
    assert read_table(tmp_path / "o.jsonl")["small/train-2", "pears > adder"]["status"] == "unreachable"
    assert await compute(small_ensemble(), tmp_path / "o.jsonl", (PEARS,)) == 2
    assert read_table(tmp_path / "o.jsonl")["small/train-2", "pears > adder"]["score"] == 1.0


async def test_the_table_replays_exactly_what_the_graph_gave(tmp_path: Path) -> None:
    registry = small_ensemble()
    await compute(registry, tmp_path / "o.jsonl")
    table = read_table(tmp_path / "o.jsonl")
    before = asked(registry)
    replay = TableEnsemble(registry, table, (APPLES, PEARS))
    for (key, name), row in table.items():
        one, plan = (APPLES if key == APPLES.key else PEARS), Plan.parse(name)
        ran = await run_once(replay, PlanRouter(plan), one, Settings())
        again = outcome_of(one, one.fingerprint, plan, "me", ran, await scored(one, ran))
        assert without_seconds(again) == without_seconds(row)
    assert asked(registry) == before


async def test_what_reads_no_evidence_is_known_in_every_state(tmp_path: Path) -> None:
    registry = small_ensemble()
    await compute(registry, tmp_path / "o.jsonl")
    replay = TableEnsemble(registry, read_table(tmp_path / "o.jsonl"), (APPLES, PEARS))
    first = replay.evidence(PEARS, ("adder", None))
    second = replay.evidence(PEARS, ("pears", None), [first])
    assert (first.status, second.answer, second.turn) == ("refused", "5", 1)
    assert replay.evidence(PEARS, ("adder", None), [replay.evidence(PEARS, ("pears", None))]).answer == "6"


async def test_a_state_that_the_table_lacks_is_an_error_or_asked_live(tmp_path: Path) -> None:
    registry = small_ensemble()
    await compute(registry, tmp_path / "o.jsonl")
    table = read_table(tmp_path / "o.jsonl")
    long = Plan.parse("apples > pears > adder")
    strict = TableEnsemble(registry, table, (APPLES, PEARS))
    ran = await run_once(strict, PlanRouter(long), PEARS, Settings())
    assert ran.problem is not None
    assert "no reply of adder after apples > pears" in ran.problem
    assert "--plans" in ran.problem
    with pytest.raises(MaestroError, match="no reply of adder"):
        strict.evidence(PEARS, ("adder", None), found_so_far(strict))
    live = TableEnsemble(registry, table, (APPLES, PEARS), live=True)
    assert (await run_once(live, PlanRouter(long), PEARS, Settings())).answer == "6"
    other = sample(3, "Which fruit?", "3")
    unknown = await run_once(strict, PlanRouter(Plan.parse("apples")), other, Settings())
    assert "no sample of the table asks" in (unknown.problem or "")


def found_so_far(ensemble: TableEnsemble) -> list[Any]:
    first = ensemble.evidence(PEARS, ("apples", None))
    return [first, ensemble.evidence(PEARS, ("pears", None), [first])]


def test_rows_of_two_ensembles_are_not_mixed(tmp_path: Path) -> None:
    rows = [row_of("a"), row_of("b")]
    (tmp_path / "o.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(MaestroError, match="2 ensembles"):
        read_table(tmp_path / "o.jsonl")
    assert read_table(tmp_path / "o.jsonl", identity="b")["s/1", "x"]["identity"] == "b"
    with pytest.raises(MaestroError, match="there is no outcome table"):
        read_table(tmp_path / "none.jsonl")


def row_of(identity: str) -> Outcome:
    return {
        "suite": "s",
        "sample": "1",
        "fingerprint": "f",
        "plan": "x",
        "identity": identity,
        "status": "ok",
        "answer": "1",
        "confidence": None,
        "score": 1.0,
        "seconds": 0.0,
        "usage": Usage().as_record(),
        "evidence": [],
    }


def test_identity_follows_the_code_and_the_cards_and_not_the_router() -> None:
    one, other = small_ensemble(), small_ensemble()
    assert registry_identity(one) == registry_identity(other)
    other.remove_expert("pears")
    assert registry_identity(one) != registry_identity(other)
    assert registry_identity(load_registry("embedded")) != registry_identity(one)


def test_the_packaged_plans_can_be_carried_out_and_every_expert_may_go_first() -> None:
    registry = load_registry("embedded")
    plans = listed_plans(registry)
    actions = set(registry.actions())
    assert all(set(plan.actions) <= actions for plan in plans)
    first = {plan.actions[0] for plan in plans if plan.actions[1] == ("calculator", None)}
    assert first == {action for action in actions if action[0] != "calculator"}
    assert all_plans(registry)[: len(actions)] == pairs(registry)
    assert listed_plans(small_ensemble()) == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("plans: [{plan: apples > oranges}]", "'oranges'"),
        ("plans: [{plan: apples}]", "is one call"),
        ("plans: [{plan: apples > adder}, {plan: apples > adder}]", "there twice"),
        ("plans: {a: b}", "plans"),
        ("plans: [", "no YAML"),
        ("plans: [{plan: ' > apples'}]", "without a name"),
    ],
)
def test_a_bad_list_of_plans_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "plans.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MaestroError, match=complaint):
        listed_plans(small_ensemble(), file)


def test_a_log_has_one_writer_and_names_a_damaged_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with RecordLog(path) as log:
        log.append({"a": 1})
        with pytest.raises(MaestroError, match="another process"):
            RecordLog(path)
    path.write_bytes(b'{"a": 1}\n{"b": \n{"c": 3}\n{"torn": ')
    with RecordLog(path) as log:
        log.append({"d": 4})
    assert path.read_bytes().endswith(b'{"c": 3}\n{"d": 4}\n')
    with pytest.raises(MaestroError, match="line 2 is no record"):
        list(read_records(path))


@pytest.mark.parametrize("of", [1, 3, 4])
def test_shards_part_the_questions_among_them(of: int) -> None:
    keys = [str(number) for number in range(10)]
    parts = [Shard.parse(f"{number}/{of}").of_keys(keys) for number in range(1, of + 1)]
    assert sorted(key for part in parts for key in part) == keys
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("text", ["3", "0/2", "3/2", "a/b", "1/0", "-1/2", "1/2/3", "²/3"])
def test_a_shard_that_is_none_is_named(text: str) -> None:
    with pytest.raises(MaestroError, match="shard"):
        Shard.parse(text)
