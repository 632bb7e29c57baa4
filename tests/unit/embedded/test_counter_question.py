"""What the counter understands of a question."""

import pytest

from maestro_graph.embedded.counter._nouns import tellable
from maestro_graph.embedded.counter._question import parse_question


@pytest.mark.parametrize(
    ("question", "form", "colours"),
    [
        ("How many coins are there?", None, ()),
        ("How many red circles are there in the picture?", "circle", ("red",)),
        ("How many circles are in the image? Answer with a number in curly brackets, e.g. {9}", "circle", ()),
        ("Count the dots.", "dot", ()),
        ("What is the number of stars?", "star", ()),
        ("How many of the shapes are purple?", None, ("purple",)),
        ("How many triangles are yellow?", "triangle", ("yellow",)),
        ("How many crosses in red do you see?", "cross", ("red",)),
        ("Count the squares of the colour blue.", "square", ("blue",)),
        ("How many circles in the picture are blue?", "circle", ("blue",)),
        ("How many grey or violet crosses can you see?", "cross", ("gray", "purple")),
    ],
)
def test_counts(question, form, colours):
    query = parse_question(question)
    assert (query.kind, query.refusal) == ("count", "")
    assert (query.targets[0].form, query.targets[0].colours) == (form, colours)


def test_what_is_left_out():
    assert parse_question("How many shapes are not green?").targets[0].without_colours == ("green",)
    assert parse_question("How many objects are neither red nor blue?").targets[0].without_colours == ("red", "blue")
    assert parse_question("How many shapes are there other than circles?").targets[0].without_form == "circle"


def test_sums_of_two_forms():
    query = parse_question("How many circles or squares are blue?")
    assert [(t.form, t.colours) for t in query.targets] == [("circle", ("blue",)), ("square", ("blue",))]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Are there more red than blue squares?", "more"),
        ("Are there more red squares than blue ones?", "more"),
        ("Are there fewer red squares than blue squares?", "fewer"),
        ("Are there as many red squares as blue squares?", "equal"),
        ("How many more red than blue squares are there?", "difference"),
    ],
)
def test_comparisons_give_both_sides_the_noun(question, kind):
    query = parse_question(question)
    assert query.kind == kind
    assert [(t.form, t.colours) for t in query.targets] == [("square", ("red",)), ("square", ("blue",))]


def test_numbers_in_the_question():
    query = parse_question("Are there at least three stars?")
    assert (query.kind, query.number, query.targets[0].form) == ("more", 2, "star")


@pytest.mark.parametrize(
    ("question", "kind", "asks"),
    [
        ("How many different colours are there?", "colours", ()),
        ("How many times do the blue and red lines intersect?", "crossings", ()),
        ("How many rows and columns has the grid?", "grid", ("row", "column")),
        ("Which colour is most common?", "most", ("colour",)),
        ("Is there a red square?", "exists", ()),
    ],
)
def test_other_kinds(question, kind, asks):
    query = parse_question(question)
    assert (query.kind, query.asks, query.refusal) == (kind, asks, "")


@pytest.mark.parametrize(
    "question",
    ["How many people are in the photo?", "How many words are there?", "What is the total?", "",
     "How many percent is A?", "How many times a day should it be taken?"],
)  # fmt: skip
def test_what_it_refuses(question):
    assert parse_question(question).refusal


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How many rows are in the grid?", ("row",)),
        ("How many columns does the table with 4 rows have?", ("column",)),
        ("What is the number of rows in the grid, if it has 3 columns?", ("row",)),
        ("How many rows and columns does the grid have?", ("row", "column")),
        ("Count the number of rows and the number of columns.", ("row", "column")),
        ("How many rows are there, and how many columns?", ("row", "column")),
    ],
)
def test_which_dimension_of_a_grid_is_asked(question, asks):
    assert parse_question(question).asks == asks


@pytest.mark.parametrize(
    ("question", "can"),
    [
        ("How many coins are there?", True),
        ("How many potatoes are on the table?", True),
        ("How many leaves are there?", True),
        ("How many objects are there?", True),
        ("How many red circles are there?", True),
        ("How many are there?", True),
        ("How many towers stand around the rocket?", False),
        ("How many zebras are there?", False),
    ],
)
def test_what_colour_and_form_can_tell(question, can):
    query = parse_question(question)
    assert not query.refusal
    assert all(tellable(target) for target in query.targets) is can
