"""Packed batches: which row stands where, and that training goes as with padded ones."""

from __future__ import annotations

import pickle
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from llava_train import SettingsError, SftSettings, load_encoder, load_model, train
from llava_train.encoding import EncodedRow
from llava_train.packing import Packer, evened, first_fit_decreasing, make_packer

Rows = list[dict[str, Any]]
LONG = "a red bird behind the gray blocks . " * 6


@pytest.fixture(scope="module")
def settings(tiny: Path) -> SftSettings:
    """Two epochs of two steps; a step is two batches of four rows or fewer."""
    return SftSettings(
        model=str(tiny), method="full", learning_rate=1e-2, epochs=2, batch_size=4, gradient_accumulation=2,
        length_weighting=0.5, device="cpu", dtype="float32",
    )  # fmt: skip


def dialogue(row_id: str, answer: str, images: list[str], weight: float = 1.0) -> dict[str, Any]:
    content = [{"type": "image"} for _ in images] + [{"type": "text", "text": "what is hidden ?"}]
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": answer, "weight": weight}]
    return {"id": row_id, "messages": turns, "images": images}


@pytest.fixture(scope="module")
def mixed(pictures: list[Path]) -> Rows:
    """Eleven rows with one image, two and none, short and long, of several weights."""
    one, other = str(pictures[0]), str(pictures[1])
    shorts = [dialogue(f"short-{k}", "a duck", [str(pictures[k])]) for k in range(5)]
    texts = [dialogue("text-0", "two", []), dialogue("text-1", LONG, [], 0.5), dialogue("text-2", "no train .", [])]
    told, two = dialogue("told", LONG, [one], 0.25), dialogue("two", "yes", [one, other])
    return [*shorts, *texts, told, two, dialogue("snow", "on snow", [other])]


def row(length: int, first: int = 10, label_from: int = 2, images: dict[str, Any] | None = None) -> EncodedRow:
    ids = list(range(first, first + length))
    labels = [-100] * label_from + ids[label_from:]
    return EncodedRow(ids, labels, [float(label != -100) for label in labels], None, images or {})


def test_rows_go_into_the_fewest_sequences_as_long_as_the_longest_row() -> None:
    packer = Packer(pad_id=0)
    batch = packer([row(3, 10), row(5, 20), row(2, 30), row(3, 40)])
    assert packer.plan([3, 5, 2, 3]) == [[1], [0, 2], [3]]
    assert batch["input_ids"].tolist() == [[20, 21, 22, 23, 24], [10, 11, 12, 30, 31], [40, 41, 42, 0, 0]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4], [0, 1, 2, 0, 1], [0, 1, 2, 0, 1]]
    labels = [[-100, -100, 22, 23, 24], [-100, -100, 12, -100, -100], [-100, -100, 42, -100, -100]]
    assert batch["labels"].tolist() == labels
    assert batch["loss_weights"].tolist() == [[0, 0, 1, 1, 1], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]]
    assert "attention_mask" not in batch


def test_longer_sequences_are_evened_and_filled_no_further_than_rows_reach() -> None:
    batch = Packer(pad_id=0, least_length=9)([row(3, 10), row(5, 20), row(2, 30), row(3, 40)])
    assert batch["input_ids"].tolist() == [[20, 21, 22, 23, 24, 30, 31], [10, 11, 12, 40, 41, 42, 0]]
    assert Packer(pad_id=0, in_one=True)([row(3, 10), row(2, 30)])["input_ids"].tolist() == [[10, 11, 12, 30, 31]]


def test_no_row_is_asked_for_by_the_one_before_it() -> None:
    batch = Packer(pad_id=0, in_one=True)([row(3, 10, label_from=0), row(2, 30, label_from=0)])
    assert batch["labels"].tolist() == [[-100, 11, 12, -100, 31]]
    assert batch["loss_weights"].tolist() == [[0, 1, 1, 0, 1]]


