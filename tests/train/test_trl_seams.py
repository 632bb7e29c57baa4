"""The private parts of TRL that `_trl.py` overrides or leans on: a version that moves one of them fails here.

When it does: read what changed in that method, mend `_trl.py` if it must be mended, and put the new digest beside the
old one with its version. Versions that share a digest share the method's text.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")
trl = pytest.importorskip("trl")

from trl import GRPOTrainer  # noqa: E402
from trl.trainer.utils import split_tensor_dict  # noqa: E402

from maestro_training.policy._trl import GraphGRPOTrainer  # noqa: E402

pytestmark = pytest.mark.train

READ = {
    "_get_per_token_logps_and_entropies": {"ea73c3909275851d": "1.16.0"},
    "_generate_and_score_completions": {"1fa48922792dcd5c": "1.16.0"},
    "_prepare_inputs": {"f824e7fb07147956": "1.16.0"},
    "_compute_loss": {"80295546bbdbf6f7": "1.16.0"},
    "_generate": {"2a27fdf8f5e6f356": "1.16.0"},
}
"""Digests of the methods as they were when `_trl.py` was last held against them, and the version they are of."""
OVERRIDDEN = set(READ) - {"_generate"}


def digest(found: Callable[..., Any]) -> str:
    return hashlib.sha256(inspect.getsource(inspect.unwrap(found)).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", sorted(READ))
def test_a_method_is_as_it_was_read(name: str) -> None:
    found = getattr(GRPOTrainer, name, None)
    assert found is not None, (
        f"TRL {trl.__version__} has no GRPOTrainer.{name} any more; see the first lines of _trl.py"
    )
    known = READ[name]
    assert digest(found) in known, (
        f"GRPOTrainer.{name} of TRL {trl.__version__} is not that of {sorted(known.values())}: hold _trl.py "
        f"against it, then note the digest {digest(found)}"
    )


def test_a_function_is_as_it_was_read() -> None:
    assert digest(split_tensor_dict) == "b61a5760a03e95db"


def test_nothing_else_is_overridden() -> None:
    """A new override belongs into the list above."""
    own = {
        name
        for name, value in vars(GraphGRPOTrainer).items()
        if inspect.isfunction(value) and hasattr(GRPOTrainer, name) and not name.startswith("__")
    }
    assert own == OVERRIDDEN


def test_a_moved_method_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def _compute_loss(self: Any, model: Any, inputs: Any) -> Any:
        return 0

    monkeypatch.setattr(GRPOTrainer, "_compute_loss", _compute_loss)
    with pytest.raises(AssertionError, match=r"then note the digest"):
        test_a_method_is_as_it_was_read("_compute_loss")
