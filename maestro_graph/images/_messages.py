"""Image blocks of chat messages: into references, and out of the last question.

Blocks are known in the forms of LangChain (v1 and v0), OpenAI (chat and responses), Anthropic and Bedrock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from maestro_graph.errors import ImageError, MaestroError
from maestro_graph.images._ingest import ingest, ingest_base64
from maestro_graph.images._store import ImageStore

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage, MessageLikeRepresentation

__all__ = ["ingest_messages", "ingest_question", "question_and_images"]

Block = Mapping[str, Any]


def ingest_messages(messages: Sequence[MessageLikeRepresentation], store: ImageStore) -> list[BaseMessage]:
    """Copies of `messages` whose image blocks are `{"type": "image", "url": reference}`.

    Args:
        messages: LangChain messages, or what LangChain turns into them (dicts, pairs of role and content).

    Raises:
        ImageError: a picture cannot be used: damaged, a URL where none are allowed, a provider's file id.
    """
    from langchain_core.messages import convert_to_messages

    result = []
    for message in convert_to_messages(messages):
        content = message.content
        if not isinstance(content, str):
            content = [_replace(block, store) for block in content]
        result.append(message.model_copy(update={"content": content}))
    return result


def question_and_images(messages: Sequence[BaseMessage]) -> tuple[str, list[str]]:
    """What the last human message asks, and the references of the pictures it asks about.

    The pictures are those of that message or, where it has none, of the latest earlier human message with
    some.

    Args:
        messages: as `ingest_messages` returned them.

    Raises:
        MaestroError: there is no human message.
        ImageError: an image block is no reference yet.
    """
    humans = [message for message in messages if message.type == "human"]
    if not humans:
        raise MaestroError("the messages hold no human message; add one with the question")
    question = "\n".join(text for text in map(_text, _blocks(humans[-1])) if text)
    for message in reversed(humans):
        images = [_reference(block) for block in _blocks(message) if _is_image(block)]
        if images:
            return question, images
    return question, []


def ingest_question(messages: Sequence[BaseMessage], store: ImageStore) -> tuple[str, list[str]]:
    """As `question_and_images`, from messages that may hold image data: only those that are needed are ingested.

    An earlier picture that cannot be used is passed over: it was complained of when it came, and must not close the
    thread for every question after it.

    Raises:
        MaestroError: there is no human message.
        ImageError: a picture of the last human message cannot be used.
    """
    humans = [message for message in messages if message.type == "human"]
    question, images = question_and_images(ingest_messages(humans[-1:], store))
    for message in reversed(humans[:-1]):
        if images:
            break
        with suppress(ImageError):
            _, images = question_and_images(ingest_messages([message], store))
    return question, images


def _blocks(message: BaseMessage) -> list[str | dict[Any, Any]]:
    return [message.content] if isinstance(message.content, str) else list(message.content)


def _text(block: str | Block) -> str:
    if isinstance(block, str):
        return block
    return str(block.get("text", "")) if block.get("type") in ("text", "input_text") else ""


def _is_image(block: str | Block) -> bool:
    """Whether a content block is a picture, in any of the known forms."""
    if isinstance(block, str):
        return False
    kind = block.get("type")
    if kind in ("image", "image_url", "input_image"):
        return True
    if kind in ("file", "media"):
        return str(block.get("mime_type", "")).startswith("image/")
    return kind is None and isinstance(block.get("image"), Mapping)


def _reference(block: str | Block) -> str:
    url = block.get("url") if isinstance(block, Mapping) and block.get("type") == "image" else None
    if not isinstance(url, str) or url[:5].lower() == "data:":
        raise ImageError("<message block>", "it is no reference", "call ingest_messages before")
    return url


def _replace(block: str | Any, store: ImageStore) -> Any:
    if isinstance(block, str):
        return block
    if _is_image(block):
        kept = {"id": block["id"]} if isinstance(block.get("id"), str) else {}
        return {"type": "image", "url": _ingest_block(block, store), **kept}
    if isinstance(block.get("content"), list):  # the result of a tool, within a message
        return {**block, "content": [_replace(inner, store) for inner in block["content"]]}
    return dict(block)


def _ingest_block(block: Block, store: ImageStore) -> str:
    """The reference of one image block; the places where the forms put their data, in turn."""
    inner = block.get("image") if block.get("type") is None else block.get("source")
    if isinstance(inner, Mapping):  # Anthropic; Bedrock, whose source is one level deeper
        inner = inner.get("source", inner)
        return _ingest_fields(inner, store)
    return _ingest_fields(block, store)


def _ingest_fields(fields: Block, store: ImageStore) -> str:
    url = fields.get("image_url", fields.get("url"))
    if isinstance(url, Mapping):
        url = url.get("url")
    if isinstance(url, str) and url:
        return ingest(url, store)
    for key in ("base64", "data", "bytes"):
        data = fields.get(key)
        if isinstance(data, str) and data:
            if data[:5].lower() == "data:":
                return ingest(data, store)
            return ingest_base64(data, store, "<base64 image block>")
        if isinstance(data, bytes | bytearray | memoryview):
            return ingest(data, store)
    held = ", ".join(sorted(map(str, fields))) or "nothing"
    raise ImageError(
        "<message block>",
        f"the image block holds no data and no URL (it has: {held})",
        "give base64 data, a data URL or a reference; a provider's file id cannot be read here",
    )
