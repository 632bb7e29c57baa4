"""Figures for TensorBoard. The only module that imports it."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from maestro_graph.errors import MissingExtraError
from maestro_training.encoder._figures import StepFigures

__all__ = ["Board"]


class Board:
    """Writes every figure of every round.

    Args:
        folder: of the event files.
        first: the round that a resumed run goes on with; what an earlier attempt wrote after it is overwritten.

    Raises:
        MissingExtraError: torch or tensorboard is not installed.
    """

    def __init__(self, folder: Path, *, first: int = 0) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise MissingExtraError("logging to TensorBoard", "train", error.name or "tensorboard") from error
        self._writer: Any = SummaryWriter(str(folder), purge_step=first)

    def __call__(self, figures: StepFigures) -> None:
        for name, value in figures.scalars().items():
            self._writer.add_scalar(name, value, figures.step)

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
