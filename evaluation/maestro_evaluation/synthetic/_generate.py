"""A synthetic suite as a folder: pictures, questions, and what a report must know of them."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from os import cpu_count
from pathlib import Path
from statistics import fmean

from maestro_evaluation.samples import Split, Suite, SuiteInfo, read_folder, write_questions
from maestro_evaluation.samples._folder import INFO, QUESTIONS
from maestro_evaluation.synthetic._blind import blind_baseline
from maestro_evaluation.synthetic._catalogue import find_generator
from maestro_evaluation.synthetic._generator import Generator
from maestro_evaluation.synthetic._make import PICTURES, Job, Made, make
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Json

__all__ = ["SPLITS", "generate"]

SPLITS: tuple[Split, ...] = ("train", "validation", "test")

UNFINISHED = "unfinished.json"

CHUNK = 4


def generate(
    name: str,
    *,
    sizes: Mapping[Split, int],
    seed: int,
    folder: Path,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Suite:
    """Generate a suite, or read it if the folder holds this very one already. An interrupted run is begun again.

    Args:
        name: one of `generators()`.
        sizes: how many questions of each split; rounded up to whole groups where questions share a picture.
        workers: processes; by default as many as there are processors.
        progress: told how many scenes of how many are done.

    Returns:
        The suite; its `details` say seed, version, counts and what guessing without the picture reaches.

    Raises:
        UnknownNameError: there is no such suite.
        MaestroError: the folder holds something else, or nothing was asked for.
    """
    generator = find_generator(name)
    _check(sizes)
    wanted = _identity(generator, sizes, seed)
    if _is_there(folder, wanted):
        return read_folder(folder)
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    (folder / UNFINISHED).write_text(json.dumps(wanted), encoding="utf-8")
    where = str(folder.resolve())
    jobs = [
        Job(name, split, number, seed, where)
        for split in SPLITS
        for number in range(-(-sizes.get(split, 0) // generator.per_scene))
    ]
    made: list[Made] = []
    for done, one in enumerate(_run(jobs, workers or cpu_count() or 1), start=1):
        made.append(one)
        if progress is not None:
            progress(done, len(jobs))
    suite = _suite(generator, made, wanted)
    write_questions(suite, folder)
    (folder / UNFINISHED).unlink()
    return suite


def _check(sizes: Mapping[Split, int]) -> None:
    for split, size in sizes.items():
        if split not in SPLITS:
            raise MaestroError(f"there is no split {split!r}; there are: {', '.join(SPLITS)}")
        if size < 0:
            raise MaestroError(f"a split cannot have {size} samples")
    if not any(sizes.values()):
        raise MaestroError("a suite needs at least one sample; say how many of which split")


def _identity(generator: Generator, sizes: Mapping[Split, int], seed: int) -> dict[str, Json]:
    kept: dict[str, Json] = {split: sizes[split] for split in SPLITS if sizes.get(split)}
    return {"suite": generator.name, "version": generator.version, "seed": seed, "sizes": kept, **generator.identity()}


def _is_there(folder: Path, wanted: Mapping[str, Json]) -> bool:
    """Whether the folder holds this suite, complete.

    Raises:
        MaestroError: it holds something else.
    """
    if folder.exists() and not folder.is_dir():
        raise MaestroError(f"{folder} is a file; name a folder for the suite")
    if not folder.is_dir() or not any(folder.iterdir()):
        return False
    if (held := _read(folder / UNFINISHED)) is not None:
        if held == wanted:
            return False
        raise MaestroError(f"{folder} holds an unfinished suite, {_said(held)}; finish it, or name another folder")
    details = (_read(folder / INFO) or {}).get("details")
    found = {key: details.get(key) for key in wanted} if isinstance(details, dict) else None
    if found == wanted and (folder / QUESTIONS).is_file():
        return True
    what = f"another suite, {_said(found)}" if found and found["suite"] else "other files"
    raise MaestroError(f"{folder} holds {what}, and nothing is overwritten; name an empty or new folder")


def _read(file: Path) -> dict[str, Json] | None:
    if not file.is_file():
        return None
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise MaestroError(f"{file} cannot be read: {error}; delete the folder or name another one") from error
    return data if isinstance(data, dict) else None


def _said(held: Mapping[str, Json]) -> str:
    sizes = held.get("sizes")
    counts = ", ".join(f"{size} {split}" for split, size in sizes.items()) if isinstance(sizes, dict) else "?"
    return f"{held.get('suite')} version {held.get('version')} with seed {held.get('seed')} ({counts})"


def _run(jobs: Sequence[Job], workers: int) -> Iterator[Made]:
    if workers == 1 or len(jobs) <= CHUNK:
        yield from map(make, jobs)
        return
    # Spawned, since a forked child of a process with threads may hang.
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(make, jobs, chunksize=CHUNK)


def _suite(generator: Generator, made: Sequence[Made], wanted: Mapping[str, Json]) -> Suite:
    samples = [sample for one in made for sample in one.samples]
    chances = [chance for one in made for chance in one.chances]
    blind: dict[str, Json] = {}
    for split in SPLITS:
        if part := [sample for sample in samples if sample.split == split]:
            blind[split] = {key: round(value, 4) for key, value in blind_baseline(part)._asdict().items()}
    info = SuiteInfo(
        name=generator.name,
        title=generator.title,
        source=f"generated: {generator.name} version {generator.version}, seed {wanted['seed']}",
        licence=generator.licence,
        chance=round(fmean(chances), 4),
        details={
            **wanted,
            "about": generator.about,
            "follows": generator.follows,
            "samples": len(samples),
            "pictures": sum(len(set(one.samples[0].images)) for one in made),
            "free_answers": sum(sample.free_answer for sample in samples),
            "families": _counts([sample.family for sample in samples]),
            "tasks": _counts([str(sample.scene.get("task", "")) for sample in samples]),
            "second_derivation": f"agreed on {len(made)} of {len(made)} scenes",
            "blind": blind,
        },
    )
    return Suite(info, tuple(samples))


def _counts(names: Sequence[str]) -> dict[str, Json]:
    return {name: names.count(name) for name in sorted(set(names)) if name}
