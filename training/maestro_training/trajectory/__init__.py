"""Traces to trajectories: token ids or choices exactly as sampled, with one reward and one advantage for each run."""

from maestro_training.trajectory._export import TrlRollout, TrlSample, to_trl_rollout, to_trl_samples
from maestro_training.trajectory._from_trace import Tokenise, from_trace, require_exact
from maestro_training.trajectory._model import (
    EncoderStep,
    MadeCall,
    TokenSequence,
    TokenSpan,
    Trajectory,
    TrajectoryGroup,
)

__all__ = [
    "EncoderStep",
    "MadeCall",
    "TokenSequence",
    "TokenSpan",
    "Tokenise",
    "Trajectory",
    "TrajectoryGroup",
    "TrlRollout",
    "TrlSample",
    "from_trace",
    "require_exact",
    "to_trl_rollout",
    "to_trl_samples",
]
