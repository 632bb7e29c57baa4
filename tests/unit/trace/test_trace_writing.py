"""What a trace keeps, for how long, and that nothing else gets into it."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from trace_parts import RUN, call, decide, finish, records, start, whole_run, writer

from maestro_graph import ImageStore, TraceError, TraceSettings, read_trace
from maestro_graph.trace import TraceWriter

DAY = 86_400


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "pictures in" / "coins.png"
    path.parent.mkdir()
    Image.new("RGB", (30, 20), "teal").save(path)
    return path


def begun(picture: Path, tmp_path: Path, **settings: Any) -> tuple[Path, dict[str, Any]]:
    """A trace of one run with that picture; the path of the trace and the picture's record."""
    image = ImageStore(tmp_path / "store").open(str(picture))
    trace = TraceWriter(TraceSettings(path=tmp_path / "t.jsonl", **settings), RUN)
    trace.begin({"question": "What?"}, [image])
    (record,) = records(tmp_path / "t.jsonl")[-1]["images"]
    return tmp_path / "t.jsonl", record


def test_pictures_by_reference(picture: Path, tmp_path: Path) -> None:
    path, record = begun(picture, tmp_path)
    assert record["ref"] == str(picture)
    assert (record["width"], record["height"], len(record["sha256"])) == (30, 20, 64)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["pictures in", "t.jsonl"]
    assert read_trace(path)[0].images[0].sha256 == record["sha256"]


def test_pictures_by_their_hash_alone(picture: Path, tmp_path: Path) -> None:
    path, record = begun(picture, tmp_path, pictures="none")
    assert "ref" not in record
    assert "coins" not in path.read_text()
    assert len(record["sha256"]) == 64


def test_pictures_are_copied_once(picture: Path, tmp_path: Path) -> None:
    _, record = begun(picture, tmp_path, pictures="copy")
    copy = tmp_path / "t.pictures" / record["sha256"]
    assert copy.read_bytes() == picture.read_bytes()
    inode = copy.stat().st_ino
    os.utime(copy, (1, 1))
    begun(picture, tmp_path, pictures="copy")
    assert [item.name for item in copy.parent.iterdir()] == [record["sha256"]]
    assert copy.stat().st_ino == inode
    assert copy.stat().st_mtime > 1  # it counts as used


def test_a_picture_that_has_changed_is_not_copied_under_the_old_hash(picture: Path, tmp_path: Path) -> None:
    image = ImageStore(tmp_path / "store").open(str(picture))
    Image.new("RGB", (31, 20), "red").save(picture)
    TraceWriter(TraceSettings(path=tmp_path / "t.jsonl", pictures="copy"), RUN).begin({"question": "What?"}, [image])
    assert not (tmp_path / "t.pictures").exists()
    assert read_trace(tmp_path / "t.jsonl")[0].images[0].sha256 == image.sha256


def test_without_texts_nothing_that_was_said_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path, texts=False)
    secret = "zebra"
    start(trace, f"{secret} question")
    tokens = {"prompt_ids": [7777], "sampled_ids": [8888], "logprobs": [-1.0], "temperature": 1.0, "masked": False}
    decide(
        trace,
        0,
        ("counter", None, f"{secret} query"),
        text=f"{secret} thought",
        tokens=tokens,
        info={secret: 0.5, "why": secret},
    )
    call(
        trace,
        0,
        0,
        "counter",
        f"{secret} query",
        text=f"{secret} reply",
        answer=secret,
        details={secret: [secret]},
    )
    fields = {"kind": "ocr", "text": secret, "boxes": [secret], "n": 3, "ref": secret}
    fields["nested"] = {"deep": [{"text": secret}]}
    trace.write("skill", {"what": "perception", "turn": 0, "call": 0, "fields": fields})
    trace.write("a_later_event", {"unforeseen": secret, "list": [[secret]]})
    decide(trace, 1, kind="malformed", problem=f"{secret} problem")
    trace.write("router_failed", {"status": "unreachable", "problem": secret})
    trace.write("run_failed", {"question": secret, "error": f"{secret} error"})
    finish(trace, f"{secret} answer")
    text = path.read_text()
    for said in (secret, "7777", "8888", "Count twice", "There are 24", "private word"):
        assert said not in text
    (run,) = read_trace(path)
    assert (run.question, run.lengths["question"], run.answer, run.lengths["answer"]) == (
        None,
        len("zebra question"),
        None,
        len("zebra answer"),
    )
    asked = run.turns[0].calls[0]
    assert (asked.expert, asked.status, asked.text, asked.lengths["text"]) == ("counter", "ok", None, 11)
    assert asked.requests[0].lengths["reply"] == len("There are 24 coins.")
    assert asked.requests[0].images == ("b" * 64,)
    assert (asked.steps[0].what, asked.steps[0].fields["kind"], asked.steps[0].fields["n"]) == ("perception", "ocr", 3)
    assert run.turns[0].tokens is None
    assert run.turns[0].lengths["tokens"] > 0


