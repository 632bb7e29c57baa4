"""A run that is killed goes on where it was, and checkpoints stay small (issue A, 6)."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.real

HOST = '''
import asyncio, os, sys, time
from pathlib import Path
from typing import Annotated, TypedDict
import operator

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

from maestro_graph import *

folder, form, phase = Path(sys.argv[1]), sys.argv[2], sys.argv[3]


def note(line):
    with (folder / "calls").open("a") as file:
        file.write(line + "\\n")


class Expert:
    card = ExpertCard(name="expert", description="Looks at one picture.")

    async def ask(self, request):
        note(f"expert {os.getpid()}")
        width = request.images[0].width if request.images else 0
        return ExpertReply(text=f"It is {width} wide.", answer=str(width), details={"regions": [[1, 2]] * 50})


class Router:
    async def decide(self, view):
        if not view.evidence:
            return RouterTurn(decision=(CallExpert("expert", "How wide?"),))
        note(f"decide {os.getpid()} {len(view.evidence)}")
        if phase == "killed":
            (folder / "between").touch()
            await asyncio.sleep(600)
        return RouterTurn(decision=Answer(view.evidence[-1].answer))


class Case(TypedDict, total=False):
    """The host's own state: nothing of it is Maestro's, but what both name alike."""

    ticket: str
    question: str
    images: list[str]
    answer: str
    log: Annotated[list[str], operator.add]


registry = Registry(experts=[Expert()], images=ImageStore(folder / "store"))
app = StateGraph(Case)
app.add_node("intake", lambda case: {"question": f"About {case['ticket']}: how wide?", "log": ["in"]})
app.add_node("maestro", create_maestro_graph(registry, Router()).compile())
app.add_node("outtake", lambda case: {"log": [f"out {case['answer']}"]})
app.add_edge(START, "intake")
app.add_edge("intake", "maestro")
app.add_edge("maestro", "outtake")
app.add_edge("outtake", END)

config = {"configurable": {"thread_id": "t"}}
given = None if phase == "resumed" else {"ticket": "T-1", "images": [str(folder / "big.png")]}
database = str(folder / "checkpoints.sqlite")

if form == "sync":
    with SqliteSaver.from_conn_string(database) as saver:
        print(app.compile(checkpointer=saver).invoke(given, config, durability="sync"))
else:

    async def main():
        async with AsyncSqliteSaver.from_conn_string(database) as saver:
            print(await app.compile(checkpointer=saver).ainvoke(given, config, durability="sync"))

    asyncio.run(main())
'''


def start(folder: Path, form: str, phase: str) -> subprocess.Popen[str]:
    script = folder / "host.py"
    script.write_text(HOST)
    return subprocess.Popen(
        [sys.executable, str(script), str(folder), form, phase],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "LANGGRAPH_STRICT_MSGPACK": "true"},
    )


def big_picture(path: Path) -> None:
    """Ten megabytes that do not compress."""
    Image.frombytes("RGB", (2000, 1700), os.urandom(2000 * 1700 * 3)).save(path, compress_level=0)
    assert path.stat().st_size > 10_000_000


def checkpoint_bytes(database: Path) -> int:
    """What the checkpoints hold in all; the file itself has pages to spare."""
    queries = (
        "select sum(length(checkpoint)) + sum(length(metadata)) from checkpoints",
        "select sum(length(value)) from writes",
    )
    with closing(sqlite3.connect(database)) as connection:
        return sum(int(connection.execute(query).fetchone()[0]) for query in queries)


@pytest.mark.parametrize("form", ["sync", "async"])
def test_a_killed_run_resumes_without_asking_again(form: str, tmp_path: Path) -> None:
    big_picture(tmp_path / "big.png")
    first = start(tmp_path, form, "killed")
    while not (tmp_path / "between").exists():
        assert first.poll() is None, first.communicate()[1]
        try:
            first.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    first.send_signal(signal.SIGKILL)
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [line.split()[0] for line in calls] == ["expert", "decide"]

    second = start(tmp_path, form, "resumed")
    out, problems = second.communicate(timeout=120)
    assert second.returncode == 0, problems
    assert "'answer': '2000'" in out
    assert "'log': ['in', 'out 2000']" in out
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [line.split()[0] for line in calls] == ["expert", "decide", "decide"]
    assert calls[1].split()[1] != calls[2].split()[1]
    assert 1_000 < checkpoint_bytes(tmp_path / "checkpoints.sqlite") < 200_000
    assert (tmp_path / "checkpoints.sqlite").stat().st_size < 400_000
