"""Boxes written by models: every spelling that is met, and whatever else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maestro_graph.errors import CallFailure
from maestro_graph.images import MaestroImage
from maestro_graph.perceivers import Box, cropped, parse_boxes, with_boxes


@pytest.mark.parametrize(
    ("text", "coordinates", "expected"),
    [
        ('[{"bbox_2d": [10, 20, 30, 40], "label": "cat"}]', "auto", Box(10, 20, 30, 40, "cat")),
        ('```json\n[{"bbox": [10, 20, 30, 40], "name": "cat"}]\n```', "auto", Box(10, 20, 30, 40, "cat")),
        ("Here it is: [0.1, 0.2, 0.5, 0.5] I think", "auto", Box(20, 20, 100, 50)),
        ('{"objects": [{"box_2d": [200, 100, 400, 500], "label": "dog"}]}', "auto", Box(20, 20, 100, 40, "dog")),
        ("[[30, 40, 10, 20]]", "auto", Box(10, 20, 30, 40)),
        ("[[-50, 20, 999, 50]]", "absolute", Box(0, 20, 200, 50)),
        ("[[100, 100, 500, 500]]", "thousandths", Box(20, 10, 100, 50)),
        ('{"bbox_2d": [1, 1, 2, 2]}', "relative", None),
    ],
)
def test_spellings(text: str, coordinates: str, expected: Box | None) -> None:
    found = parse_boxes(text, 200, 100, coordinates=coordinates)  # type: ignore[arg-type]
    assert found == ((expected,) if expected is not None else ())


def test_an_empty_list_is_an_answer() -> None:
    assert parse_boxes("[]", 10, 10) == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no boxes",
        "[1, 2, 3]",
        "[NaN, 1, 2, 3]",
        "__import__('os').system('true')",
        "[" * 5000,
        '{"bbox": "1,2,3,4"}',
    ],
)
def test_what_holds_no_boxes_is_unusable(text: str) -> None:
    with pytest.raises(CallFailure) as caught:
        parse_boxes(text, 10, 10)
    assert caught.value.kind == "unusable"


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
numbers = st.one_of(st.integers(-(10**12), 10**12), st.floats(), st.floats(0, 1), st.integers(0, 1000))
boxes = st.one_of(
    st.lists(numbers, min_size=3, max_size=5),
    st.fixed_dictionaries({"bbox_2d": st.lists(numbers, min_size=4, max_size=4)}, optional={"label": scalars}),
    st.fixed_dictionaries({"box_2d": st.lists(numbers, min_size=4, max_size=4)}),
)
values = st.recursive(
    st.one_of(boxes, scalars),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=2000, deadline=None)
@given(
    value=values,
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    cut=st.integers(0, 400),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
    coordinates=st.sampled_from(["auto", "absolute", "relative", "thousandths"]),
)
def test_no_reply_raises_or_leaves_the_picture(
    value: object, before: str, after: str, cut: int, size: tuple[int, int], coordinates: str
) -> None:
    text = before + json.dumps(value)[: cut or None] + after
    try:
        found = parse_boxes(text, *size, coordinates=coordinates)  # type: ignore[arg-type]
    except CallFailure as failure:
        assert failure.kind == "unusable"
        return
    image = picture(*size)
    for box in found:
        assert 0 <= box.left < box.right <= size[0]
        assert 0 <= box.top < box.bottom <= size[1]
        crop = cropped(image, box)
        assert crop.width >= 1
        assert crop.height >= 1


def picture(width: int, height: int) -> MaestroImage:
    return MaestroImage(
        ref="test",
        sha256="0" * 64,
        width=width,
        height=height,
        notes=(),
        load=lambda: Image.new("RGB", (width, height)),
    )


def test_a_tiny_region_is_enlarged_and_a_drawn_copy_leaves_the_original_alone() -> None:
    image = picture(100, 80)
    crop = cropped(image, Box(50, 40, 52, 42))
    assert crop.rgb().size == (crop.width, crop.height)
    assert min(crop.width, crop.height) > 16
    drawn = with_boxes(image, [Box(10, 10, 60, 60, "cat")])
    assert drawn.rgb().getcolors(1 << 16) != image.rgb().getcolors(1 << 16)
    assert image.rgb().getcolors() == [(8000, (0, 0, 0))]
    assert drawn.sha256 != image.sha256
