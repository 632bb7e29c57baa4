"""Rows laid out as a prefix tree: every row can be read back, and every token sees its own row and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maestro_training.policy._tree import prefix_tree

ROWS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=9)


@given(ROWS)
def test_rows_can_be_read_back(rows: list[list[int]]) -> None:
    tree = prefix_tree(rows)
    for row, places in zip(rows, tree.places, strict=True):
        assert [tree.ids[at] for at in places] == row
        assert [tree.depths[at] for at in places] == list(range(len(row)))


@given(ROWS)
def test_a_token_sees_its_own_row_up_to_itself(rows: list[list[int]]) -> None:
    tree = prefix_tree(rows)
    sees = tree.ancestors()
    for places in tree.places:
        for at in places:
            visible = {
                other for other in range(len(tree.ids)) if other <= at and sees[tree.segments[at]][tree.segments[other]]
            }
            assert visible == {place for place in places if place <= at}


@given(ROWS)
def test_each_prefix_stands_once(rows: list[list[int]]) -> None:
    prefixes = {tuple(row[:end]) for row in rows for end in range(1, len(row) + 1)}
    assert len(prefix_tree(rows).ids) == len(prefixes)


@pytest.mark.parametrize("rows", [[], [[1], []]])
def test_nothing_to_lay_out(rows: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="no row may be empty"):
        prefix_tree(rows)
