"""Serving the endpoints of a registry with vLLM: commands, processes, and files for compose and Slurm."""

from maestro_graph.serving._command import Launcher, find_launcher, server_environment
from maestro_graph.serving._compose import IMAGE, compose_text
from maestro_graph.serving._fleet import Fleet, Server, ServerDied, StopFlag, stop_on_signals
from maestro_graph.serving._plan import Part, ServerPlan, plan_servers
from maestro_graph.serving._slurm import command_line, slurm_text
from maestro_graph.serving._state import EndpointState, endpoint_state

__all__ = [
    "IMAGE",
    "EndpointState",
    "Fleet",
    "Launcher",
    "Part",
    "Server",
    "ServerDied",
    "ServerPlan",
    "StopFlag",
    "command_line",
    "compose_text",
    "endpoint_state",
    "find_launcher",
    "plan_servers",
    "server_environment",
    "slurm_text",
    "stop_on_signals",
]
