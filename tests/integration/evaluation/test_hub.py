"""Benchmarks from a hub by the real client libraries: streamed, pinned at first use, kept; what is said without it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hub_server import Hub, serving
from PIL import Image

pytestmark = [pytest.mark.real, pytest.mark.slow]

OPEN = """
import json, sys
from maestro_evaluation.loaders import open_suite
from maestro_graph.errors import MaestroError
found = []
for name, split, limit in json.loads(sys.argv[1]):
    try:
        suite = open_suite(name, split=split, limit=limit)
        found.append({"details": dict(suite.info.details), "source": suite.info.source,
                      "questions": [sample.question for sample in suite], "images": [len(s.images) for s in suite]})
    except MaestroError as error:
        found.append({"error": str(error)})
print(json.dumps(found))
"""


def picture(colour: str = "red") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(data, "PNG")
    return data.getvalue()


def chartqa(count: int, said: str = "How many") -> bytes:
    rows = [
        {"type": "human_test", "question": f"{said} {n}?", "answer": "10", "image": {"bytes": picture(), "path": None}}
        for n in range(count)
    ]
    data = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), data)
    return data.getvalue()


def opened(hub: str, home: Path, *wanted: tuple[str, str | None, int | None], **more: str) -> list[dict[str, object]]:
    """Suites opened in a process of its own: the libraries read their settings once."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("HF_", "MAESTRO_"))},
        "HF_ENDPOINT": hub,
        "HF_HOME": str(home / "hf"),
        "MAESTRO_SUITES_DIR": str(home / "suites"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPEN, json.dumps(wanted)],
        env=environment, capture_output=True, text=True, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_streamed_pinned_and_kept(tmp_path: Path) -> None:
    hub = Hub()
    name = "lmms-lab-encoder/ChartQA"
    first = hub.commit(name, {"data/test-00000-of-00001.parquet": chartqa(20)})
    with serving(hub) as url:
        some, every = opened(url, tmp_path, ("chartqa", None, 3), ("chartqa", None, None))
        assert some["questions"] == ["How many 0?", "How many 1?", "How many 2?"] and some["images"] == [1, 1, 1]
        assert every["details"] == {**every["details"], "revision": first, "samples": 20, "complete": True}  # type: ignore[dict-item]
        assert every["source"] == f"{name}@{first}, test"

        second = hub.commit(name, {"data/test-00000-of-00001.parquet": chartqa(5, "How few")})
        hub.asked.clear()
        (again,) = opened(url, tmp_path, ("chartqa", None, 2))
        assert again["questions"] == ["How many 0?", "How many 1?"] and hub.asked == []

        chosen = tmp_path / "revisions.json"
        chosen.write_text(json.dumps({"chartqa": second}))
        (other,) = opened(url, tmp_path, ("chartqa", None, None), MAESTRO_REVISIONS=str(chosen))
        assert len(other["questions"]) == 5 and second in str(other["source"])  # type: ignore[arg-type]
        chosen.write_text(json.dumps({"chartqa": "main"}))
        (refused,) = opened(url, tmp_path, ("chartqa", None, None), MAESTRO_REVISIONS=str(chosen))
        assert "'main' is no commit of 40 hexadecimal digits" in str(refused["error"])


def test_silently_changed_data_are_refused(tmp_path: Path) -> None:
    hub = Hub()
    name = "lmms-lab-encoder/ChartQA"
    sha = hub.commit(name, {"data/test-00000-of-00001.parquet": chartqa(4)})
    with serving(hub) as url:
        opened(url, tmp_path, ("chartqa", None, None))
        hub.commits[name][sha] = {"data/test-00000-of-00001.parquet": chartqa(4, "How few")}
        for kept in (tmp_path / "suites" / "hub" / "chartqa" / sha / "test").iterdir():
            kept.unlink()
        (tmp_path / "suites" / "hub" / "chartqa" / sha / "test").rmdir()
        (changed,) = opened(url, tmp_path, ("chartqa", None, None), HF_HOME=str(tmp_path / "other"))
    assert f"revision {sha} gave other questions or pictures than at first" in str(changed["error"])


def test_slake_comes_as_files_with_its_archive(tmp_path: Path) -> None:
    row = {"img_name": "xmlab1/source.jpg", "question": "Is it a CT?", "answer": "Yes", "answer_type": "CLOSED"}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("imgs/xmlab1/source.jpg", picture())
    hub = Hub()
    hub.commit(
        "BoKelvin/SLAKE",
        {
            "train.json": json.dumps([{**row, "qid": 1, "q_lang": "en"}]).encode(),
            "test.json": json.dumps([{**row, "qid": 2, "q_lang": "zh"}, {**row, "qid": 3, "q_lang": "en"}]).encode(),
            "imgs.zip": data.getvalue(),
        },
    )
    with serving(hub) as url:
        test, train = opened(url, tmp_path, ("slake", "test", None), ("slake", "train", None))
    assert test["questions"] == train["questions"] == ["Is it a CT?"] and test["images"] == [1]


def test_without_the_hub_the_error_says_which_files_to_bring_where(tmp_path: Path) -> None:
    hub = Hub()
    with serving(hub) as url:
        unknown, split = opened(url, tmp_path, ("mathvision", None, None), ("ocrbench", "train", None))
    (gone,) = opened(url, tmp_path, ("hrbench-4k", None, 1))
    for name, found in (("mathvision", unknown), ("hrbench-4k", gone)):
        said = str(found["error"])
        assert "is not on this machine" in said and str(tmp_path / "suites" / "benchmarks" / name) in said
        assert f"write {name}=PATH" in said
    assert "OCRBench v1 has no split 'train'; it has: test" in str(split["error"])
