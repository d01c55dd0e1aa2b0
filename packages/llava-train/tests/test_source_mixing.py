from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llava_train import SettingsError, mix, mix_sources

SIZES = {"own": 12, "general": 9, "replay": 5}


def numbered(prefix: str, count: int) -> list[dict[str, Any]]:
    return [{"id": f"{prefix}{k}"} for k in range(count)]


SOURCES = {name: numbered(name, count) for name, count in SIZES.items()}


def source_of(row: dict[str, Any]) -> str:
    return row["id"].split("#")[0].rstrip("0123456789")


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 9))
def test_every_source_gives_exactly_the_rows_asked_for(own: int, general: int, replay: int, seed: int) -> None:
    counts = {"own": own, "general": general, "replay": replay}
    mixed = mix_sources(SOURCES, counts=counts, seed=seed)
    assert mixed.counts == counts
    assert Counter(map(source_of, mixed.rows)) == +Counter(counts)
    assert len({row["id"] for row in mixed.rows}) == len(mixed.rows)
    assert mixed.repeats == {name: max(0, counts[name] - SIZES[name]) for name in SIZES}
    for name in SIZES:
        originals = {row["id"].split("#")[0] for row in mixed.rows if source_of(row) == name}
        assert len(originals) == min(counts[name], SIZES[name]), "every row once before one twice"


def test_shares_are_of_the_whole_mix() -> None:
    mixed = mix_sources(SOURCES, counts={"own": math.inf, "general": 0.3, "replay": 0.1}, seed=0)
    assert mixed.counts == {"own": 12, "general": 6, "replay": 2}  # 12 are 60 % of 20
    assert mix_sources(SOURCES, counts={"own": 1, "general": 1, "replay": 0}, seed=0).counts["replay"] == 0


@given(st.permutations(range(9)), st.permutations(["own", "general", "replay"]))
def test_the_order_of_inputs_does_not_matter(order: list[int], names: list[str]) -> None:
    counts = {"own": 12, "general": 4, "replay": 7}
    sources = SOURCES | {"general": [SOURCES["general"][k] for k in order]}
    shuffled = mix_sources({name: sources[name] for name in names}, counts=counts, seed=3)
    assert shuffled.rows == mix_sources(SOURCES, counts=counts, seed=3).rows


def test_another_count_of_one_source_leaves_the_choice_of_the_others() -> None:
    first, second = (
        {row["id"] for row in mix_sources(SOURCES, counts={"own": own, "general": 4, "replay": 2}, seed=0).rows}
        for own in (3, 9)
    )
    assert first < second


def test_another_seed_takes_other_rows() -> None:
    counts = {"own": 6, "general": 4, "replay": 2}
    first, second = ({row["id"] for row in mix_sources(SOURCES, counts=counts, seed=seed).rows} for seed in (0, 1))
    assert first != second


def test_two_sources_hold_the_rows_of_mix() -> None:
    sources = {"own": SOURCES["own"], "base": SOURCES["general"]}
    ours = mix_sources(sources, counts={"own": math.inf, "base": 6}, seed=5).rows
    assert list(ours) == mix(SOURCES["own"], SOURCES["general"], ratio=0.5, seed=5)


def test_one_id_in_several_sources_is_told_apart() -> None:
    mixed = mix_sources({"a": [{"id": "1"}], "b": [{"id": "1"}]}, counts={"a": 1, "b": 1}, seed=0)
    assert sorted(row["id"] for row in mixed.rows) == ["1", "1#2"]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"own": 1}, r"counts must name the sources \['general', 'own', 'replay'\]; got \['own'\]"),
        (
            {"own": 1.5, "general": 0, "replay": 0},
            "counts must be whole numbers, shares below 1 or inf; got 1.5 for 'own'",
        ),
        ({"own": -1, "general": 0, "replay": 0}, "got -1 for 'own'"),
        ({"own": math.nan, "general": 0, "replay": 0}, "got nan for 'own'"),
        ({"own": 0.5, "general": 0.5, "replay": 1}, "shares must add up to below 1 beside a count"),
        ({"own": 0.5, "general": 0.2, "replay": 0}, "beside 0 rows"),
    ],
)
def test_impossible_counts_are_refused(counts: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        mix_sources(SOURCES, counts=counts, seed=0)


def test_rows_of_an_empty_source_are_refused() -> None:
    with pytest.raises(SettingsError, match="counts asks for 2 rows of 'own', which is empty"):
        mix_sources({"own": []}, counts={"own": 2}, seed=0)
