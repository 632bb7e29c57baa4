"""The protocol between router and world: the one place that renders, parses and neutralises its text."""

from maestro_graph.protocol._grammar import LARK_HEAD, turn_grammar, turn_regex
from maestro_graph.protocol._neutral import neutralise, restore
from maestro_graph.protocol._prompt import render_prompt, render_template
from maestro_graph.protocol._text import parse_turn, render_observation, render_problem, render_turn

__all__ = [
    "LARK_HEAD",
    "PROTOCOL_VERSION",
    "neutralise",
    "parse_turn",
    "render_observation",
    "render_problem",
    "render_prompt",
    "render_template",
    "render_turn",
    "restore",
    "turn_grammar",
    "turn_regex",
]

PROTOCOL_VERSION = 1
"""Version of the text protocol. A trained router records the version it was trained on; a registry refuses another."""
