"""Small pictures in every format that is read, drawn with Pillow."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image, ImageDraw


def draw(width: int = 60, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right, with detail that compression must keep busy with."""
    picture = Image.new("RGB", (width, height), (220, 30, 30))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((width // 2, 0, width, height), fill=(30, 30, 220))
    for x in range(0, width, 3):
        pen.line((x, 0, width - x, height), fill=(x * 4 % 256, 255 - x * 3 % 256, x * 7 % 256))
    return picture


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    data = Image.Exif()
    data[0x0112] = orientation
    return data


def samples() -> dict[str, bytes]:
    """Valid pictures: format by format, the variants whose code paths differ."""
    picture = draw()
    frames = [picture.rotate(angle) for angle in (0, 30, 60)]
    more: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    return {
        "png": encode(picture, "PNG", exif=exif(6)),
        "png palette": encode(picture.quantize(16), "PNG", transparency=3),
        "png animated": encode(frames[0], "PNG", **more),
        "jpeg": encode(picture, "JPEG", exif=exif(8)),
        "jpeg progressive": encode(picture, "JPEG", progressive=True),
        "jpeg cmyk": encode(picture.convert("CMYK"), "JPEG"),
        "gif": encode(frames[0], "GIF", **more),
        "tiff": encode(picture, "TIFF", exif=exif(3)),
        "tiff 16": encode(picture.convert("L").convert("I;16"), "TIFF"),
        "tiff float": encode(picture.convert("F"), "TIFF"),
        "tiff pages": encode(frames[0], "TIFF", **more),
        "webp": encode(picture, "WEBP"),
        "webp lossless": encode(picture.convert("RGBA"), "WEBP", lossless=True),
        "bmp": encode(picture, "BMP"),
        "ppm": encode(picture, "PPM"),
        "pgm 16": encode(picture.convert("I"), "PPM"),
    }
