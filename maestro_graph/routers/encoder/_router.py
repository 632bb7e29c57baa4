"""`EncoderRouter`: a 22M sentence encoder reads the question and the cards, and decides in milliseconds on a CPU.

Actions are cards: an expert or skill that was added a second ago is chosen by what its card says.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maestro_graph.decisions import Answer
from maestro_graph.evidence import Json
from maestro_graph.routers._base import RouterTurn, RouterView
from maestro_graph.routers.encoder._arrays import CardArrays, Floats, card_arrays, choices, stacked, state_arrays
from maestro_graph.routers.encoder._head import FORBIDDEN, Head
from maestro_graph.routers.encoder._state import ActionCards, PolicyState, call_of, cards_of, picture_tasks, seen
from maestro_graph.routers.encoder._zero_shot import ZeroShot, ZeroShotPolicy, name_of

if TYPE_CHECKING:
    from maestro_graph.embedded.encoder import SentenceEncoder
    from maestro_graph.registry import RouterConfig

__all__ = ["WEIGHTS", "EncoderRouter", "build", "packaged_weights", "state_of"]

WEIGHTS = "policy.npz"
"""File of a trained head within a folder of weights."""


class EncoderRouter:
    """The embedded default router, trained or not.

    With a head it takes the most likely action; `sampling={"temperature": 1, "seed": 7}` (a run's `router_sampling`)
    draws from the exact distribution instead, and the turn's `info` then holds all that training needs: state, cards,
    what was chosen and its log-probability.

    Args:
        encoder: by default the one that ships.
        weights: of the zero-shot policy.
        head: trained weights; without, the zero-shot policy decides.
    """

    def __init__(
        self,
        encoder: SentenceEncoder | None = None,
        *,
        weights: ZeroShot | None = None,
        head: Head | None = None,
    ) -> None:
        self._encoder = encoder
        self._head = head
        self._zero_shot = ZeroShotPolicy(self._encode, weights or ZeroShot())
        self._known: tuple[ActionCards, CardArrays] | None = None
        self._lock = threading.Lock()

    @property
    def head(self) -> Head | None:
        """Trained weights, if it has any."""
        return self._head

    async def decide(self, view: RouterView) -> RouterTurn:
        """Score all actions in a worker thread, then call one or stop."""
        decide = self._zero_shot.decide if self._head is None else self._decide
        return await asyncio.to_thread(decide, view)

    def _encode(self, texts: Sequence[str]) -> Floats:
        return (self._encoder or _default_encoder()).encode(texts)

    def _decide(self, view: RouterView) -> RouterTurn:
        cards, state = cards_of(view.registry), state_of(view)
        if not choices(state, cards).any():
            return RouterTurn(decision=(), info={"why": "nobody is left to ask"})
        temperature = float(view.sampling.get("temperature", 0.0))
        logits = self.logits(state, cards)
        logprobs = _log_softmax(logits / (temperature or 1.0))
        chosen = int(logits.argmax()) if temperature == 0 else _drawn(logprobs, view.sampling, len(view.history))
        info: dict[str, Json] = {"distribution": _shares(logprobs, cards, state)}
        if temperature > 0:
            info["policy"] = {
                "state": state.to_json(),
                "cards": cards.to_json(),
                "chosen": chosen,
                "logprob": float(logprobs[chosen]),
                "temperature": temperature,
            }
        if chosen < len(cards.pairs):
            return RouterTurn(decision=(call_of(cards.actions[chosen], view.question),), info=info)
        source = state.evidence[chosen - len(cards.pairs)]
        info["why"] = f"answered with the reply of {name_of(source.action)}"
        return RouterTurn(decision=Answer(source.said or ""), info=info)

    def logits(self, state: PolicyState, cards: ActionCards) -> NDArray[np.float32]:
        """Scores of all pairs, then of answering with each reply; `FORBIDDEN` where that may not be done.

        Raises:
            ValueError: the router has no head.
        """
        if self._head is None:
            raise ValueError("an untrained router has no logits; give it a head")
        arrays = state_arrays(state, cards, self._encode)
        found: NDArray[np.float32] = self._head.logits(self._arrays(cards), stacked([arrays]))[0]
        return found

    def _arrays(self, cards: ActionCards) -> CardArrays:
        """Cards are encoded once."""
        with self._lock:
            known = self._known
        if known is not None and known[0] == cards:
            return known[1]
        arrays = card_arrays(cards, self._encode)
        with self._lock:
            self._known = (cards, arrays)
        return arrays


def state_of(view: RouterView) -> PolicyState:
    """What the trained policy sees of a view."""
    return PolicyState(
        question=view.question,
        picture=picture_tasks(view.images),
        evidence=seen(view.evidence),
        turns_left=view.turns_left,
        calls_left=view.calls_left,
    )


def _default_encoder() -> SentenceEncoder:
    from maestro_graph.embedded.encoder import default_encoder

    return default_encoder()


def _log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - float(logits.max())
    found: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return found


def _drawn(logprobs: NDArray[np.float64], sampling: Mapping[str, float | int], turn: int) -> int:
    """A draw that depends on the seed and the turn alone; without a seed, any."""
    seed = sampling.get("seed")
    entropy = None if seed is None else int.from_bytes(hashlib.sha256(f"{int(seed)}:{turn}".encode()).digest()[:8])
    odds = np.exp(logprobs)
    return int(np.random.default_rng(entropy).choice(len(odds), p=odds / odds.sum()))


def _shares(logprobs: NDArray[np.float64], cards: ActionCards, state: PolicyState) -> dict[str, Json]:
    names = [name_of(action) for action in cards.actions]
    names += [f"answer of {name_of(item.action)} ({number})" for number, item in enumerate(state.evidence)]
    return {
        name: round(float(np.exp(value)), 4)
        for name, value in zip(names, logprobs, strict=True)
        if value > FORBIDDEN / 2
    }


def packaged_weights() -> Path | None:
    """The trained head that ships with the embedded ensemble, if this release has one."""
    from maestro_graph import embedded

    file = Path(embedded.__file__).parent / "policy" / WEIGHTS
    return file if file.is_file() else None


def build(config: RouterConfig) -> EncoderRouter:
    """Entry point `encoder` of `maestro.routers`: the configured weights, else those that ship.

    Options: `trained: false` for the zero-shot policy; weights of that policy (`ZeroShot`) ask for it too.
    """
    options = dict(config.options)
    trained = bool(options.pop("trained", not options))
    file = Path(config.weights) / WEIGHTS if config.weights is not None else packaged_weights()
    head = Head.load(file) if file is not None and (trained or config.weights is not None) else None
    return EncoderRouter(weights=ZeroShot(**options), head=head)
