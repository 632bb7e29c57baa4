"""docs/scoring.md lists the rules that there are."""

from __future__ import annotations

from pathlib import Path

import maestro_evaluation
from maestro_evaluation import rules

PAGE = Path(__file__).parents[3] / "docs/scoring.md"


def test_the_table_is_the_registry() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    listed = {cells[1].strip("` "): [cell.strip() for cell in cells[2:5]] for cells in (li.split("|") for li in lines)}
    assert listed == {
        rule.name: [rule.benchmark, rule.source, "yes" if rule.needs_judge else "no"] for rule in rules.values()
    }
    assert len(lines) == len(rules)


def test_every_rule_names_its_source() -> None:
    for rule in rules.values():
        assert "@" in rule.source or rule.name in {"short-answer", "erqa.official_expr"}


def test_public_names() -> None:
    assert maestro_evaluation.__all__ == ["Rule", "aggregate", "rules", "score"]
