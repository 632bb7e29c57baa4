"""Questions over tables: pure, no picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_graph.embedded.chart import Table, answer_question
from maestro_graph.embedded.chart._mentions import find_mentions
from maestro_graph.embedded.chart._numbers import format_value, parse_number


def table(**changes: object) -> Table:
    values: dict[str, object] = {
        "kind": "bars",
        "title": "Cars sold",
        "x_label": "Country",
        "y_label": "Thousands",
        "series": ("",),
        "categories": ("Japan", "United States", "Germany", "France"),
        "values": ((40.0, 100.0, 70.0, 30.0),),
        "confidence": ((0.9,) * 4,),
        "resolution": 0.5,
        "category_colours": ("blue", "red", "green", "orange"),
    }
    values.update(changes)
    return Table(**values)  # type: ignore[arg-type]


GROUPED = table(
    series=("Wheat", "Wages"),
    categories=("1990", "1995", "2000"),
    values=((10.0, 30.0, 20.0), (5.0, 6.0, 25.0)),
    confidence=((0.9,) * 3,) * 2,
    x_label="Year",
    y_label="Shillings",
    series_colours=("blue", "orange"),
    category_colours=(),
)
PIE = table(
    kind="pie", values=((16.0, 42.0, 30.0, 12.0),), unit="%", resolution=0.0, x_label="", y_label="", title="Share"
)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the value of Germany?", "70"),
        ("How many thousands did japan sell?", "40"),
        ("What is the value for the Untied States?", "100"),
        ("Which country has the highest value?", "United States"),
        ("Which country has the second highest value?", "Germany"),
        ("Which country has the least?", "France"),
        ("What is the maximum value?", "100"),
        ("What is the value of the smallest bar?", "30"),
        ("What is the difference between Germany and France?", "40"),
        ("How much higher is the United States than Japan?", "60"),
        ("How many more thousands did Germany sell than Japan?", "30"),
        ("What is the ratio of Germany to Japan?", "1.75"),
        ("How many times larger is the United States than Japan?", "2.5"),
        ("What is the sum of Japan and France?", "70"),
        ("What is the total of all bars?", "240"),
        ("What is the average value?", "60"),
        ("What is the median value?", "55"),
        ("How many bars are there?", "4"),
        ("How many countries are shown?", "4"),
        ("How many countries have more than 50?", "2"),
        ("How many countries have a value below 35?", "1"),
        ("How many countries have a value between 35 and 75?", "2"),
        ("Is Germany higher than France?", "Yes"),
        ("Does Japan exceed 50?", "No"),
        ("Is the value of Japan less than Germany?", "Yes"),
        ("Which is higher, Japan or France?", "Japan"),
        ("What is the title of the chart?", "Cars sold"),
        ("What is the label of the x axis?", "Country"),
        ("What does the y-axis represent?", "Thousands"),
        ("What colour is the bar for Germany?", "green"),
        ("What does the red bar show?", "United States"),
        ("What type of chart is this?", "bar chart"),
        ("What percentage of the total is Germany?", "29.2%"),
        ("Which country has a value of 70?", "Germany"),
    ],
)
def test_questions_over_one_row(question: str, answer: str) -> None:
    found = answer_question(question, table())
    assert found is not None
    assert found.answer == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is the value of Wages in 1995?", "6"),
        ("In which year did Wheat peak?", "1995"),
        ("Which series has the highest value in 2000?", "Wages"),
        ("Which is highest in 1990?", "Wheat"),
        ("How many series are there?", "2"),
        ("How many lines are there?", "2"),
        ("Did Wages increase or decrease between 1990 and 2000?", "increase"),
        ("Did Wheat increase between 1995 and 2000?", "No"),
        ("What is the difference between Wheat and Wages in 1995?", "24"),
        ("In which year is the difference between Wheat and Wages the largest?", "1995"),
        ("In how many years is Wheat higher than Wages?", None),
        ("What does the orange line show?", "Wages"),
        ("What is the average value for Wheat?", "20"),
        ("Is Wheat higher than Wages in 2000?", "No"),
    ],
)
def test_questions_over_several_rows(question: str, answer: str | None) -> None:
    found = answer_question(question, GROUPED)
    if answer is not None:
        assert found is not None
        assert found.answer == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What percentage of the pie is Germany?", "30%"),
        ("What share does France have?", "12%"),
        ("What is the combined share of Japan and France?", "28%"),
        ("Which slice is the largest?", "United States"),
        ("How many slices are there?", "4"),
    ],
)
def test_questions_over_a_pie(question: str, answer: str) -> None:
    found = answer_question(question, PIE)
    assert found is not None
    assert found.answer == answer


def test_a_question_about_something_else_has_no_answer() -> None:
    assert answer_question("Who painted this?", table()) is None
    assert answer_question("", table()) is None


def test_a_near_tie_lowers_the_confidence() -> None:
    close = table(values=((40.0, 70.1, 70.0, 30.0),))
    clear = answer_question("Which country has the highest value?", table())
    tied = answer_question("Which country has the highest value?", close)
    assert clear is not None
    assert tied is not None
    assert clear.confidence is not None
    assert tied.confidence < clear.confidence


def test_years_are_never_matched_loosely() -> None:
    assert find_mentions("the value of 1996", ["1995", "1997"]) == []
    assert [m.index for m in find_mentions("What about wheat?", ["Wheat"])] == [0]


def test_question_words_are_no_names() -> None:
    assert [m.start for m in find_mentions("What was it for Wheat?", ["Wheat"])] == [16]


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(
    question=st.text(max_size=80),
    categories=st.lists(names, min_size=1, max_size=6, unique=True),
    values=st.lists(st.none() | st.floats(-1e9, 1e9), min_size=6, max_size=6),
    words=st.sampled_from(
        ["", "highest", "ratio of", "how many", "difference between", "average", "is it more than 5"]
    ),
)
def test_no_question_raises(question: str, categories: list[str], values: list[float | None], words: str) -> None:
    size = len(categories)
    made = table(
        categories=tuple(categories),
        values=(tuple(values[:size]), tuple(values[-size:])),
        series=("a b", "c"),
        confidence=((0.5,) * size,) * 2,
        category_colours=(),
    )
    found = answer_question(f"{question} {words} {categories[0]} and {categories[-1]}", made)
    assert found is None or 0 <= found.confidence <= 1
    assert Table.from_json(made.to_json()) == made


@pytest.mark.parametrize("data", [None, [], {}, {"kind": "bars", "values": 3}, {"kind": "pie", "values": [["a"]]}])
def test_what_is_no_table_is_a_value_error(data: object) -> None:
    with pytest.raises(ValueError, match=r"table|row|cell|values"):
        Table.from_json(data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,200", 1200), ("2.5k", 2500), ("3M", 3e6), ("45%", 45), ("$1,000", 1000), ("−20", -20), ("-0.5", -0.5),
        ("4,200-", 4200), ("1e6", 1e6), ("10", 10), ("abc", None), ("Jan 2004", None), ("", None),
    ],
)  # fmt: skip
def test_numbers_as_charts_print_them(text: str, value: float | None) -> None:
    number = parse_number(text)
    assert (None if number is None else number.value) == value


def test_numbers_are_rounded_to_what_a_pixel_tells() -> None:
    assert format_value(35.2371, 0.27) == "35.2"
    assert format_value(35220.4, 120) == "35220"
    assert format_value(-0.0001, 0.01) == "0"


def test_colours_that_are_names_of_the_categories() -> None:
    eyes = table(
        title="Eyes", categories=("Brown", "Blue", "Hazel", "Green"), category_colours=("red", "blue", "gray", "pink")
    )
    for question in ("Which eye colour is the least common?", "What colour is the rarest?"):
        found = answer_question(question, eyes)
        assert found is not None
        assert found.answer == "Green"
    drawn = answer_question("What colour is the bar of Japan?", table())
    assert drawn is not None
    assert drawn.answer == "blue"


@pytest.mark.parametrize("text", ["QX 482", "1e999", "3x10^400"])
def test_codes_and_numbers_past_all_bounds_are_none(text: str) -> None:
    assert parse_number(text) is None
