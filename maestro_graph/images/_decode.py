"""Encoded bytes to upright 8-bit RGB, with Pillow alone.

The formats' classes are called directly and not through `Image.open`: that keeps other hosts' plugins and
formats out, and it warns of large pictures through `warnings`, where here a limit of our own raises first.
"""

from __future__ import annotations

import importlib
import io
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass

from PIL import Image, ImageFile

from maestro_graph.errors import ImageError
from maestro_graph.images._limits import ImageLimits
from maestro_graph.images._quiet import quiet_pillow
from maestro_graph.images._sniff import describe_foreign, sniff
from maestro_graph.images._structure import check_structure

__all__ = ["Decoded", "decode", "to_upright_rgb"]

READERS = {
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "PPM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
}
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
EIGHT_BIT = frozenset({"1", "L", "P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"})
DEEP = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
WITH_ALPHA = frozenset({"PA", "LA", "La", "RGBA", "RGBa"})
METADATA = frozenset({"exif", "xmp", "XML:com.adobe.xmp", "comment", "photoshop", "Raw profile type exif"})
TILE_WIDTH, TILE_LENGTH, PHOTOMETRIC, ORIENTATION = 322, 323, 262, 0x0112
MAX_PAGES_COUNTED = 100
MAX_BYTES_COUNTED = 4 << 20
STRIP_PIXELS = 4_000_000
LARGE_PIXELS = 25_000_000

# Decoding holds up to three copies of a picture: large ones take turns, so that memory stays bounded.
_large = threading.Lock()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded picture.

    Attributes:
        picture: 8-bit RGB, upright, free of metadata.
        notes: what was done to it.
        mime: media type of the encoded bytes where they may be handed on unchanged (upright 8-bit RGB or
            grey, one frame, no transparency, no metadata that says more than the picture), else `None`.
    """

    picture: Image.Image
    notes: tuple[str, ...]
    mime: str | None


def decode(data: bytes, ref: str, limits: ImageLimits) -> Decoded:
    """Decode the whole picture.

    Raises:
        ImageError: whatever is wrong with the bytes.
    """
    _check_size(data, ref, limits)
    kind = sniff(data)
    if kind is None:
        what, cure = describe_foreign(data)
        raise ImageError(ref, f"it is {what}", cure)
    check_structure(kind, data, ref)
    try:
        with quiet_pillow():
            picture = _reader(kind, data)
            pixels = _check_header(picture, ref, limits)
            with _large if pixels > LARGE_PIXELS else nullcontext():
                return _decode(kind, data, picture, ref, limits)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit, on frames and tiles
        raise ImageError(ref, "it unpacks to far more pixels than allowed", "scale the picture down") from error
    except MemoryError as error:
        raise ImageError(ref, "there is not enough memory to decode it", "scale the picture down") from error
    except Exception as error:  # decoders raise nearly anything on hostile bytes; all of it means this one thing
        raise ImageError(
            ref, f"its {kind} data are damaged or cut off ({_one_line(error)})", "save or download it again"
        ) from error


def to_upright_rgb(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Upright 8-bit RGB of any Pillow picture, and notes on what was done. `picture` is left as it is."""
    picture.load()
    turn, notes = _orientation(picture)
    rgb, more = _to_rgb(picture)
    return (rgb if turn is None else rgb.transpose(turn)), (*more, *notes)


def _check_size(data: bytes, ref: str, limits: ImageLimits) -> None:
    if not data:
        raise ImageError(ref, "it is empty", "give a picture with content")
    if len(data) > limits.max_file_bytes:
        raise ImageError(
            ref,
            f"it has {len(data):,} bytes, the limit is {limits.max_file_bytes:,}",
            "scale or compress the picture, or raise max_file_bytes",
        )


def _check_header(header: ImageFile.ImageFile, ref: str, limits: ImageLimits) -> int:
    """The number of pixels, which is within the limit."""
    width, height = header.size
    tiles = _tile_pixels(header)
    if width < 1 or height < 1:
        raise ImageError(ref, f"it has no pixels ({width}x{height})", "save or download it again")
    if max(width * height, tiles) > limits.max_pixels:
        raise ImageError(
            ref,
            f"it has {max(width * height, tiles):,} pixels ({width}x{height}), the limit is {limits.max_pixels:,}",
            "scale the picture down or raise max_pixels",
        )
    return width * height


def _decode(kind: str, data: bytes, picture: ImageFile.ImageFile, ref: str, limits: ImageLimits) -> Decoded:
    notes = _frame_notes(kind, data, picture)
    if _loses_depth(picture):
        notes = (*notes, "16 bits a channel reduced to 8")
    picture.load()
    if picture.width * picture.height > limits.max_pixels:  # a GIF frame may be larger than the header says
        raise ImageError(ref, f"a frame has more than {limits.max_pixels:,} pixels", "scale the picture down")
    if picture.mode not in EIGHT_BIT and picture.mode not in DEEP:
        raise ImageError(ref, f"its colour mode {picture.mode} is not read", "save it as an RGB PNG or JPEG")
    turn, turn_notes = _orientation(picture)
    rgb, colour_notes = _to_rgb(picture)
    bare = not (METADATA & picture.info.keys() or getattr(picture, "text", None))
    plain = bare and not notes and turn is None and not colour_notes
    plain = plain and picture.mode in ("RGB", "L") and not picture.has_transparency_data
    mime = f"image/{kind.lower()}" if plain and kind in ("PNG", "JPEG") else None
    picture.im = None  # type: ignore[assignment]  # frees the pixels as decoded before turning needs room
    if turn is not None:
        rgb = rgb.transpose(turn)
    return Decoded(rgb, (*notes, *colour_notes, *turn_notes), mime)


