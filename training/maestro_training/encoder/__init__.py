"""Training of the encoder policy: rollouts from a table of outcomes, the group-relative objective, reports."""

from maestro_training.encoder._config import EncoderTraining, HeadSizes, Objective, RewardWeights, read_training
from maestro_training.encoder._figures import StepFigures, collapse_warning
from maestro_training.encoder._judge import Judged, best_single, judged, oracle, unvaried
from maestro_training.encoder._learner import Batch, Learner, UpdateFigures, batch_of
from maestro_training.encoder._play import Budget, Played, play
from maestro_training.encoder._report import write_report
from maestro_training.encoder._run_folder import RunFolder
from maestro_training.encoder._scores import Scores
from maestro_training.encoder._table import baseline_table
from maestro_training.encoder._train import Course, TrainedEncoder, open_course, train_encoder
from maestro_training.encoder._trainer import Trainer, rewards_of
from maestro_training.encoder._vary import Variation, VariedCards, renamed, reworded, varied
from maestro_training.encoder._vectors import VectorStore
from maestro_training.encoder._world import TableWorld, WorldSample

__all__ = [
    "Batch",
    "Budget",
    "Course",
    "EncoderTraining",
    "HeadSizes",
    "Judged",
    "Learner",
    "Objective",
    "Played",
    "RewardWeights",
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
    "baseline_table",
    "batch_of",
    "best_single",
    "collapse_warning",
    "judged",
    "open_course",
    "oracle",
    "play",
    "read_training",
    "renamed",
    "rewards_of",
    "reworded",
    "train_encoder",
    "unvaried",
    "varied",
    "write_report",
]
