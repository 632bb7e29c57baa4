"""Prompts begin with the prompts before them; templates that forget are refused with the token that differs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_models import CHATML_TEMPLATE, FORGETFUL_TEMPLATE, OTHER_TEMPLATE, SPACED_TEMPLATE, policy_tokenizer

from maestro_graph import RegistryError
from maestro_graph.routers.policy import ChatFormat, chatml, choose_format, learn_format

TINY = policy_tokenizer()


def the_format(own: str | None, /, **options: object) -> ChatFormat:
    return choose_format(policy_tokenizer(own), **options)  # type: ignore[arg-type]


def test_chatml_where_the_models_template_writes_it_too() -> None:
    found = the_format(CHATML_TEMPLATE)
    assert found.name == "chatml"
    assert TINY.decode(found.first(TINY, system="S", question="Q")) == (
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n"
    )


def test_chatml_keeps_what_the_models_template_forgets() -> None:
    assert the_format(FORGETFUL_TEMPLATE).name == "chatml"


def test_a_forgetful_template_is_refused_with_the_first_token_that_differs() -> None:
    with pytest.raises(RegistryError) as caught:
        the_format(FORGETFUL_TEMPLATE, template="model")
    message = str(caught.value)
    assert "the prompt of turn 2 must begin with" in message
    assert "'<think>' was expected" in message
    assert "assistant\\n" in message  # what stands before it
    assert "template: chatml" in message


def test_another_template_is_learnt() -> None:
    found = the_format(OTHER_TEMPLATE)
    assert found == learn_format(policy_tokenizer(OTHER_TEMPLATE))
    assert (found.name, found.head, found.to_user) == (
        "model",
        "<|im_start|>(system)\n",
        "<|im_end|><|im_start|>(user)\n",
    )
    assert found.to_observation == "<|im_end|><|im_start|>(user)\n"


def test_a_template_whose_glue_joins_the_texts_is_refused() -> None:
    with pytest.raises(RegistryError, match=r"'ĠWh' was expected, 'Ġ' stands there; behind .*\(user\)"):
        the_format(SPACED_TEMPLATE)


def test_a_template_that_opens_think_must_be_named_so() -> None:
    opening = CHATML_TEMPLATE.replace("assistant\n' }}", "assistant\n<think>\n' }}")
    with pytest.raises(RegistryError, match="think_opened: true"):
        the_format(opening)
    assert the_format(opening, think_opened=True).to_assistant.endswith("<think>\n")
    with pytest.raises(RegistryError, match="think_opened: false"):
        the_format(CHATML_TEMPLATE, think_opened=True)


@pytest.mark.parametrize(
    "template", ["{% for", "{{ raise_exception('no system role') }}", "{{ messages[9]['role'] + 1 }}"]
)
def test_a_template_that_fails_says_so(template: str) -> None:
    with pytest.raises(RegistryError, match="cannot be rendered"):
        the_format(template)


def test_a_template_without_the_texts_is_refused() -> None:
    with pytest.raises(RegistryError, match=r"must begin with|in that order"):
        the_format("hello", template="model")


@given(
    st.lists(st.integers(0, TINY.size - 1), min_size=1, max_size=8),
    st.lists(st.text(max_size=10), min_size=1, max_size=3),
    st.sampled_from([CHATML_TEMPLATE, OTHER_TEMPLATE]),
)
def test_prompts_are_append_only(sampled: list[int], observations: list[str], template: str) -> None:
    """Whatever ids are sampled, control tokens and broken characters included."""
    found = the_format(template)
    ids = found.first(TINY, system="S", question="Q")
    for observation in observations:
        following = found.following(TINY, ids, sampled, observation)
        assert following[: len(ids) + len(sampled)] == (*ids, *sampled)
        assert TINY.decode(following[len(ids) + len(sampled) :]).endswith("assistant" + found.to_assistant[-1:]) or (
            found.name == "model"
        )
        ids = following


def test_the_end_of_a_turn_stands_once() -> None:
    found = chatml(TINY)
    assert found is not None
    end = TINY.eos_id
    ended = found.following(TINY, (1,), (5, end), "O")
    cut = found.following(TINY, (1,), (5,), "O")
    assert ended == cut
    assert ended.count(end) == 2  # of the turn, of the observation


def test_pictures_stand_before_the_question() -> None:
    found = the_format(CHATML_TEMPLATE)
    ids = found.first(TINY, system="S", question="Q", image_lengths=(2, 1))
    assert (
        "user\n<|vision_start|><|image_pad|><|image_pad|><|vision_end|><|vision_start|><|image_pad|><|vision_end|>Q"
        in (TINY.decode(ids))
    )
