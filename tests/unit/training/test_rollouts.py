"""Rollouts on scripted experts and routers: failures are data, what is done is not done again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from scripted import ScriptedExpert, ScriptedRouter

from maestro_evaluation.samples import Sample
from maestro_graph.decisions import Answer, CallExpert
from maestro_graph.errors import MaestroError
from maestro_graph.registry import Registry
from maestro_graph.routers import RouterView
from maestro_training.rollouts import RolloutFolder, RolloutSettings, member_seed, read_rollouts, roll_out
from maestro_training.trajectory import Trajectory

SAMPLES = [
    Sample(id=str(at), suite="s", question=f"How many in {at}?", images=(), answer=42, family="") for at in range(3)
]
SETTINGS = RolloutSettings(group_size=4, in_flight=5)


def once(view: RouterView) -> Any:
    return Answer("42") if view.history else CallExpert("expert", view.question)


async def groups_of(folder: Path, router: ScriptedRouter, **options: Any) -> list[list[Trajectory]]:
    registry = Registry(experts=[ScriptedExpert("expert")])
    made = RolloutFolder(folder, {"seed": 0})
    return [list(group) for group in await roll_out(SAMPLES, registry, router, SETTINGS, made, **options)]


async def test_every_question_has_its_group_in_order(tmp_path: Path) -> None:
    router = ScriptedRouter(once, once)
    seen: list[str] = []
    found = await groups_of(tmp_path, router, on_group=lambda group: seen.append(group.sample))
    assert [[item.sample for item in group] for group in found] == [[f"s/{at}"] * 4 for at in range(3)]
    assert all(item.finished and item.answer == "42" for group in found for item in group)
    assert sorted(seen) == ["s/0", "s/1", "s/2"]
    seeds = {view.sampling["seed"] for view in router.views}
    assert len(seeds) == 12
    assert {view.sampling["temperature"] for view in router.views} == {1.0}


async def test_a_failed_run_stays_in_its_group_with_its_reason(tmp_path: Path) -> None:
    bad = member_seed(0, "s/1", 2)

    def sometimes(view: RouterView) -> Any:
        if view.sampling["seed"] == bad:
            raise ZeroDivisionError("oh")
        return once(view)

    found = await groups_of(tmp_path, ScriptedRouter(sometimes, sometimes))
    failed = [(at, number) for at, group in enumerate(found) for number, item in enumerate(group) if item.failed]
    assert failed == [(1, 2)]
    assert found[1][2].problem == "ZeroDivisionError: oh"
    again = await groups_of(tmp_path, ScriptedRouter(ValueError("nobody should be asked")))
    assert again[1][2].problem == "ZeroDivisionError: oh"


async def test_what_is_done_is_taken_from_the_traces_and_the_rest_is_run(tmp_path: Path) -> None:
    first = await groups_of(tmp_path, ScriptedRouter(once, once))
    files = sorted((tmp_path / "traces").glob("*/*.jsonl"))
    assert len(files) == 12
    files[0].unlink()
    lines = files[5].read_text().splitlines(keepends=True)
    files[5].write_text("".join(lines[:-1]) + lines[-1][:20])  # killed in the middle of a line
    router, taken = ScriptedRouter(once, once), list[bool]()

    def watch(item: Trajectory, *, resumed: bool) -> None:
        taken.append(resumed)

    second = await groups_of(tmp_path, router, watch=watch)
    assert len(router.views) == 2 * 2
    assert sorted(taken) == [False] * 2 + [True] * 10
    assert [[item.answer for item in group] for group in second] == [[item.answer for item in group] for group in first]


async def test_a_sample_that_changed_is_run_again(tmp_path: Path) -> None:
    await groups_of(tmp_path, ScriptedRouter(once, once))
    changed = [Sample(id="0", suite="s", question="How many in 0?", images=(), answer=7, family="")]
    router = ScriptedRouter(once, once)
    await roll_out(
        changed, Registry(experts=[ScriptedExpert("expert")]), router, SETTINGS, RolloutFolder(tmp_path, {"seed": 0})
    )
    assert len(router.views) == 8


async def test_they_can_be_read_back(tmp_path: Path) -> None:
    await groups_of(tmp_path, ScriptedRouter(once, once))
    groups = read_rollouts(SAMPLES, tmp_path, group_size=4)
    assert [(group.sample, len(group)) for group in groups] == [("s/0", 4), ("s/1", 4), ("s/2", 4)]
    assert all(item.finished for group in groups for item in group)


def test_a_folder_of_other_rollouts_is_refused(tmp_path: Path) -> None:
    RolloutFolder(tmp_path, {"seed": 0, "router": "a"})
    with pytest.raises(MaestroError, match="another router"):
        RolloutFolder(tmp_path, {"seed": 0, "router": "b"})
    with pytest.raises(MaestroError, match="holds no rollouts"):
        RolloutFolder(tmp_path / "none")
