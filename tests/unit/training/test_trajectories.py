"""Traces become trajectories: tokens and choices exactly as sampled, or marked and refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maestro_graph.errors import TraceError
from maestro_graph.evidence import Usage
from maestro_graph.routers import TokenRecord
from maestro_graph.trace import CallTrace, ImageTrace, RunTrace, TurnTrace
from maestro_training.trajectory import (
    Trajectory,
    TrajectoryGroup,
    from_trace,
    require_exact,
    to_trl_rollout,
    to_trl_samples,
)


def tokens(prompt: tuple[int, ...], sampled: tuple[int, ...], **fields: object) -> TokenRecord:
    logprobs = tuple(-0.5 - number / 100 for number in sampled)
    record = TokenRecord(prompt_ids=prompt, sampled_ids=sampled, logprobs=logprobs, temperature=1.0, masked=False)
    return replace(record, **fields)  # type: ignore[arg-type]


def turn(number: int, record: TokenRecord | None, kind: str = "calls", text: str = "") -> TurnTrace:
    calls = (
        (CallTrace(call=0, expert="reader", skill=None, query="q", status="ok", answer="4"),) if kind == "calls" else ()
    )
    return TurnTrace(turn=number, kind=kind, prompt=f"prompt {number} ", text=text, calls=calls, tokens=record)


def run(*turns: TurnTrace, **fields: object) -> RunTrace:
    made = RunTrace(
        run="r1",
        question="How many?",
        images=(ImageTrace(sha256="ab", ref="/tmp/a.png"),),
        turns=turns,
        answer="4",
        stop_reason="answered",
        usage=Usage(),
        seconds=1.0,
        complete=True,
    )
    return replace(made, **fields)  # type: ignore[arg-type]


TWO_TURNS = run(turn(0, tokens((1, 2, 3), (10, 11))), turn(1, tokens((1, 2, 3, 10, 11, 4, 5), (12,)), "answer"))


def test_ids_are_those_of_the_records_and_only_sampled_ones_are_the_policys() -> None:
    found = from_trace(TWO_TURNS, sample="s/1")
    assert found.tokens is not None
    assert found.tokens.ids == (1, 2, 3, 10, 11, 4, 5, 12)
    assert found.tokens.policy_mask == (0, 0, 0, 1, 1, 0, 0, 1)
    assert found.tokens.logprobs == (-0.6, -0.61, -0.62)
    assert found.images == ("/tmp/a.png",)
    assert found.exact
    assert found.finished
    assert [call.name for call in found.calls] == ["reader"]


def test_history_that_was_encoded_again_is_refused() -> None:
    other = run(turn(0, tokens((1, 2, 3), (10, 11))), turn(1, tokens((1, 2, 3, 99, 4, 5), (12,)), "answer"))
    with pytest.raises(TraceError, match="append-only"):
        from_trace(other)


def test_a_missing_logprob_is_refused() -> None:
    broken = run(turn(0, tokens((1,), (2, 3), logprobs=(-0.1,)), "answer"))
    with pytest.raises(TraceError, match="1 log-probabilities for 2 tokens"):
        from_trace(broken)


def test_the_grammar_and_a_cut_turn_stay_known() -> None:
    record = tokens((1,), (2,), masked=True, grammar="a|b", finish="length")
    span = from_trace(run(turn(0, record, "answer"))).tokens.spans[0]  # type: ignore[union-attr]
    assert (span.masked, span.grammar, span.cut) == (True, "a|b", True)


def test_a_trace_of_text_is_inexact_and_refused_unless_allowed() -> None:
    spoken = run(turn(0, None, text="<search> reader: q </search>"), turn(1, None, "answer", "<answer> 4 </answer>"))
    found = from_trace(spoken, tokenise=lambda text: [ord(letter) for letter in text])
    assert found.tokens is not None
    assert not found.exact
    assert sum(found.tokens.policy_mask) == len("<search> reader: q </search><answer> 4 </answer>")
    with pytest.raises(TraceError, match="tokenised from text"):
        require_exact([found])
    require_exact([found], allow_inexact=True)


def test_a_trace_without_any_choice_of_a_policy_is_refused() -> None:
    with pytest.raises(TraceError, match="holds no choices of a policy"):
        require_exact([from_trace(run(turn(0, None)))], allow_inexact=True)


def test_a_trace_without_texts_is_refused() -> None:
    with pytest.raises(TraceError, match="texts=True"):
        from_trace(replace(TWO_TURNS, question=None))


def test_a_killed_run_is_a_failure_with_its_reason() -> None:
    found = from_trace(run(turn(0, None), stop_reason=None, answer=None, complete=False))
    assert found.failed
    assert found.problem == "the run did not end"
    require_exact([found])


def test_trls_rollout_splits_at_the_first_policy_token() -> None:
    rows = to_trl_rollout([from_trace(TWO_TURNS)])
    assert rows["prompt_ids"] == [[1, 2, 3]]
    assert rows["completion_ids"] == [[10, 11, 4, 5, 12]]
    assert rows["env_mask"] == [[1, 1, 0, 0, 1]]
    assert rows["logprobs"] == [[-0.6, -0.61, 0.0, 0.0, -0.62]]


def test_trls_samples_carry_the_advantage_and_leave_failures_out() -> None:
    good = from_trace(TWO_TURNS, sample="s/1")
    failed = Trajectory(sample="s/1", run="x", question="q", problem="gone")
    group = TrajectoryGroup("s/1", (good, failed))
    with pytest.raises(TraceError, match="no advantage"):
        to_trl_samples([group])
    (row,) = to_trl_samples([group.with_advantages([0.5, -0.5])])
    assert (row["advantage"], row["group_id"], sum(row["completion_mask"])) == (0.5, "s/1", 3)
    with pytest.raises(TraceError, match="no exact tokens"):
        to_trl_rollout([failed])
