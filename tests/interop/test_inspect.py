"""inspect_ai runs its own task on the embedded ensemble. Needs the extra `inspect`: `make inspect`."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, ContentAudio, ContentImage, ContentText, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import Tool, tool

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("default")]  # inspect_ai leaves streams open

IMAGES = Path(__file__).parents[2] / "examples" / "images"


def asked(question: str, *images: str, target: str) -> Sample:
    content = [ContentText(text=question), *(ContentImage(image=str(IMAGES / image)) for image in images)]
    return Sample(input=[ChatMessageUser(content=content)], target=target)


def run(task: Task, folder: Path, **options: object) -> EvalLog:
    (log,) = eval(task, model="maestro/embedded", log_dir=str(folder), display="none", max_samples=1, **options)
    return log


def test_a_task_with_pictures(tmp_path: Path) -> None:
    samples = [
        asked("How many coins are there?", "coins.png", target="24"),
        asked("What is 17 + 25?", target="42"),
        asked("What is 17 + 25?", target="43"),
    ]
    log = run(Task(dataset=MemoryDataset(samples), solver=generate(), scorer=match()), tmp_path)
    assert log.status == "success", log.error
    assert log.samples is not None
    told = [(sample.output.completion, sample.output.error, sample.output.metadata) for sample in log.samples]
    assert [completion for completion, _, _ in told] == ["24", "42", "42"], told
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value == pytest.approx(2 / 3)
    assert log.samples[0].output.metadata is not None
    assert log.samples[0].output.metadata["stop_reason"] == "answered"
    assert log.samples[0].output.stop_reason == "stop"


def test_model_arguments_and_a_run_without_an_answer(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    task = Task(
        dataset=MemoryDataset([asked("Who composed the music?", "coins.png", target="x")]),
        solver=generate(),
        scorer=match(),
    )
    log = run(task, tmp_path, model_args={"router": "encoder", "max_turns": 1, "trace": str(trace)})
    assert log.status == "success", log.error
    assert log.samples is not None
    assert log.samples[0].output.metadata is not None
    assert len(log.samples[0].output.metadata["turns"]) <= 1
    assert trace.is_file()


def test_what_the_ensemble_cannot_do_is_an_error_that_says_so(tmp_path: Path) -> None:
    @tool
    def clock() -> Tool:
        async def execute() -> str:
            """Tell the time."""
            return "noon"

        return execute

    sample = MemoryDataset([asked("What is 1 + 1?", target="2")])
    log = run(Task(dataset=sample, solver=[use_tools(clock()), generate()], scorer=match()), tmp_path)
    assert log.status == "error"
    assert log.error is not None
    assert "calls no tools of its host" in log.error.message
    with pytest.raises(Exception, match="no model argument 'colour'"):
        get_model("maestro/embedded", colour="red")
    with pytest.raises(Exception, match="takes no base URL"):
        get_model("maestro/embedded", base_url="http://127.0.0.1:1")


async def test_messages_are_read_as_a_chat_hosts() -> None:
    async with get_model("maestro/embedded", memoize=False) as model:
        data = base64.b64encode((IMAGES / "coins.png").read_bytes()).decode()
        picture = ContentImage(image=f"data:image/png;base64,{data}")  # as inspect_ai hands files on
        told = [
            ChatMessageSystem(content="Answer with a number."),
            ChatMessageUser(content=[ContentText(text="Look at this."), picture]),
            ChatMessageUser(content="How many coins are there?"),
        ]
        assert (await model.generate(told)).completion == "24"
        sound = ContentAudio(audio="data:audio/wav;base64,AAAA", format="wav")
        with pytest.raises(Exception, match="reads text and pictures"):
            await model.generate([ChatMessageUser(content=[sound])])
