"""The one vocabulary of training: trajectories and their groups, for policies of tokens and of cards alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from maestro_graph.errors import MaestroError
from maestro_graph.evidence import Usage
from maestro_graph.routers.encoder import ActionCards, PolicyState

__all__ = ["EncoderStep", "MadeCall", "TokenSequence", "TokenSpan", "Trajectory", "TrajectoryGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSpan:
    """Tokens `start` to `stop` (half open) of a sequence, which the policy produced in one turn.

    Attributes:
        masked: whether a grammar renormalised the distribution they were drawn from; `grammar` is its regular
            expression where that is known.
        cut: the limit of tokens ended the turn, not the policy.
    """

    start: int
    stop: int
    masked: bool = False
    grammar: str | None = None
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenSequence:
    """A whole run as tokens: prompt, turns and observations, exactly as sampled and shown.

    Attributes:
        ids: T token ids.
        spans: the policy's turns; what lies outside (prompt, templates, observations) is not its doing.
        logprobs: natural log-probability of every token in the spans, one after another, as sampled.
        temperature: of the distribution that those belong to.
        exact: `False` where the ids come from text that was tokenised afterwards: then `logprobs` is empty.
    """

    ids: tuple[int, ...]
    spans: tuple[TokenSpan, ...]
    logprobs: tuple[float, ...]
    temperature: float = 1.0
    exact: bool = True

    @cached_property
    def policy_mask(self) -> tuple[int, ...]:
        """1 for tokens of the policy, 0 for all others; T of them."""
        mask = [0] * len(self.ids)
        for span in self.spans:
            mask[span.start : span.stop] = [1] * (span.stop - span.start)
        return tuple(mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderStep:
    """One decision of an encoder policy.

    Attributes:
        state: what it saw.
        cards: the action set it chose from.
        chosen: number among the pairs of `cards`, then the replies of `state`.
        logprob: of that choice as sampled, at `temperature`.
    """

    state: PolicyState
    cards: ActionCards
    chosen: int
    logprob: float
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class MadeCall:
    """A call of the run, as rewards and reports need it."""

    expert: str
    skill: str | None
    status: str
    answer: str | None = None
    confidence: float | None = None
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)

    @property
    def name(self) -> str:
        return f"{self.expert}@@{self.skill}" if self.skill else self.expert


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """One run as training data.

    Attributes:
        sample: key of the sample it answers (`suite/id`).
        run: the run's id.
        images: references of its pictures, in order.
        stop_reason: as the graph says it; `None` for a run that failed.
        problem: why a run failed: it stays a member of its group.
        invalid_turns: how many turns could not be read.
        tokens: for policies of tokens.
        steps: for encoder policies.
        rewards: the components by name; `reward` is what they come to, one for the whole trajectory.
        advantage: the reward compared with the group's, one for the whole trajectory.
    """

    sample: str
    run: str
    question: str
    images: tuple[str, ...] = ()
    answer: str | None = None
    stop_reason: str | None = None
    problem: str | None = None
    invalid_turns: int = 0
    calls: tuple[MadeCall, ...] = ()
    tokens: TokenSequence | None = None
    steps: tuple[EncoderStep, ...] = ()
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)
    rewards: Mapping[str, float] = field(default_factory=dict)
    reward: float | None = None
    advantage: float | None = None

    @property
    def failed(self) -> bool:
        return self.problem is not None

    @property
    def finished(self) -> bool:
        """Whether the policy itself ended the run with an answer."""
        return self.stop_reason == "answered" and self.answer is not None

    @property
    def exact(self) -> bool:
        """Whether it holds the policy's choices with their log-probabilities, as sampled."""
        return self.tokens.exact if self.tokens is not None else bool(self.steps)


@dataclass(frozen=True, slots=True)
class TrajectoryGroup:
    """The trajectories of one question, whose rewards are compared."""

    sample: str
    trajectories: tuple[Trajectory, ...]

    def __post_init__(self) -> None:
        others = {item.sample for item in self.trajectories} - {self.sample}
        if others:
            raise MaestroError(f"the group of {self.sample!r} holds trajectories of {sorted(others)}; group by sample")

    def __len__(self) -> int:
        return len(self.trajectories)

    def __iter__(self) -> Iterator[Trajectory]:
        return iter(self.trajectories)

    def with_advantages(self, advantages_G: Sequence[float]) -> TrajectoryGroup:
        """The group with one advantage for each trajectory."""
        paired = zip(self.trajectories, advantages_G, strict=True)
        return replace(self, trajectories=tuple(replace(item, advantage=value) for item, value in paired))

    @property
    def trainable(self) -> tuple[Trajectory, ...]:
        """Those that hold choices of the policy and an advantage other than 0."""
        return tuple(item for item in self.trajectories if item.advantage and (item.steps or item.tokens is not None))
