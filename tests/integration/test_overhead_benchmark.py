"""The benchmark runs; what it measures is for people to look at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real


def test_the_benchmark_prints_its_figures() -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "overhead.py"
    options = ["--turns", "2", "--repeats", "1", "--runs", "3", "--rounds", "1", "--latency", "0.05"]
    done = subprocess.run([sys.executable, str(script), *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["steps"]["steps"] == 4
    assert result["steps"]["ratio"] > 0
    assert result["throughput"]["runs"] == 3
    assert 0 < result["throughput"]["of_ideal"] <= 1.01
