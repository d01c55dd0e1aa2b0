"""Do two quantities agree? An answer may say more than its reference, never less."""

from __future__ import annotations

from fractions import Fraction

from answer_judge.quantities import Quantity
from answer_judge.units import Unit, converted
from answer_judge.verdicts import UNDECIDED, Opinion

APPROXIMATE = Fraction(1, 10)
"""Relative tolerance where the reference itself is written as approximate (`about 50`)."""
BETWEEN_SYSTEMS = Fraction(1, 100)
"""Relative tolerance after a conversion between metric and customary units, which people write rounded."""


def compared(answer: Quantity, reference: Quantity, *, tolerance: float = 0.0, needs_unit: bool = True) -> Opinion:
    """Return whether an answer agrees with its reference, or `UNDECIDED` where they count different things.

    Equal means: equal after rounding to the decimals that the reference is written with; a whole number must be met
    exactly. `tolerance` is relative and comes on top.

    >>> from answer_judge.quantities import parse_quantity as read
    >>> compared(read("5 cm"), read("5 inches")).reason
    '5 cm is not 5 inch'
    >>> compared(read("3.14159"), read("3.14")).accepted
    True
    """
    if not reference.units and reference.counted and answer.counted != reference.counted:
        return UNDECIDED
    if reference.units and not answer.units:
        return _without_unit(answer, reference, tolerance, needs_unit)
    if not reference.units and answer.units:
        return _with_more_unit(answer, reference, tolerance)
    pairs = [(said, asked) for said in answer.units for asked in reference.units if said.dimension == asked.dimension]
    if reference.units and not pairs:
        return _refused(answer, reference)
    if not reference.units:
        return _of_values(answer, reference, Fraction(0), tolerance)
    return max(
        (_of_values(_in(answer, *pair), reference, _slack(*pair), tolerance, answer) for pair in pairs),
        key=lambda opinion: opinion.accepted is True,
    )


def _slack(said: Unit, asked: Unit) -> Fraction:
    return Fraction(0) if said.system == asked.system else BETWEEN_SYSTEMS


def _without_unit(answer: Quantity, reference: Quantity, tolerance: float, needs_unit: bool) -> Opinion:
    percent = reference.units[0].dimension == "percent"
    if answer.counted:
        return UNDECIDED
    if percent and _values_agree(answer, _scaled(reference, reference.units[0].factor), Fraction(0), tolerance):
        return Opinion(True, 1.0, f"{shown(answer)} is {shown(reference)}")
    if not needs_unit:
        return _of_values(answer, reference, Fraction(0), tolerance)
    return Opinion(False, 0.0, f"no unit: {shown(answer)} is not {shown(reference)}")


def _with_more_unit(answer: Quantity, reference: Quantity, tolerance: float) -> Opinion:
    """The reference leaves the unit to the question; a percentage may also be meant as the ratio it is."""
    if answer.units[0].dimension != "percent":
        return _of_values(answer, reference, Fraction(0), tolerance)
    if _values_agree(_scaled(answer, answer.units[0].factor), reference, Fraction(0), tolerance):
        return Opinion(True, 1.0, f"{shown(answer)} is {shown(reference)}")
    return _of_values(answer, reference, Fraction(0), tolerance) if reference.low > 1 else _refused(answer, reference)


def _of_values(
    answer: Quantity, reference: Quantity, slack: Fraction, tolerance: float, written: Quantity | None = None
) -> Opinion:
    written = written or answer
    if _values_agree(answer, reference, slack, tolerance):
        return Opinion(True, 1.0, f"{shown(written)} is {shown(reference)}")
    return _refused(written, reference)


def _refused(answer: Quantity, reference: Quantity) -> Opinion:
    return Opinion(False, 0.0, f"{shown(answer)} is not {shown(reference)}")


def _values_agree(answer: Quantity, reference: Quantity, slack: Fraction, tolerance: float) -> bool:
    if answer.bound != reference.bound:
        return False
    single, single_asked = answer.low == answer.high, reference.low == reference.high
    limit = _limit(reference, slack, tolerance)
    if single_asked:
        return single and abs(answer.low - reference.low) <= limit
    return reference.low - limit <= answer.low and answer.high <= reference.high + limit


def _limit(reference: Quantity, slack: Fraction, tolerance: float) -> Fraction:
    """How far off an answer may be, in the reference's unit."""
    half_digit = Fraction(1, 2 * 10**reference.decimals)
    size = abs(reference.low)
    rounding = half_digit if reference.decimals else min(half_digit, slack * size)
    return max(rounding, APPROXIMATE * size if reference.about else Fraction(0)) + Fraction(tolerance) * size


def _in(answer: Quantity, said: Unit, asked: Unit) -> Quantity:
    return Quantity(
        converted(answer.low, said, asked), converted(answer.high, said, asked), bound=answer.bound, units=(asked,)
    )


def _scaled(quantity: Quantity, factor: Fraction) -> Quantity:
    decimals = quantity.decimals + 2 if quantity.decimals else 0
    return Quantity(quantity.low * factor, quantity.high * factor, decimals, bound=quantity.bound, about=quantity.about)


def shown(quantity: Quantity) -> str:
    """Return a quantity for people.

    >>> from answer_judge.quantities import parse_quantity as read
    >>> shown(read("at least two thousand metres"))
    '>= 2000 m'
    """
    numbers = "-".join(f"{float(value):g}" for value in dict.fromkeys((quantity.low, quantity.high)))
    unit = quantity.units[0].name if quantity.units else quantity.counted
    return " ".join(part for part in (quantity.bound, numbers, unit) if part)
