"""What all tests share: snapshots, and hypothesis without clocks."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SNAPSHOTS = Path(__file__).parent / "snapshots"

settings.register_profile("maestro", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("maestro")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that starts us in the background has Ctrl-C ignored, in us and in all that we start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-snapshots", action="store_true", dest="write_snapshots", help="write tests/snapshots anew"
    )
    parser.addoption("--no-skips", action="store_true", help="a skipped test has failed (CI has what tests need)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("no_skips"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (--no-skips: that is a failure)"
    return report


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`snapshot(name, text)`: the text equals the file `tests/snapshots/NAME`, which `--update-snapshots` writes."""

    def check(name: str, text: str) -> None:
        path = SNAPSHOTS / name
        if request.config.getoption("write_snapshots"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")
        if not path.exists():
            pytest.fail(f"the snapshot {path.name} does not exist; run pytest --update-snapshots and review it")
        assert text.rstrip("\n") + "\n" == path.read_text(encoding="utf-8")

    return check
