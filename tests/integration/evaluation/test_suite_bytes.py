"""The same seed gives the same bytes in another interpreter, for every suite."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from maestro_evaluation.synthetic import generators


def made_in_a_process(folder: Path, *, hash_seed: int) -> dict[str, str]:
    """Digest of every file of all suites, made by a fresh interpreter with its own order of sets."""
    subprocess.run(
        [sys.executable, "-m", "maestro_graph", "eval", "synth", "all", "--n", "2", "--seed", "3", "--out", folder],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        timeout=280,
    )
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_interpreters_with_other_hash_seeds_make_the_same_suites(tmp_path: Path) -> None:
    first, second = (made_in_a_process(tmp_path / f"hash-{seed}", hash_seed=seed) for seed in (1, 2))
    assert first == second
    assert {name.split("/")[0] for name in first} == set(generators())
