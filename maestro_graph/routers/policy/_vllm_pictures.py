"""Pictures in a token prompt, as vLLM's token endpoint takes them.

A server of version 0.32 is sent the picture itself with each turn and keeps what its processor made of it. An older
one ignores `mm_payload` when it renders a picture, returns the tensors, and wants them back with each turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maestro_graph.errors import CallFailure
from maestro_graph.routers.policy._seam import SampleRequest

__all__ = ["RenderedPicture", "picture_fields", "rendered_picture"]


@dataclass(frozen=True, slots=True)
class RenderedPicture:
    """A picture as the server rendered it.

    Attributes:
        url: the picture itself, as a data URL.
        digest: the server's key of it.
        length: placeholder tokens that it takes.
        data, metadata: its tensors, from servers that return them.
    """

    url: str
    digest: str
    length: int
    data: str | None
    metadata: str | None

    @property
    def size(self) -> int:
        """Characters that keeping it takes."""
        return len(self.url) + len(self.data or "")


def rendered_picture(reply: dict[str, Any], url: str) -> RenderedPicture:
    """Read the reply of `/v1/chat/completions/render` to a message with one picture.

    Raises:
        CallFailure: there is no picture in it.
    """
    features = reply.get("features") or {}
    try:
        (place,) = features["mm_placeholders"]["image"]
        (digest,) = features["mm_hashes"]["image"]
        data, metadata = ((features.get(name) or {}).get("image") or [None] for name in ("kwargs_data", "mm_metadata"))
        return RenderedPicture(url, str(digest), int(place["length"]), data[0], metadata[0])
    except (KeyError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}; it said {str(reply)[:200]}"
        raise CallFailure("unusable", f"/v1/chat/completions/render returned no picture ({said})") from error


def picture_fields(request: SampleRequest, pictures: Sequence[RenderedPicture]) -> dict[str, Any]:
    """The fields of a generate request that carry the prompt and its pictures."""
    if any(picture.data is None for picture in pictures):
        parts = [{"type": "image_url", "url": picture.url, "uuid": picture.digest} for picture in pictures]
        return {"token_ids": _collapsed(request), "content_parts": parts}
    features: dict[str, Any] = {
        "mm_hashes": {"image": [picture.digest for picture in pictures]},
        "mm_placeholders": {"image": [{"offset": item.offset, "length": item.length} for item in request.images]},
        "kwargs_data": {"image": [picture.data for picture in pictures]},
    }
    if any(picture.metadata is not None for picture in pictures):
        features["mm_metadata"] = {"image": [picture.metadata for picture in pictures]}
    return {"token_ids": list(request.prompt_ids), "features": features}


def _collapsed(request: SampleRequest) -> list[int]:
    """The prompt with one placeholder for each picture: the server multiplies it."""
    ids: list[int] = []
    at = 0
    for item in request.images:
        ids += request.prompt_ids[at : item.offset + 1]
        at = item.offset + item.length
    return ids + list(request.prompt_ids[at:])
