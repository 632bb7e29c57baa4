"""One run of `maestro ask`: prepare, stream, and what came out of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maestro_graph.cli._errors import ExitCode
from maestro_graph.cli._streams import stdout_reserved
from maestro_graph.cli._work import run_work
from maestro_graph.errors import ImageError, TraceError
from maestro_graph.images import ImageStore, ingest

if TYPE_CHECKING:
    from maestro_graph.graph import TurnRecord
    from maestro_graph.registry import Registry
    from maestro_graph.routers import Router

__all__ = ["AskOptions", "Outcome", "run_ask"]

UNREACHED = frozenset({"unreachable", "timeout", "failed", "rate_limited"})
CLOSING_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """What the command line asked for."""

    question: str
    images: tuple[str, ...] = ()
    registry: str = "embedded"
    router: str | None = None
    budget: Mapping[str, int | float] = field(default_factory=dict)
    trace: str | None = None
    allow_urls: bool = False
    progress: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run came to. `trouble` says why no expert was reached, where that is so."""

    question: str
    images: tuple[str, ...]
    answer: str | None
    stop_reason: str
    turns: tuple[TurnRecord, ...]
    usage: Mapping[str, int | float]
    seconds: float
    currency: str
    code: ExitCode
    trouble: str = ""


def run_ask(options: AskOptions) -> Outcome:
    """Answer the question.

    Raises:
        MaestroError: a picture, the registry, the router or the trace's path cannot be used.
        KeyboardInterrupt: after the calls in flight were cancelled.
    """
    with stdout_reserved():
        registry, router, images = _prepare(options)
        trace = _trace_path(options.trace)
        return run_work(_run(options, registry, router, images, trace))


def _trace_path(given: str | None) -> Path | None:
    """The trace's path, tried out before the run costs time. What is no folder is a file, whatever its suffix."""
    if given is None:
        return None
    try:
        path = Path(given).expanduser()
        if given.endswith(os.sep) or path.is_dir():
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o600))
            if not path.is_file():
                raise OSError("it is no regular file")
    except (OSError, ValueError, RuntimeError) as error:
        raise TraceError(f"the trace {given!r} cannot be written: {error}; give another --trace") from error
    return path


def _prepare(options: AskOptions) -> tuple[Registry, Router, list[str]]:
    from maestro_graph.registry import build_registry, build_router, read_config, resolve_router

    config, folder = read_config(options.registry)
    store = ImageStore(allow_urls=options.allow_urls)
    for image in options.images:
        if image[:8].lower() == "https://" and not options.allow_urls:
            raise ImageError(image, "URLs are not allowed", "download it, or add --allow-urls")
    images = [ingest(image, store) for image in options.images]
    for image in images:
        store.open(image)  # a flaw shows now, before models are loaded
    registry = build_registry(config, folder=folder, images=store)
    own = registry.router_config
    if options.router is None or (own is not None and options.router == own.kind):
        return registry, registry.router(), images
    return registry, build_router(resolve_router(options.router)), images


async def _run(
    options: AskOptions, registry: Registry, router: Router, images: list[str], trace: Path | None
) -> Outcome:
    from maestro_graph.cli._ask_progress import progress_on
    from maestro_graph.graph import MaestroContext, compile_maestro

    context = MaestroContext(**options.budget, trace=trace)  # type: ignore[arg-type]  # numbers by name
    graph = compile_maestro(registry, router)
    values: dict[str, Any] = {}
    last: dict[str, dict[str, Any]] = {}
    try:
        with progress_on(options.progress) as show:
            stream: AsyncIterator[Any] = graph.astream(
                {"question": options.question, "images": images},
                context=context,
                config={"recursion_limit": 10 + 4 * context.max_turns},
                stream_mode=["custom", "values"],
            )
            async for mode, chunk in stream:
                if mode == "values":
                    values = chunk
                elif chunk.get("type") == "maestro":
                    last[chunk["event"]] = chunk
                    show(chunk)
    finally:
        await _close(registry, router)
    return _outcome(options, values, last, registry)


async def _close(registry: Registry, router: Router) -> None:
    """Close the connections of experts and router that have any."""
    perceivers = (mounted.perceiver for mounted in registry.perceivers.values())
    closers = [getattr(item, "aclose", None) for item in (*registry.experts.values(), *perceivers, router)]
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_S):
            await asyncio.gather(*(close() for close in closers if close is not None))


def _outcome(
    options: AskOptions, values: Mapping[str, Any], last: Mapping[str, Mapping[str, Any]], registry: Registry
) -> Outcome:
    code, trouble = _verdict(values, last.get("router_failed"))
    return Outcome(
        question=options.question,
        images=options.images,
        answer=values["answer"],
        stop_reason=values["stop_reason"],
        turns=tuple(values["turns"]),
        usage=values["usage"],
        seconds=last["run_finished"]["seconds"],
        currency=registry.currency,
        code=code,
        trouble=trouble,
    )


def _verdict(values: Mapping[str, Any], router_failed: Mapping[str, Any] | None) -> tuple[ExitCode, str]:
    """The exit code, and what went wrong where nothing was reached."""
    if (values["answer"] or "").strip():
        return ExitCode.OK, ""
    turns = [turn for turn in values["turns"] if turn["status"] != "skipped"]
    if any(turn["status"] not in UNREACHED for turn in turns):
        return ExitCode.NO_ANSWER, ""
    if router_failed is not None:
        if router_failed["status"] not in UNREACHED:
            return ExitCode.NO_ANSWER, ""
        return ExitCode.UNREACHABLE, f"router ({router_failed['status']}): {router_failed['problem']}"
    if turns:
        return ExitCode.UNREACHABLE, "; ".join(f"{t['expert']} ({t['status']}): {t['evidence']}" for t in turns)
    if values["stop_reason"] == "deadline":
        return ExitCode.UNREACHABLE, "the router took no decision before the deadline"
    return ExitCode.NO_ANSWER, ""
