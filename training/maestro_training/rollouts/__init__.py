"""Rollouts: groups of runs for each question, with failures as data, resumable from their traces."""

from maestro_training.rollouts._folder import RolloutFolder
from maestro_training.rollouts._roll_out import RolloutSettings, Watch, member_seed, read_rollouts, roll_out

__all__ = ["RolloutFolder", "RolloutSettings", "Watch", "member_seed", "read_rollouts", "roll_out"]
