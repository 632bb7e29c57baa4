"""`maestro train encoder`: from a configuration to a folder with a trained policy."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maestro_evaluation.records import Table
from maestro_evaluation.samples import Sample, Split, Suite
from maestro_graph.errors import MaestroError, UnknownNameError
from maestro_graph.evidence import Json
from maestro_graph.protocol import PROTOCOL_VERSION
from maestro_graph.registry import load_registry
from maestro_graph.routers.encoder import WEIGHTS, ActionCards, Head, cards_of, texts_of
from maestro_training.encoder._config import EncoderTraining
from maestro_training.encoder._figures import StepFigures, collapse_warning
from maestro_training.encoder._model_card import model_card
from maestro_training.encoder._play import Encode
from maestro_training.encoder._report import ROUTING, write_report
from maestro_training.encoder._routing import routing_record
from maestro_training.encoder._run_folder import RunFolder, write_whole
from maestro_training.encoder._table import baseline_table
from maestro_training.encoder._trainer import Trainer
from maestro_training.encoder._vectors import VectorStore
from maestro_training.encoder._world import TableWorld

__all__ = ["Course", "TrainedEncoder", "cards_without", "open_course", "save_policy", "train_encoder"]


@dataclass(frozen=True)
class Course:
    """What a training run works on.

    Attributes:
        cards: of the registry to train on; `every_card` those of the whole one.
        train, validation, test: worlds by split; `test` has all families.
    """

    cards: ActionCards
    every_card: ActionCards
    train: TableWorld
    validation: TableWorld | None
    test: TableWorld | None
    encode: Encode

    def without(
        self, *, families: Sequence[str] = (), experts: Sequence[str] = (), skills: Sequence[str] = ()
    ) -> Course:
        """The same with families kept out of training and watching, and experts and skills out of its registry.

        Raises:
            UnknownNameError: an expert or skill is not there.
        """
        return replace(
            self,
            cards=cards_without(self.every_card, experts, skills),
            train=self.train.only(lambda item: item.sample.family not in families),
            validation=self.validation and self.validation.only(lambda item: item.sample.family not in families),
        )


@dataclass(frozen=True)
class TrainedEncoder:
    """What came out.

    Attributes:
        test: figures on the test split by router, as `baseline_table` gives them.
    """

    folder: Path
    head: Head
    test: Mapping[str, Mapping[str, float]]

    def summary(self) -> str:
        """A few lines for the terminal."""
        lines = [f"trained policy: {self.folder} (registry file: 'router: {self.folder}')"]
        lines += [f"  {name:32} score {row['score']:.3f}, {row['calls']:.2f} calls" for name, row in self.test.items()]
        return "\n".join(lines)


def train_encoder(
    training: EncoderTraining, out: Path, *, tensorboard: bool = False, shown: bool = True
) -> TrainedEncoder:
    """Train, or go on with a training that was interrupted; then write the policy, its card and its figures.

    Raises:
        MaestroError: suite or table cannot be used, or `out` holds another run.
        MissingExtraError: torch (extra `train`) or the sentence encoder (extra `embedded`) is not installed.
    """
    folder = RunFolder(out, training.model_dump(mode="json"))
    say = _say if shown else _silent
    course = open_course(training, out, say=say)
    say(f"{len(course.train)} questions to train on, {len(course.cards.actions)} actions")
    trainer = Trainer(training, course.train, course.cards, course.encode, watched=course.validation, folder=folder)
    if trainer.step:
        say(f"going on after step {trainer.step}")
    start = Head(trainer.start)
    show = _Show(training, course.cards, say)
    began = time.perf_counter()
    if tensorboard:
        from maestro_training.encoder._tensorboard import Board

        with Board(out / "tensorboard", first=trainer.step) as board:

            def both(figures: StepFigures) -> None:
                show(figures)
                board(figures)

            head = trainer.run(both)
    else:
        head = trainer.run(show)
    seconds = time.perf_counter() - began
    table = baseline_table(course, {"trained": head, "untrained": start}, training)
    about: dict[str, Json] = {
        "suite": Path(training.suite).name,
        "seed": training.seed,
        "steps": training.steps,
        "seconds": round(seconds),
        "test": {name: dict(row) for name, row in table.items()},
    }
    reported = "train" if course.test is None else "test"
    save_policy(Head(head.weights, about), out, training, table, reported=reported)
    start.save(out / "untrained.npz")
    write_whole(out / ROUTING, json.dumps(routing_record(course, {"trained": head, "untrained": start}, training)))
    write_report(out)
    return TrainedEncoder(out, head, table)


def save_policy(
    head: Head, out: Path, training: EncoderTraining, table: Mapping[str, Mapping[str, float]], *, reported: str
) -> None:
    """Write what `router: FOLDER` of a registry file needs, and the model card."""
    head.save(out / WEIGHTS)
    write_whole(out / "router.json", f'{{"kind": "encoder", "protocol_version": {PROTOCOL_VERSION}}}\n')
    write_whole(out / "MODEL_CARD.md", model_card(head, training, table, reported=reported))


def open_course(training: EncoderTraining, out: Path, *, say: Callable[[str], None] | None = None) -> Course:
    """Read suite, table and registry, and encode what the policy will read.

    Raises:
        MaestroError: they do not fit together; UnknownNameError for a family, expert or skill that is not there.
    """
    from maestro_evaluation.running._outcomes import read_table
    from maestro_graph.embedded.encoder import default_encoder

    registry = load_registry(training.registry)
    suite = _suite(training.suite)
    families = {sample.family for sample in suite}
    for name in training.without_families:
        if name not in families:
            raise UnknownNameError("family", name, families)
    table: Table = read_table(training.outcomes, samples={sample.key: sample for sample in suite})
    whole = cards_of(registry)
    part = cards_without(whole, training.without_experts, training.without_skills)
    encode = VectorStore(default_encoder().encode, out / "vectors.npz")
    left_out = frozenset(training.without_families)

    def world(split: Split, *, all_families: bool) -> TableWorld | None:
        chosen: list[Sample] = [
            sample for sample in suite.only(split=split) if all_families or sample.family not in left_out
        ]
        covered = {key for key, _ in table}
        if split != "train" and not any(sample.key in covered for sample in chosen):
            return None  # no table of that split: it is neither watched nor reported
        return TableWorld.build(chosen, table, whole.actions, images=registry.images) if chosen else None

    train = world("train", all_families=False)
    if train is None:
        raise MaestroError(f"the suite {training.suite!r} has no questions in its train split; train needs some")
    validation, test = world("validation", all_families=False), world("test", all_families=True)
    texts = [
        *texts_of(whole),
        *train.forms(training.vary.questions),
        *(text for part in (train, validation, test) if part is not None for text in part.texts()),
    ]
    encode.prepare(list(dict.fromkeys(texts)), _told(say))
    return Course(part, whole, train, validation, test, encode)


def _suite(name: str) -> Suite:
    """All splits of a suite."""
    from maestro_evaluation.loaders import open_suite

    return open_suite(name)


def cards_without(cards: ActionCards, experts: Sequence[str], skills: Sequence[str]) -> ActionCards:
    """The action set without these experts and skills.

    Raises:
        UnknownNameError: one of them is not there.
    """
    for what, names, known in (("expert", experts, cards.experts), ("skill", skills, cards.skills)):
        for name in names:
            if name not in (there := [card.name for card in known]):
                raise UnknownNameError(what, name, there)
    kept_experts = [at for at, card in enumerate(cards.experts) if card.name not in experts]
    kept_skills = [at for at, card in enumerate(cards.skills) if card.name not in skills]
    return ActionCards(
        tuple(cards.experts[at] for at in kept_experts),
        tuple(cards.skills[at] for at in kept_skills),
        tuple(
            (kept_experts.index(expert), None if skill is None else kept_skills.index(skill))
            for expert, skill in cards.pairs
            if expert in kept_experts and (skill is None or skill in kept_skills)
        ),
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _silent(text: str) -> None:
    pass


def _told(say: Callable[[str], None] | None) -> Callable[[int, int], None] | None:
    if say is None:
        return None

    def tell(done: int, total: int) -> None:
        if done == total or done % 1024 == 0:
            say(f"encoding texts: {done}/{total}")

    return tell


class _Show:
    """A line a round, and a warning where routing collapses."""

    EVERY = 10

    def __init__(self, training: EncoderTraining, cards: ActionCards, say: Callable[[str], None]) -> None:
        self._training, self._cards, self._say = training, cards, say

    def __call__(self, figures: StepFigures) -> None:
        warning = collapse_warning(figures, self._cards.actions)
        if warning is not None and figures.step % self.EVERY == 0:
            self._say(f"warning: {warning}")
        if figures.step % self.EVERY and not figures.watched:
            return
        experts = " ".join(f"{name} {share:.0%}" for name, share in figures.experts.items())
        watched = "".join(f", validation {name} {value:.3f}" for name, value in figures.watched.items())
        self._say(
            f"{figures.step + 1}/{self._training.steps} reward {figures.reward:.3f}, valid {figures.valid:.1%}, "
            f"entropy {figures.entropy:.2f}, {figures.calls:.2f} calls, {experts}{watched} ({figures.seconds:.1f} s)"
        )
