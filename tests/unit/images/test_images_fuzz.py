"""Whatever the bytes are, opening them gives a picture or an `ImageError`."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from image_samples import samples

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageLimits
from maestro_graph.images._decode import decode

SAMPLES = samples()
LIMITS = ImageLimits(max_pixels=1_000_000)
HEADS = [b"", *{data[:16] for data in SAMPLES.values()}]


def check(data: bytes) -> None:
    try:
        picture = decode(data, "fuzz", LIMITS).picture
    except ImageError as error:
        assert "fuzz" in str(error)
        assert len(str(error)) < 500
    else:
        assert picture.mode == "RGB"
        assert 0 < picture.width * picture.height <= LIMITS.max_pixels
        picture.tobytes()


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(head=st.sampled_from(HEADS), tail=st.binary(max_size=300))
def test_random_bytes(head: bytes, tail: bytes) -> None:
    check(head + tail)


@pytest.mark.parametrize("name", sorted(SAMPLES))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_mutated_pictures(name: str, data: st.DataObject) -> None:
    changed = bytearray(SAMPLES[name])
    reach = data.draw(st.sampled_from([60, 300, len(changed)]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, min(reach, len(changed)) - 1))
        piece = data.draw(st.one_of(st.binary(min_size=1, max_size=4), st.just(b"\xff\xff\xff\xff")))
        how = data.draw(st.sampled_from(["overwrite", "insert", "delete"]))
        if how == "overwrite":
            changed[place : place + len(piece)] = piece
        elif how == "insert":
            changed[place:place] = piece
        elif len(changed) > 20:
            del changed[place : place + len(piece)]
    if data.draw(st.booleans()):
        del changed[data.draw(st.integers(1, len(changed))) :]
    check(bytes(changed))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_unchanged_pictures_open(name: str) -> None:
    decode(SAMPLES[name], name, LIMITS)
