"""Traces as one self-contained HTML page: no script, no request to anywhere, every text escaped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template

from maestro_graph._printable import printable
from maestro_graph.evidence import Json
from maestro_graph.images import ImageStore
from maestro_graph.trace._model import CallTrace, ImageTrace, RequestTrace, RunTrace, StepTrace, TurnTrace
from maestro_graph.trace._said import amount, made, moment, outcome, reasons, shown_text, turn_title
from maestro_graph.trace._thumbnails import thumbnail

__all__ = ["trace_page"]

LONG = 600
SEVERAL = 3
KINDS = frozenset({"calls", "answer", "malformed"})


def trace_page(runs: Iterable[RunTrace], *, store: ImageStore | None = None, title: str = "Trace") -> str:
    """A page that shows runs with their pictures, for a browser or for `IPython.display.HTML`.

    Args:
        runs: as `read_trace` returns them.
        store: where added pictures are looked up; by default the user's.
        title: of the page.
    """
    template = Template((files("maestro_graph.trace") / "page.html").read_text(encoding="utf-8"))
    listed = list(runs)
    images = store or ImageStore()
    several = len(listed) > SEVERAL
    body = "\n".join(_run(run, images, folded=several and index > 0) for index, run in enumerate(listed))
    return template.substitute(
        title=_text(title),
        count=f"{len(listed)} run{'' if len(listed) == 1 else 's'}",
        body=body or '<p class="quiet">This trace holds no run.</p>',
    )


def _text(value: str) -> str:
    return escape(printable(value))


def _run(run: RunTrace, store: ImageStore, *, folded: bool) -> str:
    question = shown_text(run.question, run.lengths, "question") or "(question not recorded)"
    shown = shown_text(run.answer, run.lengths, "answer")
    mark = "good" if shown is not None else "bad"
    facts = [moment(run.started), *(f"{name} {value}" for name, value in _about(run) if value)]
    pictures = "".join(_picture(image, run, store) for image in run.images)
    turns = "".join(_turn(turn, run) for turn in run.turns)
    trouble = [f"router {run.router_failure[0]}: {run.router_failure[1] or ''}"] if run.router_failure else []
    if (error := shown_text(run.error, run.lengths, "error")) is not None:
        trouble.append(error)
    if run.damaged:
        trouble.append(f"{run.damaged} damaged line{'' if run.damaged == 1 else 's'}")
    if run.discarded:
        trouble.append(f"{len(run.discarded)} turn(s) taken again after the run was resumed")
    seconds = f", {run.seconds:.2f} s" if run.seconds is not None else ""
    return f"""
<details class="run" {"" if folded else "open"}>
<summary><span class="question">{_text(question)}</span>
<span class="answer {mark}">{_text(shown if shown is not None else "no answer")}</span></summary>
<p class="quiet">{_text(" · ".join(facts))}</p>
{f'<div class="pictures">{pictures}</div>' if pictures else ""}
<ol class="turns">{turns}</ol>
{"".join(f'<p class="trouble">{_text(line)}</p>' for line in trouble)}
<div class="end {mark}"><span class="label">Answer</span>
<span class="text">{_text(shown if shown is not None else "none")}</span>
<span class="quiet">{_text(outcome(run))}, {_text(amount(run.usage, made(run)))}{seconds}</span></div>
<p class="quiet small">run {_text(run.run)}</p>
</details>"""


def _about(run: RunTrace) -> list[tuple[str, str | None]]:
    return [("registry", run.registry), ("router", run.router), ("experts", ", ".join(run.experts))]


def _picture(image: ImageTrace, run: RunTrace, store: ImageStore) -> str:
    url = thumbnail(image, run.file, store)
    size = f"{image.width} × {image.height}" if image.width else ""
    name = image.ref or f"sha256:{image.sha256}"
    caption = " · ".join(part for part in (size, *image.notes, f"sha256 {image.sha256[:16]}…") if part)
    shown = (
        f'<img src="{escape(url)}" alt="{_text(name)}">'
        if url is not None
        else f'<div class="missing">not to be had any more<br><code>{_text(image.sha256)}</code></div>'
    )
    return (
        f'<figure>{shown}<figcaption><span class="name">{_text(name)}</span>'
        f'<span class="quiet">{_text(caption)}</span></figcaption></figure>'
    )


def _turn(turn: TurnTrace, run: RunTrace) -> str:
    rows = [(name, words) for name, words in reasons(turn.info)]
    if (prompt := shown_text(turn.prompt, turn.lengths, "prompt")) and prompt.strip():
        rows.append(("router read", prompt))
    if (written := shown_text(turn.text, turn.lengths, "text")) and written.strip():
        rows.append(("router wrote", written))
    if (problem := shown_text(turn.problem, turn.lengths, "problem")) is not None:
        rows.append(("problem", problem))
    if turn.kind == "answer" and (answer := shown_text(turn.answer, turn.lengths, "answer")) is not None:
        rows.append(("answer", answer))
    if turn.tokens is not None:
        rows.append(("tokens", f"{len(turn.tokens.prompt_ids)} prompt, {len(turn.tokens.sampled_ids)} sampled"))
    seconds = f'<span class="quiet">{turn.seconds:.2f} s to decide</span>' if turn.seconds is not None else ""
    return f"""