def test_images_stand_in_the_order_of_their_tokens() -> None:
    rows = [row(k, images={"pixel_values": torch.full((n, 1), float(k))}) for k, n in ((3, 1), (5, 2), (2, 1))]
    batch = Packer(pad_id=0)(rows)
    assert batch["pixel_values"].flatten().tolist() == [5, 5, 3, 2]


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=30), spare=st.integers(0, 60))
def test_every_row_stands_whole_in_one_sequence_that_holds_it(lengths: list[int], spare: int) -> None:
    capacity = max(lengths) + spare
    bins = first_fit_decreasing(lengths, capacity)
    fills = [sum(lengths[k] for k in one) for one in bins]
    assert sorted(k for one in bins for k in one) == list(range(len(lengths)))
    assert max(fills) <= capacity
    assert all(a + b > capacity for a, b in pairwise(fills))  # else first fit had joined them


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=30), spare=st.integers(0, 200))
def test_evened_sequences_hold_every_row_and_are_neither_more_nor_longer(lengths: list[int], spare: int) -> None:
    bins = first_fit_decreasing(lengths, max(lengths) + spare)
    even = evened(lengths, bins)
    assert sorted(k for one in even for k in one) == list(range(len(lengths)))
    assert len(even) <= len(bins)
    assert max(sum(lengths[k] for k in one) for one in even) <= max(sum(lengths[k] for k in one) for one in bins)


@pytest.fixture(scope="module")
def padded(settings: SftSettings, mixed: Rows, tmp_path_factory: pytest.TempPathFactory) -> tuple[float, ...]:
    """Losses without packing."""
    return train(settings, mixed, tmp_path_factory.mktemp("padded")).losses


def test_packed_training_has_the_losses_of_the_padded_one(
    settings: SftSettings, mixed: Rows, padded: tuple[float, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: list[tuple[int, ...]] = []
    lay = Packer.__call__

    def noted(packer: Packer, rows: list[EncodedRow]) -> dict[str, Any]:
        batch = lay(packer, rows)
        shapes.append((len(rows), batch["input_ids"].shape[0]))
        return batch

    monkeypatch.setattr(Packer, "__call__", noted)
    packed = train(replace(settings, packing=True), mixed, tmp_path).losses
    of_proof, of_training = shapes[:4], shapes[4:]
    assert of_proof == [(3, 1), (1, 1), (1, 1), (1, 1)]
    assert sum(rows for rows, _ in of_training) == 2 * len(mixed)
    assert sum(sequences for _, sequences in of_training) < 0.9 * 2 * len(mixed)
    assert len(packed) == 4
    assert packed == pytest.approx(padded, rel=1e-5)


def test_packed_adapters_learn_as_padded_ones(settings: SftSettings, mixed: Rows, tmp_path: Path) -> None:
    lora = replace(settings, method="lora", train_projector=True)
    padded, packed = (train(replace(lora, packing=on), mixed, tmp_path / str(on)).losses for on in (False, True))
    assert packed == pytest.approx(padded, rel=1e-5)


def test_longer_sequences_eager_attention_and_the_fused_head_change_no_loss(
    settings: SftSettings, mixed: Rows, padded: tuple[float, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load_eager(model: str, dtype: str) -> Any:
        loaded = load_model(model, dtype)
        loaded.set_attn_implementation("eager")
        return loaded

    monkeypatch.setattr("llava_train.training.load_model", load_eager)
    monkeypatch.setattr("llava_train.sft_trainer._keeps_columns", lambda _: False)
    packed = train(replace(settings, packing=True, pack_length=200), mixed, tmp_path).losses
    assert packed == pytest.approx(padded, rel=1e-5)


def test_flash_attention_gets_a_batch_as_one_sequence(tiny: Path) -> None:
    model = load_model(str(tiny), "float32")
    assert make_packer(model, pad_id=0, pack_length=None) == Packer(pad_id=0)
    model.get_decoder().config._attn_implementation = "flash_attention_2"
    assert make_packer(model, pad_id=0, pack_length=99) == Packer(pad_id=0, least_length=99, in_one=True)


def test_a_packer_can_go_to_another_process(settings: SftSettings, mixed: Rows) -> None:
    encoder = load_encoder(settings)
    rows = [encoder.encode(one) for one in mixed[:4]]
    packer = make_packer(load_model(settings.model, "float32"), pad_id=0, pack_length=None)
    here, there = packer(rows), pickle.loads(pickle.dumps(packer))(pickle.loads(pickle.dumps(rows)))
    assert all(torch.equal(here[name], there[name]) for name in here)
    again = pickle.loads(pickle.dumps(encoder)).encode(mixed[0])
    assert again.input_ids == rows[0].input_ids


def test_a_length_without_packing_is_refused() -> None:
    with pytest.raises(SettingsError, match="pack_length needs packing=True; got 99 without it"):
        SftSettings(model="m", pack_length=99)
    with pytest.raises(SettingsError, match="pack_length must be above 0"):
        SftSettings(model="m", packing=True, pack_length=0)
