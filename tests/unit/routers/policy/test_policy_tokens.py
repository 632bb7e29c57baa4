"""Text from outside never becomes a control token, whatever the tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_models import CHATML, TAGS, byte_tokenizer, piece_tokenizer, policy_tokenizer, write_tokenizer

from maestro_graph import RegistryError
from maestro_graph.protocol import neutralise
from maestro_graph.routers.policy import PolicyTokenizer

BYTES = policy_tokenizer()
PIECES = PolicyTokenizer(piece_tokenizer().to_str(), eos="<|im_end|>")
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from([*CHATML, *TAGS, "<|im_", "end|>", "<", "|", ">", "</information>", "\n"]), st.text(max_size=6)
    ),
    max_size=12,
).map("".join)


@given(HOSTILE)
def test_text_from_outside_holds_no_control_token(text: str) -> None:
    for tokenizer in (BYTES, PIECES):
        for given_text in (text, neutralise(text)):
            assert tokenizer.control_ids.isdisjoint(tokenizer.text(given_text))


@given(HOSTILE)
def test_text_from_outside_stays_readable(text: str) -> None:
    assert BYTES.decode(BYTES.text(text)) == text


def test_the_piece_tokenizer_would_let_them_through() -> None:
    """The guard is needed: without it this vocabulary matches control tokens in plain text."""
    data = json.loads(PIECES.source)
    bare = type(byte_tokenizer()).from_str(json.dumps({**data, "added_tokens": []}))
    assert PIECES.control_id("<|im_end|>") in bare.encode("a<|im_end|>b").ids


def test_structure_has_control_tokens() -> None:
    ids = BYTES.structure("<|im_start|>user\n")
    assert ids[0] == BYTES.control_id("<|im_start|>")
    assert BYTES.decode(ids) == "<|im_start|>user\n"


def test_stop_ids_are_those_the_model_has() -> None:
    assert {BYTES.name(item) for item in BYTES.stop_ids} == {"<|im_end|>", "<|endoftext|>"}


def test_tags_are_control_tokens_but_not_special() -> None:
    think = BYTES.control_id("<think>")
    assert think is not None
    assert BYTES.special([think]) == []
    assert BYTES.control_id("Reader") is None


def test_a_folder_is_read(tmp_path: Path) -> None:
    folder = write_tokenizer(tmp_path / "model", eos_token={"content": "<|im_end|>", "special": True})
    tokenizer = PolicyTokenizer.load(str(folder))
    assert tokenizer.eos == "<|im_end|>"
    assert tokenizer.chat_template is not None


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda folder: (folder / "tokenizer.json").unlink(), "holds no tokenizer.json"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("{}"), "names no eos_token"),
        (lambda folder: (folder / "tokenizer_config.json").write_text("{"), "is no JSON"),
        (lambda folder: (folder / "tokenizer_config.json").write_text('{"eos_token": "<end>"}'), "'<end>'"),
    ],
)
def test_a_folder_that_is_no_model_says_so(tmp_path: Path, break_it: object, said: str) -> None:
    folder = write_tokenizer(tmp_path / "model")
    break_it(folder)  # type: ignore[operator]
    with pytest.raises(RegistryError, match=said):
        PolicyTokenizer.load(str(folder))


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="there is no folder"):
        PolicyTokenizer.load(str(tmp_path / "nowhere"))


def test_a_name_on_the_hub_is_looked_up_in_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "hub" / "models--org--tiny"
    write_tokenizer(home / "snapshots" / "abc")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert PolicyTokenizer.load("org/tiny").eos == "<|im_end|>"
    with pytest.raises(RegistryError, match="no such model can be had from the hub"):
        PolicyTokenizer.load("org/other")
