"""The trained head: from vectors to a distribution over all actions, the same code in numpy (use) and torch (training).

Per pair, features of how near the question, the picture and the last reply are to the two cards, in a metric that is
learned; per reply, features of how sure it is. Both go through small networks that are shared by all pairs and all
replies, so that any number of actions in any order is scored alike. It starts as the zero-shot policy: the networks'
last layers, the metric's correction and the second similarity are zero.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from maestro_graph.embedded.preview import TASKS
from maestro_graph.errors import RegistryError
from maestro_graph.evidence import Json
from maestro_graph.routers.encoder._arrays import PAIR_FEATURES, STOP_FEATURES, CardArrays, StateArrays

__all__ = ["FORBIDDEN", "Head", "forward", "initial_weights"]

FORBIDDEN = -1e9
"""Logit of what may not be done."""

VERSION = 2
CARD_FEATURES = 9 + len(TASKS)
TINY = 1e-8

Weights = dict[str, NDArray[np.float32]]


def initial_weights(
    seed: int, *, dimensions: int = 384, metric: int = 16, second: int = 16, kinds: int = 8, hidden: int = 48
) -> Weights:
    """Weights of the untrained head, which acts as the zero-shot policy does.

    Args:
        metric: rank of the metric's correction; `second` that of the second similarity.
        kinds: how many figures tell the networks what kind of question it is.
        hidden: width of the networks.
    """
    rng = np.random.default_rng(seed)

    def small(*shape: int) -> NDArray[np.float32]:
        rows: NDArray[np.float64] = rng.standard_normal(shape) / np.sqrt(shape[0])
        return rows.astype(np.float32)

    def zeros(*shape: int) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    near, mean, seen = 0.7, 0.3, 0.3
    card = zeros(CARD_FEATURES)
    card[:2], card[3], card[6] = (near, mean), seen, 1
    pair = zeros(len(PAIR_FEATURES))
    pair[PAIR_FEATURES.index("expert failed")] = -3
    pair[PAIR_FEATURES.index("expert answered")] = -1
    stop = zeros(len(STOP_FEATURES))
    stop[STOP_FEATURES.index("confidence")] = 4
    asked = 2 * kinds + len(TASKS)
    pair_in = 4 * CARD_FEATURES + len(PAIR_FEATURES) + 2 + asked
    stop_in = len(STOP_FEATURES) + 3 + asked
    return {
        "metric_in": small(dimensions, metric),
        "metric_out": zeros(metric, dimensions),
        "second_question": small(dimensions, second),
        "second_card": zeros(dimensions, second),
        "kinds": small(dimensions, kinds),
        "card": card,
        "skill_share": np.array([0.4], np.float32),
        "scale": np.array([10.0], np.float32),
        "pair": pair,
        "pair_1": small(pair_in, hidden),
        "pair_1_bias": zeros(hidden),
        "pair_2": zeros(hidden),
        "stop": stop,
        "stop_bias": np.array([-2.0], np.float32),
        "stop_1": small(stop_in, hidden),
        "stop_1_bias": zeros(hidden),
        "stop_2": zeros(hidden),
    }


def _unit(xp: Any, rows: Any) -> Any:
    return rows / xp.sqrt((rows * rows).sum(-1, keepdims=True) + TINY)


def _card_features(xp: Any, w: Mapping[str, Any], cards: CardArrays, states: StateArrays) -> Any:
    """(B, C, CARD_FEATURES); zeros for "no skill"."""

    def bent(rows: Any) -> Any:
        return _unit(xp, rows + (rows @ w["metric_in"]) @ w["metric_out"])

    texts = bent(cards.texts) * cards.present[..., None]
    count = xp.clip(cards.present.sum(-1), 1, None)

    def likeness(rows: Any) -> tuple[Any, Any, Any]:
        each = xp.einsum("bd,cnd->bcn", bent(rows), texts)
        nearest = xp.where(cards.present[None] > 0, each, xp.full_like(each, -1.0))
        return xp.amax(nearest, -1), each.sum(-1) / count, each[:, :, 0]

    near, mean, described = likeness(states.question)
    there = xp.abs(states.parts).sum(-1) > 0
    of_parts = xp.einsum("bpd,cnd->bpcn", bent(states.parts), texts)
    of_parts = xp.amax(xp.where(cards.present[None, None] > 0, of_parts, xp.full_like(of_parts, -1.0)), -1)
    any_part = xp.amax(xp.where(there[..., None], of_parts, xp.full_like(of_parts, -1.0)), 1)
    any_reply = (xp.abs(states.last).sum(-1, keepdims=True) > 0) * 1.0
    reply_near, reply_mean, _ = likeness(states.last)
    tasks = states.picture[:, None, :] * cards.tasks[None]
    second = (states.question @ w["second_question"]) @ (cards.texts[:, 0] @ w["second_card"]).T
    replied = (reply_near * any_reply, reply_mean * any_reply)
    rows = xp.stack([near, mean, described, tasks.sum(-1), *replied, second, of_parts[:, 0], any_part], -1)
    shown = (cards.present[:, :1] > 0) * 1.0
    return xp.concatenate([rows, tasks], -1) * shown[None]


def forward(xp: Any, w: Mapping[str, Any], cards: CardArrays, states: StateArrays) -> Any:
    """Logits over pairs, then replies to answer with: (B, A + K).

    Args:
        xp: `numpy` or `torch`; `w`, `cards` and `states` are its arrays.
    """
    features = _card_features(xp, w, cards, states)
    fits = features @ w["card"]
    second_weight = w["skill_share"] * cards.has_skill[None, :, 0]
    fit = (1 - second_weight) * fits[:, cards.expert] + second_weight * fits[:, cards.skill]
    fit = fit * w["scale"]
    kinds = [xp.tanh(4 * (rows @ w["kinds"])) for rows in (states.question, states.parts[:, 0])]
    kind = xp.concatenate([*kinds, states.picture], -1)
    pairs = _pairs(xp, w, cards, states, features, fit, kind)
    count = fit.shape[1]
    calls = xp.where(states.allowed[:, :count], pairs, xp.full_like(pairs, FORBIDDEN))
    if states.stop.shape[1] == 0:
        return calls
    stops = _stops(xp, w, states, fit, calls, kind)
    stops = xp.where(states.allowed[:, count:], stops, xp.full_like(stops, FORBIDDEN))
    return xp.concatenate([calls, stops], -1)


def _pairs(
    xp: Any, w: Mapping[str, Any], cards: CardArrays, states: StateArrays, features: Any, fit: Any, kind: Any
) -> Any:
    of_expert, of_skill = features[:, cards.expert], features[:, cards.skill]
    ahead = (fit - xp.amax(fit, -1)[..., None]) / 10
    shape = (*fit.shape, 1)
    rows = xp.concatenate(
        [
            of_expert,
            of_skill,
            of_expert - of_expert.mean(1)[:, None],
            of_skill - of_skill.mean(1)[:, None],
            states.pair,
            xp.broadcast_to(cards.has_skill[None], shape),
            ahead[..., None],
            xp.broadcast_to(kind[:, None], (*fit.shape, kind.shape[-1])),
        ],
        -1,
    )
    return fit + states.pair @ w["pair"] + xp.tanh(rows @ w["pair_1"] + w["pair_1_bias"]) @ w["pair_2"]


def _stops(xp: Any, w: Mapping[str, Any], states: StateArrays, fit: Any, calls: Any, kind: Any) -> Any:
    """A reply is answered with where it is surer, by what is learned, than the best call that is left is good."""
    best_left = xp.amax(calls, -1)[..., None]
    best_left = xp.where(best_left > FORBIDDEN / 2, best_left, xp.zeros_like(best_left))
    best_fit = xp.amax(fit, -1)[..., None]
    gone = xp.amin(fit, -1)[..., None]
    padded = xp.concatenate([fit, gone], -1)
    rows_of = xp.arange(fit.shape[0])[:, None]
    source = padded[rows_of, states.source]
    near = (states.evidence * states.question[:, None]).sum(-1)
    rows = xp.concatenate(
        [
            states.stop,
            ((source - best_fit) / 10)[..., None],
            ((source - best_left) / 10)[..., None],
            near[..., None],
            xp.broadcast_to(kind[:, None], (*source.shape, kind.shape[-1])),
        ],
        -1,
    )
    learned = xp.tanh(rows @ w["stop_1"] + w["stop_1_bias"]) @ w["stop_2"]
    return best_left + states.stop @ w["stop"] + w["stop_bias"] + learned


@dataclass(frozen=True)
class Head:
    """Weights with what they were trained on.

    Attributes:
        about: what a reader of the weights must know (data, seeds, figures), JSON.
    """

    weights: Weights
    about: Mapping[str, Json] = field(default_factory=dict)

    def logits(self, cards: CardArrays, states: StateArrays) -> NDArray[np.float32]:
        """Logits of a batch, (B, A + K)."""
        found: NDArray[np.float32] = forward(np, self.weights, cards, states)
        return found

    def save(self, file: Path) -> None:
        """Write the weights as `.npz`, whole or not at all."""
        about = np.frombuffer(json.dumps({"version": VERSION, **self.about}).encode(), np.uint8)
        part = file.with_name(f"{file.name}.part")
        with part.open("wb") as out:
            np.savez_compressed(out, about=about, **self.weights)  # type: ignore[arg-type]  # its own keyword is named
        part.replace(file)

    @classmethod
    def load(cls, file: Path) -> Head:
        """Read what `save` wrote.

        Raises:
            RegistryError: it cannot be read, or is of another version of the head.
        """
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as data:
                weights = {name: data[name].astype(np.float32) for name in data.files if name != "about"}
                about = json.loads(data["about"].tobytes())
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise RegistryError(
                f"the policy's weights {str(file)!r} cannot be read: {error}; train it again"
            ) from error
        wanted = {name: value.ndim for name, value in initial_weights(0, dimensions=8).items()}
        if about.get("version") != VERSION or {name: value.ndim for name, value in weights.items()} != wanted:
            raise RegistryError(
                f"{str(file)!r} holds weights of another head (version {about.get('version')}, this is {VERSION}); "
                "train it again with this release"
            )
        return cls(weights, {key: value for key, value in about.items() if key != "version"})
