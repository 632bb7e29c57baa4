"""Baselines: what a trained router must be better than, and the oracle that bounds it. All are routers."""

from maestro_evaluation.baselines._base import Baseline, Fitted, Given
from maestro_evaluation.baselines._catalogue import baselines, find_baseline
from maestro_evaluation.baselines._oracle import ORACLE, freeze_oracle, oracle_of, table_digest
from maestro_evaluation.baselines._training import TrainingData

__all__ = [
    "ORACLE",
    "Baseline",
    "Fitted",
    "Given",
    "TrainingData",
    "baselines",
    "find_baseline",
    "freeze_oracle",
    "oracle_of",
    "table_digest",
]
