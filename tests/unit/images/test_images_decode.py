"""Opening: every kind of picture comes out as upright 8-bit RGB, and says what was done to it."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import pytest
from image_samples import draw, encode, exif, samples
from PIL import Image

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageLimits, ImageStore, MaestroImage
from maestro_graph.images._decode import decode

RED, BLUE = (220, 30, 30), (30, 30, 220)


def opened(store: ImageStore, data: bytes) -> MaestroImage:
    return store.open(store.add(data))


def two_halves(mode: str = "RGB", size: tuple[int, int] = (40, 20)) -> Image.Image:
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, *size))
    return picture.convert(mode)


def near(pixel: Any, wanted: tuple[int, int, int], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(pixel, wanted, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_every_format(store: ImageStore, kind: str) -> None:
    image = opened(store, encode(two_halves(), kind))
    assert (image.width, image.height) == (40, 20)
    assert image.rgb().mode == "RGB"
    assert near(image.rgb().getpixel((5, 10)), RED)
    assert near(image.rgb().getpixel((35, 10)), BLUE)
    assert image.notes == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation(store: ImageStore, orientation: int, kind: str) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste((200, 0, 0), (0, 0, 32, 16))  # a red corner at the top left
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    stored = upright if undo is None else upright.transpose(undo)
    image = opened(store, encode(stored, kind, exif=exif(orientation)))
    assert (image.width, image.height) == image.rgb().size == (64, 32)
    assert near(image.rgb().getpixel((8, 4)), (200, 0, 0))
    assert near(image.rgb().getpixel((56, 28)), (255, 255, 255))


def test_broken_exif_spoils_nothing(store: ImageStore) -> None:
    filters = list(warnings.filters)
    data = encode(two_halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff rubbish")
    assert near(opened(store, data).rgb().getpixel((5, 10)), RED)
    assert list(warnings.filters) == filters  # the host's own are as they were


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1"])
def test_transparency_lies_on_white(store: ImageStore, mode: str) -> None:
    clear: dict[str, Any] = {}
    if mode in ("RGBA", "LA"):
        picture = Image.new(mode, (8, 8), (0, 0, 0, 0) if mode == "RGBA" else (0, 0))
    else:
        picture, clear = Image.new(mode, (8, 8), 0), {"transparency": 0}
    image = opened(store, encode(picture, "PNG", **clear))
    assert image.rgb().getpixel((4, 4)) == (255, 255, 255)
    assert image.notes == ("transparency laid on white",)


def test_half_transparent_red_is_pink_and_an_opaque_channel_is_not_mentioned(store: ImageStore) -> None:
    half = opened(store, encode(Image.new("RGBA", (4, 4), (255, 0, 0, 128)), "PNG"))
    assert near(half.rgb().getpixel((1, 1)), (255, 127, 127), 2)
    assert opened(store, encode(Image.new("RGBA", (4, 4), (255, 0, 0, 255)), "PNG")).notes == ()


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_colours(store: ImageStore, kind: str) -> None:
    image = opened(store, encode(two_halves("CMYK"), kind))
    assert near(image.rgb().getpixel((5, 10)), RED, 40)
    assert near(image.rgb().getpixel((35, 10)), BLUE, 40)
    assert image.notes == ("converted from CMYK",)


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF")])
def test_deep_grey_is_spread_over_its_range(store: ImageStore, mode: str, kind: str) -> None:
    picture = Image.new("I", (3, 1))
    for x, value in enumerate((1000, 2000, 3000)):
        picture.putpixel((x, 0), value)
    image = opened(store, encode(picture.convert(mode), kind))
    assert [image.rgb().getpixel((x, 0))[0] for x in range(3)] == pytest.approx([0, 128, 255], abs=1)
    assert image.notes == ("values 1000 to 3000 scaled to 8 bits",)


def test_white_is_zero_in_a_deep_tiff(store: ImageStore) -> None:
    picture = Image.new("I;16", (2, 1))
    picture.putpixel((0, 0), 60000)
    data = encode(picture, "TIFF", tiffinfo={262: 0})
    assert [opened(store, data).rgb().getpixel((x, 0))[0] for x in (0, 1)] == [0, 255]


def test_a_deep_picture_of_one_value_and_one_with_infinities(store: ImageStore) -> None:
    flat = opened(store, encode(Image.new("I;16", (3, 3), 32768), "PNG"))
    assert near(flat.rgb().getpixel((1, 1)), (128, 128, 128), 1)
    with pytest.raises(ImageError, match="not finite"):
        opened(store, encode(Image.new("F", (3, 3), float("inf")), "TIFF"))


def test_first_frame_and_first_page(store: ImageStore) -> None:
    files = samples()
    assert opened(store, files["gif"]).notes == ("first of 3 frames",)
    assert opened(store, files["png animated"]).notes == ("first of 3 frames",)
    assert opened(store, files["tiff pages"]).notes == ("first of 3 pages",)
    first = opened(store, files["tiff pages"]).rgb()
    assert first.tobytes() == draw().tobytes()


def test_damage_behind_the_first_page_leaves_the_first(store: ImageStore) -> None:
    data = samples()["tiff pages"]
    image = opened(store, data[: len(data) * 2 // 3])
    assert image.rgb().tobytes() == draw().tobytes()
    assert "first of" in image.notes[0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_a_cut_file_is_an_error_and_never_grey(store: ImageStore, kind: str, progressive: bool, part: float) -> None:
    data = encode(draw(200, 200), kind, **({"progressive": progressive} if kind == "JPEG" else {}))
    with pytest.raises(ImageError, match=r"damaged or cut off|not in an image format"):
        opened(store, data[: int(len(data) * part)])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello, world", "not in an image format"),
        (b"%PDF-1.7\n", "a PDF"),
        (b'<?xml version="1.0"?><svg xmlns=""/>', "an SVG"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "PNG data are damaged"),
        (b"\xff\xd8\xff", "JPEG data are damaged"),
        (b"GIF89a", "GIF data are damaged"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "WEBP data are damaged"),
        (b"BM", "BMP data are damaged"),
        (b"II*\0", "TIFF data are damaged"),
        (b"P6\n", "PPM data are damaged"),
    ],
)
def test_what_is_no_picture_is_named(store: ImageStore, data: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        opened(store, data)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_header(width: int, height: int, more: bytes = b"") -> bytes:
    """A PNG of any declared size, with next to no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + body


