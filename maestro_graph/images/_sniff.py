"""Which format some bytes are in, judged by their first bytes, never by a name or a transport's header."""

from __future__ import annotations

__all__ = ["describe_foreign", "sniff"]

PNM_KINDS = b"123456fF"
FOREIGN = (
    (b"%PDF", "a PDF document", "render its pages to PNG first"),
    (b"PK\x03\x04", "a ZIP archive or an office document", "unpack it or export its pictures as PNG"),
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself", "run `git lfs pull`"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture", "convert it to PNG or JPEG"),
    (b"\xff\x0a", "a JPEG XL picture", "convert it to PNG or JPEG"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", "convert it to PNG or JPEG"),
    (b"8BPS", "a Photoshop document", "export it as PNG or JPEG"),
    (b"\x00\x00\x01\x00", "a Windows icon", "convert it to PNG"),
    (b"%!PS", "a PostScript document", "render it to PNG first"),
)
MARKUP = ((b"<svg", "an SVG drawing"), (b"<!doctype html", "a web page"), (b"<html", "a web page"))


def sniff(data: bytes) -> str | None:
    """The Pillow name of the format, or `None` where it is none of those that are read."""
    head = data[:32]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")):
        return "TIFF"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:12] in (b"ftypavif", b"ftypavis") or (head[4:12] == b"ftypmif1" and b"avif" in data[:64]):
        return "AVIF"
    if head.startswith(b"BM"):
        return "BMP"
    if len(head) > 2 and head.startswith(b"P") and head[1] in PNM_KINDS and head[2:3].isspace():
        return "PPM"
    return None


def describe_foreign(data: bytes) -> tuple[str, str]:
    """What bytes that are no picture seem to be, and the cure, for an error message."""
    for start, what, cure in FOREIGN:
        if data.startswith(start):
            return what, cure
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"msf1", b"heim", b"heis"):
        return "a HEIC picture", "convert it to JPEG or PNG"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for start, what in MARKUP:
        if head.startswith(start) or (head.startswith(b"<?xml") and start in head):
            return what, "give the picture itself, as PNG or JPEG"
    return (
        "not in an image format that is read",
        "give a PNG, JPEG, WEBP, GIF, BMP, TIFF, PPM or AVIF picture",
    )
