"""Training on pairs: what moves, which trajectories are equal, what a stop costs."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from llava_train import FolderError
from safetensors.torch import load_file
from svco_loss import DpoBetas, SvcoBetas, TrainingError
from svco_loss.pairs import ImagePair
from svco_loss.training import SvcoResult, SvcoSettings, train
from svco_loss.training.collating import NumberedPairs

Pairs = list[ImagePair]
START = 4 * math.log(2)


@pytest.fixture
def full(tiny: Path, pictures: Path) -> SvcoSettings:
    """Three steps of two batches of two pairs."""
    return SvcoSettings(
        model=str(tiny), image_root=str(pictures), device="cpu", dtype="float32", learning_rate=2e-3, max_steps=3,
        batch_size=2, gradient_accumulation=2, gradient_checkpointing=False, schedule="constant_with_warmup",
        warmup_ratio=0, report_to="none",
    )  # fmt: skip


@pytest.fixture
def lora(full: SvcoSettings) -> SvcoSettings:
    return replace(full, method="lora", lora_r=4, learning_rate=3e-2)


def weights(folder: Path | str) -> dict[str, torch.Tensor]:
    return load_file(Path(folder) / "model.safetensors")


def moved(before: Path | str, after: Path | str) -> set[str]:
    """Names of the weights that differ."""
    old, new = weights(before), weights(after)
    assert old.keys() == new.keys()
    return {name for name in old if (old[name] - new[name]).abs().max() > 1e-20}


def losses(result: SvcoResult) -> list[float]:
    return [entry["loss"] for entry in result.history if "loss" in entry]


def test_language_model_and_projector_move_and_the_vision_tower_does_not(
    full: SvcoSettings, pairs: Pairs, tmp_path: Path
) -> None:
    result = train(full, pairs, tmp_path)
    names = moved(full.model, result.model_folder)
    assert any("projector" in name for name in names)
    assert any("language_model" in name for name in names)
    assert not any("vision_tower" in name for name in names)
    assert losses(result)[0] == pytest.approx(START, abs=1e-4)
    assert result.steps == 3
    assert result.adapter_folder is None
    assert not (tmp_path / "checkpoints").exists()


def test_only_the_language_model_moves_with_lora_and_the_merged_model_is_its_adapter(
    lora: SvcoSettings, pairs: Pairs, tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModelForImageTextToText

    result = train(lora, pairs, tmp_path)
    names = moved(lora.model, result.model_folder)
    assert names
    assert all("language_model" in name and "proj" in name for name in names)
    base = AutoModelForImageTextToText.from_pretrained(lora.model)
    whole = AutoModelForImageTextToText.from_pretrained(result.model_folder)
    ids = torch.tensor([[1, 40, 41, 42]])
    with torch.no_grad():
        adapted = PeftModel.from_pretrained(base, result.adapter_folder)(input_ids=ids).logits
        torch.testing.assert_close(whole(input_ids=ids).logits, adapted, rtol=1e-4, atol=1e-4)


def test_all_kinds_of_reference_give_the_same_losses(lora: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    found = {
        kind: losses(train(replace(lora, reference=kind), pairs, tmp_path / kind))
        for kind in ("stored", "adapter", "model")
    }
    assert found["adapter"] == pytest.approx(found["stored"], abs=1e-4)
    assert found["model"] == pytest.approx(found["stored"], abs=1e-4)
    assert abs(found["stored"][-1] - START) > 0.01


def test_accumulated_batches_are_one_large_batch_also_at_the_end_of_an_epoch(
    full: SvcoSettings, pairs: Pairs, tmp_path: Path
) -> None:
    small = replace(full, max_steps=None, epochs=2, gradient_accumulation=3)  # 6 pairs, then the 2 that are left
    large = replace(small, batch_size=6, gradient_accumulation=1)
    first, second = train(small, pairs, tmp_path / "small"), train(large, pairs, tmp_path / "large")
    assert first.steps == second.steps == 4
    assert losses(first) == pytest.approx(losses(second), abs=1e-3)
    assert losses(first)[-1] < START - 0.1


def test_gradient_checkpointing_and_the_padding_side_change_no_loss(
    full: SvcoSettings, pairs: Pairs, tmp_path: Path
) -> None:
    plain = losses(train(full, pairs, tmp_path / "plain"))
    for name, value in (("gradient_checkpointing", True), ("padding_side", "left"), ("chunk_tokens", 1)):
        changed = replace(full, **{name: value})
        assert losses(train(changed, pairs, tmp_path / name)) == pytest.approx(plain, abs=1e-4), name


def test_references_of_other_weights_are_never_used(
    full: SvcoSettings, pairs: Pairs, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from svco_loss.references import ReferenceStore
    from svco_loss.training import load_pair_encoder, reference_source, store_references

    shared = tmp_path / "reference.parquet"
    trained = train(full, pairs, tmp_path / "first", references=shared).model_folder
    again = replace(full, model=str(trained), max_steps=1)
    result = train(again, pairs, tmp_path / "second", references=shared)
    assert losses(result)[0] == pytest.approx(START, abs=1e-4)
    assert "8 references" in caplog.text
    for settings in (full, again):  # both are kept, each under its own name
        source = reference_source(settings, load_pair_encoder(settings))
        assert len(ReferenceStore(source, shared)) == 8
    assert len(store_references(again, pairs, shared, progress=False)) == 8


class Stop(BaseException):
    """As a signal would."""


def test_a_stop_within_an_epoch_costs_nothing(
    full: SvcoSettings, pairs: Pairs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(full, max_steps=None, epochs=3, gradient_accumulation=1, save_every=2)  # 12 steps, 4 an epoch
    unbroken = train(settings, pairs, tmp_path / "unbroken")
    whole, calls = NumberedPairs.__call__, 0

    def stops(self: Any, numbers: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise Stop
        return whole(self, numbers)

    monkeypatch.setattr(NumberedPairs, "__call__", stops)
    with pytest.raises(Stop):
        train(settings, pairs, tmp_path / "broken")
    monkeypatch.setattr(NumberedPairs, "__call__", whole)
    assert list((tmp_path / "broken" / "checkpoints").glob("checkpoint-*"))
    resumed = train(settings, pairs, tmp_path / "broken")
    assert resumed.steps == unbroken.steps == 12
    assert losses(resumed) == losses(unbroken)
    assert not moved(unbroken.model_folder, resumed.model_folder)
    assert train(settings, pairs, tmp_path / "broken") == resumed


def test_one_pair_is_learned_by_heart(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    settings = replace(full, batch_size=1, gradient_accumulation=1, max_steps=40, learning_rate=3e-3)
    last = [entry for entry in train(settings, pairs[:1], tmp_path).history if "loss" in entry][-1]
    assert last["loss"] < 0.5
    assert [last[f"{term}/accuracy"] for term in ("attend_a", "reject_b", "attend_b", "reject_a")] == [1.0] * 4


def test_each_part_has_its_own_rate(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    settings = replace(full, projector_rate=1e-30, train_vision=True, vision_rate=1e-30, weight_decay=0, max_steps=1)
    names = moved(full.model, train(settings, pairs, tmp_path).model_folder)
    assert any("language_model" in name for name in names)
    assert not [name for name in names if "projector" in name or "vision" in name]


def test_validation_pairs_are_evaluated_and_terms_with_beta_0_are_reported_there_alone(
    full: SvcoSettings, pairs: Pairs, tmp_path: Path
) -> None:
    settings = replace(full, betas=SvcoBetas(reject_a=0), eval_every=2, max_steps=4)
    history = train(settings, pairs[:6], tmp_path, validation=pairs[6:]).history
    evaluated = [entry for entry in history if "eval_loss" in entry]
    assert [entry["step"] for entry in evaluated] == [2, 4]
    assert all("eval_reject_a/margin" in entry and "eval_x_given_a/reward" in entry for entry in evaluated)
    trained = [entry for entry in history if "loss" in entry]
    assert all("attend_a/margin" in entry and "reject_a/margin" not in entry for entry in trained)
    assert trained[0]["loss"] == pytest.approx(3 * math.log(2), abs=1e-4)


def test_other_forms_are_trained_by_their_betas(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    history = train(replace(full, betas=DpoBetas(), max_steps=1), pairs, tmp_path).history
    assert history[0]["loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert "preference/accuracy" in history[0]


def test_own_text_can_be_learned_beside_the_preference(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    history = train(replace(full, sft_weight=0.5, max_steps=1), pairs, tmp_path).history
    assert history[0]["loss"] == pytest.approx(START + 0.5 * 2 * history[0]["own_text/nats_per_token"], abs=1e-3)


def test_bad_pairs_are_left_out_with_their_reasons_and_their_neighbours_learn(
    full: SvcoSettings, pairs: Pairs, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "torn.png").write_bytes((pictures / "0.png").read_bytes()[:300])
    bad = {
        "missing": {"image_a": "none.png"},
        "outside_root": {"image_b": "../../etc/passwd"},
        "truncated": {"image_b": "torn.png"},
        "same_image": {"image_b": "0.png"},
        "empty_text": {"text_x": " \n"},
        "same_text": {"text_y": pairs[0].text_x + " "},
        "too_long": {"text_x": "a duck " * 200},
        "special_token_in_text": {"question": "what is <image> ?"},
        "duplicate": {},
    }
    spoiled = [replace(pairs[0], row=100 + k, **change) for k, change in enumerate(bad.values())]
    result = train(replace(full, max_steps=1), [*pairs[:1], *spoiled, *pairs[1:]], tmp_path)
    assert [one.reason for one in result.refused] == list(bad)
    assert [one.row for one in result.refused] == [100 + k for k in range(len(bad))]
    assert result.steps == 1


def test_a_training_without_a_usable_pair_does_not_start(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none of 1 pairs can be trained on; see .*refused.json"):
        train(full, [replace(pairs[0], text_x="")], tmp_path)
    assert "empty_text" in (tmp_path / "refused.json").read_text()


def test_long_texts_are_cut_and_counted_on_demand(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    settings = replace(full, long_answers="cut", max_answer_tokens=3, max_steps=1)
    result = train(settings, pairs, tmp_path)
    assert result.refused == ()
    assert 0 < result.cut_answers < 2 * len(pairs)


def test_a_folder_of_another_training_is_refused(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    train(replace(full, max_steps=1), pairs, tmp_path)
    with pytest.raises(FolderError, match="max_steps differ"):
        train(full, pairs, tmp_path)
    with pytest.raises(FolderError, match="rows differ"):
        train(replace(full, max_steps=1), pairs[:7], tmp_path)


def test_margins_reach_tensorboard(full: SvcoSettings, pairs: Pairs, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(replace(full, report_to="tensorboard"), pairs, tmp_path)
    events = EventAccumulator(str(tmp_path / "logs"))
    events.Reload()
    assert {"train/loss", "train/attend_a/margin", "train/reject_b/accuracy"} <= set(events.Tags()["scalars"])
    assert [event.step for event in events.Scalars("train/attend_a/margin")] == [1, 2, 3]
