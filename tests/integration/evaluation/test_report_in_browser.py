"""The report in headless Chromium: it logs nothing, asks for nothing, and fits a phone and a desk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, browser

sys.path.append(str(Path(__file__).parents[2] / "unit" / "evaluation"))
from run_parts import called, record, write_run

from maestro_evaluation.reports import write_report

pytestmark = pytest.mark.real

IMAGES = Path(__file__).parents[3] / "examples" / "images"
HOSTILE = "</title></script><script>console.log(1)</script><img src='https://example.org/x.png' onerror=alert(1)>"
LONG = "best-single-pair-with-a-name-that-goes-on (chart-reader@@Chart_Problem_Solver)"
WIDTHS = (375, 1280)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with everything in it: pictures, several suites, baselines, a hostile question, long names."""
    folder = tmp_path_factory.mktemp("run")
    records = [
        record(
            f"{at}-{'x' * 30}",
            float((at * 7 + len(router)) % 3 == 0),
            suite=f"synthetic-suite-{suite}",
            router=router,
            question=HOSTILE if at == 0 else f"How many things are in picture {at}, counted twice?",
            images=[str(IMAGES / ("coins.png" if at % 2 else "iowa_electricity.png"))],
            family=family,
            confidence=(at % 10) / 10,
            calls=[called("counter", family), called("reader")],
            seconds=0.1 * at + len(router) / 10,
            problem=HOSTILE if at == 1 else None,
            status="failed" if at == 1 else "ok",
            free_answer=at > 2,
        )
        for router in ("encoder", "random", LONG)
        for suite, family in enumerate(("Counting_Problem_Solver", "Chart_Problem_Solver", "Text_Reading_Skill") * 2)
        for at in range(8)
    ]
    return write_report([write_run(folder, records, {"command": HOSTILE})], folder)[1]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_is_logged_or_asked_for_and_nothing_sticks_out(
    chromium: Browser, page: Path, width: int, dark: bool, tmp_path: Path
) -> None:
    seen = chromium.open(page.as_uri(), width=width, dark=dark)
    assert seen.logged == []
    assert seen.requests == []
    assert chromium.evaluate("document.documentElement.scrollWidth") == width
    assert chromium.evaluate("document.scripts.length") == 0
    assert chromium.evaluate("document.querySelectorAll('main > section').length") == 10
    shown = "[...document.images].filter(image => image.checkVisibility())"
    assert chromium.evaluate(f"{shown}.length") > 3
    assert chromium.evaluate(f"{shown}.every(image => image.complete && image.naturalWidth > 100)")
    chromium.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 50_000


@pytest.mark.parametrize("width", WIDTHS)
def test_texts_are_large_and_dark_enough_to_read(chromium: Browser, page: Path, width: int) -> None:
    for dark in (False, True):
        chromium.open(page.as_uri(), width=width, dark=dark)
        assert chromium.evaluate(TOO_SMALL) == []
        assert chromium.evaluate(TOO_FAINT) == []


def test_a_page_that_asks_and_logs_is_seen(chromium: Browser, tmp_path: Path) -> None:
    """The check itself: a page that does what a report must not do."""
    bad = tmp_path / "bad.html"
    bad.write_text("<script>console.error('x'); nothing()</script><img src='http://127.0.0.1:9/x.png'>" + "x" * 900)
    seen = chromium.open(bad.as_uri(), width=375)
    assert seen.requests == ["http://127.0.0.1:9/x.png"]
    assert len(seen.logged) >= 3
    assert chromium.evaluate("document.documentElement.scrollWidth") > 375


TOO_SMALL = """[...document.querySelectorAll('main *')]
  .filter(one => one.checkVisibility() && [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  .filter(one => !one.closest('svg') && parseFloat(getComputedStyle(one).fontSize) < 11)
  .map(one => one.outerHTML.slice(0, 120))"""

# Contrast of text and the plain background behind it, after WCAG 2: at least 4.5.
TOO_FAINT = """(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (paint, under) => { canvas.fillStyle = under; canvas.fillRect(0, 0, 1, 1); canvas.fillStyle = paint;
    canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
  const light = part => { const c = part / 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; };
  const lum = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
  const behind = one => { const above = []; for (let at = one; at; at = at.parentElement) above.unshift(at);
    return above.reduce((under, at) => css(rgb(getComputedStyle(at).backgroundColor, under)), 'white'); };
  return [...document.querySelectorAll('main *')]
    .filter(one => one.checkVisibility() && !one.closest('svg'))
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
    .map(one => { const under = behind(one); const [a, b] = [lum(rgb(under, 'white')),
      lum(rgb(getComputedStyle(one).color, under))].sort(); return [one, (b + .05) / (a + .05)]; })
    .filter(([one, contrast]) => contrast < 4.5)
    .map(([one, contrast]) => contrast.toFixed(2) + ' ' + one.outerHTML.slice(0, 100));
})()"""
