"""The rules of the benchmarks, one file each. Every rule is a total function: a number or `None`, whatever comes in."""

from maestro_evaluation.scorers import (
    chartqa,
    erqa,
    geometry3k,
    hrbench,
    humanevalv,
    mathvision,
    mathvista,
    microvqa,
    msearth,
    ocrbench,
    short_answer,
    slake,
    tallyqa,
    vlmsareblind,
    vstar,
    zoombench,
)

__all__ = ["MODULES"]

MODULES = (
    chartqa,
    geometry3k,
    mathvision,
    mathvista,
    tallyqa,
    msearth,
    microvqa,
    slake,
    vstar,
    hrbench,
    ocrbench,
    vlmsareblind,
    erqa,
    humanevalv,
    zoombench,
    short_answer,
)
"""Each has `RULES`, and `AGGREGATES` where the benchmark says how items make a result."""
