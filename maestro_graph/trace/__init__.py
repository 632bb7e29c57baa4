"""Traces: the record of a run, as JSON lines: written while it goes on, read back typed, shown as a page."""

from maestro_graph.trace._model import CallTrace, ImageTrace, RequestTrace, RunTrace, StepTrace, TurnTrace
from maestro_graph.trace._page import trace_page
from maestro_graph.trace._reader import read_trace
from maestro_graph.trace._schema import MIGRATIONS, TRACE_SCHEMA
from maestro_graph.trace._secrets import key_names, scrubbed
from maestro_graph.trace._settings import TraceSettings
from maestro_graph.trace._writer import TraceWriter

__all__ = [
    "MIGRATIONS",
    "TRACE_SCHEMA",
    "CallTrace",
    "ImageTrace",
    "RequestTrace",
    "RunTrace",
    "StepTrace",
    "TraceSettings",
    "TraceWriter",
    "TurnTrace",
    "key_names",
    "read_trace",
    "scrubbed",
    "trace_page",
]
