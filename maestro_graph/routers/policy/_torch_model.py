"""Sampling from a transformers model: a batch of turns, one key-value cache, exact log-probabilities.

The only module of `maestro_graph` that imports torch, transformers and peft.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModelForCausalLM, AutoModelForImageTextToText, DynamicCache

from maestro_graph.errors import MaestroError, MissingExtraError, RegistryError
from maestro_graph.images import MaestroImage
from maestro_graph.routers.policy._batcher import Pending
from maestro_graph.routers.policy._mask import GrammarMasks, TurnMask
from maestro_graph.routers.policy._seam import Sample, SampleRequest
from maestro_graph.routers.policy._tokens import PolicyTokenizer

if TYPE_CHECKING:
    from maestro_graph.routers.policy._options import PolicyOptions

__all__ = ["TorchPolicy", "allowed_tokens", "load_policy"]

KEPT_PIXEL_BYTES = 512 << 20


def load_policy(path: str, tokenizer: PolicyTokenizer, *, adapter: str | None, options: PolicyOptions) -> TorchPolicy:
    """Load a model, with an adapter where one is named.

    Raises:
        RegistryError: it cannot be loaded.
        MissingExtraError: peft is not installed.
    """
    device = options.device if options.device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    dtype: Any = "auto" if options.dtype == "auto" else getattr(torch, options.dtype)
    try:
        config = AutoConfig.from_pretrained(path)
        sees = hasattr(config, "vision_config")
        kind = AutoModelForImageTextToText if sees else AutoModelForCausalLM
        model = kind.from_pretrained(path, dtype=dtype)
        processor = AutoImageProcessor.from_pretrained(path, backend="pil") if sees else None
        if adapter is not None:
            model = _with_adapter(model, adapter)
        model = model.to(device).eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        named = f"{adapter!r} on {path!r}" if adapter is not None else repr(path)
        raise RegistryError(f"the policy {named} cannot be loaded ({type(error).__name__}: {error})") from error
    return TorchPolicy(model, tokenizer, image_processor=processor, max_image_side=options.max_image_side)


def _with_adapter(model: Any, adapter: str) -> Any:
    try:
        from peft import PeftModel
    except ModuleNotFoundError as error:
        raise MissingExtraError("a policy with an adapter", "train", error.name or "peft") from error
    return PeftModel.from_pretrained(model, adapter)


@dataclass(slots=True)
class _Row:
    """A turn being sampled."""

    item: Pending
    mask: TurnMask | None
    generator: torch.Generator
    ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)

    @property
    def request(self) -> SampleRequest:
        return self.item.request

    def take(self, token: int, logprob: float) -> bool:
        """Append a token; whether the turn goes on."""
        self.ids.append(token)
        self.logprobs.append(logprob)
        finish: Literal["stop", "length"] | None = None
        if token in self.request.stop_ids:
            finish = "stop"
        elif len(self.ids) >= self.request.max_tokens:
            finish = "length"
        if finish is not None:
            self.item.give(Sample(ids=tuple(self.ids), logprobs=tuple(self.logprobs), finish=finish))
            return False
        if self.mask is not None:
            self.mask.advance(token)
        return self.item.wanted


class TorchPolicy:
    """A model and its tokenizer, sampled in batches.

    Args:
        model: a causal language model of transformers, or one that sees (Qwen-VL family); a PEFT model too.
        tokenizer: its tokenizer.
        image_processor: for models that see.
        max_image_side: pictures are scaled down to this many pixels.
    """

    def __init__(
        self, model: Any, tokenizer: PolicyTokenizer, *, image_processor: Any = None, max_image_side: int = 2048
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.image_processor, self._max_image_side = image_processor, max_image_side
        text = model.config.get_text_config()
        self.limit: int | None = getattr(text, "max_position_embeddings", None)
        self.masks = GrammarMasks(tokenizer, vocabulary=int(text.vocab_size))
        self._vocabulary = int(text.vocab_size)
        self._generator = torch.Generator().manual_seed(torch.seed() % (1 << 62))
        self._pixels: OrderedDict[str, tuple[torch.Tensor, torch.Tensor]] = OrderedDict()
        self._lock = threading.Lock()

    def image_length(self, image: MaestroImage) -> int:
        """Placeholder tokens of a picture."""
        _, grid = self.pixels(image)
        merge = int(self.model.config.vision_config.spatial_merge_size)
        return int(grid.prod().item()) // merge**2

    def pixels(self, image: MaestroImage) -> tuple[torch.Tensor, torch.Tensor]:
        """Patches `(patches, values)` and grid `(1, 3)` of a picture, as the model's processor makes them."""
        if self.image_processor is None:
            raise RegistryError(
                f"the policy {self.tokenizer.where} takes no pictures; ask it without, or take one that sees"
            )
        with self._lock:
            found = self._pixels.get(image.sha256)
            if found is not None:
                self._pixels.move_to_end(image.sha256)
                return found
        picture = image.rgb()
        if max(picture.size) > self._max_image_side:
            picture = picture.copy()
            picture.thumbnail((self._max_image_side, self._max_image_side), Image.Resampling.LANCZOS)
        made = self.image_processor(images=[picture], return_tensors="pt")
        found = made["pixel_values"], made["image_grid_thw"]
        with self._lock:
            self._pixels[image.sha256] = found
            while sum(kept.nbytes for kept, _ in self._pixels.values()) > KEPT_PIXEL_BYTES and len(self._pixels) > 1:
                self._pixels.popitem(last=False)
        return found

    def sample(self, requests: Sequence[SampleRequest]) -> list[Sample]:
        """Sample turns together and wait for all of them."""
        batch = [Pending(request) for request in requests]
        self.work(batch)
        return [item.future.result() for item in batch]

    def work(self, batch: Sequence[Pending]) -> None:
        """Sample the turns of a batch; each is handed over as soon as it ends."""
        rows = [row for item in batch if (row := self._row(item)) is not None]
        if not rows:
            return
        with torch.no_grad(), _evaluating(self.model):
            state = _Decoding.begin(self, rows)
            while True:
                tokens, logprobs = self._draw(state.logits, rows)
                going = [at for at, row in enumerate(rows) if row.take(tokens[at], logprobs[at])]
                if not going:
                    return
                rows = [rows[at] for at in going]
                state.step(self, going, [tokens[at] for at in going])

    def _row(self, item: Pending) -> _Row | None:
        request = item.request
        try:
            mask = self.masks.turn(request.grammar) if request.grammar is not None else None
        except MaestroError as error:
            item.fail(error)
            return None
        generator = self._generator if request.seed is None else torch.Generator().manual_seed(request.seed)
        return _Row(item, mask, generator)

    def _draw(self, logits: torch.Tensor, rows: Sequence[_Row]) -> tuple[list[int], list[float]]:
        """One token for each row, and its log-probability in the distribution it was drawn from."""
        heat = torch.tensor([row.request.temperature or 1.0 for row in rows], device=logits.device)
        scores = logits.float() / heat[:, None]
        if any(row.mask is not None for row in rows):
            scores = scores.masked_fill(~self._allowed(rows, scores.device), float("-inf"))
        logs = torch.log_softmax(scores, dim=-1)
        drawn = torch.tensor([torch.rand((), generator=row.generator, dtype=torch.float64).item() for row in rows])
        sums = logs.double().exp().cumsum(dim=-1)
        # The first token whose sum passes the mark: one of probability 0 adds nothing, so it is never the first.
        marks = drawn.to(sums.device, torch.float64)[:, None] * sums[:, -1:]
        marks = torch.minimum(marks, torch.nextafter(sums[:, -1:], torch.zeros_like(marks)))
        sampled = torch.searchsorted(sums, marks, right=True)[:, 0]
        greedy = torch.tensor([row.request.temperature == 0 for row in rows], device=logits.device)
        chosen = torch.where(greedy, logs.argmax(dim=-1), sampled)
        return chosen.tolist(), logs.gather(1, chosen[:, None])[:, 0].tolist()

    def _allowed(self, rows: Sequence[_Row], device: torch.device) -> torch.Tensor:
        """Which tokens each row may sample: `(rows, vocabulary)`."""
        words = np.full((len(rows), self.masks.words), -1, dtype=np.int32)
        for row, line in zip(rows, words, strict=True):
            if row.mask is not None:
                row.mask.fill(line)
        return allowed_tokens(torch.from_numpy(words).to(device), self._vocabulary)


