"""Maestro on LangGraph: a router over frozen expert models and a two-tier skill library (arXiv 2605.22177).

registry = load_registry("embedded")
graph = compile_maestro(registry)
graph.invoke({"question": "How many coins are there?", "images": ["coins.png"]})
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maestro_graph.chat_expert import ChatExpert
    from maestro_graph.decisions import Answer, CallExpert, CallSkill, Malformed
    from maestro_graph.errors import (
        CallFailure,
        DuplicateNameError,
        ImageError,
        MaestroError,
        MissingExtraError,
        RegistryError,
        TraceError,
        UnknownNameError,
    )
    from maestro_graph.evidence import Evidence, Usage
    from maestro_graph.experts import Expert, ExpertCard, ExpertReply, ExpertRequest
    from maestro_graph.graph import MaestroContext, compile_maestro, create_maestro_graph
    from maestro_graph.images import ImageStore, MaestroImage, ingest
    from maestro_graph.registry import Registry, load_registry
    from maestro_graph.routers import Router, RouterTurn, RouterView
    from maestro_graph.skills import Skill, SkillCard
    from maestro_graph.trace import RunTrace, TraceSettings, read_trace

__all__ = [
    "Answer",
    "CallExpert",
    "CallFailure",
    "CallSkill",
    "ChatExpert",
    "DuplicateNameError",
    "Evidence",
    "Expert",
    "ExpertCard",
    "ExpertReply",
    "ExpertRequest",
    "ImageError",
    "ImageStore",
    "MaestroContext",
    "MaestroError",
    "MaestroImage",
    "Malformed",
    "MissingExtraError",
    "Registry",
    "RegistryError",
    "Router",
    "RouterTurn",
    "RouterView",
    "RunTrace",
    "Skill",
    "SkillCard",
    "TraceError",
    "TraceSettings",
    "UnknownNameError",
    "Usage",
    "compile_maestro",
    "create_maestro_graph",
    "ingest",
    "load_registry",
    "read_trace",
]

# Names come in when they are first used (PEP 562): LangGraph alone takes most of a second to import, and
# `maestro --help` or a look at a registry does not need it.
_HOMES = {
    "maestro_graph.chat_expert": ("ChatExpert",),
    "maestro_graph.decisions": ("Answer", "CallExpert", "CallSkill", "Malformed"),
    "maestro_graph.errors": (
        "CallFailure",
        "DuplicateNameError",
        "ImageError",
        "MaestroError",
        "MissingExtraError",
        "RegistryError",
        "TraceError",
        "UnknownNameError",
    ),
    "maestro_graph.evidence": ("Evidence", "Usage"),
    "maestro_graph.experts": ("Expert", "ExpertCard", "ExpertReply", "ExpertRequest"),
    "maestro_graph.graph": ("MaestroContext", "compile_maestro", "create_maestro_graph"),
    "maestro_graph.images": ("ImageStore", "MaestroImage", "ingest"),
    "maestro_graph.registry": ("Registry", "load_registry"),
    "maestro_graph.routers": ("Router", "RouterTurn", "RouterView"),
    "maestro_graph.skills": ("Skill", "SkillCard"),
    "maestro_graph.trace": ("RunTrace", "TraceSettings", "read_trace"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import a public name at its first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
