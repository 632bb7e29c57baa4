"""One question with its pictures and its accepted answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from maestro_graph.evidence import Json

__all__ = ["DEFAULT_RULE", "Gold", "Sample", "Split"]

Split = Literal["train", "validation", "test"]

Gold = str | int | float | list[str | int | float] | dict[str, Json] | None
"""An accepted answer in the benchmark's own form; for `short-answer` a string, a number or a list of accepted ones."""

DEFAULT_RULE = "short-answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A question that can be put to the graph and scored.

    Attributes:
        id: unique within its suite.
        suite: name of the suite it belongs to.
        images: references that the graph can open: absolute paths or https URLs.
        answer: what is accepted; `None` where the benchmark keeps its answers (the sample can be run, not scored).
        family: what kind of question it is (by convention the Level-1 skill meant for it); never shown to a router.
        rule: name of the scoring rule (`maestro_evaluation.rules`); `meta` is what that rule needs.
        split: which part of the suite it is in.
        group: samples that are one question in several forms (option rotations) share it.
        free_answer: whether a guess is unlikely to be right (no options, no yes or no): only such samples count
            for an oracle.
        scene: what a generated picture was drawn from, for the second derivation; empty for real data.
    """

    id: str
    suite: str
    question: str
    images: tuple[str, ...]
    answer: Gold
    family: str
    rule: str = DEFAULT_RULE
    meta: Mapping[str, Json] = field(default_factory=dict)
    split: Split = "test"
    group: str | None = None
    free_answer: bool = True
    scene: Mapping[str, Json] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Name of this sample among all suites."""
        return f"{self.suite}/{self.id}"

    @property
    def fingerprint(self) -> str:
        """Hash of what is asked and how it is scored (the files' content included): records of another sample that
        happens to have the same id are not taken for this one's."""
        said = [self.question, self.answer, self.rule, dict(self.meta), [_content(image) for image in self.images]]
        text = json.dumps(said, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _content(reference: str) -> str:
    path = Path(reference)
    if not path.is_file():
        return reference
    kept = path.stat()
    return _digest(reference, kept.st_size, kept.st_mtime_ns)


@lru_cache(maxsize=1 << 16)
def _digest(reference: str, size: int, changed_ns: int) -> str:
    """Of the file's content; read once while it stays as it is."""
    with Path(reference).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