<li class="turn kind-{turn.kind if turn.kind in KINDS else "lost"}">
<h3>{_text(turn_title(turn))} {seconds}</h3>
{_rows(rows)}
{"".join(_call(call, run) for call in turn.calls)}
</li>"""


def _rows(rows: list[tuple[str, str]]) -> str:
    if not rows:
        return ""
    return f"<dl>{''.join(f'<dt>{_text(name)}</dt><dd>{_long(words)}</dd>' for name, words in rows)}</dl>"


def _call(call: CallTrace, run: RunTrace) -> str:
    status = call.status or ("not finished" if call.started is not None else "not started")
    mark = "good" if call.status == "ok" else "bad"
    facts = [f"{call.seconds:.2f} s"] if call.seconds is not None else []
    if call.confidence is not None:
        facts.append(f"{call.confidence:.0%} sure")
    if call.attempts > 1:
        facts.append(f"{call.attempts} attempts")
    if call.usage.input_tokens or call.usage.output_tokens or call.usage.cost:
        facts.append(amount(call.usage, call.usage.calls))
    share = min(100.0, 100 * (call.seconds or 0.0) / run.seconds) if run.seconds else 0.0
    rows = [
        (label, words)
        for label, words in (
            ("query", shown_text(call.query, call.lengths, "query")),
            ("evidence", shown_text(call.text, call.lengths, "text")),
            ("answer", shown_text(call.answer, call.lengths, "answer")),
        )
        if words is not None
    ]
    return f"""
<section class="call">
<h4><span class="name">{_text(call.name)}</span> <span class="status {mark}">{_text(status)}</span>
<span class="quiet">{_text(", ".join(facts))}</span></h4>
<div class="bar"><i class="{mark}" style="width:{share:.1f}%"></i></div>
{_rows(rows)}
{_data("details", call.details)}
{"".join(_step(step) for step in call.steps)}
{"".join(_request(request) for request in call.requests)}
</section>"""


def _step(step: StepTrace) -> str:
    return _data(step.what, {**step.fields, **{name: f"({n} characters)" for name, n in step.lengths.items()}})


def _request(request: RequestTrace) -> str:
    rows = [
        (label, words)
        for label, words in (
            ("instructions", shown_text(request.instructions, request.lengths, "instructions")),
            ("evidence given", "\n".join(request.evidence) or shown_text(None, request.lengths, "evidence")),
            ("question", shown_text(request.question, request.lengths, "question")),
            ("sampling", ", ".join(f"{name} {value}" for name, value in request.sampling.items())),
            ("reply", shown_text(request.reply, request.lengths, "reply")),
        )
        if words
    ]
    pictures = len(request.images)
    facts = [
        request.status,
        f"{request.seconds:.2f} s",
        f"{pictures} picture{'' if pictures == 1 else 's'}",
        "from the cache" if request.cached else f"{request.attempts} attempt{'' if request.attempts == 1 else 's'}",
    ]
    return (
        f"<details><summary>request to {_text(request.expert)} "
        f'<span class="quiet">{_text(", ".join(facts))}</span></summary>{_rows(rows)}</details>'
    )


def _data(name: str, value: Mapping[str, Json]) -> str:
    if not value:
        return ""
    text = json.dumps(value, ensure_ascii=False, indent=1)
    return f"<details><summary>{_text(name)}</summary><pre>{_text(text)}</pre></details>"


def _long(words: str) -> str:
    """A text; a long one shows its beginning and unfolds."""
    if len(words) <= LONG:
        return f'<span class="text">{_text(words)}</span>'
    head = _text(words[:LONG])
    return (
        f'<details class="long"><summary><span class="text">{head}…</span></summary>'
        f'<span class="text">{_text(words)}</span></details>'
    )
