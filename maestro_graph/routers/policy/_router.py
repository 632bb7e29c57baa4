"""`PolicyRouter`: a language or vision-language model as the router, token in and token out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from maestro_graph.decisions import Answer, Call, Malformed
from maestro_graph.errors import CallFailure, MaestroError, RegistryError
from maestro_graph.evidence import Usage
from maestro_graph.protocol import (
    neutralise,
    parse_turn,
    render_observation,
    render_problem,
    render_prompt,
    turn_grammar,
    turn_regex,
)
from maestro_graph.routers._base import PastTurn, RouterTurn, RouterView, TokenRecord
from maestro_graph.routers.policy._adapter import base_of, tokenizer_home
from maestro_graph.routers.policy._format import ChatFormat
from maestro_graph.routers.policy._options import PolicyOptions, read_options
from maestro_graph.routers.policy._own_template import choose_format
from maestro_graph.routers.policy._seam import PromptImage, Sample, SampleRequest, TokenSampler
from maestro_graph.routers.policy._tokens import PolicyTokenizer

if TYPE_CHECKING:
    from maestro_graph.registry import RouterConfig, Sampling

__all__ = ["PolicyRouter", "build"]

SETTINGS = frozenset({"temperature", "max_tokens", "seed"})
NAMED = "the question"
"""The query that stands for the user's question."""
UNKNOWN = "unknown"
"""The answer of a policy that may only repeat answers, and was given none."""


