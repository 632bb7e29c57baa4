"""The page of a trace: self-contained, escaped, with pictures only where they are what the trace says."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image
from trace_parts import RUN, call, decide, finish, start, writer

from maestro_graph import ImageStore, TraceSettings, read_trace
from maestro_graph.trace import TraceWriter, trace_page

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """The tags and texts of a page; unbalanced tags are an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def pictures(self) -> list[str]:
        return [str(attrs["src"]) for tag, attrs in self.tags if tag == "img"]


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "store")


def with_picture(tmp_path: Path, store: ImageStore, ref: str, **settings: str) -> Path:
    trace = TraceWriter(TraceSettings(path=tmp_path / "t.jsonl", **settings), RUN)  # type: ignore[arg-type]
    trace.begin({"question": "What?"}, [store.open(ref)])
    return tmp_path / "t.jsonl"


def page_of(path: Path, store: ImageStore) -> Page:
    return Page(trace_page(read_trace(path), store=store))


def test_pictures_are_inlined_small(tmp_path: Path, store: ImageStore) -> None:
    Image.effect_noise((2000, 1000), 50).save(tmp_path / "noise.png")
    path = with_picture(tmp_path, store, str(tmp_path / "noise.png"))
    (url,) = page_of(path, store).pictures
    head, _, data = url.partition(",")
    assert head.startswith("data:image/")
    with Image.open(io.BytesIO(base64.b64decode(data))) as thumb:
        assert thumb.size == (480, 240)


def test_a_picture_that_changed_or_went_is_a_placeholder_with_its_hash(tmp_path: Path, store: ImageStore) -> None:
    picture = tmp_path / "p.png"
    Image.new("RGB", (30, 20), "teal").save(picture)
    path = with_picture(tmp_path, store, str(picture))
    digest = read_trace(path)[0].images[0].sha256
    for change in (lambda: Image.new("RGB", (30, 20), "red").save(picture), picture.unlink):
        change()
        page = page_of(path, ImageStore(tmp_path / "other"))
        assert page.pictures == []
        assert digest in page.text


def test_a_copy_beside_the_trace_is_shown_when_the_file_is_gone(tmp_path: Path, store: ImageStore) -> None:
    picture = tmp_path / "p.png"
    Image.new("RGB", (30, 20), "teal").save(picture)
    path = with_picture(tmp_path, store, str(picture), pictures="copy")
    picture.unlink()
    assert len(page_of(path, ImageStore(tmp_path / "other")).pictures) == 1


def test_a_picture_in_the_store_is_shown_by_its_hash(tmp_path: Path, store: ImageStore) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20), "teal").save(buffer, format="PNG")
    path = with_picture(tmp_path, store, store.add(buffer.getvalue()), pictures="none")
    assert len(page_of(path, store).pictures) == 1
    assert page_of(path, ImageStore(tmp_path / "other")).pictures == []


def test_a_relative_reference_is_found_from_anywhere_and_beside_the_trace(
    tmp_path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (30, 20), "teal").save("p.png")
    path = with_picture(tmp_path, store, "p.png")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert len(page_of(path, store).pictures) == 1  # where it was
    (tmp_path / "moved").mkdir()
    for name in ("p.png", "t.jsonl"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert len(page_of(tmp_path / "moved" / "t.jsonl", ImageStore(tmp_path / "other")).pictures) == 1


def test_a_trace_from_a_stranger_shows_no_file_of_this_machine(tmp_path: Path, store: ImageStore) -> None:
    Image.new("RGB", (30, 20), "teal").save(tmp_path / "private.png")
    trace = writer(tmp_path / "t.jsonl")
    for ref in (str(tmp_path / "private.png"), "/etc/hostname", "https://example.org/x.png", "../../x"):
        start(trace, images=[{"ref": ref, "sha256": "0" * 64, "width": 1, "height": 1, "notes": []}])
        assert page_of(tmp_path / "t.jsonl", store).pictures == []


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>&lt;\"'\x1b[31m\x00\u202e\ud800"


def test_every_text_is_escaped_and_nothing_is_requested(tmp_path: Path, store: ImageStore) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    image = {"ref": HOSTILE, "sha256": HOSTILE, "width": 1, "height": 1, "notes": [HOSTILE]}
    start(trace, HOSTILE, images=[image], registry=HOSTILE, router=HOSTILE, experts=[HOSTILE])
    info = {HOSTILE: HOSTILE, "scores": {HOSTILE: 0.5}, "list": [HOSTILE]}
    decide(trace, 0, (HOSTILE, HOSTILE, HOSTILE), text=HOSTILE, info=info)
    call(trace, 0, 0, HOSTILE, HOSTILE, text=HOSTILE * 30, answer=HOSTILE, status=HOSTILE, details={HOSTILE: HOSTILE})
    trace.write("skill", {"what": HOSTILE, "turn": 0, "call": 0, "fields": {HOSTILE: HOSTILE}})
    decide(trace, 1, kind=HOSTILE, problem=HOSTILE, text=HOSTILE)
    trace.write("router_failed", {"status": HOSTILE, "problem": HOSTILE})
    trace.write("run_failed", {"question": HOSTILE, "error": HOSTILE})
    finish(trace, HOSTILE, HOSTILE)
    html = trace_page(read_trace(path), store=store, title=HOSTILE)
    page = Page(html)
    assert {tag for tag, _ in page.tags} <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h3", "h4", "p", "div", "span", "ol", "li"),
        *("details", "summary", "figure", "figcaption", "code", "br", "section", "i", "dl", "dt", "dd", "pre"),
    }
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on") or name in {"src", "href"}]
    assert page.text.count("</script><script>alert(1)</script>") > 20
    assert not re.search("[\x00\x1b\u202e\ud800]", html)
    assert "default-src 'none'" in html
    html.encode()


def test_runs_of_every_kind_have_a_page(tmp_path: Path, store: ImageStore) -> None:
    path = tmp_path / "t.jsonl"
    start(writer(path, "killed"), "Killed?")
    decide(writer(path, "killed"), 0, ("counter", None, "count"))
    headless = writer(path, "headless")
    decide(headless, 3, ("counter", None, "count"))
    private = writer(path, "private", texts=False)
    start(private, "A private question")
    finish(private, "secret")
    page = page_of(path, store)
    for words in (
        "Killed?",
        "did not end: killed, or still running",
        "not started",
        "(question not recorded)",
        "(18 characters, not kept)",
        "(6 characters, not kept)",
        "3 runs",
    ):
        assert words in page.text, words
    assert "This trace holds no run" in Page(trace_page([], store=store)).text