@pytest.mark.parametrize("side", [10_001, 14_000, 30_000, 2_000_000])
def test_bombs_are_refused_by_the_header_without_a_warning(store: ImageStore, side: int) -> None:
    with pytest.raises(ImageError, match=r"pixels.*the limit is 100,000,000"):
        opened(store, png_header(side, side))


def test_the_limits_can_be_set(tmp_path: Path) -> None:
    data = encode(draw(), "PNG")
    with pytest.raises(ImageError, match="the limit is 2,399"):
        decode(data, "x", ImageLimits(max_pixels=2399))
    assert decode(data, "x", ImageLimits(max_pixels=2400)).picture.size == (60, 40)
    (tmp_path / "a.png").write_bytes(data)
    small = ImageStore(tmp_path, limits=ImageLimits(max_file_bytes=len(data) - 1))
    with pytest.raises(ImageError, match="the limit is"):
        small.open(str(tmp_path / "a.png"))
    with pytest.raises(ImageError, match="bytes"):
        small.add(data)


def test_a_small_tiff_with_huge_tiles_is_refused() -> None:
    tags = {256: 16, 257: 16, 258: 8, 259: 1, 262: 1, 277: 1, 322: 1 << 20, 323: 1 << 20, 324: 8, 325: 256}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(300)
    with pytest.raises(ImageError, match="1,099,511,627,776 pixels"):
        decode(data, "x", ImageLimits())


def test_metadata_does_not_survive_in_the_pixels(store: ImageStore) -> None:
    image = opened(store, encode(draw(), "JPEG", exif=exif(6), icc_profile=b"x" * 50))
    assert image.rgb().info == {}
    buffer = io.BytesIO()
    image.rgb().save(buffer, "JPEG")
    assert b"Exif" not in buffer.getvalue()


def test_colours_of_16_bits_are_reduced_and_it_is_said(store: ImageStore) -> None:
    header = struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0)
    pixels = b"\0" + struct.pack(">6H", 0xFFFF, 0x8000, 0, 0, 0, 0xC0FF)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    image = opened(store, b"\x89PNG\r\n\x1a\n" + body)
    assert [image.rgb().getpixel((x, 0)) for x in (0, 1)] == [(255, 128, 0), (0, 0, 192)]
    assert image.notes == ("16 bits a channel reduced to 8",)


def test_files_made_to_keep_a_decoder_busy_are_refused() -> None:
    comments = png_header(4, 4, chunk(b"tEXt", b"a\0b") * 10_001)
    progressive = encode(draw(), "JPEG", progressive=True)
    scan = progressive.rindex(b"\xff\xda")
    scans = progressive[:-2] + progressive[scan:-2] * 200 + b"\xff\xd9"
    text = b"P3\n1000 1000\n255\n" + b"1 " * 3_000_000
    for data, said in ((comments, "PNG chunks"), (scans, "JPEG scans"), (text, "written as text")):
        with pytest.raises(ImageError, match=said):
            decode(data, "x", ImageLimits())
    assert decode(progressive + scans, "x", ImageLimits()).picture.size == (60, 40)  # what follows does not count
    assert decode(png_header(4, 4, chunk(b"tEXt", b"a\0b") * 100), "x", ImageLimits()).mime is None
