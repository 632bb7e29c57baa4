"""The calculator among the embedded experts: it answers what it understood wholly and refuses the rest."""

from __future__ import annotations

import re
from collections.abc import Callable

from maestro_graph.embedded._base import Clock, EmbeddedExpert, refuse
from maestro_graph.embedded.calculator._format import Outcome, Style, take_style
from maestro_graph.embedded.calculator._numbers import MAX_QUESTION, clean, words_to_digits
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertReply, ExpertRequest

__all__ = ["Calculator"]

# A question that could be one of calculation at all: nothing heavier is loaded before this holds.
_CALCULATION = re.compile(r"\d|[+*/=^√%]", re.ASCII)


class Calculator(EmbeddedExpert):
    """Arithmetic, units, equations and plane geometry of text, of figures and of what other experts found."""

    def answer(self, request: ExpertRequest) -> ExpertReply:
        if len(request.question) > MAX_QUESTION:
            raise refuse("the question is too long for one calculation")
        clock = Clock.of(request)
        question = words_to_digits(clean(request.question))
        outcome = None
        if _CALCULATION.search(question):
            outcome = calculate(question, clock)
        if outcome is None:
            raise refuse("the question is no calculation that was understood wholly")
        return ExpertReply(text=outcome.working, answer=outcome.answer, confidence=outcome.confidence)


def calculate(question: str, clock: Clock) -> Outcome | None:
    """The first solver that understands the whole question; raises `CallFailure` where the value is out of bounds."""
    from maestro_graph.embedded.calculator._arithmetic import solve_expression
    from maestro_graph.embedded.calculator._equations import solve_equations
    from maestro_graph.embedded.calculator._evaluate import TooLarge, Undefined
    from maestro_graph.embedded.calculator._phrases import solve_phrase
    from maestro_graph.embedded.calculator._relations import solve_scene

    bare, style = take_style(question)
    solvers: tuple[Callable[[str, Style], Outcome | None], ...] = (
        solve_expression, solve_phrase, solve_equations, solve_scene,
    )  # fmt: skip
    problem: str | None = None
    for solver in solvers:
        clock.check()
        try:
            outcome = solver(bare, style)
        except (TooLarge, Undefined) as error:
            problem = problem or str(error)
            continue
        if outcome is not None:
            return outcome
    if problem is not None:
        raise CallFailure("refused", problem)
    return None
