from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occlusion import OcclusionError
from occlusion.class_balance import ClassCount, class_balance, effective_classes
from occlusion.selection import cap_per_head

ROWS = [{"head": head} for head in ["dog", "Dogs", "DOG", "cat", "theremin", "duck", "dog", "ducks"]]


def test_counts_and_shares_by_head_and_category() -> None:
    balance = class_balance(ROWS)
    assert balance.count == 8
    assert balance.heads == (
        ClassCount("dog", 4, 0.5),
        ClassCount("duck", 2, 0.25),
        ClassCount("cat", 1, 0.125),
        ClassCount("theremin", 1, 0.125),
    )
    assert balance.categories == (
        ClassCount("animal", 5, 0.625),
        ClassCount("bird", 2, 0.25),
        ClassCount("object", 1, 0.125),
    )


def test_the_category_of_the_question_counts_before_the_lexicon() -> None:
    rows = [{"head": "goldfish", "category": "pet"}, {"head": "duck", "category": ""}]
    assert [one.name for one in class_balance(rows).categories] == ["bird", "pet"]
    assert [one.name for one in class_balance(rows[1:], lexicon={"duck": "animal"}).categories] == ["animal"]


def test_the_effective_number_of_classes_by_hand() -> None:
    assert class_balance(ROWS).effective_heads == pytest.approx(2**1.75)  # bits: 0.5 * 1 + 0.25 * 2 + 2 * 0.125 * 3
    assert effective_classes([3, 3, 3]) == pytest.approx(3)
    assert effective_classes([7, 0]) == 1
    assert effective_classes([]) == 0


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_effective_classes_lie_between_one_and_all(counts: list[int]) -> None:
    assert 1 - 1e-9 <= effective_classes(counts) <= len(counts) + 1e-9
    assert effective_classes(counts) == pytest.approx(effective_classes(counts[::-1]))


@given(st.lists(st.sampled_from(["dog", "dogs", "cat", "Hot-dogs", "hot  dog"]), max_size=20), st.integers(1, 5))
def test_a_cap_does_what_the_report_says(heads: list[str], most: int) -> None:
    rows = [{"image": str(at), "head": head, "ppl_head": 2.0} for at, head in enumerate(heads)]
    effect = class_balance(rows).cap_effect(most)
    assert effect.kept == len(cap_per_head(rows, most))
    assert effect.kept + effect.dropped == len(rows)


def test_the_report_is_plain_rows() -> None:
    balance = class_balance(ROWS)
    assert balance.rows(top_heads=1) == [
        {"class": "category", "name": "animal", "instances": 5, "share": 0.625},
        {"class": "category", "name": "bird", "instances": 2, "share": 0.25},
        {"class": "category", "name": "object", "instances": 1, "share": 0.125},
        {"class": "head", "name": "dog", "instances": 4, "share": 0.5},
    ]
    assert len(balance.rows(top_heads=None)) == 7
    assert balance.summary(caps=(1, 3)) == {
        "instances": 8,
        "heads": 4,
        "effective_heads": 3.36,
        "categories": 3,
        "effective_categories": round(math.exp(-sum(p * math.log(p) for p in (0.625, 0.25, 0.125))), 2),
        "largest_head_share": 0.5,
        "largest_category_share": 0.625,
        "dropped_by_cap_1": 4,
        "dropped_by_cap_3": 1,
    }
    assert json.loads(json.dumps(balance.rows())) == balance.rows()


def test_nothing_has_a_balance_too() -> None:
    balance = class_balance([])
    assert balance.rows() == []
    assert balance.summary() == {
        "instances": 0,
        "heads": 0,
        "effective_heads": 0.0,
        "categories": 0,
        "effective_categories": 0.0,
        "largest_head_share": 0.0,
        "largest_category_share": 0.0,
        "dropped_by_cap_10": 0,
        "dropped_by_cap_100": 0,
        "dropped_by_cap_1000": 0,
    }


def test_a_cap_of_nothing_is_an_error() -> None:
    with pytest.raises(OcclusionError, match="at least 1; got 0"):
        class_balance(ROWS).cap_effect(0)
