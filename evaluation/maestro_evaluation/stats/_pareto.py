"""Which of several are worth having, when accuracy costs time or money."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["pareto_front"]


def pareto_front(points: Mapping[str, tuple[float, float]]) -> list[str]:
    """The names that no other beats, cheapest first.

    Args:
        points: (cost, gain) by name: less of the first is better, more of the second. A point falls out if another is
            at least as good in both and better in one; equal points stay together.
    """

    def beaten(name: str) -> bool:
        cost, gain = points[name]
        return any(
            other_cost <= cost and other_gain >= gain and (other_cost, other_gain) != (cost, gain)
            for other_cost, other_gain in points.values()
        )

    return sorted((name for name in points if not beaten(name)), key=lambda name: (points[name], name))
