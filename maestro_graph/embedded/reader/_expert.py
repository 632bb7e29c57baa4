"""The reader expert: reads the pictures, plans what the question wants, answers it or says that it cannot."""

from __future__ import annotations

from collections.abc import Sequence

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.ocr import read_text
from maestro_graph.embedded.reader._answers import Reading, answer_plan
from maestro_graph.embedded.reader._layout import Page, lay_out
from maestro_graph.embedded.reader._questions import plan
from maestro_graph.evidence import Evidence, Json
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

__all__ = ["Reader"]

MAX_LISTED = 200  # lines in the details


class Reader(EmbeddedExpert):
    """Reads printed text and looks things up in it.

    Answers are values as printed. Confidence is OCR score x label match x type fit; where the text does not hold
    the answer the call is refused.
    """

    def evidence_read(self, request: ExpertRequest) -> tuple[Evidence, ...]:
        """Nothing: pictures and question alone."""
        return ()

    def answer(self, request: ExpertRequest) -> ExpertReply:
        if not request.images:
            raise refuse("there is no picture to read")
        clock = Clock.of(request)
        wanted = plan(request.question)
        readings: list[tuple[Reading, Page]] = []
        pages: list[Page] = []
        for image in request.images:
            clock.check()
            page = _page(image)
            pages.append(page)
            if page.cells:
                reading = answer_plan(wanted, page, image)
                if reading is not None:
                    readings.append((reading, page))
        if not any(page.cells for page in pages):
            raise refuse("no text was found in the picture")
        if not readings:
            raise refuse(f"the text does not hold an answer; it reads: {_excerpt(pages)}")
        best, page = max(readings, key=lambda pair: pair[0].confidence)
        return ExpertReply(
            text=f"{best.why} Answer: {best.answer}",
            answer=best.answer,
            confidence=round(min(1.0, max(0.0, best.confidence)), 3),
            details={"reading": best.how, "lines": _listed(page)},
        )


def _page(image: MaestroImage) -> Page:
    return lay_out(read_text(image), image.width, image.height)


def _excerpt(pages: Sequence[Page]) -> str:
    text = " / ".join(line.text for page in pages for line in page.lines)
    return repr(text if len(text) <= 300 else text[:300] + "…")


def _listed(page: Page) -> Json:
    listed: list[Json] = []
    for row in page.lines[:MAX_LISTED]:
        for cell in row.cells:
            box: list[Json] = [round(v) for v in page.boxes[cell.source].box]
            listed.append({"text": cell.text, "box": box, "score": round(cell.score, 3)})
    return listed