def test_secrets_of_the_environment_are_masked_wherever_they_turn_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SERVICE", "tiny-key/1")
    monkeypatch.setenv("SOME_API_KEY", "sk-guessed-by-name")
    monkeypatch.setenv("ORDINARY", "ordinary-value")
    path = tmp_path / "t.jsonl"
    trace = TraceWriter(TraceSettings(path=path), RUN, key_names=["MY_SERVICE"])
    start(trace, "Why tiny-key/1 and ordinary-value?")
    decide(trace, 0, ("counter", None, "sk-guessed-by-name"), info={"tiny-key/1": ["x tiny-key%2F1 y"]})
    finish(trace, "Bearer sk-guessed-by-name")
    text = path.read_text()
    assert "tiny-key" not in text
    assert "sk-guessed-by-name" not in text
    assert read_trace(path)[0].question == "Why *** and ordinary-value?"


def test_empty_and_dummy_keys_mask_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCAL_KEY", "EMPTY")
    monkeypatch.setenv("NO_KEY", "")
    trace = TraceWriter(TraceSettings(path=tmp_path / "t.jsonl"), RUN, key_names=["LOCAL_KEY", "NO_KEY", "UNSET_KEY"])
    start(trace, "Is the jar EMPTY?")
    assert read_trace(tmp_path / "t.jsonl")[0].question == "Is the jar EMPTY?"


def test_a_longer_key_is_masked_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "abcd")
    monkeypatch.setenv("B_KEY", "abcd-efgh")
    trace = TraceWriter(TraceSettings(path=tmp_path / "t.jsonl"), RUN, key_names=["A_KEY", "B_KEY"])
    start(trace, "abcd-efgh abcd")
    assert read_trace(tmp_path / "t.jsonl")[0].question == "*** ***"


