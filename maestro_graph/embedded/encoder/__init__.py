"""Sentences as vectors: all-MiniLM-L6-v2 with int8 weights on ONNX Runtime, no torch. See MODEL_CARD.md.

The only module that imports `tokenizers`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maestro_graph.embedded._cores import cores
from maestro_graph.embedded.encoder._known import TEXTS, VECTORS, known_vectors
from maestro_graph.errors import MissingExtraError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DIMENSIONS", "TEXTS", "VECTORS", "SentenceEncoder", "default_encoder"]

DIMENSIONS = 384
BATCH_TOKENS = 2048  # tokens in one pass, padding included: bounds the memory of a long batch
MAX_CHARACTERS = 20_000  # bounds the tokenizer's time; 256 tokens of any language are shorter


class SentenceEncoder:
    """Texts to unit vectors whose dot product is their similarity.

    A text's vector does not depend on the texts it is encoded with. Thread-safe. The model is loaded by the
    constructor (about 0.15 s); texts longer than the model's 256 tokens are cut.

    Args:
        directory: folder with `model.int8.onnx` and `tokenizer.json`; by default the ones that ship.
        threads: threads of one pass.
        known: take the vectors of texts that ship from a file.
        cache_size: how many single texts keep their vectors (1.5 kB each): cards are encoded once.

    Raises:
        MissingExtraError: the extra `embedded` is not installed.
    """

    def __init__(
        self, directory: str | Path | None = None, *, threads: int = 2, known: bool = True, cache_size: int = 4096
    ) -> None:
        onnxruntime, tokenizers = _libraries()
        folder = Path(directory) if directory is not None else Path(__file__).parent
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = min(threads, cores())
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Weights become fp32 once, at loading; else some releases fuse them into coarser int8 products.
        options.add_session_config_entry("session.disable_quant_qdq", "1")
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.int8.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._known = known_vectors(folder) if known else {}
        self._cache_size = cache_size
        self._cache: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The vectors of `texts`, shape (n, 384), in their order; every row has length 1."""
        import numpy as np

        if isinstance(texts, str):
            raise TypeError("encode takes a sequence of texts; wrap a single text in a list")
        known = self._recall(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            new = self._compute(missing)
            self._remember(new)
            known |= new
        if not known:
            return np.empty((0, DIMENSIONS), np.float32)
        return np.stack([known[text] for text in texts])

    def _compute(self, texts: list[str]) -> dict[str, NDArray[np.float32]]:
        tokens = {text: self._tokens(text) for text in texts}
        found: dict[str, NDArray[np.float32]] = {}
        batch: list[str] = []
        for text in sorted(texts, key=lambda t: len(tokens[t])):  # neighbours of one length need little padding
            if batch and (len(batch) + 1) * len(tokens[text]) > BATCH_TOKENS:
                found |= self._pass(batch, tokens)
                batch = []
            batch.append(text)
        return found | self._pass(batch, tokens)

    def _tokens(self, text: str) -> list[int]:
        whole = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")  # lone surrogates
        ids: list[int] = self._tokenizer.encode(whole).ids
        return ids

    def _pass(self, texts: list[str], tokens: dict[str, list[int]]) -> dict[str, NDArray[np.float32]]:
        import numpy as np

        ids = np.zeros((len(texts), max(len(tokens[text]) for text in texts)), np.int64)
        mask = np.zeros_like(ids)
        for row, text in enumerate(texts):
            ids[row, : len(tokens[text])] = tokens[text]
            mask[row, : len(tokens[text])] = 1
        vectors = self._session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return {text: np.array(vector, np.float32) for text, vector in zip(texts, vectors, strict=True)}

    def _recall(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        known = {}
        with self._lock:
            for text in texts:
                if text in self._known:
                    known[text] = self._known[text]
                elif text in self._cache:
                    self._cache.move_to_end(text)
                    known[text] = self._cache[text]
        return known

    def _remember(self, new: dict[str, NDArray[np.float32]]) -> None:
        with self._lock:
            self._cache |= new
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)


def _libraries() -> tuple[Any, Any]:
    try:
        import onnxruntime
        import tokenizers
    except ImportError as error:
        missing = error.name or "onnxruntime"
        raise MissingExtraError("the sentence encoder", "embedded", missing) from error
    return onnxruntime, tokenizers


_default_lock = threading.Lock()


def default_encoder() -> SentenceEncoder:
    """The encoder that the process shares, loaded by the first call."""
    with _default_lock:  # `cache` alone would load it twice under two first calls at once
        return _shared()


@cache
def _shared() -> SentenceEncoder:
    return SentenceEncoder()
