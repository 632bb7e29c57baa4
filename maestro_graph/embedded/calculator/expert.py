"""The calculator among the embedded experts: it answers what it understood wholly and refuses the rest."""

from __future__ import annotations

import re

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.calculator._evidence import filled_in, points_at_evidence
from maestro_graph.embedded.calculator._figure import about_figure, solve_figure
from maestro_graph.embedded.calculator._format import Outcome
from maestro_graph.embedded.calculator._numbers import MAX_QUESTION, clean, words_to_digits
from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Evidence
from maestro_graph.experts import ExpertReply, ExpertRequest
from maestro_graph.images import MaestroImage

__all__ = ["Calculator"]

CHART = 0.8  # likelihood from which a picture is taken for a chart

# A question that could be a calculation by itself; nothing heavy is loaded before this holds.
_CALCULATION = re.compile(
    r"\d|[*=^]|\bpi\b|\b(?:interior|exterior|internal|inner) angles?\b|\bangles? (?:of|in) an? "
    r"|(?:penta|hexa|hepta|octa|nona|deca)gon"
    r"|\b(?:hours?|minutes?|seconds?|days?|weeks?|months?|feet|foot|inch(?:es)?|yards?|grams?|met(?:er|re)s?"
    r"|centimet\w+|millimet\w+|millilit\w+|cups?|pints?|ounces?|cents|pounds) (?:are )?(?:there )?"
    r"in (?:an?|one|half)\b",
    re.IGNORECASE,
)


class Calculator(EmbeddedExpert):
    """Arithmetic, units, equations and plane geometry of text, of figures and of what other experts found."""

    def evidence_read(self, request: ExpertRequest) -> tuple[Evidence, ...]:
        """What other calls found, where the question points at it."""
        if len(request.question) > MAX_QUESTION or not points_at_evidence(clean(request.question)):
            return ()
        return tuple(item for item in request.evidence if item.ok)

    def answer(self, request: ExpertRequest) -> ExpertReply:
        if len(request.question) > MAX_QUESTION:
            raise refuse("the question is too long for one calculation")
        clock = Clock.of(request)
        question = clean(request.question)
        refusal: CallFailure | None = None
        outcome = None
        try:
            outcome = _from_text(question, clock) or _from_evidence(question, request, clock)
        except CallFailure as failure:
            if failure.kind != "refused" or not request.images:
                raise
            refusal = failure
        if outcome is None and about_figure(question):
            for image in request.images[:4]:
                clock.check()
                if not _is_chart(image):
                    outcome = outcome or solve_figure(question, image, clock)
        if outcome is None:
            raise refusal or refuse("the question is no calculation that was understood wholly")
        return ExpertReply(text=outcome.working, answer=outcome.answer, confidence=outcome.confidence)


def _is_chart(image: MaestroImage) -> bool:
    """Whether a glance says so: a chart's many labels would be measured as a figure's, at length and for nothing."""
    from maestro_graph.embedded.preview import preview

    return preview(image).kind["chart"] > CHART


def _from_evidence(question: str, request: ExpertRequest, clock: Clock) -> Outcome | None:
    """The question with what earlier calls found in the place of "that", "these numbers", names of a table."""
    if not request.evidence or not points_at_evidence(question):
        return None
    for rewritten in filled_in(question, request.evidence):
        outcome = _from_text(rewritten, clock)
        if outcome is not None:
            return Outcome(outcome.answer, f"with what was found: {rewritten}; {outcome.working}", 0.85)
    return None


def _from_text(question: str, clock: Clock) -> Outcome | None:
    if not _CALCULATION.search(words_to_digits(question)):
        return None
    from maestro_graph.embedded.calculator._solve import calculate

    return calculate(question, clock)
