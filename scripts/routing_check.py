"""How often the embedded router asks the right expert first: questions in varied wording, with real previews.

    pip install 'maestro-graph[embedded]' matplotlib==3.11.2
    python scripts/routing_check.py [--set first|second] [--wrong]

routing_questions.tsv holds (set, expert to ask first, kind of picture, question); the questions were written without
the cards in view, and the second set after the weights had been looked at on the first. Pictures of each kind are
drawn by preview_pictures.py, or are photographs that ship in scikit-image. Compared are the nearest card text alone,
several ways to bring the preview in, and the router, untrained and with the weights that ship.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from preview_pictures import SOURCES

from maestro_graph import load_registry
from maestro_graph.embedded.encoder import default_encoder
from maestro_graph.embedded.preview import TASKS, Preview, preview
from maestro_graph.images import MaestroImage
from maestro_graph.registry import Action
from maestro_graph.routers import RouterView
from maestro_graph.routers.encoder import EncoderRouter, Head, ZeroShot, ZeroShotPolicy, cards_of, state_of
from maestro_graph.routers.encoder._router import packaged_weights

QUESTIONS = Path(__file__).with_name("routing_questions.tsv")
ORIGINS = {
    "chart": "PIL", "diagram": "PIL", "page": "PIL", "sign": "PIL", "shapes": "PIL", "scene": "landscape",
    "photo": "scikit-image",
}  # fmt: skip


class Sample:
    def __init__(self, number: int, line: str) -> None:
        self.group, self.expert, self.kind, self.question = line.rstrip("\n").split("\t")
        self.image = picture(self.kind, number % 7)
        self.seen: Preview | None = preview(self.image) if self.image else None


@cache
def picture(kind: str, seed: int) -> MaestroImage | None:
    if kind == "none":
        return None
    drawn_as = "shapes" if kind == "scene" else kind
    pixels = np.ascontiguousarray(SOURCES[drawn_as, ORIGINS[kind]](np.random.default_rng((9, seed))))
    drawn = Image.fromarray(pixels)
    if kind == "scene":
        drawn = drawn.resize((3600, round(3600 * drawn.height / drawn.width)))
    digest = hashlib.sha256(drawn.tobytes()).hexdigest()
    return MaestroImage(
        ref=f"{kind}-{seed}", sha256=digest, width=drawn.width, height=drawn.height, notes=(), load=lambda: drawn
    )


def table(samples: list[Sample], names: list[str], score: np.ndarray, *, wrong: bool) -> None:
    """The confusion matrix of the best experts in `score` (samples, experts)."""
    first = [names[index] for index in score.argmax(axis=1)]
    counts = Counter((s.expert, answer) for s, answer in zip(samples, first, strict=True))
    print(" " * 14 + "".join(f"{name:>14s}" for name in names))
    for name in names:
        print(f"{name:14s}" + "".join(f"{counts[name, other]:14d}" for other in names))
    for sample, answer in zip(samples, first, strict=True):
        if wrong and sample.expert != answer:
            print(f"  {sample.expert} -> {answer}: [{sample.kind}] {sample.question}")


def views(samples: list[Sample]) -> list[RouterView]:
    registry = load_registry("embedded")
    return [RouterView(question=s.question, images=(s.image,) if s.image else (), registry=registry) for s in samples]


def best_of(scores: Mapping[Action, float], names: list[str]) -> list[float]:
    """Of an expert, the score of its best action."""
    return [max(v for (expert, _), v in scores.items() if expert == name) for name in names]


def untrained(samples: list[Sample], names: list[str]) -> np.ndarray:
    """Scores of the policy without weights."""
    policy = ZeroShotPolicy(default_encoder().encode, ZeroShot())
    return np.array([best_of(policy.scores(view), names) for view in views(samples)])


def trained(samples: list[Sample], names: list[str]) -> np.ndarray | None:
    """Scores of the weights that ship, `None` where none do."""
    weights = packaged_weights()
    if weights is None:
        return None
    router = EncoderRouter(head=Head.load(weights))
    rows = []
    for view in views(samples):
        cards = cards_of(view.registry)
        logits = router.logits(state_of(view), cards)
        rows.append(best_of({action: float(logits[at]) for at, action in enumerate(cards.actions)}, names))
    return np.array(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Check the first choice of the embedded router.")
    parser.add_argument("--set", default="first", help="first or second")
    parser.add_argument("--wrong", action="store_true", help="list the questions that went wrong")
    options = parser.parse_args()
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    samples = [Sample(n, line) for n, line in enumerate(lines) if line.startswith(options.set)]
    encoder, experts = default_encoder(), load_registry("embedded").experts
    names = list(experts)
    cards = [encoder.encode([e.card.description, *e.card.examples]) for e in experts.values()]
    questions = encoder.encode([s.question for s in samples])
    right = np.array([names.index(s.expert) for s in samples])
    nearest = np.array([(card @ questions.T).max(axis=0) for card in cards]).T
    mean = np.array([(card @ questions.T).mean(axis=0) for card in cards]).T
    descriptions = np.array([card[0] for card in cards])
    texts = encoder.encode([s.seen.text if s.seen else TASKS["none"] for s in samples]) @ descriptions.T
    tasks = encoder.encode(list(TASKS.values())) @ descriptions.T
    kinds = np.array([[(s.seen.kind if s.seen else {"none": 1.0}).get(kind, 0.0) for kind in TASKS] for s in samples])
    expected = kinds @ (tasks - tasks.mean(axis=0))
    both = 0.7 * nearest + 0.3 * mean

    def share(score: np.ndarray) -> str:
        return f"{np.mean(score.argmax(axis=1) == right):.3f}"

    ways: dict[str, Callable[[float], np.ndarray]] = {
        "preview's sentence": lambda w: both + w * texts,
        "expected task of the preview's kinds": lambda w: both + w * expected,
    }
    print(f"{len(samples)} questions; nearest card text alone {share(nearest)}, with the card's mean {share(both)}")
    for way, score in ways.items():
        print(f"{way}: " + ", ".join(f"{w}: {share(score(w))}" for w in (0.1, 0.2, 0.35, 0.5, 0.8)))
    for what, ours in (("untrained", untrained(samples, names)), ("trained", trained(samples, names))):
        if ours is not None:
            print(f"the {what} router: {share(ours)}; right expert in rows, first choice in columns:")
            table(samples, names, ours, wrong=options.wrong)


if __name__ == "__main__":
    main()
