"""Traces to trajectories."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from maestro_graph.errors import TraceError
from maestro_graph.routers.encoder import ActionCards, PolicyState
from maestro_graph.trace import RunTrace, TurnTrace
from maestro_training.trajectory._model import EncoderStep, MadeCall, TokenSequence, TokenSpan, Trajectory

__all__ = ["Tokenise", "from_trace", "require_exact"]

Tokenise = Callable[[str], Sequence[int]]
"""Text to token ids, without special tokens added."""


def from_trace(trace: RunTrace, *, sample: str = "", tokenise: Tokenise | None = None) -> Trajectory:
    """The trajectory of a run.

    Args:
        trace: a run that ended; one that was killed is a trajectory with a `problem`.
        sample: key of the sample that the run answers.
        tokenise: makes ids of the texts of a trace that holds none (a chat model as router). The result is marked
            inexact, since what is tokenised again is not what was sampled; trainers refuse it unless told otherwise.

    Raises:
        TraceError: token records contradict each other (history was not append-only), or the texts were not kept.
    """
    where = f"run {trace.run!r}" + (f" of {str(trace.file)!r}" if trace.file else "")
    if trace.question is None and not trace.error:
        raise TraceError(f"{where} was traced without its texts; trace with texts=True to train on it")
    tokens = _tokens(trace.turns, where)
    if tokens is None and tokenise is not None:
        tokens = _tokenised(trace.turns, tokenise)
    return Trajectory(
        sample=sample,
        run=trace.run,
        question=trace.question or "",
        images=tuple(image.ref or image.path or image.sha256 for image in trace.images),
        answer=trace.answer,
        stop_reason=trace.stop_reason,
        problem=_problem(trace),
        invalid_turns=sum(turn.kind == "malformed" for turn in trace.turns),
        calls=tuple(
            MadeCall(
                call.expert,
                call.skill,
                call.status or "unknown",
                call.answer,
                call.confidence,
                call.seconds or 0.0,
                call.usage,
            )
            for call in trace.calls
            if call.status != "skipped"
        ),
        tokens=tokens,
        steps=tuple(_step(turn, where) for turn in trace.turns if "policy" in turn.info),
        seconds=trace.seconds or 0.0,
        usage=trace.usage,
    )


def require_exact(trajectories: Sequence[Trajectory], *, allow_inexact: bool = False) -> None:
    """Refuse trajectories that do not hold what was sampled; those that failed hold nothing and are let through.

    Raises:
        TraceError: there is an inexact one, or one without any choice of a policy.
    """
    for item in trajectories:
        if item.failed or item.exact or (allow_inexact and item.tokens is not None):
            continue
        if item.tokens is None:
            raise TraceError(
                f"run {item.run!r} of sample {item.sample!r} holds no choices of a policy; roll out with a policy that "
                f"records them (a trained encoder or token policy, sampled at a temperature above 0)"
            )
        raise TraceError(
            f"run {item.run!r} of sample {item.sample!r} was tokenised from text: these are not the tokens that were "
            f"sampled, and their log-probabilities are unknown; roll out with a token-exact policy, or allow inexact "
            f"ones (allow_inexact=True) for supervised warm starts"
        )


def _problem(trace: RunTrace) -> str | None:
    if trace.error is not None:
        return trace.error
    if trace.router_failure is not None:
        status, said = trace.router_failure
        return f"the router could not be reached ({status}): {said}"
    return None if trace.stop_reason is not None else "the run did not end"


def _step(turn: TurnTrace, where: str) -> EncoderStep:
    try:
        found = turn.info["policy"]
        if not isinstance(found, dict):
            raise TypeError("policy is no object")
        return EncoderStep(
            state=PolicyState.from_json(found["state"]),  # type: ignore[arg-type]  # checked by from_json
            cards=ActionCards.from_json(found["cards"]),  # type: ignore[arg-type]
            chosen=int(found["chosen"]),  # type: ignore[arg-type]
            logprob=float(found["logprob"]),  # type: ignore[arg-type]
            temperature=float(found["temperature"]),  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TraceError(f"{where}, turn {turn.turn}: the policy's record cannot be read: {error!r}") from error


def _tokens(turns: Sequence[TurnTrace], where: str) -> TokenSequence | None:
    """The turns' token records as one sequence: each prompt must begin with all that was before."""
    records = [(turn.turn, turn.tokens) for turn in turns if turn.tokens is not None]
    if not records:
        return None
    ids: tuple[int, ...] = ()
    spans: list[TokenSpan] = []
    logprobs: list[float] = []
    temperature = records[0][1].temperature
    for turn, record in records:
        if record.prompt_ids[: len(ids)] != ids:
            raise TraceError(
                f"{where}, turn {turn}: its prompt does not begin with the {len(ids)} tokens before it; a policy's "
                f"history must be append-only token ids"
            )
        if len(record.logprobs) != len(record.sampled_ids):
            raise TraceError(
                f"{where}, turn {turn}: {len(record.logprobs)} log-probabilities for {len(record.sampled_ids)} tokens"
            )
        if record.temperature != temperature:
            raise TraceError(f"{where}, turn {turn}: sampled at {record.temperature}, the run began at {temperature}")
        start = len(record.prompt_ids)
        ids = record.prompt_ids + record.sampled_ids
        spans.append(
            TokenSpan(
                start=start,
                stop=len(ids),
                masked=record.masked,
                grammar=record.grammar,
                cut=record.finish == "length",
            )
        )
        logprobs += record.logprobs
    return TokenSequence(ids=ids, spans=tuple(spans), logprobs=tuple(logprobs), temperature=temperature)


def _tokenised(turns: Sequence[TurnTrace], tokenise: Tokenise) -> TokenSequence | None:
    ids: list[int] = []
    spans: list[TokenSpan] = []
    for turn in turns:
        ids += tokenise(turn.prompt or "")
        start = len(ids)
        ids += tokenise(turn.text or "")
        if len(ids) > start:
            spans.append(TokenSpan(start=start, stop=len(ids)))
    return TokenSequence(ids=tuple(ids), spans=tuple(spans), logprobs=(), exact=False) if spans else None
