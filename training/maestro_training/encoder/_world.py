"""Questions whose experts answer from a table of outcomes: thousands of runs a minute, no expert is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from maestro_evaluation.plans import Plan
from maestro_evaluation.records import Outcome
from maestro_evaluation.samples import Sample
from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Evidence
from maestro_graph.images import ImageStore
from maestro_graph.registry import Action
from maestro_graph.routers.encoder import parts_of, picture_tasks
from maestro_training.encoder._forms import forms

__all__ = ["TableWorld", "WorldSample"]


@dataclass(frozen=True)
class WorldSample:
    """A question with what every plan gives on it.

    Attributes:
        picture: what a glance at the first picture says (`PolicyState.picture`).
        replies: evidence of the last call of each plan.
    """

    sample: Sample
    picture: Mapping[str, float]
    replies: Mapping[tuple[Action, ...], Evidence]

    def reply(self, done: Sequence[Evidence], action: Action) -> Evidence:
        """What `action` gives after `done`.

        The table has every single call and the plans in which a later call reads what an earlier one found. So the
        reply is that of the longest known plan that the run has followed: the calls so far, else the last good one
        before this call, else this call alone.

        Raises:
            MaestroError: the table does not have the call at all.
        """
        before = tuple((item.expert, item.skill) for item in done)
        good = tuple((item.expert, item.skill) for item in done if item.ok)
        for plan in ((*before, action), (*good[-1:], action), (action,)):
            if plan in self.replies:
                return self.replies[plan]
        raise MaestroError(
            f"the table of outcomes has no row of {Plan((action,))} for sample {self.sample.key!r}; complete it by: "
            f"maestro eval outcomes"
        )


@dataclass(frozen=True)
class TableWorld:
    """Samples that can be run from a table.

    Attributes:
        dropped: keys of samples that the table does not cover.
    """

    samples: tuple[WorldSample, ...]
    dropped: tuple[str, ...] = ()
    by_key: Mapping[str, WorldSample] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        samples: Iterable[Sample],
        table: Mapping[tuple[str, str], Outcome],
        actions: Iterable[Action],
        *,
        images: ImageStore | None = None,
    ) -> TableWorld:
        """Take from the table what the actions need; samples without a row for each of them are dropped.

        Pictures are opened once, for the glance that the policy takes at them.

        Raises:
            MaestroError: the table covers none of the samples.
        """
        store, wanted = images or ImageStore(), [str(Plan((action,))) for action in actions]
        rows: dict[str, list[Outcome]] = {}
        for (key, _), row in table.items():
            rows.setdefault(key, []).append(row)
        kept: list[WorldSample] = []
        dropped: list[str] = []
        for sample in samples:
            plans = {row["plan"]: row for row in rows.get(sample.key, ())}
            if not all(plan in plans for plan in wanted):
                dropped.append(sample.key)
                continue
            replies = {
                Plan.parse(plan).actions: Evidence.from_record(row["evidence"][-1]) for plan, row in plans.items()
            }
            opened = [store.open(sample.images[0])] if sample.images else []
            kept.append(WorldSample(sample, picture_tasks(opened), replies))
        if not kept:
            raise MaestroError(
                f"the table of outcomes covers none of the {len(dropped)} samples with all {len(wanted)} pairs; "
                f"compute it for this suite and ensemble by: maestro eval outcomes"
            )
        return cls(tuple(kept), tuple(dropped), {item.sample.key: item for item in kept})

    def __len__(self) -> int:
        return len(self.samples)

    def only(self, wanted: Callable[[WorldSample], bool]) -> TableWorld:
        """Those of the samples."""
        kept = tuple(item for item in self.samples if wanted(item))
        return TableWorld(kept, self.dropped, {item.sample.key: item for item in kept})

    def forms(self, count: int) -> list[str]:
        """The questions, each in so many forms, and their sentences."""
        found = [form for item in self.samples for form in forms(item.sample.question, count)]
        return list(dict.fromkeys([*found, *(part for form in found for part in parts_of(form))]))

    def texts(self) -> list[str]:
        """What the encoder will be asked for."""
        from maestro_graph.routers.encoder import seen

        found = self.forms(1)
        found += [part.text for item in self.samples for part in seen(tuple(item.replies.values()))]
        return list(dict.fromkeys(found))
