"""Pictures of a trace: what is written of them, and copies beside it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from maestro_graph.errors import ImageError, TraceError
from maestro_graph.evidence import Json
from maestro_graph.images import MaestroImage
from maestro_graph.trace._settings import Pictures, TraceSettings

__all__ = ["copy_picture", "find_copy", "image_record"]

NOT_RELATIVE = ("sha256:", "http:", "https:", "file:", "/", "~")


def image_record(image: MaestroImage, pictures: Pictures) -> dict[str, Json]:
    """A picture in a record: by its hash; the reference where it is to be kept."""
    record: dict[str, Json] = {} if pictures == "none" else {"ref": image.ref}
    if record and not image.ref.startswith(NOT_RELATIVE):
        record["path"] = os.path.abspath(image.ref)  # noqa: PTH100 - links stay, as they were given
    return {
        **record,
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "notes": list(image.notes),
    }


def copy_picture(image: MaestroImage, settings: TraceSettings) -> None:
    """Copy the picture's file beside the trace, unless it is there already (then it is marked as used).

    A file that has changed or gone since it was opened is left out: its hash stays in the trace.

    Raises:
        TraceError: the copy cannot be written.
    """
    target = settings.picture_folder / image.sha256
    try:
        with suppress(FileNotFoundError):
            os.utime(target)
            return
        try:
            data = image.encoded()
        except ImageError:
            return
        settings.picture_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(suffix=".partial", dir=settings.picture_folder)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
                file.write(data)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise TraceError(
            f"picture {image.ref!r} cannot be copied to {str(settings.picture_folder)!r}: {error}; free space there "
            f"or record with pictures='reference'"
        ) from error


def find_copy(trace: Path, sha256: str) -> Path | None:
    """The copy of a picture beside a trace file, if there is one."""
    for folder in (trace.with_name(f"{trace.stem}.pictures"), trace.parent / "pictures"):
        if (folder / sha256).is_file():
            return folder / sha256
    return None
