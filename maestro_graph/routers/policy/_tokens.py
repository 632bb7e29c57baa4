"""The tokenizer of a policy: structure is written with control tokens, text from outside can never become one.

The only module that imports `tokenizers`. No torch: a router in front of a server needs this alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maestro_graph.errors import MissingExtraError, RegistryError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["PolicyTokenizer", "find_model_files"]

FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "generation_config.json")
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_TAG = re.compile(r"[<\[].*[>\]]", re.DOTALL)


class PolicyTokenizer:
    """A model's tokenizer, with two ways to encode.

    Args:
        source: the text of its `tokenizer.json`.
        eos, bos: the tokens that end a turn and begin a text, as the model's configuration names them.
        chat_template: the model's own chat template, if it has one.
        where: the model's name, for errors.
    """

    def __init__(
        self, source: str, *, eos: str, bos: str = "", chat_template: str | None = None, where: str = "the model"
    ) -> None:
        self.source, self.bos, self.chat_template, self.where = source, bos, chat_template, where
        data = json.loads(source)
        added = data.get("added_tokens", [])
        control = [item for item in added if item.get("special") or _TAG.fullmatch(item["content"])]
        self.control_ids = frozenset(int(item["id"]) for item in control)
        """Ids that structure a conversation: special tokens, and added ones that look like a tag (`<think>`)."""
        self._special_ids = frozenset(int(item["id"]) for item in added if item.get("special"))
        self._full = _load({**data, "truncation": None, "padding": None})
        plain = [item for item in added if item["id"] not in self.control_ids]
        # A post-processor adds tokens around a text, and names some that are gone here; neither is wanted.
        self._plain = _load(
            {**data, "added_tokens": plain, "post_processor": None, "truncation": None, "padding": None}
        )
        eos_id = self._full.token_to_id(eos)
        if eos_id is None:
            raise RegistryError(
                f"the end token {eos!r} of {where} is not in its tokenizer.json; mend its configuration"
            )
        self.eos, self.eos_id = eos, int(eos_id)

    @classmethod
    def load(cls, path: str) -> PolicyTokenizer:
        """The tokenizer in a model's folder, or of a model on the hub.

        Raises:
            RegistryError: there is none.
            MissingExtraError: the package `tokenizers` is not installed.
        """
        folder = find_model_files(path)
        config = _json(folder / "tokenizer_config.json")
        template = _text(folder / "chat_template.jinja") or config.get("chat_template")
        source = _text(folder / "tokenizer.json")
        if source is None:
            raise RegistryError(
                f"{path!r} holds no tokenizer.json; a policy needs the folder of a model with a fast tokenizer "
                f"(tokenizer.save_pretrained(…) writes one)"
            )
        eos, bos = (_token(config.get(name)) for name in ("eos_token", "bos_token"))
        if not eos:
            raise RegistryError(
                f"the tokenizer_config.json of {path!r} names no eos_token; add the token that ends a turn"
            )
        return cls(source, eos=eos, bos=bos, chat_template=template if isinstance(template, str) else None, where=path)

    @property
    def size(self) -> int:
        """One more than the greatest token id."""
        return int(self._full.get_vocab_size(with_added_tokens=True))

    @cached_property
    def stop_ids(self) -> tuple[int, ...]:
        """Ids at which free sampling ends a turn."""
        names = (self.eos, "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<end_of_turn>", "<turn|>")
        return tuple(sorted({found for name in names if (found := self.control_id(name)) is not None} | {self.eos_id}))

    def control_id(self, token: str) -> int | None:
        """The id of a control token; `None` where the model has no such one."""
        found = self._full.token_to_id(token)
        return int(found) if found is not None and found in self.control_ids else None

    def structure(self, text: str) -> tuple[int, ...]:
        """Encode text of our own or of a chat template: control tokens in it become control tokens."""
        return tuple(self._full.encode(text, add_special_tokens=False).ids)

    def text(self, text: str) -> tuple[int, ...]:
        """Encode text from outside: whatever it holds, no control token comes out."""
        ids = tuple(self._plain.encode(text, add_special_tokens=False).ids)
        if self.control_ids.isdisjoint(ids):
            return ids
        # Some vocabularies hold their control tokens as ordinary pieces, too: letter by letter they cannot form.
        parts = (self._plain.encode(char, add_special_tokens=False).ids for char in text)
        return tuple(item for part in parts for item in part if item not in self.control_ids)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, control tokens shown."""
        return str(self._full.decode(list(ids), skip_special_tokens=False))

    def name(self, token_id: int) -> str:
        """A token as the vocabulary spells it."""
        found = self._full.id_to_token(token_id)
        return str(found) if found is not None else f"#{token_id}"

    def special(self, ids: Iterable[int]) -> list[int]:
        """Those of the ids that are special tokens: no text of a turn holds one."""
        return [item for item in ids if item in self._special_ids]


def find_model_files(path: str) -> Path:
    """The folder of a model's tokenizer files: a local one, or what the hub's cache (or the hub) has of a model's name.

    Raises:
        RegistryError: neither exists.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    if not _HUB_NAME.fullmatch(path):
        raise RegistryError(
            f"there is no folder {path!r}; give the folder of the policy's model, or its name on the hub"
        )
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError as error:
        raise MissingExtraError("a policy router", "policy", error.name or "huggingface_hub") from error
    try:
        return Path(snapshot_download(path, allow_patterns=list(FILES)))
    except (OSError, ValueError) as error:  # what huggingface_hub raises is one or the other
        raise RegistryError(
            f"{path!r} is no folder, and no such model can be had from the hub ({type(error).__name__}: {error}); give "
            f"the folder of the policy's model as 'path'"
        ) from error


def _load(data: dict[str, Any]) -> Tokenizer:
    try:
        from tokenizers import Tokenizer
    except ModuleNotFoundError as error:
        raise MissingExtraError("a policy router", "policy", error.name or "tokenizers") from error
    return Tokenizer.from_str(json.dumps(data))


def _token(value: object) -> str:
    """A token of tokenizer_config.json, which is its text or an object that holds it."""
    found = value.get("content") if isinstance(value, dict) else value
    return found if isinstance(found, str) else ""


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _json(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        data = json.loads(text) if text is not None else {}
    except ValueError as error:
        raise RegistryError(f"{str(path)!r} is no JSON: {error}") from error
    return data if isinstance(data, dict) else {}
