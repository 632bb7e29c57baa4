"""All baselines by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maestro_evaluation.baselines import _fixed, _keywords, _oracle, _supervised
from maestro_evaluation.baselines._base import Baseline
from maestro_graph.errors import UnknownNameError

__all__ = ["baselines", "find_baseline"]

baselines: Mapping[str, Baseline] = MappingProxyType(
    {baseline.name: baseline for module in (_fixed, _keywords, _supervised, _oracle) for baseline in module.BASELINES}
)
"""Every baseline by its name, in the order of reports."""


def find_baseline(name: str) -> Baseline:
    """The baseline of that name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in baselines:
        raise UnknownNameError("baseline", name, baselines)
    return baselines[name]
