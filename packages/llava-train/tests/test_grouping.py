"""Orders whose batches are alike: each row once, by seed and epoch alone, also after a kill."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llava_train import SettingsError, SftSettings, run_folder, train
from llava_train.grouping import GroupedRows, grouped_order
from llava_train.sft_trainer import _NumberedRows

Rows = list[dict[str, Any]]


@given(
    rows=st.lists(st.tuples(st.integers(1, 900), st.booleans()), max_size=80),
    group_size=st.integers(1, 9),
    seed=st.integers(0, 5),
    by_kind=st.booleans(),
)
def test_each_row_comes_once_and_at_most_one_batch_mixes_kinds(
    rows: list[tuple[int, bool]], group_size: int, seed: int, by_kind: bool
) -> None:
    lengths, kinds = [length for length, _ in rows], [kind for _, kind in rows]
    order = grouped_order(lengths, group_size=group_size, seed=seed, epoch=0, kinds=kinds if by_kind else None)
    assert sorted(order) == list(range(len(rows)))
    batches = [order[start : start + group_size] for start in range(0, len(order), group_size)]
    if by_kind:
        assert sum(len({kinds[k] for k in batch}) > 1 for batch in batches) <= 1


def test_batches_of_similar_rows_need_little_filling() -> None:
    lengths = [20 + 7 * (k * 37 % 101) for k in range(400)]

    def filled(order: list[int]) -> float:
        batches = [[lengths[k] for k in order[start : start + 8]] for start in range(0, 400, 8)]
        return sum(max(batch) * len(batch) for batch in batches) / sum(lengths)

    assert filled(grouped_order(lengths, group_size=8, seed=0, epoch=0)) < 1.1
    assert filled(list(range(400))) > 1.5


def test_the_order_follows_from_seed_and_epoch_and_batches_do_not_come_by_length() -> None:
    rows = GroupedRows([k % 60 for k in range(240)], None, group_size=4, seed=3)
    first = list(rows)
    assert list(rows) == first
    rows.set_epoch(1)
    assert list(rows) != first
    assert list(GroupedRows([k % 60 for k in range(240)], None, group_size=4, seed=4)) != first
    tops = [max(first[start + k] % 60 for k in range(4)) for start in range(0, 240, 4)]
    falls = sum(a > b for a, b in pairwise(tops))
    assert 15 < falls < 45  # of 59: neither sorted up nor down


@pytest.fixture
def settings(tiny: Path) -> SftSettings:
    return SftSettings(
        model=str(tiny), method="full", learning_rate=1e-2, epochs=2, batch_size=2, group_by="modality_length",
        save_every=1, device="cpu", dtype="float32",
    )  # fmt: skip


def dialogues(rows: Rows) -> Rows:
    """Four rows with an image and four without, of several lengths."""
    text = [{"role": "user", "content": "one ?"}]
    answers = ["two", "a duck on snow . " * 3, "no", "a duck on snow . " * 4]
    texts = [
        {"id": f"text-{k}", "messages": [*text, {"role": "assistant", "content": a}]} for k, a in enumerate(answers)
    ]
    return [*rows[:4], *texts]


def test_a_killed_training_goes_on_in_the_same_order(
    settings: SftSettings, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[int]] = []
    make = _NumberedRows.__call__

    def noted(self: Any, numbers: Any) -> Any:
        seen.append([number["row"] for number in numbers])
        return make(self, numbers)

    monkeypatch.setattr(_NumberedRows, "__call__", noted)
    unbroken = train(settings, dialogues(rows), tmp_path / "unbroken")
    epochs = [seen[start : start + 4] for start in (0, 4)]
    for batches in epochs:
        assert sorted(k for batch in batches for k in batch) == list(range(8))
        assert all(len({k < 4 for k in batch}) == 1 for batch in batches)
    assert len({str(batches) for batches in epochs}) > 1
    marked: list[Path] = []

    def stop_at_the_sixth(checkpoint: Path) -> None:
        marked.append(checkpoint)
        run_folder.mark_complete(checkpoint)
        if len(marked) == 6:
            raise KeyboardInterrupt

    monkeypatch.setattr("llava_train.whole_checkpoints.mark_complete", stop_at_the_sixth)
    with pytest.raises(KeyboardInterrupt):
        train(settings, dialogues(rows), tmp_path / "broken")
    assert train(settings, dialogues(rows), tmp_path / "broken").losses == unbroken.losses


def test_grouping_by_length_trains_on_every_row(settings: SftSettings, rows: Rows, tmp_path: Path) -> None:
    result = train(replace(settings, group_by="length", packing=True, epochs=1), dialogues(rows), tmp_path)
    assert result.steps == 4


def test_an_unknown_grouping_is_refused() -> None:
    with pytest.raises(SettingsError, match="group_by must be one of none, length, modality_length; got 'size'"):
        SftSettings(model="m", group_by="size")  # type: ignore[arg-type]
