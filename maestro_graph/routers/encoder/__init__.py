"""The encoder router: the zero-shot policy, the trained head, and what both look at."""

from maestro_graph.routers.encoder._arrays import (
    CardArrays,
    StateArrays,
    card_arrays,
    choices,
    stacked,
    state_arrays,
    texts_of,
)
from maestro_graph.routers.encoder._head import FORBIDDEN, Head, forward, initial_weights
from maestro_graph.routers.encoder._router import WEIGHTS, EncoderRouter, build, packaged_weights, state_of
from maestro_graph.routers.encoder._state import (
    ActionCards,
    CardText,
    PolicyState,
    SeenEvidence,
    cards_of,
    parts_of,
    picture_tasks,
    seen,
)
from maestro_graph.routers.encoder._zero_shot import ZeroShot, ZeroShotPolicy, name_of

__all__ = [
    "FORBIDDEN",
    "WEIGHTS",
    "ActionCards",
    "CardArrays",
    "CardText",
    "EncoderRouter",
    "Head",
    "PolicyState",
    "SeenEvidence",
    "StateArrays",
    "ZeroShot",
    "ZeroShotPolicy",
    "build",
    "card_arrays",
    "cards_of",
    "choices",
    "forward",
    "initial_weights",
    "name_of",
    "packaged_weights",
    "parts_of",
    "picture_tasks",
    "seen",
    "stacked",
    "state_arrays",
    "state_of",
    "texts_of",
]
