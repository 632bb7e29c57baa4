"""The model's own chat template: its glue, learnt from what it renders, and the probe that nothing is dropped.

The only module that imports `jinja2`. A template is code of the model's author: it runs in jinja2's sandbox.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import zip_longest
from typing import Any

from maestro_graph.errors import MissingExtraError, RegistryError
from maestro_graph.routers.policy._format import ChatFormat, chatml, known_images
from maestro_graph.routers.policy._tokens import PolicyTokenizer

__all__ = ["choose_format", "first_difference", "learn_format", "render_template"]

SYSTEM, QUESTION = "Direct the ensemble.", "Which one is taller?"
TURNS = (
    "<think>I look first.</think>\n<search> Reader: What is there? </search>",
    "<think>That is not enough.</think>\n<search> Counter: How many? </search>",
    "<answer> 3 </answer>",
)
OBSERVATIONS = ("<information> A mast. </information>", "<information> Three. </information>")

Message = dict[str, str]


def choose_format(tokenizer: PolicyTokenizer, *, template: str = "auto", think_opened: bool = False) -> ChatFormat:
    """The format for a model, probed.

    Args:
        tokenizer: the model's.
        template: `chatml`, `model` (its own template), or `auto`: ChatML where the model's own template writes the
            first prompt in it too (or there is none), else its own.
        think_opened: prompts end with an opened `<think>`.

    Raises:
        RegistryError: the format cannot be used with this model; names the first token that differs.
    """
    ours = chatml(tokenizer, think_opened=think_opened)
    if template == "chatml" or (template == "auto" and tokenizer.chat_template is None):
        if ours is None:
            raise RegistryError(
                f"{tokenizer.where} has no <|im_start|> and <|im_end|>, so ChatML cannot be written for it; "
                f"set 'template: model' if it has a chat template"
            )
        return ours
    if template == "auto" and ours is not None:
        problem = _first_prompt_differs(tokenizer, ours)
        if problem is None:
            return ours
        if chatml(tokenizer, think_opened=not think_opened) is not None and _opened(tokenizer) != think_opened:
            raise RegistryError(
                f"the chat template of {tokenizer.where} {'opens' if not think_opened else 'does not open'} <think> "
                f"itself; set 'think_opened: {str(not think_opened).lower()}'. {problem}"
            )
    return learn_format(tokenizer)


def learn_format(tokenizer: PolicyTokenizer) -> ChatFormat:
    """The glue of the model's own template.

    Raises:
        RegistryError: the template drops or rewrites earlier turns, so that a prompt does not begin with the one
            before it; the message shows the first token that differs, with what stands around it.
    """
    steps = _conversations()
    prompts = [render_template(tokenizer, messages) for messages in steps]
    for number, (earlier, later, turn) in enumerate(zip(prompts, prompts[1:], TURNS, strict=False), start=1):
        expected = earlier + turn
        if not later.startswith(expected):
            shown = first_difference(tokenizer, tokenizer.structure(expected), tokenizer.structure(later))
            raise RegistryError(
                f"the chat template of {tokenizer.where} does not keep what stands before: the prompt of turn "
                f"{number + 1} must begin with the prompt and the turn before it. {shown} Set 'template: chatml' "
                f"(nothing is dropped) or give the model a template that keeps earlier turns as they were"
            )
    found = _glue(prompts, tokenizer)
    _check(found, prompts, tokenizer)
    return found


def render_template(tokenizer: PolicyTokenizer, messages: Sequence[Message]) -> str:
    """What the model's own template writes for messages, up to where the assistant begins.

    Raises:
        RegistryError: there is no template, or it fails.
        MissingExtraError: jinja2 is not installed.
    """
    if tokenizer.chat_template is None:
        raise RegistryError(f"{tokenizer.where} has no chat template; set 'template: chatml'")
    try:
        from jinja2 import TemplateError
        from jinja2.ext import loopcontrols
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading a model's own chat template", "policy", error.name or "jinja2") from error

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = _today
    try:
        return environment.from_string(tokenizer.chat_template).render(
            messages=list(messages), add_generation_prompt=True, eos_token=tokenizer.eos, bos_token=tokenizer.bos
        )
    except (TemplateError, TypeError, ValueError) as error:
        raise RegistryError(
            f"the chat template of {tokenizer.where} cannot be rendered ({type(error).__name__}: {error}); set "
            f"'template: chatml' if its control tokens are ChatML's"
        ) from error


def first_difference(tokenizer: PolicyTokenizer, expected: Sequence[int], found: Sequence[int]) -> str:
    """Where two sequences of ids part, with the text around it."""
    pairs = enumerate(zip_longest(expected, found))
    at = next((at for at, (one, other) in pairs if one != other), None)
    if at is None:
        return "The token ids are equal."
    names = [tokenizer.name(ids[at]) if at < len(ids) else "(nothing)" for ids in (expected, found)]
    before = tokenizer.decode(expected[max(0, at - 12) : at])
    after = [tokenizer.decode(ids[at : at + 8]) for ids in (expected, found)]
    return (
        f"The first difference is token {at}: {names[0]!r} was expected, {names[1]!r} stands there; behind "
        f"{before!r} comes {after[1]!r} instead of {after[0]!r}."
    )


def _conversations() -> list[list[Message]]:
    """What is shown before each of three turns."""
    messages: list[Message] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    steps = [list(messages)]
    for turn, observation in zip(TURNS, OBSERVATIONS, strict=False):
        messages += [{"role": "assistant", "content": turn}, {"role": "user", "content": observation}]
        steps.append(list(messages))
    return steps


def _glue(prompts: Sequence[str], tokenizer: PolicyTokenizer) -> ChatFormat:
    """Cut the texts out of what was rendered: the rest is the template's."""
    head, system, rest = prompts[0].partition(SYSTEM)
    to_user, question, to_assistant = rest.partition(QUESTION)
    to_observation, observed, again = prompts[1][len(prompts[0]) + len(TURNS[0]) :].partition(OBSERVATIONS[0])
    if not (system and question and observed) or again != to_assistant:
        raise RegistryError(
            f"the chat template of {tokenizer.where} does not show system, question and observation in that order and "
            f"alike; set 'template: chatml' if its control tokens are ChatML's"
        )
    return ChatFormat(
        name="model",
        head=head,
        to_user=to_user,
        to_assistant=to_assistant,
        to_observation=to_observation,
        images=known_images(tokenizer),
    )


