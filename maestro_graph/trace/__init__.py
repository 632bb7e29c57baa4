"""Traces: the record of a run, as JSON lines."""

from maestro_graph.trace._settings import TraceSettings
from maestro_graph.trace._writer import TRACE_SCHEMA, TraceWriter

__all__ = ["TRACE_SCHEMA", "TraceSettings", "TraceWriter"]
