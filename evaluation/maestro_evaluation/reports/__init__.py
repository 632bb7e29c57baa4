"""Reports of evaluation runs: Markdown and one self-contained HTML page."""

from maestro_evaluation.reports._write import FAILURES, write_report

__all__ = ["FAILURES", "write_report"]
