"""What the calculator answers, in which form, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import maestro_graph.embedded.calculator as package
from maestro_graph.embedded.calculator import Calculator
from maestro_graph.errors import CallFailure
from maestro_graph.experts import ExpertCard, ExpertRequest

CALCULATOR = Calculator(ExpertCard(name="calculator", description="Calculates."))


def answer(question: str) -> str | None:
    return CALCULATOR.answer(ExpertRequest(question=question)).answer


def refusal(question: str) -> str:
    with pytest.raises(CallFailure) as caught:
        answer(question)
    assert caught.value.kind == "refused"
    return caught.value.message


def test_public_names() -> None:
    assert package.__all__ == ["Calculator"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is 17 % of 250?", "42.5"),
        ("12 * (3+4)", "84"),
        ("What is the square root of 2 to three decimals?", "1.414"),
        ("1/2 + 1/3", "5/6"),
        ("What is 7 / 2?", "3.5"),
        ("What is two thirds of ninety?", "60"),
        ("What is 10 / 3 rounded to 2 decimal places?", "3.33"),
        ("Round 1234 to the nearest hundred", "1200"),
        ("What is 0.75 as a fraction?", "3/4"),
        ("What is 3/4 as a percentage?", "75%"),
        ("Is 97 a prime number?", "yes"),
        ("Subtract 3 from 10", "7"),
        ("12 is what percent of 48?", "25%"),
        ("Increase 80 by 25%", "100"),
        ("Simplify 24/36", "2/3"),
        ("Which is bigger, 3/5 or 5/8?", "5/8"),
        ("5 apples cost $3. How much do 8 apples cost?", "$4.80"),
    ],
)
def test_arithmetic(question: str, expected: str) -> None:
    assert answer(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Convert 5 km to miles", "3.107 miles"),
        ("72 F to C", "22.22 °C"),
        ("Convert 3 hours to minutes", "180 minutes"),
        ("2.5 kg to g", "2500 g"),
        ("How many inches are in 5 feet 10 inches?", "70"),
        ("How many seconds are in 3 hours?", "10800"),
        ("5 km + 300 m", "5.3 km"),
        ("60 km/h * 2 h", "120 km"),
    ],
)
def test_units(question: str, expected: str) -> None:
    assert answer(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Solve 2x + 3 = 11", "4"),
        ("Find the roots of x^2 - 5x + 6 = 0", "x = 2 or x = 3"),
        ("If x + y = 10 and x - y = 2, what is x?", "6"),
        ("Solve the system of equations: 2x + 3y = 12, x - y = 1", "x = 3, y = 2"),
        ("If f(x) = 2x + 1, what is f(3)?", "7"),
        ("Evaluate 3a + 2b if a = 2 and b = 5", "16"),
        ("What value of x satisfies 4x = 20?", "5"),
        ("x² - 2 = 0", "x = -1.414 or x = 1.414"),
        ("Solve 1/(x-1) = 0", "no real solution"),
    ],
)
def test_equations(question: str, expected: str) -> None:
    assert answer(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("If a triangle has angles 50 and 60 degrees, what is the third?", "70°"),
        ("Two angles of a triangle are 35° and 75°. Find the missing angle.", "70°"),
        ("What is the area of a circle with a radius of 5 cm?", "78.54 cm²"),
        ("The hypotenuse of a right triangle is 13 and one leg is 5. What is the other leg?", "12"),
        ("The area of a rectangle is 40 and its length is 8. What is its width?", "5"),
        ("What is the sum of the interior angles of a hexagon?", "720°"),
        ("What is each interior angle of a regular octagon?", "135°"),
        ("Two angles are complementary. One is 25 degrees. What is the other?", "65°"),
        ("An inscribed angle is 40 degrees. What is the central angle?", "80°"),
        ("What is the volume of a box 2 by 3 by 4?", "24"),
        ("The area of a square is 49 cm². What is the side length?", "7 cm"),
    ],
)
def test_geometry(question: str, expected: str) -> None:
    assert answer(question) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("A car travels 120 km in 2 hours. What is its average speed?", "60 km/h"),
        ("A train travels at 60 km/h for 30 minutes. How far does it go?", "30 km"),
        ("What is the simple interest on $1000 at 5% for 3 years?", "$150"),
        ("What is the simple interest on $1000 at 5% for 6 months?", "$25"),
        ("Tom has 15 apples and gives 6 to Mary. How many apples does he have left?", "9"),
        ("If 6 workers finish a job in 10 days, how many days do 4 workers need?", "15"),
        ("How many days are there between March 1 and March 15?", "14"),
        ("A ladder 10 m long leans against a wall with its foot 6 m from the wall. How high does it reach?", "8 m"),
        ("An object has a mass of 20 g and a volume of 4 cm³. What is its density?", "5 g/cm³"),
    ],
)
def test_stories(question: str, expected: str) -> None:
    assert answer(question) == expected


@pytest.mark.parametrize(
    "question",
    [
        "How many coins are there?",
        "What is the total?",
        "Which of the 3 cars is red?",
        "What is written on sign 12?",
        "How many of the 24 coins are gold?",
        "A triangle has an angle of 50 degrees. What is the third angle?",
        "A car drives 60 km in 1 hour, then returns. How far is it from home?",
        "What is the area of a rectangle with side 3 and a hole of 2?",
        "A right triangle has legs 3 and 4 and a color of 5. What is the hypotenuse?",
        "Solve x + y = 3",
        "What is the sum of the two numbers?",
        "What is 5 km in kilograms?",
        "9**9**9**9",
        "What is the factorial of 1000000000?",
        "",
        "?",
        "x",
    ],
)
def test_what_is_not_understood_is_refused(question: str) -> None:
    assert refusal(question)


def test_a_question_about_a_picture_loads_no_sympy() -> None:
    code = (
        "import sys\n"
        "from maestro_graph.embedded.calculator import Calculator\n"
        "from maestro_graph.errors import CallFailure\n"
        "from maestro_graph.experts import ExpertCard, ExpertRequest\n"
        "try:\n"
        "    calculator = Calculator(ExpertCard(name='c', description='d'))\n"
        "    calculator.answer(ExpertRequest(question='How many coins are there?'))\n"
        "except CallFailure:\n"
        "    sys.exit(3 if {'sympy', 'cv2', 'rapidocr'} & set(sys.modules) else 0)\n"
        "sys.exit(4)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


WORDS = st.sampled_from(
    re.split(
        " ",
        "what is the area of a circle triangle with radius angle 5 60 3.5 degrees cm km/h hours and , = x 2x + 17% sum"
        " by solve if then $40 price (1/2 ) ! ^ 9 how many rectangle sides hypotenuse average 10 prime far two percent",
    )
)


@given(st.one_of(st.text(max_size=120), st.lists(WORDS, max_size=14).map(" ".join)))
@settings(max_examples=250, deadline=None)
def test_any_question_ends_in_an_answer_or_a_call_failure(question: str) -> None:
    try:
        reply = CALCULATOR.answer(ExpertRequest(question=question))
    except CallFailure:
        return
    assert reply.answer
    assert reply.confidence is not None


def test_a_very_long_question_is_refused() -> None:
    assert "long" in refusal("1 + " * 100_000 + "1")


async def test_the_async_face_gives_the_same() -> None:
    reply = await CALCULATOR.ask(ExpertRequest(question="2 + 2"))
    assert (reply.answer, reply.usage.calls) == ("4", 1)
