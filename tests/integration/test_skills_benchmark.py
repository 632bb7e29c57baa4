"""The benchmark of skills runs, and counts requests and paths rightly; its times are not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.real


def test_calls_and_longest_paths() -> None:
    skills = ["geometric-problem-solver", "chart-problem-solver/pie", "science-problem-solver"]
    done = subprocess.run(
        [sys.executable, "benchmarks/skills.py", "--latency", "0.3", "--only", *skills],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (0, 1), done.stderr
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "×" in line]
    assert [(row[0], int(row[1]), row[2]) for row in cells] == [
        (skills[0], 6, "4 × 0.3 s"),
        (skills[1], 3, "2 × 0.3 s"),
        (skills[2], 4, "2 × 0.3 s"),
    ]
    assert "within 1.15 times the longest path:" in done.stdout
