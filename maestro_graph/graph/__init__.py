"""The state machine: router, expert call, skill call, terminate."""

from maestro_graph.graph._build import compile_maestro, create_maestro_graph
from maestro_graph.graph._context import MaestroContext
from maestro_graph.graph._state import MaestroInput, MaestroOutput, MaestroState, StopReason, TurnRecord
from maestro_graph.graph._sync import run_sync

__all__ = [
    "MaestroContext",
    "MaestroInput",
    "MaestroOutput",
    "MaestroState",
    "StopReason",
    "TurnRecord",
    "compile_maestro",
    "create_maestro_graph",
    "run_sync",
]
