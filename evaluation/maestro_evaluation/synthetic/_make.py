"""One scene after another: from seed and number to samples and picture files. Runs in worker processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image

from maestro_evaluation.samples import Sample, Split
from maestro_evaluation.synthetic._catalogue import find_generator
from maestro_evaluation.synthetic._generator import Encoding, Generator, Question, Rejected, Scene
from maestro_graph.errors import MaestroError

__all__ = ["PICTURES", "Job", "Made", "make"]

PICTURES = "pictures"

ATTEMPTS = 300


class Job(NamedTuple):
    suite: str
    split: Split
    number: int
    seed: int
    folder: str


class Made(NamedTuple):
    """The samples of a scene, and for each how likely a guess is right."""

    samples: list[Sample]
    chances: list[float]


def make(job: Job) -> Made:
    """Make one scene's samples and write its pictures.

    Raises:
        MaestroError: the two derivations of the answer disagree, or no scene could be used.
    """
    generator = find_generator(job.suite)
    scene, questions = _scene(generator, job)
    images = _write(generator.draw(scene), job, generator.encoding)
    samples = [
        _sample(job, place, question, scene, images, alone=len(questions) == 1)
        for place, question in enumerate(questions)
    ]
    return Made(samples, [question.chance for question in questions])


def _scene(generator: Generator, job: Job) -> tuple[Scene, list[Question]]:
    for attempt in range(ATTEMPTS):
        rng = Random(f"{job.seed}/{job.suite}/{job.split}/{job.number}/{attempt}")  # noqa: S311 - no secret
        try:
            scene = generator.scene(rng, job.split, job.number)
            answer = generator.answer(scene)
            second = generator.second_answer(scene)
            if not generator.agree(answer, second):
                raise MaestroError(
                    f"{job.suite}, {job.split} {job.number}, seed {job.seed}: the scene gives {answer!r} and by the "
                    f"second derivation {second!r}; that is a defect of the generator, please report it"
                )
            return scene, list(generator.questions(scene, answer, rng, job.split, veiled=bool(scene.get("veiled"))))
        except Rejected:
            continue
    raise MaestroError(
        f"{job.suite}, {job.split} {job.number}, seed {job.seed}: none of {ATTEMPTS} scenes could be used; "
        "that is a defect of the generator, please report it"
    )


def _write(images: Sequence[Image.Image], job: Job, encoding: Encoding) -> tuple[str, ...]:
    paths = []
    for place, image in enumerate(images):
        suffix = "" if place == 0 else f"-{place + 1}"
        path = Path(job.folder) / PICTURES / f"{job.split}-{job.number:05d}{suffix}.{encoding}"
        save_picture(image, path, encoding)
        paths.append(str(path))
    return tuple(paths)


def save_picture(image: Image.Image, path: Path, encoding: Encoding) -> None:
    """Write with fixed parameters, so that the bytes depend on the pixels alone."""
    rgb = image.convert("RGB")
    if encoding == "png":
        rgb.save(path, "PNG", compress_level=6, optimize=False)
    else:
        rgb.save(path, "JPEG", quality=92, subsampling=0, optimize=False)


def _sample(job: Job, place: int, question: Question, scene: Scene, images: tuple[str, ...], *, alone: bool) -> Sample:
    name = f"{job.split}-{job.number:05d}"
    parts = scene.get("parts", {})
    return Sample(
        id=name if alone else f"{name}-{place + 1}",
        suite=job.suite,
        question=question.text,
        images=images,
        answer=question.answer,
        family=question.family,
        rule=question.rule,
        meta=dict(question.meta),
        split=job.split,
        group=None if alone else name,
        free_answer=question.free_answer,
        scene={
            **scene,
            "parts": {**parts, "template": question.template},
            "reply": question.right_reply,
        },
    )
