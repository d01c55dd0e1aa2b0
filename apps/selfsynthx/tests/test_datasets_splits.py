"""Rows in train, validation and test."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selfsynthx.datasets import LabelledRow, Shares, carve_validation, split_rows
from selfsynthx.errors import SettingsError


def rows_of(labels: Sequence[str], split: str = "") -> list[LabelledRow]:
    return [LabelledRow(id=f"row-{k}", image=f"{k}.png", label=label, split=split) for k, label in enumerate(labels)]


def splits_of(rows: Sequence[LabelledRow]) -> dict[str, str]:
    return {row["id"]: row["split"] for row in rows}


def test_each_label_is_divided_by_the_shares() -> None:
    rows = split_rows(rows_of("ab" * 20 + "c" * 10), Shares(0.7, 0.1, 0.2), seed=3)
    counts = Counter((row["label"], row["split"]) for row in rows)
    assert [counts["a", split] for split in ("train", "validation", "test")] == [14, 2, 4]
    assert [counts["b", split] for split in ("train", "validation", "test")] == [14, 2, 4]
    assert [counts["c", split] for split in ("train", "validation", "test")] == [7, 1, 2]


def test_many_small_labels_come_to_the_shares_together() -> None:
    rows = split_rows(rows_of([f"label {k % 20}" for k in range(100)]), Shares(), seed=0)
    assert Counter(row["split"] for row in rows) == {"train": 80, "validation": 10, "test": 10}


def test_another_seed_makes_another_split() -> None:
    rows = rows_of("a" * 50)
    assert splits_of(split_rows(rows, Shares(), seed=0)) != splits_of(split_rows(rows, Shares(), seed=1))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=40), st.integers(0, 5), st.randoms(use_true_random=False))
def test_where_a_row_goes_depends_on_its_id_alone(labels: list[str], seed: int, random: object) -> None:
    rows = rows_of(labels)
    split = split_rows(rows, Shares(), seed=seed)
    shuffled = list(rows)
    random.shuffle(shuffled)  # pyright: ignore[reportAttributeAccessIssue]
    assert splits_of(split_rows(shuffled, Shares(), seed=seed)) == splits_of(split)
    assert [(row["id"], row["image"], row["label"]) for row in split] == [
        (row["id"], row["image"], row["label"]) for row in rows
    ]
    assert {row["label"] for row in split if row["split"] == "train"} == set(labels)
    wanted = {"train": 0.8, "validation": 0.1, "test": 0.1}
    for name, share in wanted.items():
        assert abs(sum(row["split"] == name for row in split) - share * len(rows)) < 1 + len(set(labels))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), min_size=1, max_size=40), st.integers(0, 5))
def test_groups_stay_together(pairs: list[tuple[str, int]], seed: int) -> None:
    rows = rows_of([label for label, _ in pairs])
    group_of = {row["id"]: f"lesion-{group}" for row, (_, group) in zip(rows, pairs, strict=True)}
    split = split_rows(rows, Shares(0.6, 0.2, 0.2), seed=seed, group=lambda row: group_of[row["id"]])
    places = {(group_of[row["id"]], row["split"]) for row in split}
    assert len(places) == len(set(group_of.values()))
    carved = carve_validation(rows_of([one for one, _ in pairs], "train"), 0.3, seed=seed,
                              group=lambda row: group_of[row["id"]])  # fmt: skip
    assert len({(group_of[row["id"]], row["split"]) for row in carved}) == len(set(group_of.values()))
    assert "test" not in splits_of(carved).values()


def test_validation_is_carved_from_train_alone() -> None:
    rows = [*rows_of("ab" * 10, "train"), LabelledRow(id="t", image="t.png", label="a", split="test")]
    carved = carve_validation(rows, 0.2, seed=0)
    counts = Counter((row["label"], row["split"]) for row in carved)
    assert counts == {("a", "train"): 8, ("b", "train"): 8, ("a", "validation"): 2, ("b", "validation"): 2,
                      ("a", "test"): 1}  # fmt: skip
    assert [row["id"] for row in carved] == [row["id"] for row in rows]
    assert carve_validation(rows, 0.0, seed=0) == rows


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.1, -0.1, 0.0), (float("nan"), 0.5, 0.5)])
def test_shares_must_add_up(shares: tuple[float, float, float]) -> None:
    with pytest.raises(SettingsError, match="shares must be 0 or more and add up to 1; got"):
        Shares(*shares)


def test_something_must_be_left_to_learn_from() -> None:
    with pytest.raises(SettingsError, match="got train 0"):
        Shares(0.0, 0.5, 0.5)
    with pytest.raises(SettingsError, match=r"below 1; got 1\.0"):
        carve_validation(rows_of("a", "train"), 1.0, seed=0)
