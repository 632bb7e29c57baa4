"""The chart reader of the embedded ensemble, and the table that it makes of a picture."""

from maestro_graph.embedded.chart._answer import TableAnswer, answer_question
from maestro_graph.embedded.chart._table import ChartKind, Table
from maestro_graph.embedded.chart.expert import ChartReader

__all__ = ["ChartKind", "ChartReader", "Table", "TableAnswer", "answer_question"]
