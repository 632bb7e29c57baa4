"""Typed values in text."""

from __future__ import annotations

import pytest

from maestro_graph.embedded.reader._values import Kind, amount, find_values, fit


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Total: $1,234.50 incl.", "money", "$1,234.50"),
        ("Summe 12,80 €", "money", "12,80 €"),
        ("VAT 20% 4.00", "money", "4.00"),
        ("issued 2024-03-14 at noon", "date", "2024-03-14"),
        ("March 4, 2023", "date", "March 4, 2023"),
        ("on 3rd of May 2021", "date", "3rd of May 2021"),
        ("Call (555) 018-2267 now", "phone", "(555) 018-2267"),
        ("+49 40 331 8870", "phone", "+49 40 331 8870"),
        ("mail jo.doe@example.org.", "email", "jo.doe@example.org"),
        ("see www.example.com/shop today", "url", "www.example.com/shop"),
        ("open 9:00 - 17:30", "time", "9:00 - 17:30"),
        ("at 7 pm", "time", "7 pm"),
        ("It is 38 metres tall", "measure", "38 metres"),
        ("rate 7.5 %", "percent", "7.5 %"),
    ],
)
def test_values_are_found_as_printed(text: str, kind: Kind, expected: str) -> None:
    values = find_values(text, kind)
    assert max(values, key=lambda v: v.sure).text == expected


def test_a_date_is_no_phone_number_and_no_money() -> None:
    assert not find_values("2024-03-14", "phone")
    assert fit("2024-03-14", "money")[0] == 0.0


def test_the_rightmost_amount_of_a_row_is_its_price() -> None:
    assert fit("2 x 3.50 7.00", "money")[1] == "7.00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$1,234.50", 1234.5),
        ("1.234,50 €", 1234.5),
        ("12,80", 12.8),
        ("1,000", 1000.0),
        ("-3.20", -3.2),
        ("free", None),
    ],
)
def test_amounts(text: str, expected: float | None) -> None:
    assert amount(text) == expected