def allowed_tokens(masks: torch.Tensor, vocabulary: int) -> torch.Tensor:
    """Bit masks `(K, words)` as booleans `(K, vocabulary)`; tokens beyond the last word are forbidden."""
    bits = torch.arange(32, device=masks.device, dtype=torch.int32)
    spread = ((masks[..., None] >> bits) & 1).bool().flatten(-2)
    missing = vocabulary - spread.shape[-1]
    return torch.nn.functional.pad(spread, (0, missing)) if missing > 0 else spread[..., :vocabulary]


@dataclass(slots=True)
class _Decoding:
    """A batch between two tokens: R rows that stand at the end of their sequences, padded on the left.

    Attributes:
        logits: `(R, vocabulary)` of the next token.
        attention: `(R, length)`.
        places: position of the next token, `(R,)`.
        axes: 3 for models whose positions have three axes, else 0.
    """

    cache: DynamicCache
    logits: torch.Tensor
    attention: torch.Tensor
    places: torch.Tensor
    axes: int

    @classmethod
    def begin(cls, policy: TorchPolicy, rows: Sequence[_Row]) -> _Decoding:
        """Read the prompts; one that several rows have is read once."""
        keys = [(row.request.prompt_ids, tuple(item.image.sha256 for item in row.request.images)) for row in rows]
        firsts = list(dict.fromkeys(keys))
        requests = [rows[keys.index(key)].request for key in firsts]
        model, device = policy.model, next(policy.model.parameters()).device
        length = max(len(request.prompt_ids) for request in requests)
        ids = torch.full((len(requests), length), policy.tokenizer.eos_id, dtype=torch.long)
        attention = torch.zeros_like(ids)
        for line, (request, shown) in enumerate(zip(requests, attention, strict=True)):
            ids[line, length - len(request.prompt_ids) :] = torch.tensor(request.prompt_ids)
            shown[length - len(request.prompt_ids) :] = 1
        ids, attention = ids.to(device), attention.to(device)
        given, positions = _seen(policy, requests, ids, attention)
        cache = DynamicCache(config=model.config)
        out = model(
            input_ids=ids,
            attention_mask=attention,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            **given,
        )
        chosen = torch.tensor([firsts.index(key) for key in keys], device=device)
        ends = positions.amax(dim=-1) + 1  # (rows,) or (axes, rows)
        axes = 0 if positions.dim() == 2 else positions.shape[0]
        places = ends if axes == 0 else ends.amax(dim=0)
        cache.batch_select_indices(chosen)
        return cls(cache, out.logits[:, -1][chosen], attention[chosen], places[chosen], axes)

    def step(self, policy: TorchPolicy, going: Sequence[int], tokens: Sequence[int]) -> None:
        """Drop the rows that ended, and read the tokens of the others."""
        device = self.attention.device
        if len(going) < self.attention.shape[0]:
            kept = torch.tensor(going, device=device)
            self.cache.batch_select_indices(kept)
            self.attention, self.places = self.attention[kept], self.places[kept]
        self.attention = torch.nn.functional.pad(self.attention, (0, 1), value=1)
        places = self.places[:, None]
        out = policy.model(
            input_ids=torch.tensor(tokens, device=device)[:, None],
            attention_mask=self.attention,
            position_ids=places if self.axes == 0 else places.expand(self.axes, -1, -1),
            past_key_values=self.cache,
            use_cache=True,
        )
        self.places = self.places + 1
        self.logits = out.logits[:, -1]


