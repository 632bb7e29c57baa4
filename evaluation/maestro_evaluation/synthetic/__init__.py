"""Synthetic suites: pictures whose answer is known before they are drawn, in the benchmarks' forms.

They say nothing about a benchmark's own figures: names are `synthetic-…`, and so must results be called.
"""

from maestro_evaluation.synthetic._blind import BlindBaseline, blind_baseline
from maestro_evaluation.synthetic._catalogue import find_generator, generators
from maestro_evaluation.synthetic._generate import SPLITS, generate
from maestro_evaluation.synthetic._generator import Generator, Question, Rejected, Scene
from maestro_evaluation.synthetic._sheet import contact_sheet, save_sheet

__all__ = [
    "SPLITS",
    "BlindBaseline",
    "Generator",
    "Question",
    "Rejected",
    "Scene",
    "blind_baseline",
    "contact_sheet",
    "find_generator",
    "generate",
    "generators",
    "save_sheet",
]
