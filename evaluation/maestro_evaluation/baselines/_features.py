"""What the supervised routers see of a question: its sentence embedding, and what a glance at its picture tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from maestro_graph.images import MaestroImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["features"]

GLANCE = 0.5
"""Weight of the glance beside the embedding, whose length is 1."""


def features(asked: Iterable[tuple[str, Sequence[MaestroImage]]]) -> NDArray[np.float64]:
    """One row a question: 384 numbers of the embedding that the encoder router reads, then the shares of its
    preview's kinds (of the first picture; a kind of its own where there is none).

    Raises:
        MissingExtraError: the extra `embedded` is not installed.
    """
    import numpy as np

    from maestro_graph.embedded.encoder import default_encoder
    from maestro_graph.embedded.preview import TASKS, preview

    pairs = list(asked)
    vectors = default_encoder().encode([question for question, _ in pairs])
    kinds = list(TASKS)
    glances = np.zeros((len(pairs), len(kinds)))
    for row, (_, images) in enumerate(pairs):
        seen = preview(images[0]).kind if images else {"none": 1.0}
        for kind, share in seen.items():
            if kind in TASKS:
                glances[row, kinds.index(kind)] = share
    return np.hstack([np.asarray(vectors, np.float64), GLANCE * glances])
