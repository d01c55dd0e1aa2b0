import math
import time

import pytest
from box_space import NumberGroup, number_groups

GROUPS = [
    ("[0.1, 0.2, 0.3, 0.4]", [([0.1, 0.2, 0.3, 0.4], True, True)], "a list"),
    ("(1,2),(3,4)", [([1.0, 2.0, 3.0, 4.0], True, True)], "corner pairs side by side are one group"),
    ("(1,2) to (3,4)", [([1.0, 2.0], True, True), ([3.0, 4.0], True, True)], "a word between ends a group"),
    ("2 [3]", [([2.0], False, True), ([3.0], True, True)], "bare numbers stay apart from those in brackets"),
    ("[3] 2", [([3.0], True, True), ([2.0], False, True)], "behind them too"),
    ("[0.1, 0.2", [([0.1, 0.2], True, False)], "a bracket never closed"),
    ("-1e-3;.5 +2", [([-0.001, 0.5, 2.0], False, True)], "signs, exponents, other separators"),
    ("x0 a1 1.2.3 no info", [], "no number inside a word or a version"),
    ("", [], "nothing"),
]


@pytest.mark.parametrize(("text", "expected", "remark"), GROUPS)
def test_numbers_stand_in_the_groups_that_the_text_makes(text, expected, remark):
    groups = [(group.numbers, group.bracketed, group.closed) for group in number_groups(text)]
    assert groups == expected, remark


def test_numbers_that_are_not_finite_are_given_as_they_are():
    (group,) = number_groups("nan, -inf, 1e999")
    assert isinstance(group, NumberGroup)
    assert math.isnan(group.numbers[0])
    assert group.numbers[1:] == [-math.inf, math.inf]


def test_the_time_grows_with_the_length_alone():
    started = time.perf_counter()
    number_groups("1" * 200_000 + "x" + "[" * 200_000 + "1." * 100_000)
    assert time.perf_counter() - started < 5
