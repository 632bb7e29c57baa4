"""Forms of a question: the same in every process, never without what is asked about."""

from __future__ import annotations

import subprocess
import sys

import pytest

from maestro_training.encoder._forms import forms

QUESTION = 'How many "Red Barn" tickets at 12.50 did Oslo sell in 2019?'


def test_the_question_itself_is_the_first() -> None:
    assert forms(QUESTION, 1) == (QUESTION,)
    assert forms(QUESTION, 5)[0] == QUESTION
    assert len(set(forms(QUESTION, 12))) > 3


@pytest.mark.parametrize("kept", ["12.50", "Oslo", "2019", "Barn"])
def test_names_and_numbers_stay(kept: str) -> None:
    assert all(kept in form for form in forms(QUESTION, 50))


def test_known_phrases_are_said_otherwise() -> None:
    found = forms("How many cells are there?", 60)
    assert any("number of cells" in form for form in found)
    assert any(form.startswith("How many") for form in found[1:])


def test_another_process_finds_the_same() -> None:
    script = f"from maestro_training.encoder._forms import forms; print(*forms({QUESTION!r}, 6), sep='|')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "|".join(forms(QUESTION, 6))


def test_odd_texts() -> None:
    for text in ("", "?", "\ud800", "a" * 5000):
        assert forms(text, 3)[0] == text


@pytest.mark.parametrize(
    "step",
    [
        "Add 46 to that number.",
        "Then take 46 away from the result.",
        "Give 46 times that number.",
        "What is 46% of it?",
    ],
)
def test_a_step_of_arithmetic_keeps_its_number(step: str) -> None:
    found = forms(f"How many lamps are there? {step}", 40)
    assert all("46" in form for form in found)
    assert any(step.split()[0] not in form for form in found)
