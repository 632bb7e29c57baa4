"""Which tokens may come next under the grammar of a turn. The only module that imports `llguidance`.

llguidance is what vLLM uses with `--structured-outputs-config '{"backend": "guidance"}'`, so that a server, a model in
process and a trainer mask alike. Where the grammar leaves but one continuation it allows the canonical tokens of it
alone; vLLM's other backend, xgrammar, allows every way to cut it up.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from maestro_graph.errors import MaestroError, MissingExtraError
from maestro_graph.protocol import LARK_HEAD

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from maestro_graph.routers.policy._tokens import PolicyTokenizer

__all__ = ["GrammarMasks", "TurnMask"]

KEPT_GRAMMARS = 512


class TurnMask:
    """Where one turn stands in its grammar."""

    def __init__(self, matcher: Any, end: int) -> None:
        self._matcher, self._end = matcher, end

    def fill(self, row: NDArray[np.int32]) -> None:
        """Write the mask of the next token into a row: bit i of word w is token 32 w + i."""
        self._matcher.unsafe_compute_mask_ptr(row.ctypes.data, row.nbytes)
        self._check("the mask of the next token")

    def advance(self, token: int) -> None:
        """Take the token that was sampled.

        Raises:
            MaestroError: the grammar does not allow it.
        """
        if self._matcher.is_stopped() and not self._matcher.is_error() and token == self._end:
            return  # the turn is complete and was ended
        if not self._matcher.consume_token(token):
            raise MaestroError(f"the grammar of the turn does not allow token {token}: {self._matcher.get_error()}")

    def _check(self, what: str) -> None:
        if self._matcher.is_error():
            raise MaestroError(f"{what} cannot be computed: {self._matcher.get_error()}")


class GrammarMasks:
    """Masks over a model's vocabulary.

    Args:
        tokenizer: the model's.
        vocabulary: how many logits the model has; at least as many as the tokenizer has tokens are masked.
    """

    def __init__(self, tokenizer: PolicyTokenizer, *, vocabulary: int) -> None:
        try:
            import llguidance
        except ModuleNotFoundError as error:
            raise MissingExtraError("structured decoding in process", "train", error.name or "llguidance") from error
        self._library = llguidance
        self.vocabulary = max(vocabulary, tokenizer.size)
        self._tokenizer = llguidance.LLTokenizer(tokenizer.source, n_vocab=self.vocabulary, eos_token=tokenizer.eos_id)
        self._end = tokenizer.eos_id
        self._compiled: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def words(self) -> int:
        """32-bit words of a mask."""
        return (self.vocabulary + 31) // 32

    def turn(self, grammar: str) -> TurnMask:
        """The start of a turn that must match a grammar (regular expression or Lark); compiled grammars are kept.

        Raises:
            MaestroError: it cannot be compiled.
        """
        with self._lock:
            found = self._compiled.get(grammar)
            if found is None:
                is_lark = grammar.startswith(LARK_HEAD)
                source = grammar if is_lark else self._library.LLMatcher.grammar_from_regex(grammar)
                found = self._library.LLMatcher(self._tokenizer, source, log_level=0)
                if found.is_error():
                    raise MaestroError(f"the grammar of a turn cannot be compiled: {found.get_error()}")
                self._compiled[grammar] = found
                while len(self._compiled) > KEPT_GRAMMARS:
                    self._compiled.popitem(last=False)
            self._compiled.move_to_end(grammar)
            return TurnMask(found.deep_copy(), self._end)

    def replay(self, grammar: str, sampled_ids: Sequence[int]) -> NDArray[np.int32]:
        """The masks under which a turn was sampled: shape (T, words), row t is that of `sampled_ids[t]`.

        Raises:
            MaestroError: the ids do not follow the grammar.
        """
        import numpy as np

        masks = np.zeros((len(sampled_ids), self.words), dtype=np.int32)
        turn = self.turn(grammar)
        for row, token in zip(masks, sampled_ids, strict=True):
            turn.fill(row)
            if not (int(row[token >> 5]) >> (token & 31)) & 1:
                raise MaestroError(f"the grammar of the turn does not allow token {token}")
            turn.advance(token)
        return masks
