"""Samples and suites: what is asked, and in which form it is kept."""

from maestro_evaluation.samples._folder import read_folder, write_folder, write_questions
from maestro_evaluation.samples._sample import DEFAULT_RULE, Gold, Sample, Split
from maestro_evaluation.samples._suite import Suite, SuiteInfo

__all__ = [
    "DEFAULT_RULE",
    "Gold",
    "Sample",
    "Split",
    "Suite",
    "SuiteInfo",
    "read_folder",
    "write_folder",
    "write_questions",
]
