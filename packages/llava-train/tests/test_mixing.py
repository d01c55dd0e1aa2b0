from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llava_train import SettingsError, mix


def numbered(prefix: str, count: int) -> list[dict[str, Any]]:
    return [{"id": f"{prefix}{k}"} for k in range(count)]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


@given(st.integers(0, 9), st.integers(1, 9), st.floats(0, 5), st.integers(0, 99))
def test_all_own_rows_and_the_asked_number_of_base_rows_are_there_once(
    own: int, base: int, ratio: float, seed: int
) -> None:
    mixed = ids(mix(numbered("own", own), numbered("base", base), ratio=ratio, seed=seed))
    assert len(set(mixed)) == len(mixed) == own + round(ratio * own)
    assert {row_id for row_id in mixed if row_id.startswith("own")} == set(ids(numbered("own", own)))


@given(st.permutations(range(8)), st.integers(0, 5))
def test_the_mix_does_not_depend_on_the_order_of_its_inputs(order: list[int], seed: int) -> None:
    own, base = numbered("own", 8), numbered("base", 8)
    shuffled = mix([own[k] for k in order], [base[k] for k in order], ratio=0.5, seed=seed)
    assert shuffled == mix(own, base, ratio=0.5, seed=seed)


def test_another_seed_takes_other_base_rows_in_another_order() -> None:
    own, base = numbered("own", 20), numbered("base", 200)
    first, second = (mix(own, base, ratio=1, seed=seed) for seed in (0, 1))
    assert ids(first) != ids(second)
    assert set(ids(first)) != set(ids(second))


def test_an_infinite_ratio_takes_every_base_row_once() -> None:
    assert len(mix(numbered("own", 2), numbered("base", 7), ratio=math.inf, seed=0)) == 9


def test_every_base_row_is_used_before_one_is_repeated() -> None:
    mixed = ids(mix(numbered("own", 4), numbered("base", 3), ratio=1, seed=0))
    assert {"base0", "base1", "base2"} < set(mixed)
    assert sum(row_id.endswith("#2") for row_id in mixed) == 1


def test_an_id_of_both_sets_is_told_apart() -> None:
    assert sorted(ids(mix([{"id": "a"}], [{"id": "a"}], ratio=1, seed=0))) == ["a", "a#2"]


@pytest.mark.parametrize(("base", "ratio"), [(1, -0.1), (1, math.nan), (0, 1.0)])
def test_an_impossible_ratio_is_refused(base: int, ratio: float) -> None:
    with pytest.raises(SettingsError, match="ratio"):
        mix(numbered("own", 2), numbered("base", base), ratio=ratio, seed=0)
