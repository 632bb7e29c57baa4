"""Training of the encoder policy: rollouts from a table of outcomes, the group-relative objective, reports."""

from maestro_training.encoder._agreement import agreement
from maestro_training.encoder._blend import blended
from maestro_training.encoder._comparison import (
    Closed,
    Entry,
    closed_gap,
    comparison_rows,
    comparison_table,
    paired,
)
from maestro_training.encoder._config import Blend, EncoderTraining, HeadSizes, Objective, RewardWeights, read_training
from maestro_training.encoder._figures import StepFigures, collapse_warning
from maestro_training.encoder._judge import Judged, best_single, judged, oracle, plan_scores, points, unvaried
from maestro_training.encoder._learner import Batch, Learner, UpdateFigures, batch_of, torch_logits
from maestro_training.encoder._play import Budget, Played, play
from maestro_training.encoder._report import write_report
from maestro_training.encoder._rivals import BEST_SINGLE, ORACLE, ZERO_SHOT, Rivals
from maestro_training.encoder._routed import routed
from maestro_training.encoder._run_folder import RunFolder
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._table import baseline_table
from maestro_training.encoder._train import (
    Course,
    TrainedEncoder,
    cards_without,
    open_course,
    save_policy,
    train_encoder,
)
from maestro_training.encoder._trainer import Trainer, rewards_of
from maestro_training.encoder._vary import Variation, VariedCards, renamed, reworded, varied
from maestro_training.encoder._vectors import VectorStore
from maestro_training.encoder._world import TableWorld, WorldSample

__all__ = [
    "BEST_SINGLE",
    "ORACLE",
    "ZERO_SHOT",
    "Batch",
    "Blend",
    "Budget",
    "Closed",
    "Course",
    "EncoderTraining",
    "Entry",
    "HeadSizes",
    "Judged",
    "Learner",
    "Objective",
    "Played",
    "RewardWeights",
    "Rivals",
    "RunFolder",
    "Scores",
    "StepFigures",
    "TableWorld",
    "TrainedEncoder",
    "Trainer",
    "UpdateFigures",
    "Variation",
    "VariedCards",
    "VectorStore",
    "WorldSample",
    "agreement",
    "baseline_table",
    "batch_of",
    "best_single",
    "blended",
    "cards_without",
    "closed_gap",
    "collapse_warning",
    "comparison_rows",
    "comparison_table",
    "judged",
    "open_course",
    "oracle",
    "paired",
    "plan_scores",
    "play",
    "points",
    "read_training",
    "renamed",
    "rewards_of",
    "reworded",
    "routed",
    "save_policy",
    "torch_logits",
    "train_encoder",
    "unvaried",
    "varied",
    "write_report",
]
