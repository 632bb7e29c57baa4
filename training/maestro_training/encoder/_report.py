"""What a training run came to, for people: curves, routing before and after, example runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from maestro_graph.errors import MaestroError
from maestro_graph.routers.encoder import WEIGHTS, Head
from maestro_training.encoder._run_folder import RunFolder, write_whole
from maestro_training.encoder._svg import curves, heat_map

__all__ = ["ROUTING", "SCORES", "write_report"]

ROUTING = "routing.json"
SCORES = "scores.json"
"""Scores of a policy and of what could be had, by name."""
SMOOTHED = 10


def write_report(folder: Path) -> list[Path]:
    """Write `report.html` and `report.md` into the folder of a training run; a run under way has curves only.

    Raises:
        MaestroError: the folder holds no training run.
    """
    if not (folder / "training.json").is_file():
        raise MaestroError(
            f"{folder} holds no training run (no training.json); give the --out of maestro train encoder"
        )
    settings = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    figures = list(RunFolder(folder, settings).figures())
    if not figures:
        raise MaestroError(f"{folder} has no figures yet; wait for the first round")
    routing: dict[str, Any] = {}
    if (folder / ROUTING).is_file():
        routing = json.loads((folder / ROUTING).read_text(encoding="utf-8"))
    about = dict(Head.load(folder / WEIGHTS).about) if (folder / WEIGHTS).is_file() else {}
    table: Mapping[str, Mapping[str, float]] = about.get("test", {})  # type: ignore[assignment]  # written by us
    if (folder / SCORES).is_file():
        table = json.loads((folder / SCORES).read_text(encoding="utf-8"))
    page = files("maestro_training.encoder").joinpath("templates", "report.html").read_text(encoding="utf-8")
    html = Template(page).substitute(
        title=escape(f"Training of {folder.name}"),
        settings=escape(json.dumps(settings, indent=2)),
        table=_html_table(table),
        curves="".join(_curves(figures)),
        heat="".join(_heat(routing)),
        examples="".join(_example(item) for item in routing.get("examples", [])),
    )
    write_whole(folder / "report.html", html)
    write_whole(folder / "report.md", _markdown(folder, figures, table, routing))
    return [folder / "report.html", folder / "report.md"]


def _smooth(figures: Sequence[Mapping[str, Any]], pick: Any) -> list[tuple[float, float]]:
    """Means over some rounds each."""
    points = []
    for begin in range(0, len(figures), SMOOTHED):
        part = figures[begin : begin + SMOOTHED]
        points.append((float(part[-1]["step"]) + 1, sum(pick(item) for item in part) / len(part)))
    return points


def _curves(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    experts = sorted({name for item in figures for name in item["experts"]})
    skills = sorted({name for item in figures for name in item["skills"]})
    components = sorted({name for item in figures for name in item["components"]})
    watched = [item for item in figures if item["watched"]]
    return [
        curves(
            "reward and components",
            {name: _smooth(figures, lambda f, n=name: f["components"].get(n, 0.0)) for name in components}
            | {"reward": _smooth(figures, lambda f: f["reward"])},
        ),
        curves("validation score (greedy)", {"score": [(i["step"] + 1, i["watched"]["score"]) for i in watched]}),
        curves(
            "calls per question",
            {
                "sampled": _smooth(figures, lambda f: f["calls"]),
                "validation": [(i["step"] + 1, i["watched"]["calls"]) for i in watched],
            },
        ),
        curves("valid trajectories", {"valid": _smooth(figures, lambda f: f["valid"])}),
        curves("entropy", {"entropy": _smooth(figures, lambda f: f["entropy"])}),
        curves("share of each expert", {n: _smooth(figures, lambda f, n=n: f["experts"].get(n, 0.0)) for n in experts}),
        curves("share of each skill", {n: _smooth(figures, lambda f, n=n: f["skills"].get(n, 0.0)) for n in skills}),
        curves("groups that teach nothing", {"flat": _smooth(figures, lambda f: f["flat"])}),
    ]


def _heat(routing: Mapping[str, Any]) -> list[str]:
    parts = []
    for name in ("untrained", "trained"):
        families = routing.get("heads", {}).get(name)
        if families:
            rows = {f"{family} ({row['score']:.2f})": row["first"] for family, row in families.items()}
            parts.append(f"<h3>{name}</h3>{heat_map(rows, routing['actions'])}")
    return parts


def _html_table(table: Mapping[str, Mapping[str, float]]) -> str:
    if not table:
        return "<p>Not finished.</p>"
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{row['score']:.3f}</td><td>{row['calls']:.2f}</td>"
        f"<td>{row['closed']:.0%}</td></tr>"
        for name, row in table.items()
    )
    return f"<table><tr><th>router</th><th>score</th><th>calls</th><th>gap closed</th></tr>{rows}</table>"


def _example(item: Mapping[str, Any]) -> str:
    runs = "".join(
        f"<li><b>{escape(name)}</b> ({run['score']:g}): {escape(_told(run))}</li>" for name, run in item["runs"].items()
    )
    return (
        f"<section><p><b>{escape(item['question'])}</b> <small>{escape(item['sample'])}, {escape(item['family'])}, "
        f"accepted: {escape(str(item['accepted']))}</small></p><ul>{runs}</ul></section>"
    )


def _told(run: Mapping[str, Any]) -> str:
    """A run in one line."""
    calls = [
        f"{call['who']} → {call['answer'] or call['status']}"
        + (f" ({call['confidence']:.2f})" if call["confidence"] is not None else "")
        for call in run["calls"]
    ]
    return "; ".join([*calls, f"answered {run['answer']!r}"])


def _markdown(
    folder: Path,
    figures: Sequence[Mapping[str, Any]],
    table: Mapping[str, Mapping[str, float]],
    routing: Mapping[str, Any],
) -> str:
    first, last = figures[0], figures[-1]
    lines = [
        f"# Training of {folder.name}",
        "",
        f"{len(figures)} rounds.",
        "",
        "| | first round | last round |",
        "|---|---|---|",
    ]
    named = ("reward", "valid", "entropy", "calls", "flat")
    lines += [f"| {name} | {first[name]:.3f} | {last[name]:.3f} |" for name in named]
    if table:
        lines += ["", "| router | score | calls | gap closed |", "|---|---|---|---|"]
        lines += [f"| {name} | {r['score']:.3f} | {r['calls']:.2f} | {r['closed']:.0%} |" for name, r in table.items()]
    for name, families in routing.get("heads", {}).items():
        lines += ["", f"## {name}", "", "| family | questions | score | calls | first call |", "|---|---|---|---|---|"]
        for family, row in families.items():
            top = sorted(row["first"].items(), key=lambda pair: -pair[1])[:3]
            told = ", ".join(f"{who} {share:.0%}" for who, share in top)
            lines.append(f"| {family} | {row['questions']} | {row['score']:.3f} | {row['calls']:.2f} | {told} |")
    return "\n".join(lines) + "\n"
