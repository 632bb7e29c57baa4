"""`maestro eval`: each module adds its commands to the app."""

from maestro_evaluation.cli import _compare, _export, _outcomes, _report, _run, _score, _suites, _synth
from maestro_evaluation.cli._app import app

__all__ = ["app"]

_MODULES = (_compare, _export, _outcomes, _report, _run, _score, _suites, _synth)
