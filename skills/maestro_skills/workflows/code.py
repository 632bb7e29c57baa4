"""Code from a picture: read a test, write the function, run it in the sandbox, repair it with the error."""

from __future__ import annotations

import re

from maestro_graph.errors import CallFailure
from maestro_graph.evidence import Json
from maestro_graph.experts import ExpertReply
from maestro_graph.skills import SkillCall
from maestro_skills._skill_file import SkillFile
from maestro_skills._steps import workbench
from maestro_skills.sandbox import CheckResult, Sandbox, check_asserts, choose_sandbox, split_asserts

__all__ = ["run"]

ROUNDS = 3
FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)```", re.DOTALL)
ASSERT = re.compile(r"^\s*(assert\b.*)$", re.MULTILINE)


async def run(file: SkillFile, call: SkillCall) -> ExpertReply:
    """Run the skill; its prompts are `test`, `write` and `repair`.

    The reply's answer is the code block; `details` say whether it passed the test that was read, after how many rounds.

    Raises:
        CallFailure: `refused` without a sandbox; `unusable` if no code was written.
    """
    sandbox = choose_sandbox()
    async with workbench(file, call) as bench:
        test = _read_test((await bench.start("test")).text)
        shown = {"test": test or "(no test could be read)"}
        code = code_block((await bench.start("write", shown)).text)
        result = await _check(code, test, sandbox, call)
        rounds = 0
        while result is not None and result.verdict != "pass" and rounds < ROUNDS:
            rounds += 1
            repaired = await bench.start("repair", {**shown, "code": code, "error": result.reason})
            code = code_block(repaired.text)
            result = await _check(code, test, sandbox, call)
    details: dict[str, Json] = {
        "test": test,
        "verdict": result.verdict if result is not None else "not checked",
        "reason": result.reason if result is not None else "no test could be read from the picture",
        "repairs": rounds,
        "sandbox": sandbox.name,
    }
    return ExpertReply(
        text=f"```python\n{code}\n```\nIn the sandbox: {details['verdict']} ({details['reason']}).",
        answer=code,
        confidence={"pass": 0.9, "not checked": 0.4}.get(str(details["verdict"]), 0.2),
        details=details,
    )


def _read_test(text: str) -> str | None:
    """The first assert in the reply that can be judged outside the sandbox."""
    for line in ASSERT.findall(text):
        try:
            split_asserts(line)
        except ValueError:
            continue
        return str(line).strip()
    return None


def code_block(text: str) -> str:
    """The last fenced block of a reply, or the whole reply if it is code without a fence.

    Raises:
        CallFailure: `unusable`, if there is none.
    """
    if blocks := FENCE.findall(text):
        return str(blocks[-1]).strip()
    if re.search(r"^\s*def \w+\(", text, re.MULTILINE):
        return text.strip()
    raise CallFailure("unusable", f"the reply holds no code block: {text[:120]!r}")


async def _check(code: str, test: str | None, sandbox: Sandbox, call: SkillCall) -> CheckResult | None:
    if test is None:
        return None
    result = await check_asserts(code, test, sandbox)
    call.note("sandbox", {"verdict": result.verdict, "reason": result.reason, "by": sandbox.name})
    return result
