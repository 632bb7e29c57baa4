"""The grammar's masks: what they allow parses, and replaying a turn gives the masks it was sampled under."""

from __future__ import annotations

import random

import numpy as np
import pytest
from policy_models import policy_tokenizer

from maestro_graph import CallFailure, MaestroError, Malformed
from maestro_graph.protocol import parse_turn, turn_grammar
from maestro_graph.routers.policy import GrammarMasks

TINY = policy_tokenizer()
ACTIONS = [("Reader", None), ("Reader", "OCR Problem Solver"), ("Counter", None)]
THINK = (TINY.control_id("<think>") or 0, TINY.control_id("</think>") or 0)
GRAMMAR = turn_grammar(ACTIONS, think_ids=THINK, max_thought=12, max_query=8, max_answer=6)
MASKS = GrammarMasks(TINY, vocabulary=TINY.size + 40)


def allowed(row: np.ndarray) -> list[int]:
    bits = np.unpackbits(row.view(np.uint8), bitorder="little")
    return [int(item) for item in np.flatnonzero(bits)]


def walk(seed: int, grammar: str = GRAMMAR) -> list[int]:
    """Any tokens that are allowed, until the turn ends."""
    rng, turn, ids = random.Random(seed), MASKS.turn(grammar), []
    row = np.zeros(MASKS.words, dtype=np.int32)
    while not ids or ids[-1] != TINY.eos_id:
        turn.fill(row)
        ids.append(rng.choice(allowed(row)))
        turn.advance(ids[-1])
    return ids


def test_whatever_is_allowed_parses() -> None:
    kinds = set()
    for seed in range(60):
        text = TINY.decode(walk(seed)[:-1])
        decision = parse_turn(text, ACTIONS)
        kinds.add(type(decision).__name__)
        assert not isinstance(decision, Malformed), text
    assert kinds == {"tuple", "Answer"}


def test_replaying_gives_the_masks_it_was_sampled_under() -> None:
    ids = walk(3)
    masks = MASKS.replay(GRAMMAR, ids)
    assert masks.shape == (len(ids), MASKS.words)
    assert masks.dtype == np.int32
    turn = MASKS.turn(GRAMMAR)
    row = np.zeros(MASKS.words, dtype=np.int32)
    for token, mask in zip(ids, masks, strict=True):
        turn.fill(row)
        assert (row == mask).all()
        turn.advance(token)
    assert allowed(masks[-1]) == [TINY.eos_id]


def test_a_turn_that_does_not_follow_its_grammar_cannot_be_replayed() -> None:
    ids = walk(3)
    with pytest.raises(MaestroError, match="does not allow token"):
        MASKS.replay(GRAMMAR, [*ids[:2], TINY.eos_id])
    with pytest.raises(MaestroError, match="cannot be compiled"):
        MASKS.turn("(unclosed")


def test_turns_do_not_disturb_each_other() -> None:
    first, second = MASKS.turn(GRAMMAR), MASKS.turn(GRAMMAR)
    row, other = np.zeros(MASKS.words, dtype=np.int32), np.zeros(MASKS.words, dtype=np.int32)
    first.fill(row)
    for token in walk(5)[:4]:
        first.advance(token)
    second.fill(other)
    assert (row == other).all()


async def test_batches_collect_what_is_asked_for_at_once() -> None:
    import asyncio

    from maestro_graph.routers.policy import Sample, SampleRequest
    from maestro_graph.routers.policy._batcher import Batcher, Pending

    sizes: list[int] = []

    def work(batch: list[Pending]) -> None:
        sizes.append(len(batch))
        for item in batch:
            if item.request.prompt_ids == (7,):
                item.fail(CallFailure("failed", "seven"))
            elif item.request.prompt_ids != (8,):
                item.give(Sample(ids=item.request.prompt_ids, logprobs=(0.0,), finish="stop"))

    batcher = Batcher(work, max_batch=64)  # type: ignore[arg-type]
    asked = [batcher.submit(SampleRequest(prompt_ids=(number,))) for number in range(10)]
    replies = await asyncio.gather(*asked, return_exceptions=True)
    assert [reply.ids[0] for reply in replies if isinstance(reply, Sample)] == [0, 1, 2, 3, 4, 5, 6, 9]
    assert isinstance(replies[7], CallFailure)
    assert isinstance(replies[8], RuntimeError)  # work that forgets one is told on, not waited for
    assert sum(sizes) == 10
    assert len(sizes) < 10


async def test_a_turn_that_nobody_waits_for_is_not_sampled() -> None:
    import asyncio
    import threading

    from maestro_graph.routers.policy import Sample, SampleRequest
    from maestro_graph.routers.policy._batcher import Batcher, Pending

    free, seen = threading.Event(), list[int]()

    def work(batch: list[Pending]) -> None:
        free.wait(10)
        for item in batch:
            seen.append(item.request.prompt_ids[0])
            item.give(Sample(ids=(1,), logprobs=(0.0,), finish="stop"))

    batcher = Batcher(work, max_batch=1)  # type: ignore[arg-type]
    first = asyncio.create_task(batcher.submit(SampleRequest(prompt_ids=(1,))))
    given_up = asyncio.create_task(batcher.submit(SampleRequest(prompt_ids=(2,))))
    last = asyncio.create_task(batcher.submit(SampleRequest(prompt_ids=(3,))))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.sleep(0.01)
    free.set()
    await asyncio.gather(first, last)
    assert seen == [1, 3]
