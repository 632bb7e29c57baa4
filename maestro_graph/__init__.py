"""Maestro on LangGraph: a router over frozen expert models and a two-tier skill library (arXiv 2605.22177).

registry = load_registry("embedded")
graph = compile_maestro(registry)
graph.invoke({"question": "How many coins are there?", "images": ["coins.png"]})
"""

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
    "Skill",
    "SkillCard",
    "TraceError",
    "UnknownNameError",
    "Usage",
    "compile_maestro",
    "create_maestro_graph",
    "ingest",
    "load_registry",
]
