"""A suite: samples under a name, with where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from maestro_evaluation.samples._sample import Sample, Split
from maestro_graph.evidence import Json

__all__ = ["Suite", "SuiteInfo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteInfo:
    """What a reader of a report must know of a suite.

    Attributes:
        source: where the samples come from: hub id and revision, generator and seed, or a folder.
        licence: of the data.
        chance: accuracy that guessing without looking reaches, 0 to 1; `None` where unknown.
        details: seed, generator version, counts …
    """

    name: str
    title: str = ""
    source: str = ""
    licence: str = ""
    chance: float | None = None
    details: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """Samples in a fixed order."""

    info: SuiteInfo
    samples: Sequence[Sample]

    @property
    def name(self) -> str:
        return self.info.name

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self.samples)

    def only(self, *, split: Split | None = None, limit: int | None = None) -> Suite:
        """The samples of one split, the first `limit` of them."""
        kept = [sample for sample in self.samples if split is None or sample.split == split]
        return replace(self, samples=tuple(kept[:limit]))
