"""The benchmarks by name, with the fields that their authors publish."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders.benchmarks._choice import CHOICE
from maestro_evaluation.loaders.benchmarks._free import FREE

__all__ = ["benchmarks"]

benchmarks: Mapping[str, Benchmark] = MappingProxyType(
    {one.name: one for one in sorted((*FREE, *CHOICE), key=lambda one: one.name)}
)
"""Real benchmarks by name."""
