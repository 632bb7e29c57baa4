"""Numbers as a report writes them."""

from __future__ import annotations

from maestro_evaluation.results import Figure
from maestro_evaluation.stats import Interval

__all__ = ["bounds", "p_value", "percent", "points", "price", "seconds", "signed_bounds", "value"]

NONE = "–"


def percent(share: float | None) -> str:
    """`52.1`, for columns that say percent in their head."""
    return NONE if share is None else f"{100 * share:.1f}"


def value(figure: Figure | None) -> str:
    """A figure's accuracy in percent."""
    return NONE if figure is None or figure.interval is None else percent(figure.interval.value)


def bounds(figure: Figure | None) -> str:
    """`48.0 to 56.2`."""
    if figure is None or figure.interval is None:
        return ""
    return f"{percent(figure.interval.low)} to {percent(figure.interval.high)}"


def points(share: float) -> str:
    """A difference in percentage points, with its sign."""
    return f"{100 * share:+.1f}"


def signed_bounds(interval: Interval) -> str:
    """`-1.2 to +3.4`."""
    return f"{points(interval.low)} to {points(interval.high)}"


def p_value(number: float) -> str:
    return "< 0.0001" if number < 0.0001 else f"{number:.4f}"


def seconds(number: float) -> str:
    return f"{number:.2f}" if number < 100 else f"{number:.0f}"


def price(number: float) -> str:
    """To four significant digits: a question may cost a ten-thousandth."""
    return "0" if number == 0 else f"{number:.4g}"
