"""How a conversation is written as tokens: only ever by appending to what stands already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maestro_graph.errors import RegistryError
from maestro_graph.routers.policy._tokens import PolicyTokenizer

__all__ = ["ChatFormat", "ImageTokens", "chatml"]


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """The control tokens around a picture (each may be empty), and the one that is repeated for it."""

    before: str
    pad: str
    after: str


IMAGES = (ImageTokens("<|vision_start|>", "<|image_pad|>", "<|vision_end|>"),)
"""Placeholders of the model families that are known: Qwen2-VL to Qwen3.5."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """The glue of a chat template: what stands before, between and behind the texts of a conversation.

        head SYSTEM to_user QUESTION to_assistant TURN to_observation OBSERVATION to_assistant TURN …

    A turn is what the policy sampled, its end token included; `to_observation` begins with that token.

    Attributes:
        name: for reports and errors.
        images: placeholders of pictures, for models that see.
    """

    name: str
    head: str
    to_user: str
    to_assistant: str
    to_observation: str
    images: ImageTokens | None = None

    def first(
        self, tokenizer: PolicyTokenizer, *, system: str, question: str, image_lengths: Sequence[int] = ()
    ) -> tuple[int, ...]:
        """The first prompt. Pictures stand before the question, `image_lengths[i]` placeholders for each."""
        pictures: list[int] = []
        if image_lengths:
            tokens = self.image_tokens(tokenizer)
            before, pad, after = (tokenizer.structure(part) for part in (tokens.before, tokens.pad, tokens.after))
            for length in image_lengths:
                pictures += [*before, *pad * length, *after]
        return (
            *tokenizer.structure(self.head),
            *tokenizer.text(system),
            *tokenizer.structure(self.to_user),
            *pictures,
            *tokenizer.text(question),
            *tokenizer.structure(self.to_assistant),
        )

    def following(
        self, tokenizer: PolicyTokenizer, prompt: Sequence[int], sampled: Sequence[int], observation: str
    ) -> tuple[int, ...]:
        """The prompt behind a turn: its prompt, its tokens as they were sampled, and the observation."""
        glue = tokenizer.structure(self.to_observation)
        if sampled and glue and sampled[-1] == glue[0]:
            glue = glue[1:]  # the policy ended its turn itself
        observed = (*tokenizer.text(observation), *tokenizer.structure(self.to_assistant))
        return (*prompt, *sampled, *glue, *observed)

    def image_tokens(self, tokenizer: PolicyTokenizer) -> ImageTokens:
        """The placeholders.

        Raises:
            RegistryError: the model takes no pictures, or is of a family that is not known.
        """
        if self.images is None:
            known = ", ".join(tokens.pad for tokens in IMAGES)
            raise RegistryError(
                f"{tokenizer.where} has none of the picture placeholders that are known ({known}); ask it without "
                f"pictures, or take a vision-language policy of the Qwen-VL family"
            )
        return self.images


def known_images(tokenizer: PolicyTokenizer) -> ImageTokens | None:
    """The placeholders that the model's vocabulary has."""
    return next((found for found in IMAGES if tokenizer.control_id(found.pad) is not None), None)


def chatml(tokenizer: PolicyTokenizer, *, think_opened: bool = False) -> ChatFormat | None:
    """ChatML as SmolLM2 and Qwen write it, with nothing dropped; `None` where the model has not its control tokens."""
    if tokenizer.control_id("<|im_start|>") is None or tokenizer.control_id("<|im_end|>") is None:
        return None
    opened = "<think>\n" if think_opened else ""
    return ChatFormat(
        name="chatml",
        head="<|im_start|>system\n",
        to_user="<|im_end|>\n<|im_start|>user\n",
        to_assistant=f"<|im_end|>\n<|im_start|>assistant\n{opened}",
        to_observation="<|im_end|>\n<|im_start|>user\n",
        images=known_images(tokenizer),
    )
