"""Bytes, data URLs, Pillow pictures and message blocks become references; references stay what they are."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from image_samples import draw, encode, exif
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.messages.content import create_image_block
from PIL import Image

from maestro_graph.errors import ImageError, MaestroError
from maestro_graph.images import ImageStore, ingest, ingest_input, ingest_messages, question_and_images

PNG = encode(draw(), "PNG")
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"


@pytest.fixture
def ref(tmp_path: Path) -> str:
    """What PNG is called in any store."""
    return ImageStore(tmp_path / "other").add(PNG)


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_bytes(store: ImageStore, ref: str, make: Any) -> None:
    assert ingest(make(PNG), store) == ref
    assert store.open(ref).rgb().tobytes() == draw().tobytes()


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL.replace("data:image/png", "DATA:"),
        URL.replace("image/png", "text/plain;charset=utf-8"),
        URL.rstrip("="),
        f"data:image/png;base64,{base64.urlsafe_b64encode(PNG).decode()}",
        f"data:image/png;base64,{base64.encodebytes(PNG).decode()}",
        f"data:image/png;base64,{BASE64.replace('+', '%2B').replace('/', '%2F').replace('=', '%3D')}",
        "data:image/png," + "".join(f"%{byte:02x}" for byte in PNG),
    ],
)
def test_data_urls(store: ImageStore, ref: str, url: str) -> None:
    assert ingest(url, store) == ref


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "it is empty"),
        (b"hello", "not in an image format"),
        (PNG[:200], "damaged or cut off"),
        ("data:image/png;base64", "no comma"),
        ("data:image/png;base64,!!!!", "base64 data are damaged"),
        ("data:image/png;base64,é", "base64 data are damaged"),
        ("data:image/png;base64,A", "base64 data are damaged"),
        ("data:image/png;base64,", "it is empty"),
        ("data:text/plain,hello", "not in an image format"),
        ("data:image/svg+xml,<svg/>", "an SVG"),
        ("https://example.org/a.png", "URLs are not allowed"),
    ],
)
def test_what_cannot_be_ingested(store: ImageStore, source: Any, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        ingest(source, store)
    assert not store.directory.exists()


def test_an_error_does_not_carry_the_data(store: ImageStore) -> None:
    with pytest.raises(ImageError) as caught:
        ingest("data:image/png;base64," + "QUJD" * 100_000, store)
    assert len(str(caught.value)) < 500


def test_too_much_base64_is_refused_before_it_is_decoded(store: ImageStore) -> None:
    with pytest.raises(ImageError, match="characters of base64"):
        ingest("data:;base64," + "A" * 100_000_000, store)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16", "F", "1", "CMYK"])
def test_pillow_pictures(store: ImageStore, mode: str) -> None:
    picture = draw().convert("L").convert(mode) if mode in ("I;16", "F") else draw().convert(mode)
    before = picture.tobytes()
    image = store.open(ingest(picture, store))
    assert (image.width, image.height) == (60, 40)
    assert picture.tobytes() == before


def test_a_pillow_picture_that_lies_on_its_side_is_turned(store: ImageStore, tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    path.write_bytes(encode(draw(), "JPEG", exif=exif(6)))
    with Image.open(path) as picture:
        image = store.open(ingest(picture, store))
    assert (image.width, image.height) == (40, 60)


def test_a_pillow_picture_that_fails_to_load(store: ImageStore, tmp_path: Path) -> None:
    path = tmp_path / "cut.jpg"
    data = encode(draw(200, 200), "JPEG")
    path.write_bytes(data[: len(data) // 2])
    with Image.open(path) as picture, pytest.raises(ImageError, match="cannot be decoded"):
        ingest(picture, store)


def test_references_stay(tmp_path: Path, ref: str) -> None:
    store = ImageStore(tmp_path / "store", allow_urls=True)
    for same in ("coins.png", "~/coins.png", "/no/such/file.png", "https://example.org/a.png", ref):
        assert ingest(same, store) == same
    assert ingest(Path("coins.png"), store) == "coins.png"
    assert ingest(Path("sha256:x.png"), store) == "./sha256:x.png"
    assert ingest(Path("~x.png"), store) == "./~x.png"
    assert not store.directory.exists()


def test_a_path_that_cannot_stand_in_a_checkpoint_is_copied(tmp_path: Path, store: ImageStore, ref: str) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")
    Path(name).write_bytes(PNG)
    assert ingest(name, store) == ref


def test_other_types_are_a_type_error(store: ImageStore) -> None:
    with pytest.raises(TypeError, match="not int"):
        ingest(3, store)  # type: ignore[arg-type]


BLOCKS = [
    {"type": "image", "base64": BASE64, "mime_type": "image/png"},
    {"type": "image", "url": URL},
    {"type": "image", "data": BASE64, "source_type": "base64", "mime_type": "image/png"},
    {"type": "image", "source_type": "url", "url": URL},
    {"type": "image_url", "image_url": {"url": URL, "detail": "high"}},
    {"type": "image_url", "image_url": URL},
    {"type": "input_image", "image_url": URL},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": BASE64}},
    {"type": "image", "source": {"type": "url", "url": URL}},
    {"image": {"format": "png", "source": {"bytes": PNG}}},
    {"type": "file", "mime_type": "image/png", "base64": BASE64},
    {"type": "media", "mime_type": "image/png", "data": PNG},
]


@pytest.mark.parametrize("block", BLOCKS, ids=[json.dumps(block, default=str)[:50] for block in BLOCKS])
def test_image_blocks(store: ImageStore, ref: str, block: dict[str, Any]) -> None:
    before = repr(block)
    message = HumanMessage(content=[{"type": "text", "text": "How many?"}, block], id="7", name="ann")
    (result,) = ingest_messages([message], store)
    assert result.content == [{"type": "text", "text": "How many?"}, {"type": "image", "url": ref}]
    assert (result.id, result.name, result.type) == ("7", "ann", "human")
    assert repr(block) == before
    assert message.content[1] == block
    assert question_and_images([result]) == ("How many?", [ref])


def test_langchains_own_block_and_its_id(store: ImageStore, ref: str) -> None:
    block = create_image_block(base64=BASE64, mime_type="image/png", id="block-1")
    (result,) = ingest_messages([HumanMessage(content_blocks=[block])], store)
    assert result.content == [{"type": "image", "url": ref, "id": "block-1"}]


def test_references_and_other_blocks_pass(store: ImageStore) -> None:
    content = [
        "plain",
        {"type": "image", "url": "coins.png"},
        {"type": "file", "mime_type": "application/pdf", "base64": "AAAA"},
        {"type": "reasoning", "reasoning": "…"},
    ]
    (result,) = ingest_messages([HumanMessage(content=content)], store)
    assert result.content == content


def test_pictures_inside_tool_results_and_in_other_messages(store: ImageStore, ref: str) -> None:
    tool = ToolMessage(content=[BLOCKS[0]], tool_call_id="1")
    nested = HumanMessage(content=[{"type": "tool_result", "tool_use_id": "1", "content": [BLOCKS[7]]}])
    results = ingest_messages([SystemMessage("be brief"), AIMessage("yes"), tool, nested], store)
    assert BASE64 not in repr(results)
    assert results[2].content == [{"type": "image", "url": ref}]
    assert results[3].content[0]["content"] == [{"type": "image", "url": ref}]  # type: ignore[index]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "file_id": "file-1"},
        {"type": "image", "source": {"type": "file", "file_id": "x"}},
        {"type": "image_url", "image_url": {}},
        {"type": "image"},
    ],
)
def test_blocks_without_a_picture(store: ImageStore, block: dict[str, Any]) -> None:
    with pytest.raises(ImageError, match="no data and no URL"):
        ingest_messages([HumanMessage(content=[block])], store)


def test_a_damaged_picture_in_a_message(store: ImageStore) -> None:
    with pytest.raises(ImageError, match=r"base64 image block.*not in an image format"):
        ingest_messages([HumanMessage(content=[{"type": "image", "base64": "AAAA"}])], store)


def test_the_last_question_and_the_pictures_it_is_about() -> None:
    first = HumanMessage(content=[{"type": "text", "text": "A?"}, {"type": "image", "url": "a.png"}])
    second = HumanMessage(content=[{"type": "image", "url": "b.png"}, {"type": "image", "url": "c.png"}])
    follow = HumanMessage(content=["And", {"type": "text", "text": "now?"}])
    assert question_and_images([first, AIMessage("1"), follow]) == ("And\nnow?", ["a.png"])
    assert question_and_images([first, second, follow, AIMessage("x")]) == ("And\nnow?", ["b.png", "c.png"])
    assert question_and_images([HumanMessage("2+2?")]) == ("2+2?", [])
    with pytest.raises(MaestroError, match="no human message"):
        question_and_images([AIMessage("hello")])
    with pytest.raises(ImageError, match="ingest_messages"):
        question_and_images([HumanMessage(content=[BLOCKS[1]])])


def test_the_input_of_a_graph(store: ImageStore, ref: str) -> None:
    values = {"question": "?", "images": [PNG, "a.png", URL], "other": 1}
    assert ingest_input(values, store) == {"question": "?", "images": [ref, "a.png", ref], "other": 1}
    assert values["images"] == [PNG, "a.png", URL]
    for one in (PNG, draw(), URL):
        assert ingest_input({"question": "?", "images": one}, store)["images"][0].startswith("sha256:")
    assert ingest_input({"images": "coins.png"}, store) == {"images": ["coins.png"]}
    assert ingest_input({"question": "?", "images": None}, store) == {"question": "?", "images": None}


def test_chat_input(store: ImageStore, ref: str) -> None:
    content = [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": URL}}]
    for messages in (
        [{"role": "user", "content": content}],
        [("user", content)],
        [HumanMessage(content=content)],
        HumanMessage(content=content),
    ):
        result = ingest_input({"messages": messages}, store)["messages"]
        assert question_and_images(result) == ("?", [ref])
        assert BASE64 not in repr(result)