class PolicyRouter:
    """A router whose every token is kept.

    The prompt of a turn is the prompt of the turn before, the tokens as they were sampled, and the tokens of the
    observation: nothing is ever encoded again, so that what is trained on is what was sampled (arXiv 2605.22177,
    section 3). `RouterTurn.tokens` holds the ids and the log-probability of each.

    Args:
        sampler: where tokens come from.
        tokenizer: the model's.
        options: grammar, template and bounds.
        sampling: temperature, limit and seed; top-p must be off, since log-probabilities are of the full distribution.
        think_opened: prompts end with an opened `<think>`.
        calls_per_turn: searches that one turn may hold.

    Raises:
        RegistryError: no prefix-preserving format is known for the model; names the first token that differs.
    """

    def __init__(
        self,
        sampler: TokenSampler,
        tokenizer: PolicyTokenizer,
        *,
        options: PolicyOptions | None = None,
        sampling: Sampling | None = None,
        think_opened: bool = False,
        calls_per_turn: int = 1,
    ) -> None:
        from maestro_graph.registry import Sampling

        self.sampler, self.tokenizer = sampler, tokenizer
        self.options = options or PolicyOptions()
        self._sampling = sampling or Sampling(temperature=1.0, max_tokens=2048)
        if self._sampling.top_p not in (None, 1.0):
            raise RegistryError(
                f"a policy router has top_p {self._sampling.top_p}; remove it: the log-probabilities that are recorded "
                f"are those of the full distribution"
            )
        self._think_opened, self._calls_per_turn = think_opened, calls_per_turn
        self.format: ChatFormat = choose_format(tokenizer, template=self.options.template, think_opened=think_opened)

    async def decide(self, view: RouterView) -> RouterTurn:
        """Sample the next turn and parse it."""
        limit = await self.sampler.prepare()
        actions = view.registry.actions()
        shown = self._shown_view(view)
        prompt_ids, images = await self._prompt(shown)
        request = self._request(view, actions, prompt_ids, images, limit)
        sample = await self.sampler.sample(request)
        record = TokenRecord(
            prompt_ids=prompt_ids,
            sampled_ids=sample.ids,
            logprobs=sample.logprobs,
            temperature=request.temperature,
            masked=request.grammar is not None,
            grammar=request.grammar,
            finish=sample.finish,
        )
        text, decision = self._read(sample, actions, request.max_tokens, bool(images))
        if self.options.queries == "named" and isinstance(decision, tuple):
            decision = tuple(
                replace(call, query=view.question.strip()) if call.query == NAMED else call for call in decision
            )
        return RouterTurn(
            decision=decision,
            prompt=self._shown(shown, prompt_ids, images),
            text=text,
            tokens=record,
            usage=Usage(calls=1, input_tokens=len(prompt_ids), output_tokens=len(sample.ids)),
        )

    def grammar(self, actions: Sequence[tuple[str, str | None]], view: RouterView | None = None) -> str:
        """The grammar of a turn over the actions that exist now, and where the options say so, over what was asked
        and found."""
        question, answers = (None, None) if view is None else self._said(view)
        if view is not None and self.options.last_turn == "answer" and _is_last(view):
            actions = ()
        bounds: dict[str, Any] = {
            "query": question,
            "answers": answers,
            "max_thought": self.options.max_thought,
            "max_query": self.options.max_query,
            "max_answer": self.options.max_answer,
            "max_calls": self._calls_per_turn,
            "think_opened": self._think_opened,
        }
        opened, closed = (self.tokenizer.control_id(tag) for tag in ("<think>", "</think>"))
        if opened is None or closed is None:
            return turn_regex(actions, **bounds)
        return turn_grammar(actions, think_ids=(opened, closed), **bounds)

    def _said(self, view: RouterView) -> tuple[str | None, list[str] | None]:
        """The only query and the only answers of a turn, where the options restrict them."""
        question = NAMED if self.options.queries == "named" else neutralise(view.question.strip())
        fits = len(question) <= self.options.max_query and "\n" not in question and "\r" not in question
        found = [neutralise(item.answer.strip()) for item in view.evidence if item.ok and item.answer]
        answers: list[str] | None = [text for text in found if text and len(text) <= self.options.max_answer]
        if not answers and _is_last(view):
            answers = [UNKNOWN] if self.options.last_turn == "answer" else None
        return (
            question if self.options.queries != "free" and question and fits else None,
            answers if self.options.answers == "evidence" else None,
        )

    def _shown_view(self, view: RouterView) -> RouterView:
        """What the model gets to see: one without eyes is told how many pictures there are."""
        if self.options.pictures == "shown" or not view.images:
            return view
        count = "A picture comes" if len(view.images) == 1 else f"{len(view.images)} pictures come"
        told = f"{view.question}\n({count} with the question; the specialists see what you do not.)"
        return replace(view, images=(), question=told)

    async def _prompt(self, view: RouterView) -> tuple[tuple[int, ...], tuple[PromptImage, ...]]:
        """The prompt's ids, and where its pictures stand."""
        lengths = await self.sampler.image_lengths(view.images) if view.images else ()
        if not view.history:
            prompt_ids = first_ids = await asyncio.to_thread(self.first_prompt, view, lengths)
        else:
            records = _records(view.history)
            first_ids = records[0].prompt_ids
            prompt_ids = self.next_prompt(view.history[-1], records[-1])
        return prompt_ids, self._places(view, first_ids, lengths)

    def first_prompt(self, view: RouterView, image_lengths: Sequence[int] = ()) -> tuple[int, ...]:
        """The prompt of the first turn: rules, cards, pictures and question."""
        system = render_prompt(
            [expert.card for expert in view.registry.experts.values()],
            [skill.card for skill in view.registry.skills.values()],
            view.registry.actions(),
            max_turns=view.turns_left + len(view.history),
            max_calls=self._calls_per_turn,
            brief=self.options.prompt == "brief",
        )
        question = neutralise(view.question)
        return self.format.first(self.tokenizer, system=system, question=question, image_lengths=image_lengths)

    def next_prompt(self, turn: PastTurn, record: TokenRecord) -> tuple[int, ...]:
        """The prompt behind a turn: what stood before, what was sampled, and what came back."""
        if isinstance(turn.decision, Malformed):
            observation = render_problem(turn.decision.problem)
        else:
            observation = render_observation(turn.evidence, max_chars=self.options.observation_chars)
        return self.format.following(self.tokenizer, record.prompt_ids, record.sampled_ids, observation)

    def _places(self, view: RouterView, ids: Sequence[int], lengths: Sequence[int]) -> tuple[PromptImage, ...]:
        """The pictures' placeholders in the first prompt, which every later one begins with."""
        if not view.images:
            return ()
        pad = self.tokenizer.control_id(self.format.image_tokens(self.tokenizer).pad)
        places: list[PromptImage] = []
        at = 0
        for image, length in zip(view.images, lengths, strict=True):
            try:
                at = ids.index(pad, at)
            except ValueError:
                at = len(ids)
            if any(item != pad for item in ids[at : at + length]) or at + length > len(ids):
                raise MaestroError(
                    f"the prompt of this run has no room of {length} tokens for {image!r}: it was begun with other "
                    f"pictures or another model; start a new run"
                )
            places.append(PromptImage(image, at, length))
            at += length
        return tuple(places)

    def _request(
        self,
        view: RouterView,
        actions: Sequence[tuple[str, str | None]],
        prompt_ids: tuple[int, ...],
        images: tuple[PromptImage, ...],
        limit: int | None,
    ) -> SampleRequest:
        settings = _settings(view.sampling, self._sampling)
        room = settings.max_tokens if limit is None else min(settings.max_tokens, limit - len(prompt_ids))
        if room < 1:
            raise CallFailure(
                "refused", f"the prompt has {len(prompt_ids):,} tokens; the policy takes {limit:,}, its turn included"
            )
        return SampleRequest(
            prompt_ids=prompt_ids,
            images=images,
            grammar=self.grammar(actions, view) if self.options.structured else None,
            temperature=settings.temperature,
            max_tokens=room,
            seed=settings.seed,
            stop_ids=self.tokenizer.stop_ids,
        )

    def _shown(self, view: RouterView, prompt_ids: tuple[int, ...], images: Sequence[PromptImage]) -> str:
        """What the policy was shown since its last turn, in words."""
        last = view.history[-1].tokens if view.history else None
        if last is None:
            return self.tokenizer.decode(_shortened(prompt_ids, images))
        return self.tokenizer.decode(prompt_ids[len(last.prompt_ids) + len(last.sampled_ids) :])

    def _read(
        self, sample: Sample, actions: Sequence[tuple[str, str | None]], max_tokens: int, has_images: bool
    ) -> tuple[str, tuple[Call, ...] | Answer | Malformed]:
        """The text of a sample and what it decides."""
        ended = sample.ids[-1] in self.tokenizer.stop_ids
        ids = sample.ids[:-1] if ended else sample.ids
        text = self.tokenizer.decode(ids)
        if sample.finish == "length" and not ended:
            problem = f"it was cut after {len(ids)} tokens (the limit is {max_tokens}); think and write less"
            return text, Malformed(text, problem, "length")
        if special := self.tokenizer.special(ids):
            name = self.tokenizer.name(special[0])
            if has_images and self.format.images is not None and name == self.format.images.pad:
                raise CallFailure("unusable", f"the policy sampled the placeholder of a picture, {name}", retry=True)
            return text, Malformed(text, f"it holds the control token {name}, which no turn may hold")
        return text, parse_turn(text, actions, max_calls=self._calls_per_turn)

    async def aclose(self) -> None:
        """Free what the running event loop holds."""
        await self.sampler.aclose()


