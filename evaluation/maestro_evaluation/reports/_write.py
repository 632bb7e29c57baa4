"""From run folders to report files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maestro_evaluation.reports._data import gather
from maestro_evaluation.reports._failures import failures_of
from maestro_evaluation.reports._markdown import report_markdown
from maestro_evaluation.reports._merge import merge
from maestro_evaluation.reports._page import report_page
from maestro_evaluation.results import read_results
from maestro_graph.errors import MaestroError

__all__ = ["write_report"]

FAILURES = 40


def write_report(
    folders: Sequence[Path],
    out: Path,
    *,
    title: str | None = None,
    router: str | None = None,
    failures: int = FAILURES,
) -> tuple[Path, Path]:
    """Write `report.md` and `report.html`.

    Args:
        folders: of runs; several are one report.
        out: folder for the two files.
        router: the one that comparisons and failures are about; by default the first of the first run.
        failures: how many wrong answers to show at most.

    Returns:
        The two files.

    Raises:
        MaestroError: a folder holds no run, there is no such router, or the files cannot be written.
        MissingExtraError: the extra `eval` is not installed.
    """
    body = merge([read_results(folder) for folder in folders])
    named = title or " and ".join(folder.resolve().name for folder in folders)
    data = gather(body, title=named, main=router)
    files = out / "report.md", out / "report.html"
    page = report_page(data, failures_of(body, data.main, most=failures))
    try:
        out.mkdir(parents=True, exist_ok=True)
        files[0].write_text(report_markdown(data), encoding="utf-8")
        files[1].write_text(page, encoding="utf-8")
    except OSError as error:
        raise MaestroError(f"the report cannot be written to {out}: {error}; give another --out") from error
    return files
