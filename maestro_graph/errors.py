"""What can go wrong, in two families.

`MaestroError`: a mistake of the developer or the user (unknown name, bad registry, unreadable image). It is
raised, and says what happened, with which value, and what to do next.

`CallFailure`: a call that the router can act on (time-out, refusal, unusable reply). The call layer turns it
into typed evidence; it never leaves a run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

__all__ = [
    "CallFailure",
    "DuplicateNameError",
    "FailureKind",
    "ImageError",
    "MaestroError",
    "MissingExtraError",
    "RegistryError",
    "TraceError",
    "UnknownNameError",
]

FailureKind = Literal["refused", "timeout", "unreachable", "rate_limited", "failed", "unusable"]


class MaestroError(Exception):
    """Base of every error that this project raises at its users."""


class RegistryError(MaestroError):
    """A registry file or object that cannot be used: names the field, the value and the cure."""


class UnknownNameError(RegistryError):
    """A name that the registry does not have. Names are exact; the message lists what there is."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        listed = ", ".join(repr(item) for item in sorted(known)) or "none"
        super().__init__(f"there is no {kind} named {name!r}; there are: {listed}")
        self.kind, self.name = kind, name


class DuplicateNameError(RegistryError):
    """A name that is taken: names are the action space, so the second registration is refused."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        listed = ", ".join(repr(item) for item in sorted(known))
        one = "an" if kind[:1] in "aeiou" else "a"
        super().__init__(
            f"{one} {kind} named {name!r} is registered already (there are: {listed}); "
            f"choose another name or remove the first one"
        )
        self.kind, self.name = kind, name


class ImageError(MaestroError):
    """An image that cannot be used: missing, not an image, truncated, too large, not allowed."""

    def __init__(self, ref: str, problem: str, cure: str) -> None:
        super().__init__(f"image {ref!r}: {problem}; {cure}")
        self.ref = ref


class TraceError(MaestroError):
    """A trace file that cannot be read or written."""


class MissingExtraError(MaestroError):
    """A feature whose optional dependencies are not installed."""

    def __init__(self, feature: str, extra: str, missing: str) -> None:
        super().__init__(
            f"{feature} needs the package {missing!r}, which is not installed; "
            f"run: pip install 'maestro-graph[{extra}]'"
        )
        self.extra = extra


class CallFailure(Exception):
    """A failed call that the router can act on.

    Args:
        kind: `refused` (the expert cannot or will not), `timeout`, `unreachable` (no connection), `rate_limited`,
            `failed` (the server said 5xx or dropped the connection), `unusable` (a reply that holds no text).
        message: what happened, for the router and the trace.
        retry: whether trying the same call again may help.
        retry_after_s: seconds that the server asks to wait before another try.
    """

    def __init__(
        self, kind: FailureKind, message: str, *, retry: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind
        self.message = message
        self.retry = retry
        self.retry_after_s = retry_after_s
