"""What a picture may cost: the limits that are checked before anything is decoded."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ImageLimits"]

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageLimits:
    """Limits of one `ImageStore`.

    Attributes:
        max_file_bytes: encoded size of one picture.
        max_pixels: width times height of one picture; checked on the header, before decoding.
        pixel_cache_bytes: decoded pixels kept between calls (4 bytes a pixel). The picture used last is
            always kept, also where it alone is larger than this.
        data_url_cache_bytes: data URLs kept between calls.
        fetch_seconds: wall time for one https picture, look-up and redirects included.
        max_redirects: redirects followed for one https picture, each checked like the first address.
    """

    max_file_bytes: int = 64 * MIB
    max_pixels: int = 100_000_000
    pixel_cache_bytes: int = 256 * MIB
    data_url_cache_bytes: int = 64 * MIB
    fetch_seconds: float = 20.0
    max_redirects: int = 3
