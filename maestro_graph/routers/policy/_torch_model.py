"""Sampling from a transformers model: a batch of turns, one key-value cache, exact log-probabilities.

The only module of `maestro_graph` that imports torch, transformers and peft.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
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
    from numpy.typing import NDArray

    from maestro_graph.routers.policy._options import PolicyOptions

__all__ = ["TorchPolicy", "allowed_tokens", "load_policy"]

KEPT_PIXEL_BYTES = 512 << 20
WORTH_SHARING = 16
"""Tokens that all prompts of a batch must share for a pass of their own."""


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
        processor = _image_processor(path) if sees else None
        if adapter is not None:
            model = _with_adapter(model, adapter)
        model = model.to(device).eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        named = f"{adapter!r} on {path!r}" if adapter is not None else repr(path)
        raise RegistryError(f"the policy {named} cannot be loaded ({type(error).__name__}: {error})") from error
    return TorchPolicy(model, tokenizer, image_processor=processor, max_image_side=options.max_image_side)


def _image_processor(path: str) -> Any:
    try:
        return AutoImageProcessor.from_pretrained(path, backend="pil")
    except ImportError:
        # transformers before 5.20 wants torchvision for this, though the processor itself does without.
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        return Qwen2VLImageProcessorPil.from_pretrained(path)


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

    def forced(self, words: NDArray[np.int32], *, ahead: bool) -> list[int] | None:
        """Append what the grammar leaves no choice of, for which no model is needed; `None` once the turn has ended.

        Afterwards `words` is the mask of the next token: of one that there is a choice of, if we may go `ahead`.
        """
        before = len(self.ids)
        while self.mask is not None:
            self.mask.fill(words)
            only = only_token(words) if ahead else None
            if only is None:
                break
            if not self.take(only, 0.0):
                return None
        return self.ids[before:]


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
        # Several tokens a step are padded between the rows' tokens, which layers that keep a running state cannot skip.
        self._ahead = not any(
            "attention" not in kind or "linear" in kind for kind in getattr(text, "layer_types", None) or ()
        )
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
        words = np.full((len(rows), self.masks.words), -1, dtype=np.int32)
        heads = [row.forced(words[at], ahead=self._ahead) for at, row in enumerate(rows)]
        begun = [(at, given) for at, given in enumerate(heads) if given is not None]
        rows, words = [rows[at] for at, _ in begun], words[[at for at, _ in begun]]
        if not rows:
            return
        with torch.no_grad(), _evaluating(self.model), _on_device(self.model):
            state = _Decoding.begin(self, [(row.request, given) for row, (_, given) in zip(rows, begun, strict=True)])
            while True:
                tokens, logprobs = self._draw(state.logits, rows, words)
                following: dict[int, list[int]] = {}
                for at, row in enumerate(rows):
                    if not row.take(tokens[at], logprobs[at]):
                        continue
                    if (given := row.forced(words[at], ahead=self._ahead)) is not None:
                        following[at] = [tokens[at], *given]
                if not following:
                    return
                rows, words = [rows[at] for at in following], words[list(following)]
                state.step(self, list(following), list(following.values()))

    def _row(self, item: Pending) -> _Row | None:
        request = item.request
        try:
            mask = self.masks.turn(request.grammar) if request.grammar is not None else None
        except MaestroError as error:
            item.fail(error)
            return None
        generator = self._generator if request.seed is None else torch.Generator().manual_seed(request.seed)
        return _Row(item, mask, generator)

    def _draw(
        self, logits: torch.Tensor, rows: Sequence[_Row], words: NDArray[np.int32]
    ) -> tuple[list[int], list[float]]:
        """One token for each row, and its log-probability in the distribution it was drawn from."""
        heat = torch.tensor([row.request.temperature or 1.0 for row in rows], device=logits.device)
        scores = logits.float() / heat[:, None]
        if any(row.mask is not None for row in rows):
            allowed = allowed_tokens(torch.from_numpy(words).to(scores.device), self._vocabulary)
            scores = scores.masked_fill(~allowed, float("-inf"))
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


def allowed_tokens(masks: torch.Tensor, vocabulary: int) -> torch.Tensor:
    """Bit masks `(K, words)` as booleans `(K, vocabulary)`; tokens beyond the last word are forbidden."""
    bits = torch.arange(32, device=masks.device, dtype=torch.int32)
    spread = ((masks[..., None] >> bits) & 1).bool().flatten(-2)
    missing = vocabulary - spread.shape[-1]
    return torch.nn.functional.pad(spread, (0, missing)) if missing > 0 else spread[..., :vocabulary]


def only_token(words: NDArray[np.int32]) -> int | None:
    """The one token that a mask allows; `None` where there is a choice."""
    (at,) = np.nonzero(words)
    if len(at) != 1:
        return None
    bits = int(words[at[0]]) & 0xFFFFFFFF
    return int(at[0]) * 32 + bits.bit_length() - 1 if bits & (bits - 1) == 0 else None


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
    def begin(cls, policy: TorchPolicy, asked: Sequence[tuple[SampleRequest, Sequence[int]]]) -> _Decoding:
        """Read the prompts, each with the tokens that are forced behind it.

        What all have in common is read once, and so is a prompt that several have.
        """
        keys = [
            ((*request.prompt_ids, *forced), tuple(item.image.sha256 for item in request.images))
            for request, forced in asked
        ]
        firsts = list(dict.fromkeys(keys))
        requests = [asked[keys.index(key)][0] for key in firsts]
        prompts = [ids for ids, _ in firsts]
        device = next(policy.model.parameters()).device
        cache = DynamicCache(config=policy.model.config)
        shared = 0 if any(request.images for request in requests) else common_length(prompts)
        if shared >= WORTH_SHARING and len(prompts) > 1:
            head = torch.tensor([prompts[0][:shared]], device=device)
            policy.model(input_ids=head, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.batch_repeat_interleave(len(prompts))
        else:
            shared = 0
        ids, attention = _padded([prompt[shared:] for prompt in prompts], policy.tokenizer.eos_id, device)
        given, positions = _seen(policy, requests, [len(prompt) for prompt in prompts], ids, attention)
        attention = torch.nn.functional.pad(attention, (shared, 0), value=1)
        positions = positions + shared
        out = policy.model(
            input_ids=ids,
            attention_mask=attention,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
            **given,
        )
        order = {key: at for at, key in enumerate(firsts)}
        chosen = torch.tensor([order[key] for key in keys], device=device)
        ends = positions.amax(dim=-1) + 1  # (rows,) or (axes, rows)
        axes = 0 if positions.dim() == 2 else positions.shape[0]
        places = ends if axes == 0 else ends.amax(dim=0)
        if len(firsts) < len(keys):
            cache.batch_select_indices(chosen)
        return cls(cache, out.logits[:, -1][chosen], attention[chosen], places[chosen], axes)

    def step(self, policy: TorchPolicy, going: Sequence[int], tokens: Sequence[Sequence[int]]) -> None:
        """Drop the rows that ended, and read the next tokens of the others: one or more of each."""
        device = self.attention.device
        if len(going) < self.attention.shape[0]:
            kept = torch.tensor(going, device=device)
            self.cache.batch_select_indices(kept)
            self.attention, self.places = self.attention[kept], self.places[kept]
        ids, shown = _padded(tokens, policy.tokenizer.eos_id, device)
        self.attention = torch.cat([self.attention, shown], dim=1)
        places = self.places[:, None] + (shown.cumsum(dim=-1) - 1).clamp(min=0)
        out = policy.model(
            input_ids=ids,
            attention_mask=self.attention,
            position_ids=places if self.axes == 0 else places.expand(self.axes, -1, -1),
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
        )
        self.places = places[:, -1] + 1
        self.logits = out.logits[:, -1]


def common_length(lists: Sequence[Sequence[int]]) -> int:
    """How many first tokens all lists share; one token of the shortest is left over."""
    first, last = min(map(tuple, lists)), max(map(tuple, lists))
    limit = min(map(len, lists)) - 1
    return next((at for at in range(limit) if first[at] != last[at]), limit)


def _padded(lists: Sequence[Sequence[int]], filler: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Lists of tokens padded on the left, and where a token stands."""
    length = max(map(len, lists))
    ids = torch.tensor([[*[filler] * (length - len(line)), *line] for line in lists], dtype=torch.long)
    shown = torch.tensor([[0] * (length - len(line)) + [1] * len(line) for line in lists], dtype=torch.long)
    return ids.to(device), shown.to(device)


def _seen(
    policy: TorchPolicy,
    requests: Sequence[SampleRequest],
    lengths: Sequence[int],
    ids: torch.Tensor,
    attention: torch.Tensor,
) -> tuple[dict[str, Any], torch.Tensor]:
    """Arguments for pictures, and positions: `(rows, length)`, or `(3, rows, length)` with pictures."""
    plain = (attention.cumsum(dim=-1) - 1).clamp(min=0)
    if not any(request.images for request in requests):
        return {}, plain
    types = torch.zeros_like(ids)
    for line, (request, length) in enumerate(zip(requests, lengths, strict=True)):
        before = ids.shape[1] - length
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


def _on_device(model: Any) -> AbstractContextManager[Any]:
    """A thread begins on the first GPU, whichever the model is on."""
    device = next(model.parameters()).device
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """No dropout while sampling; a model in training goes on training afterwards."""
    training = bool(model.training)
    model.eval()
    try:
        yield
    finally:
        model.train(training)