def _seen(
    policy: TorchPolicy, requests: Sequence[SampleRequest], ids: torch.Tensor, attention: torch.Tensor
) -> tuple[dict[str, Any], torch.Tensor]:
    """Arguments for pictures, and positions: `(rows, length)`, or `(3, rows, length)` with pictures."""
    plain = (attention.cumsum(dim=-1) - 1).clamp(min=0)
    if not any(request.images for request in requests):
        return {}, plain
    types = torch.zeros_like(ids)
    for line, request in enumerate(requests):
        before = ids.shape[1] - len(request.prompt_ids)
        for item in request.images:
            types[line, before + item.offset : before + item.offset + item.length] = 1
    pictures = [policy.pixels(item.image) for request in requests for item in request.images]
    pixels = torch.cat([one for one, _ in pictures]).to(ids.device)
    grids = torch.cat([grid for _, grid in pictures]).to(ids.device)
    core = _core(policy.model)
    found = core.get_rope_index(input_ids=ids, mm_token_type_ids=types, image_grid_thw=grids, attention_mask=attention)
    return {"pixel_values": pixels, "image_grid_thw": grids, "mm_token_type_ids": types}, found[0]


def _core(model: Any) -> Any:
    """The part of a model that knows the positions of pictures."""
    inner = model.get_base_model() if hasattr(model, "peft_config") and hasattr(model, "get_base_model") else model
    if hasattr(inner, "get_rope_index"):
        return inner
    if hasattr(getattr(inner, "model", None), "get_rope_index"):
        return inner.model
    raise RegistryError(
        f"pictures are sampled from models of the Qwen-VL family; a {type(inner).__name__} has no get_rope_index. "
        f"Serve it with vLLM instead"
    )


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """No dropout while sampling; a model in training goes on training afterwards."""
    training = bool(model.training)
    model.eval()
    try:
        yield
    finally:
        model.train(training)