def test_numbers_that_json_has_not_become_null(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    trace = writer(path)
    start(trace, budget={"a": float("nan"), "b": [float("inf"), 1.0]})
    line = path.read_text()
    assert json.loads(line, parse_constant=pytest.fail)["budget"] == {"a": None, "b": [None, 1.0]}


def _append(path: Path, run: str, length: int, count: int) -> None:
    trace = writer(path, run)
    for number in range(count):
        trace.write("call_started", {"turn": number, "call": 0, "expert": "x", "query": run[0] * length})


def test_processes_that_write_very_long_lines_into_one_file_do_not_mix_them(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    context = multiprocessing.get_context("fork")
    jobs = [context.Process(target=_append, args=(path, letter * 8, 3_000_000, 4)) for letter in "abcd"]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    lines = records(path)
    assert len(lines) == 16
    assert all(set(line["query"]) == {line["run"][0]} for line in lines)


def test_a_trace_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    start(writer(tmp_path / "new folder" / "t.jsonl"))
    assert stat.S_IMODE((tmp_path / "new folder" / "t.jsonl").stat().st_mode) == 0o600


@pytest.mark.parametrize("kind", ["folder", "pipe", "below a file"])
def test_a_path_that_cannot_be_written_is_an_error_with_the_cure(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "t.jsonl"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file" / "t.jsonl"
    with pytest.raises(TraceError, match=r"cannot be written.*give another path"):
        start(writer(path))


@pytest.mark.parametrize("run", ["", "../x", "a/b", ".hidden", "x" * 200, "a\nb"])
def test_a_run_id_that_is_no_file_name_is_refused(tmp_path: Path, run: str) -> None:
    with pytest.raises(TraceError, match="cannot name a file"):
        writer(tmp_path, run)


def test_settings_are_checked() -> None:
    with pytest.raises(TraceError, match="must be one of reference, copy, none"):
        TraceSettings(path=Path("t"), pictures="all")  # type: ignore[arg-type]
    for days in (-1.0, float("nan"), float("inf")):
        with pytest.raises(TraceError, match="number of days"):
            TraceSettings(path=Path("t"), keep_days=days)


def test_a_file_that_exists_is_a_file_whatever_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.touch()
    whole_run(writer(path))
    assert read_trace(path)[0].complete
    whole_run(writer(tmp_path / "folder.d", "x"))
    assert (tmp_path / "folder.d" / "x.jsonl").is_file()


def aged(path: Path, days: float) -> Path:
    then = path.stat().st_mtime - days * DAY
    os.utime(path, (then, then))
    return path


def test_old_traces_go_when_a_run_starts_and_nothing_else_does(tmp_path: Path, picture: Path) -> None:
    folder = tmp_path / "traces"
    image = ImageStore(tmp_path / "store").open(str(picture))
    other = picture.with_name("other.png")
    Image.new("RGB", (9, 9), "red").save(other)
    second = ImageStore(tmp_path / "store").open(str(other))

    def run(name: str, *images: Any, **settings: Any) -> Path:
        trace = TraceWriter(TraceSettings(path=folder, pictures="copy", **settings), name)
        trace.begin({"question": "What?"}, images)
        return folder / f"{name}.jsonl"

    old, young = run("old", image, second), run("young", second)
    foreign = folder / "foreign.jsonl"
    foreign.write_text('{"name": "somebody else\'s data"}\n')
    plain, link = folder / "notes.txt", folder / "link.jsonl"
    plain.write_text("notes")
    link.symlink_to(young)
    cut = folder / "cut.jsonl"
    cut.write_bytes(old.read_bytes()[:90])
    stranger = folder / "pictures" / "mine.png"
    stranger.write_bytes(b"mine")
    for path in (old, foreign, plain, cut, stranger, *(folder / "pictures" / item.sha256 for item in (image, second))):
        aged(path, 8)
    aged(young, 6)
    run("new", keep_days=7)
    assert sorted(item.name for item in folder.iterdir()) == [
        "foreign.jsonl",
        "link.jsonl",
        "new.jsonl",
        "notes.txt",
        "pictures",
        "young.jsonl",
    ]
    # The young trace names the second picture still.
    assert sorted(item.name for item in (folder / "pictures").iterdir()) == sorted([second.sha256, "mine.png"])


def test_a_single_file_is_never_pruned(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    whole_run(writer(path))
    aged(path, 100)
    TraceWriter(TraceSettings(path=path, keep_days=1), "b").begin({"question": "What?"}, [])
    assert [run.run for run in read_trace(path)] == [RUN, "b"]


def test_the_public_names() -> None:
    import maestro_graph.trace

    assert sorted(maestro_graph.trace.__all__) == sorted(
        [
            *("MIGRATIONS", "TRACE_SCHEMA", "CallTrace", "ImageTrace", "RequestTrace", "RunTrace", "StepTrace"),
            *("TraceSettings", "TraceWriter", "TurnTrace", "key_names", "read_trace", "scrubbed", "trace_page"),
        ]
    )
