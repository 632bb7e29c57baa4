"""The generators by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from maestro_evaluation.synthetic._generator import Generator
from maestro_graph.errors import UnknownNameError

__all__ = ["find_generator", "generators"]


@cache
def generators() -> Mapping[str, Generator]:
    """Every generator by its name, in the order of the documentation; the mixture comes last."""
    from maestro_evaluation.synthetic._mixed import MixedSuite
    from maestro_evaluation.synthetic.blind import BlindSuite
    from maestro_evaluation.synthetic.charts import ChartSuite
    from maestro_evaluation.synthetic.code import CodeSuite
    from maestro_evaluation.synthetic.geometry import GeometrySuite
    from maestro_evaluation.synthetic.ocr import OcrSuite
    from maestro_evaluation.synthetic.tally import TallySuite
    from maestro_evaluation.synthetic.targets import FreeTargets, Targets4K, Targets8K
    from maestro_evaluation.synthetic.two_step import TwoStepSuite

    made: tuple[Generator, ...] = (
        BlindSuite(),
        GeometrySuite(),
        CodeSuite(),
        TwoStepSuite(),
        ChartSuite(),
        TallySuite(),
        FreeTargets(),
        Targets4K(),
        Targets8K(),
        OcrSuite(),
        MixedSuite(),
    )
    return MappingProxyType({generator.name: generator for generator in made})


def find_generator(name: str) -> Generator:
    """The generator of a name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in generators():
        raise UnknownNameError("synthetic suite", name, generators())
    return generators()[name]
