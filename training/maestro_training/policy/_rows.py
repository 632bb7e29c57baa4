"""A trajectory as the trainer needs it: token ids, which of them the policy produced, and under which mask."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PolicyRow", "PolicySpan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySpan:
    """The tokens of one turn of the policy.

    Attributes:
        start, stop: half-open range in the row's `ids`.
        regex: what structured decoding allowed the turn to be; `None` where it was sampled freely.
    """

    start: int
    stop: int
    regex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """One trajectory.

    Attributes:
        ids: T token ids of prompt, turns and observations, exactly as they were sampled and shown.
        start: where the first turn begins; by default that of the first span.
        spans: the turns, in order, without overlap; what lies outside of them is given no gradient.
        sampled: log-probability of each token in the spans, one after another, as sampled (at `temperature`, under
            the mask where there was one).
        temperature: what the logits were divided by.
        images: references of the pictures whose tokens stand in `ids`, in order.
        group: the question that the trajectory answers; rows of a group share their pictures.
    """

    ids: tuple[int, ...]
    spans: tuple[PolicySpan, ...]
    sampled: tuple[float, ...]
    temperature: float = 1.0
    images: tuple[str, ...] = ()
    group: str = ""
    start: int = 0

    def __post_init__(self) -> None:
        if self.start == 0 and self.spans:
            object.__setattr__(self, "start", self.spans[0].start)
        if not 1 <= self.start < len(self.ids):
            raise ValueError(f"the first turn of a row of {len(self.ids)} tokens cannot begin at {self.start}")
        at = self.start
        for span in self.spans:
            if not at <= span.start < span.stop <= len(self.ids):
                raise ValueError(
                    f"the span {span.start}:{span.stop} of a row of {len(self.ids)} tokens is out of place"
                )
            at = span.stop
        if len(self.sampled) != len(self.policy_places):
            raise ValueError(
                f"{len(self.sampled)} log-probabilities for {len(self.policy_places)} tokens of the policy"
            )
        if not self.temperature > 0:
            raise ValueError(f"the temperature is {self.temperature}; greedy trajectories cannot be trained on")

    @property
    def policy_places(self) -> tuple[int, ...]:
        """Indices in `ids` of the tokens that the policy produced."""
        return tuple(at for span in self.spans for at in range(span.start, span.stop))
