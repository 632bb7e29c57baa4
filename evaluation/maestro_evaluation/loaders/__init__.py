"""Suites from wherever they are: `open_suite` is the one door."""

from maestro_evaluation.loaders._benchmark import Benchmark
from maestro_evaluation.loaders._directory import SUITES_VARIABLE, brought_folder, suites_directory
from maestro_evaluation.loaders._open import open_suite, suite_names
from maestro_evaluation.loaders._revisions import REVISIONS_VARIABLE
from maestro_evaluation.loaders._rl import read_rl_parquet, write_rl_parquet
from maestro_evaluation.loaders.benchmarks import benchmarks

__all__ = [
    "REVISIONS_VARIABLE",
    "SUITES_VARIABLE",
    "Benchmark",
    "benchmarks",
    "brought_folder",
    "open_suite",
    "read_rl_parquet",
    "suite_names",
    "suites_directory",
    "write_rl_parquet",
]