def _reader(kind: str, data: bytes) -> ImageFile.ImageFile:
    """The picture with its header read; pixels are decoded by `load()`."""
    module, name = READERS[kind]
    factory: Callable[[io.BytesIO], ImageFile.ImageFile] = getattr(importlib.import_module(module), name)
    return factory(io.BytesIO(data))


def _loses_depth(picture: ImageFile.ImageFile) -> bool:
    """Whether Pillow will drop bits while decoding: it has no mode for colours of 16 bits."""
    return picture.mode not in DEEP and any(";16" in str(tile) for tile in picture.tile)


def _tile_pixels(picture: ImageFile.ImageFile) -> int:
    """Pixels of one TIFF tile: a small picture may declare tiles of any size."""
    tags = getattr(picture, "tag_v2", None)
    if tags is None or TILE_WIDTH not in tags or TILE_LENGTH not in tags:
        return 0
    return int(tags[TILE_WIDTH]) * int(tags[TILE_LENGTH])


def _frame_notes(kind: str, data: bytes, picture: ImageFile.ImageFile) -> tuple[str, ...]:
    if kind == "TIFF":
        count, word = _pages(_reader(kind, data)), "pages"
    elif kind == "GIF":
        few = len(data) <= MAX_BYTES_COUNTED  # counting reads the file to its end
        count, word = _gif_frames(_reader(kind, data), count=few), "frames"
    else:
        count, word = getattr(picture, "n_frames", 1), "frames"
    if count is None:
        return (f"first of several {word}",)
    if kind == "TIFF" and count > MAX_PAGES_COUNTED:
        return (f"first of more than {MAX_PAGES_COUNTED} {word}",)
    return (f"first of {count} {word}",) if count > 1 else ()


def _gif_frames(picture: ImageFile.ImageFile, *, count: bool) -> int | None:
    """The number of frames; without `count`, `None` stands for several."""
    try:
        if not count:
            return None if getattr(picture, "is_animated", False) else 1
        return int(getattr(picture, "n_frames", 1))
    except Exception:  # noqa: BLE001 - damage behind the first frame does not spoil the first frame
        return None


def _pages(picture: ImageFile.ImageFile) -> int | None:
    for page in range(1, MAX_PAGES_COUNTED + 1):
        try:
            picture.seek(page)
        except EOFError:
            return page
        except Exception:  # noqa: BLE001 - damage behind the first page does not spoil the first page
            return None
    return MAX_PAGES_COUNTED + 1


def _orientation(picture: Image.Image) -> tuple[Image.Transpose | None, tuple[str, ...]]:
    """The turn that makes the picture upright. Broken EXIF data do not spoil a picture."""
    try:
        turn = TURNS.get(picture.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - as for the decoders: broken EXIF raises nearly anything
        return None, ("unreadable EXIF data ignored",)
    return turn, (("turned upright as its EXIF data say",) if turn is not None else ())


def _to_rgb(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    if picture.mode in DEEP:
        return _from_deep(picture)
    if picture.mode in WITH_ALPHA or picture.has_transparency_data:
        return _on_white(picture)
    notes = ("converted from CMYK",) if picture.mode == "CMYK" else ()
    return _by_strips(picture, lambda strip: strip.convert("RGB")), notes


def _on_white(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    seen = False

    def lay(strip: Image.Image) -> Image.Image:
        nonlocal seen
        rgba = strip.convert("RGBA")
        if rgba.getchannel("A").getextrema() == (255, 255):
            return rgba.convert("RGB")
        seen = True
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        white.alpha_composite(rgba)
        return white.convert("RGB")

    rgb = _by_strips(picture, lay)
    return rgb, (("transparency laid on white",) if seen else ())


def _from_deep(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """16-bit, 32-bit and floating-point grey: the range that occurs is spread over 0 to 255."""
    grey = picture if picture.mode in ("I;16", "I", "F") else picture.convert("I")
    low, high = (float(value) for value in grey.getextrema())  # type: ignore[arg-type]
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("it holds values that are not finite numbers")
    if high > low:
        scale, offset = 255.0 / (high - low), -low * 255.0 / (high - low)
        note = f"values {low:g} to {high:g} scaled to 8 bits"
    else:
        full = 255.0 if picture.mode in ("I", "F") else 65535.0
        scale, offset, note = 255.0 / full, 0.0, f"the value {low:g} everywhere, taken as 8 bits"
    if getattr(picture, "tag_v2", {}).get(PHOTOMETRIC) == 0:  # white is zero
        scale, offset = -scale, 255.0 - offset
    offset += 0.5  # the conversion to L cuts decimals off

    def spread(strip: Image.Image) -> Image.Image:
        return strip.convert("F").point(lambda value: value * scale + offset).convert("L").convert("RGB")

    return _by_strips(grey, spread), (note,)


def _by_strips(picture: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Convert strip by strip into a RGB picture: no more than both and a strip are in memory."""
    out = Image.new("RGB", picture.size)
    for box in _strips(picture.size):
        out.paste(convert(picture.crop(box)), box[:2])
    return out


def _strips(size: tuple[int, int]) -> Iterator[tuple[int, int, int, int]]:
    width, height = size
    step = max(1, STRIP_PIXELS // width)
    for top in range(0, height, step):
        yield 0, top, width, min(height, top + step)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return (text or type(error).__name__)[:200]
