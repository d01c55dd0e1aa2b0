"""Adapters are merged in float32, and the merged model is proven to answer as base and adapter do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from llava_train import MergeError, SftSettings, TrainResult, load_model, load_processor, merge_adapter, train
from llava_train.merge_proof import compare_logits, make_probe, merge_in_float32, merge_with_proof, probe_logits
from llava_train.model_files import hidden_renaming
from safetensors.torch import load_file, save_file

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def settings(tiny: Path) -> SftSettings:
    return SftSettings(
        model=str(tiny), learning_rate=2e-2, max_steps=3, batch_size=8, device="cpu", dtype="float32",
        train_projector=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def result(settings: SftSettings, rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return train(settings, rows, tmp_path_factory.mktemp("run"))


def adapted(settings: SftSettings, result: TrainResult, dtype: str) -> Any:
    from peft import PeftModel

    with hidden_renaming():
        return PeftModel.from_pretrained(load_model(settings.model, dtype), str(result.adapter_folder))


def test_a_training_notes_how_far_merged_logits_lie_from_the_adapters(
    settings: SftSettings, result: TrainResult
) -> None:
    assert result.merge_difference is not None
    assert 0 <= result.merge_difference < 1e-4
    noted = json.loads((result.model_folder.parent / "result.json").read_text())["merge_difference"]
    assert noted == result.merge_difference
    probe = make_probe(load_processor(settings.model))
    base, merged = (load_model(str(one), "float32") for one in (settings.model, result.model_folder))
    together = probe_logits(adapted(settings, result, "float32"), probe)
    assert torch.allclose(probe_logits(merged, probe), together, atol=1e-5)
    assert (probe_logits(base, probe) - together).abs().max() > 100 * result.merge_difference


def test_sums_are_made_in_float32_and_rounded_once(settings: SftSettings, result: TrainResult) -> None:
    exact = merge_in_float32(adapted(settings, result, "float32")).state_dict()
    stored = load_model(settings.model, "bfloat16").state_dict()
    merged = merge_in_float32(adapted(settings, result, "bfloat16")).state_dict()
    assert {weight.dtype for weight in merged.values()} == {torch.bfloat16}
    changed = [name for name in merged if not torch.equal(merged[name], stored[name])]
    assert len(changed) > 2 * 7
    # the base is stored in bfloat16, so the exact sum is that of its rounded weights
    base = load_model(settings.model, "float32").state_dict()
    for name in (name for name in changed if "proj.weight" in name and "multi_modal" not in name):
        delta = exact[name] - base[name]
        expected = (stored[name].float() + delta).bfloat16()
        assert (merged[name] != expected).float().mean() < 0.01  # delta itself is off by rounding of float32


def test_the_probe_is_the_same_each_time_and_shows_an_image(processor: Any) -> None:
    first, second = make_probe(processor), make_probe(processor)
    assert all(torch.equal(first[name], second[name]) for name in first)
    image_id = processor.tokenizer.convert_tokens_to_ids(processor.image_token)
    assert int((first["input_ids"] == image_id).sum()) == 4
    assert first["pixel_values"].std() > 0.1


def test_a_merge_that_loses_the_adapter_is_refused(
    settings: SftSettings, result: TrainResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llava_train.merge_proof.merge_in_float32", lambda model: model.unload())
    assert result.adapter_folder is not None
    with pytest.raises(MergeError, match=r"merged logits must lie within 0\.001 of the largest .* they differ by"):
        merge_adapter(settings.model, result.adapter_folder, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
    unchecked = merge_adapter(settings.model, result.adapter_folder, tmp_path / "unchecked", check=False)
    assert (unchecked / "model.safetensors").exists()


def test_a_training_whose_merge_fails_keeps_its_adapter_and_says_so(
    settings: SftSettings, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llava_train.merge_proof.merge_in_float32", lambda model: model.unload())
    with pytest.raises(MergeError):
        train(settings, rows, tmp_path)
    assert (tmp_path / "adapter" / "adapter_model.safetensors").exists()
    assert not (tmp_path / "model").exists()
    assert not (tmp_path / "result.json").exists()


def test_a_broken_adapter_is_not_merged(settings: SftSettings, result: TrainResult, tmp_path: Path) -> None:
    assert result.adapter_folder is not None
    for path in result.adapter_folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    weights = load_file(tmp_path / "adapter_model.safetensors")
    name = next(name for name in weights if "lora_B" in name)
    save_file(weights | {name: weights[name] * float("nan")}, tmp_path / "adapter_model.safetensors")
    with pytest.raises((MergeError, ValueError), match="NaN"):
        merge_adapter(settings.model, tmp_path, tmp_path / "merged")


@pytest.mark.parametrize(
    ("before", "after", "difference"),
    [([[4.0, -10.0]], [[4.0, -10.0]], 0.0), ([[4.0, -10.0]], [[4.5, -10.25]], 0.5)],
)
def test_the_difference_is_that_of_the_logit_farthest_off(before: Any, after: Any, difference: float) -> None:
    assert compare_logits(torch.tensor(before), torch.tensor(after), tolerance=0.1) == difference


@pytest.mark.parametrize("after", [[[4.0, -11.5]], [[float("nan"), -10.0]]])
def test_a_difference_above_the_tolerance_or_no_number_is_an_error(after: Any) -> None:
    with pytest.raises(MergeError, match=r"within 0\.1 of the largest \(10\)"):
        compare_logits(torch.tensor([[4.0, -10.0]]), torch.tensor(after), tolerance=0.1)


def test_bfloat16_is_merged_within_its_tolerance(settings: SftSettings, result: TrainResult) -> None:
    model = adapted(settings, result, "bfloat16")
    _, difference = merge_with_proof(model, load_processor(settings.model), dtype="bfloat16")
    assert difference is not None
    assert difference > 0
