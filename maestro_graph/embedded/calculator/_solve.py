"""All solvers of text, in order: the first that understands the whole text answers."""

from __future__ import annotations

from collections.abc import Callable

from maestro_graph.embedded._base import Clock, refuse
from maestro_graph.embedded.calculator._arithmetic import solve_expression
from maestro_graph.embedded.calculator._equations import solve_equations
from maestro_graph.embedded.calculator._evaluate import TooLarge, Undefined
from maestro_graph.embedded.calculator._format import Outcome, Style, take_style
from maestro_graph.embedded.calculator._numbers import words_to_digits
from maestro_graph.embedded.calculator._phrases import solve_phrase
from maestro_graph.embedded.calculator._relations import solve_scene
from maestro_graph.embedded.calculator._stories import solve_story

__all__ = ["calculate"]


def calculate(question: str, clock: Clock, wished: Style | None = None) -> Outcome | None:
    """The answer to a cleaned text, `None` where no solver understands it.

    Args:
        question: the text (see `_numbers.clean`).
        clock: looked at before each solver.
        wished: a form of the answer that was asked for elsewhere.

    Raises:
        CallFailure: `refused` where the value is undefined or out of bounds.
    """
    bare, style = take_style(words_to_digits(question))
    told, _ = take_style(words_to_digits(question, keep_counts=True))
    if wished is not None and (wished.form or wished.decimals is not None or wished.significant is not None):
        style = wished
    solvers: tuple[tuple[Callable[[str, Style], Outcome | None], str], ...] = (
        (solve_expression, bare),
        (solve_phrase, bare),
        (solve_equations, bare),
        (solve_scene, told),
        (solve_story, bare),
    )
    problem: str | None = None
    for solver, text in solvers:
        clock.check()
        try:
            outcome = solver(text, style)
        except (TooLarge, Undefined) as error:
            problem = problem or str(error)
            continue
        if outcome is not None:
            return outcome
    if problem is not None:
        raise refuse(problem)
    return None
