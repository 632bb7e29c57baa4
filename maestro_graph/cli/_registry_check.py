"""What `maestro registry check` finds out."""

from __future__ import annotations

import asyncio
import io
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table
from rich.text import Text

from maestro_graph.cli._registry_show import plain_url
from maestro_graph.cli._streams import stdout_reserved
from maestro_graph.cli._words import json_text, printable
from maestro_graph.cli._work import run_work
from maestro_graph.errors import CallFailure, DuplicateNameError, MaestroError, MissingExtraError
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertCard, ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage
from maestro_graph.perceivers import PerceptionRequest
from maestro_graph.registry import (
    EndpointConfig,
    ExpertConfig,
    PerceiverConfig,
    Registry,
    RegistryConfig,
    RouterConfig,
    build_expert,
    build_perceiver,
    build_registry,
    build_router,
    read_config,
    resolve_router,
)
from maestro_graph.routers import RouterView
from maestro_graph.serving import EndpointState, endpoint_state

__all__ = ["Finding", "check_registry", "print_findings"]

PROBE_S = 60.0
PROBE_QUESTION = "What is in the picture?"
SPARE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The state of one part of a registry."""

    what: str
    where: str
    fine: bool
    words: str
    seconds: float = 0.0


def check_registry(source: str, timeout_s: float) -> list[Finding]:
    """Try every part of a registry, all at once.

    Raises:
        MaestroError: the registry itself is invalid, or names what does not exist.
    """
    config, folder = read_config(source)
    Registry(config.name, experts=[_Stub(item.card()) for item in config.experts])  # refuses a name given twice
    for at, item in enumerate(config.perceivers):
        if item.kind in (kinds := [before.kind for before in config.perceivers[:at]]):
            raise DuplicateNameError("perceiver", item.kind, kinds)
    with stdout_reserved():
        router = resolve_router(config.router, folder) if config.router is not None else None
        return run_work(_check(config, router, folder, timeout_s))


async def _check(
    config: RegistryConfig, router: RouterConfig | None, folder: Path | None, timeout_s: float
) -> list[Finding]:
    asked: dict[tuple[str, str, str | None], asyncio.Task[EndpointState]] = {}

    async def at_endpoint(what: str, endpoint: EndpointConfig) -> Finding:
        began = time.monotonic()
        key = (endpoint.base_url, endpoint.model, endpoint.api_key_env)
        if key not in asked:  # expert and router may live at the same place
            asked[key] = asyncio.ensure_future(_state(endpoint, timeout_s))
        state = await asked[key]
        where = f"{endpoint.model} at {plain_url(endpoint)}"
        return Finding(what=what, where=where, fine=state.fine, words=state.words, seconds=time.monotonic() - began)

    jobs: list[Awaitable[Finding]] = []
    for expert in config.experts:
        what = f"expert {expert.name}"
        jobs.append(at_endpoint(what, expert.endpoint) if expert.endpoint else _in_process(what, expert))
    for item in config.perceivers:
        what = f"perceiver {item.kind}"
        jobs.append(at_endpoint(what, item.endpoint) if item.endpoint else _perceiver(what, item))
    jobs.append(_skills(config, folder))
    if router is None:
        jobs.append(_said(Finding(what="router", where="", fine=True, words="none named; give one with --router")))
    elif router.endpoint is not None:
        jobs.append(at_endpoint(f"router {router.kind}", router.endpoint))
    else:
        jobs.append(_router(router))
    return list(await asyncio.gather(*jobs))


async def _said(finding: Finding) -> Finding:
    return finding


async def _state(endpoint: EndpointConfig, timeout_s: float) -> EndpointState:
    try:
        async with asyncio.timeout(timeout_s + SPARE_S):
            return await asyncio.to_thread(endpoint_state, endpoint, timeout_s)
    except TimeoutError:
        return EndpointState(False, f"no answer within {timeout_s:g} s")


async def _in_process(what: str, config: ExpertConfig) -> Finding:
    """Build an embedded expert and ask it about a small picture, which loads its weights."""

    async def probe() -> str:
        expert = await asyncio.to_thread(build_expert, config)
        images = (_sample(),) if "image" in config.modality else ()
        try:
            await expert.ask(ExpertRequest(question=PROBE_QUESTION, images=images, deadline_s=PROBE_S))
        except CallFailure as failure:
            if failure.kind != "refused":
                raise
        return "works"

    return await _tried(what, f"in-process ({config.embedded})", probe())


async def _perceiver(what: str, config: PerceiverConfig) -> Finding:
    """Build an embedded perceiver and let it look at a small picture."""

    async def probe() -> str:
        mounted = await asyncio.to_thread(build_perceiver, config)
        try:
            await mounted.perceiver.perceive(PerceptionRequest(image=_sample(), deadline_s=PROBE_S))
        except CallFailure as failure:
            if failure.kind != "refused":
                raise
        return "works"

    return await _tried(what, f"in-process ({config.embedded})", probe())


async def _router(config: RouterConfig) -> Finding:
    """Build an in-process router and let it take a decision."""

    async def probe() -> str:
        router = await asyncio.to_thread(build_router, config)
        await router.decide(RouterView(question=PROBE_QUESTION, images=(), registry=_two_experts()))
        return "works"

    return await _tried(f"router {config.kind}", config.weights or "in-process", probe())


async def _skills(config: RegistryConfig, folder: Path | None) -> Finding:
    async def probe() -> str:
        only_skills = config.model_copy(update={"experts": (), "perceivers": (), "router": None})
        found = await asyncio.to_thread(lambda: build_registry(only_skills, folder=folder))
        return f"{len(found.skills)} loaded"

    return await _tried("skills", ", ".join(config.skills), probe())


async def _tried(what: str, where: str, probe: Awaitable[str]) -> Finding:
    began = time.monotonic()
    fine = False
    try:
        async with asyncio.timeout(PROBE_S):
            words, fine = await probe, True
    except (MissingExtraError, ImportError) as error:
        words = f"not installed: {error}"
    except MaestroError:
        raise
    except TimeoutError:
        words = f"no answer within {PROBE_S:g} s"
    except CallFailure as failure:
        words = f"{failure.kind}: {failure.message}"
    except Exception as error:  # noqa: BLE001 - whatever a part does wrong is what this command is there to say
        words = f"does not work: {type(error).__name__}: {error}"
    return Finding(what=what, where=where, fine=fine, words=words, seconds=time.monotonic() - began)


class _Stub:
    """A name in a registry, with nothing behind it."""

    def __init__(self, card: ExpertCard) -> None:
        self.card = card

    async def ask(self, request: ExpertRequest) -> ExpertReply:
        raise CallFailure("refused", "a stand-in")


def _sample() -> MaestroImage:
    """A small picture with a dark square and a word."""
    picture = Image.new("RGB", (160, 96), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((16, 32, 48, 64), fill="black")
    draw.text((72, 40), "Sample", fill="black")
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return MaestroImage(
        ref="sample", sha256="0" * 64, width=160, height=96, notes=(), load=lambda: picture, encoded=buffer.getvalue
    )


def _two_experts() -> Registry:
    """What a router is tried on: that it can choose."""
    about = {"reader": "Reads text in pictures.", "calculator": "Calculates."}
    return Registry("sample", experts=[_Stub(ExpertCard(name=name, description=what)) for name, what in about.items()])


def print_findings(findings: list[Finding], *, as_json: bool) -> None:
    """Print a table, or one JSON object."""
    if as_json:
        rows: list[Json] = [
            {"what": f.what, "where": f.where, "fine": f.fine, "words": f.words, "seconds": round(f.seconds, 3)}
            for f in findings
        ]
        sys.stdout.write(json_text({"fine": all(f.fine for f in findings), "parts": rows}) + "\n")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for finding in findings:
        state = Text(printable(f"{finding.words} ({finding.seconds:.1f} s)"))
        state.append(printable(f"\n{finding.where}") if finding.where else "", style="dim")
        mark = Text("✓" if finding.fine else "✗", style="green" if finding.fine else "red")
        table.add_row(mark, Text(printable(finding.what)), state)
    Console(markup=False, highlight=False, emoji=False).print(table)
