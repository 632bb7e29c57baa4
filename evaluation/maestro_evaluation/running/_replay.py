"""The ensemble as its table remembers it: experts and skills that reply without computing anything."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from maestro_evaluation.records import Table
from maestro_evaluation.running._header_images import HeaderImages
from maestro_evaluation.running._metered import note_whole_call
from maestro_evaluation.running._wrapped import WrappedSkill
from maestro_evaluation.samples import Sample
from maestro_graph.calls import evidence_read
from maestro_graph.errors import CallFailure, MaestroError
from maestro_graph.evidence import Evidence, EvidenceRecord, Usage
from maestro_graph.experts import Expert, ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.registry import Action, Registry
from maestro_graph.skills import Skill, SkillCall

__all__ = ["TableEnsemble"]

FROM_TABLE = "\x00table "
"""Beginning of the instructions by which a skill of the table asks its expert to account for it."""

Pictures = tuple[str, ...]


class TableEnsemble(Registry):
    """A registry with the same cards whose experts and skills reply from a table of outcomes.

    A reply is found by sample, action, and what of the earlier evidence the expert reads (`evidence_read`); skills
    that pass evidence on say so (`passes_evidence`). So a call that depends on no evidence is known in every state.

    Args:
        registry: the ensemble that the table is of; its cards are shown, and it says what its experts read.
        table: rows by sample key and plan (`read_table`).
        samples: those that may be asked; a run is recognised by its question and its pictures.
        live: ask the registry's own experts where the table has nothing. By default that is an error.
    """

    def __init__(self, registry: Registry, table: Table, samples: Iterable[Sample], *, live: bool = False) -> None:
        images = HeaderImages(registry.images)
        self._replies = _Replies(registry, table, tuple(samples), images, live=live)
        super().__init__(
            registry.name,
            experts=[_TableExpert(expert, self._replies) for expert in registry.experts.values()],
            skills=[_TableSkill(skill, self._replies) for skill in registry.skills.values()],
            perceivers=registry.perceivers.values(),
            cache=registry.cache,
            router=registry.router_config,
            images=images,
            currency=registry.currency,
            deadline_s=registry.deadline_s,
        )

    def evidence(self, sample: Sample, action: Action, before: Sequence[Evidence] = ()) -> Evidence:
        """What this call brings in this state, without a graph: for training, at tens of thousands a second.

        Raises:
            MaestroError: the table has no such state.
        """
        found = self._replies.find(sample.key, action, before)
        if found is None:
            raise self._replies.lacking(sample.key, action, before)
        turn = before[-1].turn + 1 if before else 0
        return replace(Evidence.from_record(found), turn=turn, call=0)


class _Replies:
    """Replies by sample, action and what is read of the evidence."""

    def __init__(
        self, registry: Registry, table: Table, samples: Sequence[Sample], images: HeaderImages, *, live: bool
    ) -> None:
        self.registry, self.live = registry, live
        self._passing = {
            name for name, skill in registry.skills.items() if getattr(skill, "passes_evidence", False) is True
        }
        self._known: dict[tuple[str, Action, str], EvidenceRecord] = {}
        self._asked: dict[tuple[str, Pictures], str] = {}
        self._by_question: dict[str, set[str]] = {}
        self._images = images
        self._index(table, samples)

    def _index(self, table: Table, samples: Sequence[Sample]) -> None:
        wanted = {sample.key for sample in samples}
        for sample in samples:
            self._asked.setdefault((sample.question, sample.images), sample.key)
            self._by_question.setdefault(sample.question, set()).add(sample.key)
        for (key, _), row in table.items():
            if key not in wanted:
                continue
            whole = [Evidence.from_record(item) for item in row["evidence"]]
            for at, record in enumerate(row["evidence"]):
                action: Action = (record["expert"], record["skill"])
                if action[0] in self.registry.experts:
                    self._known.setdefault((key, action, self._read(action, record["query"], whole[:at])), record)

    def _read(self, action: Action, question: str, before: Sequence[Evidence]) -> str:
        """What the action reads of the evidence before it, as a key; empty for most calls."""
        if not before:
            return ""
        expert, skill = action
        read: Sequence[Evidence] = before
        if skill is None or skill in self._passing:
            read = evidence_read(self.registry.expert(expert), ExpertRequest(question=question, evidence=tuple(before)))
        if not read:
            return ""
        return json.dumps([[item.expert, item.text, item.answer, dict(item.details)] for item in read])

    def find(self, key: str, action: Action, before: Sequence[Evidence]) -> EvidenceRecord | None:
        """The record of the call in that state, if the table has it."""
        question = next(iter(before)).query if before else ""
        return self._known.get((key, action, self._read(action, question, before)))

    def of_request(self, action: Action, request: ExpertRequest) -> EvidenceRecord | None:
        """The record of a request as a run makes it; `None` where the experts are to be asked instead.

        Raises:
            MaestroError: the table lacks it, and nobody else is to be asked.
        """
        key = self._sample_of(request)
        if key is not None:
            found = self._known.get((key, action, self._read(action, request.question, request.evidence)))
            if found is not None:
                return found
        if self.live:
            return None
        if key is None:
            raise MaestroError(
                f"no sample of the table asks {request.question!r} about these {len(request.images)} pictures; the "
                f"table knows the questions of its samples as they are, unchanged by the router"
            )
        raise self.lacking(key, action, request.evidence)

    def _sample_of(self, request: ExpertRequest) -> str | None:
        found = self._asked.get((request.question, tuple(image.ref for image in request.images)))
        if found is None and not request.images:  # an expert that takes no pictures
            keys = self._by_question.get(request.question, set())
            found = next(iter(keys)) if len(keys) == 1 else None
        return found

    def lacking(self, key: str, action: Action, before: Sequence[Evidence]) -> MaestroError:
        """The error for a state that the table lacks."""
        name = action[0] if action[1] is None else f"{action[0]}@@{action[1]}"
        earlier = " > ".join(item.expert if item.skill is None else f"{item.expert}@@{item.skill}" for item in before)
        state = f"after {earlier}" if earlier else "as a first call"
        return MaestroError(
            f"the outcome table has no reply of {name} {state} for the sample {key!r}; list the plan "
            f"{' > '.join(filter(None, [earlier, name]))!r} (maestro eval outcomes --plans FILE), or let a "
            f"TableEnsemble ask the experts (live=True)"
        )


class _TableExpert:
    """An expert out of the table."""

    def __init__(self, inner: Expert, replies: _Replies) -> None:
        self.inner, self._replies = inner, replies
        self.endpoint = getattr(inner, "endpoint", None)

    @property
    def card(self) -> ExpertCard:
        return self.inner.card

    def evidence_read(self, request: ExpertRequest) -> Sequence[Evidence]:
        return evidence_read(self.inner, request)

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        if request.instructions.startswith(FROM_TABLE):
            return _accounted(request.instructions, self.card)
        if request.instructions:
            return await self.inner.ask(request)  # a step of a skill that is carried out live
        action: Action = (self.card.name, None)
        found = self._replies.of_request(action, request)
        if found is None:
            return await self.inner.ask(request)
        note_whole_call(*action, request, found["seconds"])
        return _reply(found, self.card)


class _TableSkill(WrappedSkill):
    """A skill out of the table. Its expert is asked as often as it was, so that the accounts agree."""

    def __init__(self, inner: Skill, replies: _Replies) -> None:
        super().__init__(inner)
        self._replies = replies

    async def run(self, call: SkillCall) -> ExpertReply:
        action: Action = (call.expert.name, self.card.protocol_name)
        found = self._replies.of_request(action, call.request)
        if found is None:
            return await self.inner.run(call)
        note_whole_call(*action, call.request, found["seconds"])
        for number in range(found["attempts"]):
            usage = found["usage"] if number == 0 else Usage().as_record()
            await call.ask(replace(call.request, instructions=FROM_TABLE + json.dumps(usage)))
        return _reply(found, call.expert)


def _accounted(instructions: str, card: ExpertCard) -> ExpertReply:
    usage = Usage.from_record(json.loads(instructions.removeprefix(FROM_TABLE)))
    return ExpertReply(text="", usage=_unpriced(usage, card))


def _reply(found: EvidenceRecord, card: ExpertCard) -> ExpertReply:
    if found["status"] != "ok":
        raise CallFailure(found["status"], found["text"])  # type: ignore[arg-type]  # a skipped call was never made
    details: Mapping[str, object] = found.get("details", {})
    return ExpertReply(
        text=found["text"],
        answer=found["answer"],
        confidence=found["confidence"],
        usage=_unpriced(Usage.from_record(found["usage"]), card),
        details=details,  # type: ignore[arg-type]  # JSON, as it was read
    )


def _unpriced(usage: Usage, card: ExpertCard) -> Usage:
    """Without the price of its tokens, which the call layer adds."""
    priced = (usage.input_tokens * card.price.input + usage.output_tokens * card.price.output) / 1e6
    return replace(usage, cost=max(0.0, usage.cost - priced))
