"""Other registries from one: shuffled, renamed, re-worded, sub-sampled, so that a policy has to read cards.

A varied registry keeps, for each of its actions, the action of the original that carries it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from maestro_graph.registry import Action
from maestro_graph.routers.encoder import ActionCards, CardText

__all__ = ["Variation", "VariedCards", "renamed", "reworded", "varied"]

_CLAUSE = re.compile(r"(?<=[.:;])\s+|,\s+(?:and\s+)?")

WRAPPINGS = (
    "{}",
    "{}",
    "{}",
    "Good at this: {}",
    "Use it for the following. {}",
    "A model for one kind of task. {}",
    "{} Nothing else.",
)

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "reads": ("deciphers", "extracts", "transcribes"),
    "printed text": ("writing", "words", "text"),
    "pictures": ("images", "photos and scans"),
    "picture": ("image",),
    "charts": ("diagrams of data", "graphs", "figures"),
    "counts": ("tells the number of", "enumerates", "tallies"),
    "repeated": ("several", "many"),
    "objects": ("things", "items"),
    "looks at": ("examines", "inspects", "describes"),
    "colours": ("hues", "colors"),
    "positions": ("places", "locations"),
    "calculates": ("computes", "works out", "does the sums for"),
    "documents": ("papers", "letters"),
    "finds": ("looks up", "tells", "locates"),
    "highest": ("largest", "top"),
    "lowest": ("smallest",),
    "questions": ("tasks", "problems"),
    "geometry": ("angles and lengths",),
    "values": ("numbers", "figures"),
}


class Variation(BaseModel):
    """How much registries are varied while training.

    Attributes:
        drop_expert, drop_skill: chance that one is left out; at least two experts stay.
        drop_example: chance that an example is left out of a card.
        drop_clause: chance that a clause of a description is left out.
        synonym: chance that a known phrase is said otherwise.
        wordings: descriptions that are made of each one.
        questions: forms in which a question is asked, itself among them.
        noise: length of a random vector that is added to the vectors (of length 1) of questions and replies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    drop_expert: float = Field(default=0.15, ge=0, lt=1)
    drop_skill: float = Field(default=0.2, ge=0, le=1)
    drop_example: float = Field(default=0.4, ge=0, le=1)
    drop_clause: float = Field(default=0.25, ge=0, lt=1)
    synonym: float = Field(default=0.4, ge=0, le=1)
    wordings: int = Field(default=32, ge=1)
    questions: int = Field(default=6, ge=1)
    noise: float = Field(default=0.3, ge=0)


@dataclass(frozen=True)
class VariedCards:
    """An action set, and the original action behind each of its actions."""

    cards: ActionCards
    original: tuple[Action, ...]


def reworded(cards: ActionCards, variation: Variation, rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    """For each description `variation.wordings` others that say the same or less; encoded once, drawn from often."""
    return {
        card.description: tuple(_reworded(card.description, variation, rng) for _ in range(variation.wordings))
        for card in (*cards.experts, *cards.skills)
    }


def varied(
    cards: ActionCards, variation: Variation, rng: np.random.Generator, wordings: Mapping[str, Sequence[str]]
) -> VariedCards:
    """One varied registry; the same generator state gives the same one.

    Args:
        wordings: of each description, as `reworded` gives them.
    """
    experts = _kept(len(cards.experts), variation.drop_expert, rng, least=2)
    skills = _kept(len(cards.skills), variation.drop_skill, rng, least=0)
    expert_at = {number: at for at, number in enumerate(experts)}
    skill_at = {number: at for at, number in enumerate(skills)}
    pairs = [
        (number, skill)
        for number, (_, skill) in enumerate(cards.pairs)
        if cards.pairs[number][0] in expert_at and (skill is None or skill in skill_at)
    ]
    order = rng.permutation(len(pairs))
    chosen = [pairs[at][0] for at in order]
    names = _names(len(experts) + len(skills), rng)
    return VariedCards(
        ActionCards(
            tuple(_other(cards.experts[n], names[at], variation, rng, wordings) for at, n in enumerate(experts)),
            tuple(
                _other(cards.skills[n], names[len(experts) + at], variation, rng, wordings)
                for at, n in enumerate(skills)
            ),
            tuple(
                (expert_at[e], None if s is None else skill_at[s])
                for e, s in (cards.pairs[number] for number in chosen)
            ),
        ),
        tuple(cards.actions[number] for number in chosen),
    )


def renamed(cards: ActionCards, rng: np.random.Generator) -> VariedCards:
    """The same cards under names that say nothing."""
    names = _names(len(cards.experts) + len(cards.skills), rng)
    return VariedCards(
        ActionCards(
            tuple(replace(card, name=names[at]) for at, card in enumerate(cards.experts)),
            tuple(replace(card, name=names[len(cards.experts) + at]) for at, card in enumerate(cards.skills)),
            cards.pairs,
        ),
        cards.actions,
    )


def _kept(count: int, drop: float, rng: np.random.Generator, *, least: int) -> list[int]:
    """Numbers that stay, shuffled."""
    order = [int(n) for n in rng.permutation(count)]
    kept = [n for n in order if rng.random() >= drop]
    return kept if len(kept) >= least else order[:least]


def _names(count: int, rng: np.random.Generator) -> list[str]:
    letters = "bcdfghjklmnpqrstvwxz"
    vowels = "aeiou"
    found: dict[str, None] = {}
    while len(found) < count:
        parts = [letters[int(rng.integers(len(letters)))] + vowels[int(rng.integers(len(vowels)))] for _ in range(3)]
        found["".join(parts)] = None
    return list(found)


def _reworded(description: str, variation: Variation, rng: np.random.Generator) -> str:
    clauses = [part for part in _CLAUSE.split(description) if part]
    kept = [part for at, part in enumerate(clauses) if at == 0 or rng.random() >= variation.drop_clause]
    text = _with_synonyms(", ".join(part.rstrip(".") for part in kept) + ".", variation.synonym, rng)
    return WRAPPINGS[int(rng.integers(len(WRAPPINGS)))].format(text)


def _other(
    card: CardText,
    name: str,
    variation: Variation,
    rng: np.random.Generator,
    wordings: Mapping[str, Sequence[str]],
) -> CardText:
    said = wordings[card.description]
    examples = [text for text in card.examples if rng.random() >= variation.drop_example]
    return CardText(name, said[int(rng.integers(len(said)))], tuple(_shuffled(examples, rng)), card.price)


def _with_synonyms(text: str, chance: float, rng: np.random.Generator) -> str:
    for phrase, others in SYNONYMS.items():
        at = text.lower().find(phrase)
        if at >= 0 and rng.random() < chance:
            other = others[int(rng.integers(len(others)))]
            text = text[:at] + (other.capitalize() if text[at].isupper() else other) + text[at + len(phrase) :]
    return text


def _shuffled(items: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [items[int(at)] for at in rng.permutation(len(items))]
