"""What a decision of the trained encoder router costs: milliseconds, with the paper's registry and with a large one.

    python benchmarks/decisions.py [--rounds 40] [--policy FOLDER] [--suite mixed --outcomes table/outcomes.jsonl]

Every decision is about a question that was never seen and evidence whose text was never seen; cards are encoded at the
first decision and kept. The weights are those of an untrained head: the work is the same. Prints wall and CPU time;
CPU time is what holds on a machine that others use.

With a suite and its outcomes it also says how often the router as it ships (its own encoder, a text at a time, the
weights in numpy) decides as the policy did in training (vectors of whole batches, torch), over all states that the
trained policy reaches on the test split. That needs the extras `eval` and `train`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from pathlib import Path

import numpy as np

from maestro_graph import ExpertCard, ExpertReply, ExpertRequest, Registry, RouterView, SkillCard, load_registry
from maestro_graph.decisions import CallExpert
from maestro_graph.evidence import Evidence
from maestro_graph.routers import PastTurn
from maestro_graph.routers.encoder import EncoderRouter, Head, cards_of, initial_weights, packaged_weights
from maestro_graph.skills import SkillCall

WORDS = ("count", "read", "chart", "angle", "sum", "colour", "label", "price", "table", "street", "circle", "line")


class Idle:
    def __init__(self, card: ExpertCard) -> None:
        self.card = card

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        raise RuntimeError("a router asks nobody")


class IdleSkill:
    def __init__(self, card: SkillCard) -> None:
        self.card = card

    def refusal(self, expert: ExpertCard) -> str | None:
        return None

    async def run(self, call: SkillCall) -> ExpertReply:
        raise RuntimeError("a router runs nothing")


def words(rng: np.random.Generator, count: int) -> str:
    return " ".join(rng.choice(WORDS, count))


def registry(experts: int, skills: int, rng: np.random.Generator) -> Registry:
    def said() -> dict[str, object]:
        return {"description": words(rng, 30), "examples": tuple(words(rng, 8) for _ in range(6))}

    return Registry(
        experts=[Idle(ExpertCard.model_validate({"name": f"e{at}", **said()})) for at in range(experts)],
        skills=[
            IdleSkill(SkillCard.model_validate({"name": f"s{at}", "protocol_name": f"S{at}", **said()}))
            for at in range(skills)
        ],
    )


def view(held: Registry, rng: np.random.Generator) -> RouterView:
    evidence = Evidence(
        turn=0, call=0, expert="e0", skill=None, query="q", status="ok", text=words(rng, 60), answer="4", confidence=0.4
    )
    history = (PastTurn(decision=(CallExpert("e0", "q"),), text="", evidence=(evidence,)),)
    return RouterView(
        question=f"{words(rng, 12)}?", images=(), registry=held, history=history, turns_left=3, calls_left=7
    )


def agreed(suite: str, outcomes: Path, policy: Path | None) -> dict[str, float]:
    """The share of decisions in which both agree."""
    from maestro_evaluation.loaders import open_suite
    from maestro_evaluation.running import read_table
    from maestro_graph.embedded.encoder import SentenceEncoder
    from maestro_training.encoder import TableWorld, VectorStore, agreement

    file = packaged_weights() if policy is None else policy / "policy.npz"
    if file is None:
        raise SystemExit("no policy ships with this release; name one by --policy")
    held = load_registry("embedded")
    samples = {sample.key: sample for sample in open_suite(suite).only(split="test")}
    cards = cards_of(held)
    world = TableWorld.build(samples.values(), read_table(outcomes, samples=samples), cards.actions, images=held.images)
    store = VectorStore(SentenceEncoder().encode)
    store.prepare(world.texts())
    same, total = agreement(EncoderRouter(SentenceEncoder(), head=Head.load(file)), world.samples, cards, store)
    return {"decisions": total, "questions": len(world), "agree": same / total}


async def measured(experts: int, skills: int, rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    held, router = registry(experts, skills, rng), EncoderRouter(head=Head(initial_weights(0)))
    began = time.perf_counter()
    await router.decide(view(held, rng))
    first = time.perf_counter() - began
    wall: list[float] = []
    cpu: list[float] = []
    for shown in [view(held, rng) for _ in range(rounds)]:
        at, used = time.perf_counter(), time.process_time()
        await router.decide(shown)
        wall.append(time.perf_counter() - at)
        cpu.append(time.process_time() - used)
    return {
        "pairs": len(held.actions()),
        "first_s": first,
        "wall_ms": 1000 * statistics.median(wall),
        "cpu_ms": 1000 * statistics.median(cpu),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--policy", type=Path, help="folder of a trained policy; default: the one that ships")
    parser.add_argument("--suite")
    parser.add_argument("--outcomes", type=Path)
    options = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    if options.suite and options.outcomes:
        found["agreement"] = row = agreed(options.suite, options.outcomes, options.policy)
        print(f"{row['agree']:.2%} of {row['decisions']:.0f} decisions on {row['questions']:.0f} questions agree")
    for experts, skills, most in ((5, 9, 40), (50, 50, 200)):
        row = found[f"{experts} experts, {skills} skills"] = asyncio.run(measured(experts, skills, options.rounds))
        print(
            f"{experts:3} experts, {skills:2} skills, {row['pairs']:4.0f} pairs: {row['wall_ms']:6.1f} ms "
            f"(CPU {row['cpu_ms']:6.1f} ms; at most {most}); the first, with all cards: {row['first_s']:.2f} s"
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
