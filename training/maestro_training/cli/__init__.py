"""`maestro rollout` and `maestro train`."""

from maestro_training.cli import _train
from maestro_training.cli._app import app
from maestro_training.cli._rollout import rollout

__all__ = ["app", "rollout"]

_MODULES = (_train,)
