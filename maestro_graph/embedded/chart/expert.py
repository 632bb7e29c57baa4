"""The chart reader: a picture of a chart to a table, and answers over the table."""

from __future__ import annotations

import numpy as np

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.chart._answer import answer_question
from maestro_graph.embedded.chart._read import read_chart
from maestro_graph.embedded.chart._table import Table
from maestro_graph.embedded.chart._texts import stand_up
from maestro_graph.embedded.ocr import ocr_array, read_text
from maestro_graph.evidence import Evidence
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

__all__ = ["ChartReader"]


class ChartReader(EmbeddedExpert):
    """Reads bar, line and pie charts.

    `reply.details["table"]` holds the whole table (`Table.from_json` makes it one again). Where no picture shows a
    chart, the table that earlier evidence brought is asked instead.
    """

    def evidence_read(self, request: ExpertRequest) -> tuple[Evidence, ...]:
        """Evidence that holds a table."""
        return tuple(item for item in request.evidence if _table_in(item.details.get("table")) is not None)

    def answer(self, request: ExpertRequest) -> ExpertReply:
        clock = Clock.of(request)
        best: ExpertReply | None = None
        tables = 0
        for image in request.images:
            table = _table_of(image, clock)
            if table is None:
                continue
            tables += 1
            reply = _reply(request.question, table)
            if reply is not None and (best is None or (reply.confidence or 0) > (best.confidence or 0)):
                best = reply
        if tables == 0:
            for evidence in reversed(request.evidence):
                table = _table_in(evidence.details.get("table"))
                if table is not None:
                    tables += 1
                    best = best or _reply(request.question, table)
        if best is not None:
            return best
        if tables:
            raise refuse("the chart was read, but the question could not be answered from its table")
        raise refuse("no chart that can be read was found in the picture" if request.images else "there is no picture")


def _table_of(image: MaestroImage, clock: Clock) -> Table | None:
    clock.check()
    rgb = np.asarray(image.rgb())
    boxes = stand_up(rgb, read_text(image))
    clock.check()
    return read_chart(rgb, boxes, ocr=ocr_array, check=clock.check)


def _table_in(data: object) -> Table | None:
    if not isinstance(data, dict):
        return None
    try:
        return Table.from_json(data)
    except ValueError:
        return None


def _reply(question: str, table: Table) -> ExpertReply | None:
    found = answer_question(question, table)
    if found is None:
        return None
    text = f"{found.answer} ({found.because}; read from a chart of {table.kind}"
    text += f" titled {table.title!r})" if table.title else ")"
    return ExpertReply(text=text, answer=found.answer, confidence=found.confidence, details={"table": table.to_json()})
