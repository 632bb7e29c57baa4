"""The command `maestro`."""

from maestro_graph.cli._app import main

__all__ = ["main"]
