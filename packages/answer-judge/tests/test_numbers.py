from __future__ import annotations

from fractions import Fraction

import pytest
from answer_judge import NumberRung, Pair, default_ladder
from answer_judge.quantities import parse_quantity
from answer_judge.units import UNITS, converted
from hypothesis import given
from hypothesis import strategies as st

VALUES = [
    ("twenty-five", Fraction(25)),
    ("two hundred and five", Fraction(205)),
    ("one thousand two hundred", Fraction(1200)),
    ("twelve hundred", Fraction(1200)),
    ("1,234.5", Fraction(12345, 10)),
    ("1 000 000", Fraction(10**6)),
    ("2.5 million", Fraction(2_500_000)),
    ("half a dozen", Fraction(6)),
    ("one and a half", Fraction(3, 2)),
    ("1 1/2", Fraction(3, 2)),
    ("three quarters", Fraction(3, 4)),
    ("three point one four", Fraction(157, 50)),
    ("1.5 x 10^3", Fraction(1500)),
    ("-5", Fraction(-5)),
    ("minus five", Fraction(-5)),
    ("1e3", Fraction(1000)),
]
NO_QUANTITIES = [
    "nan",
    "inf",
    "-inf",
    "third",
    "3rd",
    "5 or 6",
    "1, 2, 3",
    "10:30",
    "a dog",
    "",
    "9" * 40,
    "1/0",
    "50/50",
]
NO_QUANTITIES += ["10 Downing Street", "5 dogs and a cat", "not 5"]
ACCEPTED = [
    ("50 mm", "5 cm"),
    ("an hour and a half", "90 minutes"),
    ("5 ft 6 in", "66 inches"),
    ("212 °F", "100 °C"),
    ("1.97 inches", "5 cm"),  # 5.0038 cm
    ("50%", "0.5"),
    ("0.5", "50%"),
    ("about 53", "about 50"),
    ("$1.50", "150 cents"),
    ("20 EUR", "€20"),
    ("5", "4-6"),
    ("5 cm", "5"),
    ("7 dogs", "7"),
    ("3.14159", "3.14"),
    ("more than five", "over 5"),
]
REJECTED = [
    ("5 cm", "5 inches"),
    ("5", "5 cm"),
    ("5 kg", "5 km"),
    ("900 m", "1 km"),
    ("180 cm", "6 ft"),  # 5.906 ft
    ("53", "50"),
    ("5.4", "5"),
    ("3.1", "3.14"),
    ("4-6", "5"),
    ("more than 5", "5"),
    ("-5", "5"),
    ("£5", "$5"),
    ("0.5%", "0.5"),
    ("2 years", "2 months"),
    ("5 m", "5 m/s"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_numbers_are_read_exactly(text: str, value: Fraction) -> None:
    quantity = parse_quantity(text)
    assert quantity is not None
    assert quantity.low == quantity.high == value


@pytest.mark.parametrize("text", NO_QUANTITIES)
def test_what_is_no_single_quantity_is_not_read_as_one(text: str) -> None:
    assert parse_quantity(text) is None


@pytest.mark.parametrize(("answer", "reference"), ACCEPTED)
def test_quantities_that_agree_are_accepted(answer: str, reference: str) -> None:
    verdict = default_ladder().judge(answer, reference)
    assert (verdict.accepted, verdict.rung) == (True, "number"), verdict


@pytest.mark.parametrize(("answer", "reference"), REJECTED)
def test_quantities_that_differ_are_rejected_with_both_values(answer: str, reference: str) -> None:
    verdict = default_ladder().judge(answer, reference)
    assert (verdict.accepted, verdict.rung) == (False, "number"), verdict
    assert " is not " in verdict.reason


def test_a_missing_unit_can_be_let_pass() -> None:
    pair = Pair("5", "5 cm")
    assert NumberRung()([pair])[0].accepted is False
    assert NumberRung(needs_unit=False)([pair])[0].accepted is True


def test_a_relative_tolerance_comes_on_top() -> None:
    assert NumberRung(tolerance=0.05)([Pair("104", "100"), Pair("106", "100")])[0].accepted is True
    assert NumberRung(tolerance=0.05)([Pair("104", "100"), Pair("106", "100")])[1].accepted is False


@given(st.integers(-(10**9), 10**9))
def test_every_integer_agrees_with_itself_with_and_without_separators(number: int) -> None:
    assert NumberRung()([Pair(f"{number:,}", str(number))])[0].accepted is True
    assert NumberRung()([Pair(str(number + 1), str(number))])[0].accepted is False


@given(st.fractions(-1000, 1000), st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_conversions_are_exact_inverses(value: Fraction, one: str, other: str) -> None:
    first, second = UNITS[one][0], UNITS[other][0]
    if first.dimension == second.dimension:
        assert converted(converted(value, first, second), second, first) == value


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    quantity = parse_quantity(text)
    assert quantity is None or quantity.low <= quantity.high