def _check(found: ChatFormat, prompts: Sequence[str], tokenizer: PolicyTokenizer) -> None:
    """The learnt glue writes the very tokens of the template."""
    ids = found.first(tokenizer, system=SYSTEM, question=QUESTION)
    for prompt, turn, observation in zip(prompts, TURNS, (*OBSERVATIONS, ""), strict=False):
        whole = tokenizer.structure(prompt)
        if ids != whole:
            raise RegistryError(
                f"the tokens of {tokenizer.where} change where texts are put together piece by piece. "
                f"{first_difference(tokenizer, whole, ids)} Choose another model, or set 'template: chatml'"
            )
        ids = found.following(tokenizer, ids, tokenizer.structure(turn), observation)


def _first_prompt_differs(tokenizer: PolicyTokenizer, ours: ChatFormat) -> str | None:
    theirs = tokenizer.structure(render_template(tokenizer, _conversations()[0]))
    written = replace(ours, images=None).first(tokenizer, system=SYSTEM, question=QUESTION)
    return None if written == theirs else first_difference(tokenizer, theirs, written)


def _opened(tokenizer: PolicyTokenizer) -> bool:
    return render_template(tokenizer, _conversations()[0]).rstrip().endswith("<think>")


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent)


def _today(pattern: str) -> str:
    return datetime.now().astimezone().strftime(pattern)