def _is_last(view: RouterView) -> bool:
    """Whether nothing that is asked now could be answered later."""
    return view.turns_left <= 1 or view.calls_left <= 0


def _records(history: Sequence[PastTurn]) -> list[TokenRecord]:
    """The token records of a run."""
    found = [turn.tokens for turn in history]
    missing = [at for at, record in enumerate(found) if record is None]
    if missing:
        raise MaestroError(
            f"turn {missing[0]} of this run has no token record, so another router took it; a policy cannot go on with "
            f"the run of another router: start a new run"
        )
    return [record for record in found if record is not None]


def _settings(overrides: Mapping[str, float | int], sampling: Sampling) -> Sampling:
    """The router's sampling with a run's overrides."""
    if unknown := sorted(set(overrides) - SETTINGS):
        raise MaestroError(
            f"router_sampling has {unknown}; a policy router takes {sorted(SETTINGS)}: anything else would change the "
            f"distribution that its log-probabilities are of"
        )
    return sampling.model_validate({**sampling.model_dump(), **overrides})


def _shortened(ids: Sequence[int], images: Sequence[PromptImage]) -> tuple[int, ...]:
    """A prompt with one placeholder for each picture, for reading."""
    kept: list[int] = []
    at = 0
    for item in images:
        kept += ids[at : item.offset + 1]
        at = item.offset + item.length
    return (*kept, *ids[at:])


def build(config: RouterConfig) -> PolicyRouter:
    """Entry point `policy` of `maestro.routers`.

    Raises:
        RegistryError: neither endpoint nor path, no tokenizer, or no usable chat template.
        MissingExtraError: a policy in process needs the extra `train`, one at an endpoint the extra `policy`.
    """
    options = read_options(config.options)
    path = config.path or (config.endpoint.model if config.endpoint is not None else None)
    if path is None:
        raise RegistryError(
            "a router of kind 'policy' needs 'path' (the folder of a model or of a PEFT adapter, run in process) or "
            "'endpoint' (a vLLM server; 'path' then names the folder of its tokenizer)"
        )
    sampler: TokenSampler
    base = options.base or base_of(path)
    if config.endpoint is not None:
        from maestro_graph.routers.policy._vllm import VllmSampler

        tokenizer = PolicyTokenizer.load(tokenizer_home(path, base))
        sampler = VllmSampler(config.endpoint, tokenizer, max_image_side=options.max_image_side)
    else:
        from maestro_graph.routers.policy._in_process import InProcessSampler

        tokenizer = PolicyTokenizer.load(base or path)
        sampler = InProcessSampler.load(base or path, tokenizer, adapter=path if base else None, options=options)
    return PolicyRouter(
        sampler,
        tokenizer,
        options=options,
        sampling=config.sampling,
        think_opened=config.think_opened,
        calls_per_turn=config.calls_per_turn,
    )
