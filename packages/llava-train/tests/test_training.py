from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from llava_train import (
    FolderError,
    RowError,
    SftSettings,
    TrainResult,
    UnsupportedModelError,
    load_encoder,
    merge_adapter,
    run_folder,
    train,
)
from llava_train.collating import collate
from llava_train.model_files import load_model
from llava_train.model_parts import find_parts, lora_targets
from safetensors.torch import load_file

Rows = list[dict[str, Any]]


@pytest.fixture
def full(tiny: Path) -> SftSettings:
    """Four steps over all eight rows."""
    return SftSettings(
        model=str(tiny), method="full", learning_rate=1e-2, max_steps=4, batch_size=8, device="cpu", dtype="float32"
    )


@pytest.fixture
def lora(full: SftSettings) -> SftSettings:
    return replace(full, method="lora", learning_rate=2e-2)


def weights(folder: Path | str) -> dict[str, torch.Tensor]:
    return load_file(Path(folder) / "model.safetensors")


def moved(before: Path | str, after: Path | str) -> set[str]:
    """Names of the weights that differ."""
    old, new = weights(before), weights(after)
    assert old.keys() == new.keys()
    return {name for name in old if not torch.equal(old[name], new[name].to(old[name].dtype))}


def one_batch(settings: SftSettings, rows: Rows) -> dict[str, torch.Tensor]:
    encoder = load_encoder(settings)
    return collate([encoder.encode(row) for row in rows], pad_id=0, padding_side=settings.padding_side)


def logits(model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    inputs = {name: batch[name] for name in ("input_ids", "attention_mask", "pixel_values")}
    with torch.no_grad():
        return model.eval()(**inputs).logits


def expected_loss(settings: SftSettings, rows: Rows) -> float:
    """The weighted mean written out: sum of weight * -log p(token) over sum of weights."""
    batch = one_batch(settings, rows)
    logps_B_T_V = logits(load_model(settings.model, "float32"), batch).log_softmax(-1)
    total = mass = 0.0
    for k, labels in enumerate(batch["labels"].tolist()):
        length = sum(label != -100 for label in labels)
        for t, label in enumerate(labels):
            if label != -100:
                weight = length**-settings.length_weighting
                total -= weight * float(logps_B_T_V[k, t - 1, label])
                mass += weight
    return total / mass


def test_one_batch_is_learned_by_heart_and_then_generated(full: SftSettings, rows: Rows, tmp_path: Path) -> None:
    result = train(replace(full, max_steps=100, train_vision=True), rows, tmp_path)
    assert result.steps == len(result.losses) == 100
    assert result.losses[-1] < 0.1 < 4 < result.losses[0]
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model = AutoModelForImageTextToText.from_pretrained(result.model_folder)
    processor = AutoProcessor.from_pretrained(result.model_folder)
    inputs = load_encoder(replace(full, model=str(result.model_folder))).encode(rows[1])
    answer = [label for label in inputs.labels if label != -100]
    prompt = torch.tensor([inputs.input_ids[: -len(answer)]])
    out = model.generate(input_ids=prompt, **inputs.images, max_new_tokens=12, do_sample=False)
    assert processor.tokenizer.decode(out[0, prompt.shape[1] :]) == " a train on snow</s>"


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_the_first_loss_is_the_weighted_mean_written_out(
    full: SftSettings, rows: Rows, tmp_path: Path, power: float
) -> None:
    settings = replace(full, max_steps=1, length_weighting=power)
    assert train(settings, rows, tmp_path).losses[0] == pytest.approx(expected_loss(settings, rows), rel=1e-5)


def with_a_box_turn(rows: Rows, box_weight: float) -> Rows:
    """The rows with a turn in front that carries a weight, as zoom dialogues have it."""
    asked = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "what is behind the blocks ?"}]}
    box = {"role": "assistant", "content": [{"type": "text", "text": "one two on snow ."}], "weight": box_weight}
    then = {"role": "user", "content": [{"type": "text", "text": "what is hidden ?"}]}
    return [{**row, "messages": [asked, box, then, row["messages"][1]]} for row in rows]


def test_the_first_loss_weighs_each_turn_by_its_own_weight(full: SftSettings, rows: Rows, tmp_path: Path) -> None:
    weighted_rows, settings = with_a_box_turn(rows, 0.25), replace(full, max_steps=1)
    batch = one_batch(settings, weighted_rows)
    logps_B_T_V = logits(load_model(settings.model, "float32"), batch).log_softmax(-1)
    tokens = load_encoder(settings).processor.tokenizer
    box_length = len(tokens(" one two on snow .</s>")["input_ids"])
    total = mass = 0.0
    for k, labels in enumerate(batch["labels"].tolist()):
        places = [t for t, label in enumerate(labels) if label != -100]
        for rank, t in enumerate(places):
            weight = 0.25 if rank < box_length else 1.0
            total -= weight * float(logps_B_T_V[k, t - 1, labels[t]])
            mass += weight
    assert train(settings, weighted_rows, tmp_path).losses[0] == pytest.approx(total / mass, rel=1e-5)


def test_turn_weights_count_relative_to_one_another_whatever_the_accumulation(
    full: SftSettings, rows: Rows, tmp_path: Path
) -> None:
    settings = replace(full, max_steps=3)
    mixed = with_a_box_turn(rows[:3], 0.5) + with_a_box_turn(rows[3:5], 0.0) + rows[5:]
    at_once = train(settings, mixed, tmp_path / "a").losses
    in_parts = train(replace(settings, batch_size=2, gradient_accumulation=4), mixed, tmp_path / "b").losses
    doubled = [
        {**row, "messages": [m | {"weight": 2 * m.get("weight", 1)} if m["role"] == "assistant" else m for m in ms]}
        for row in mixed
        for ms in [row["messages"]]
    ]
    assert in_parts == pytest.approx(at_once, rel=1e-4)
    assert train(settings, doubled, tmp_path / "c").losses == pytest.approx(at_once, rel=1e-5)


def test_scoring_labelled_columns_trains_as_the_fused_head_does(
    full: SftSettings, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(full, length_weighting=0.5, batch_size=4)
    by_columns = train(settings, rows, tmp_path / "columns")
    monkeypatch.setattr("llava_train.sft_trainer._keeps_columns", lambda _: False)
    fused = train(settings, rows, tmp_path / "fused")
    assert fused.losses == pytest.approx(by_columns.losses, rel=1e-4)
    accuracies = [[entry["mean_token_accuracy"] for entry in history(run)] for run in (by_columns, fused)]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=1e-6)


def history(result: TrainResult) -> list[dict[str, float]]:
    return json.loads((result.model_folder.parent / "history.json").read_text(encoding="utf-8"))


def test_training_leaves_the_logging_of_transformers_as_it_was(
    full: SftSettings, rows: Rows, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    train(replace(full, max_steps=1), rows, tmp_path)
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize("method", ["full", "lora"])
def test_gradient_accumulation_gives_the_trajectory_of_the_whole_batch(
    full: SftSettings, rows: Rows, tmp_path: Path, method: Any
) -> None:
    whole = replace(full, method=method, length_weighting=0.5)
    split = replace(whole, batch_size=2, gradient_accumulation=4)
    at_once, in_parts = train(whole, rows, tmp_path / "a"), train(split, rows, tmp_path / "b")
    assert at_once.losses == pytest.approx(in_parts.losses, rel=1e-4)
    assert at_once.losses[-1] < at_once.losses[0]


def test_the_loss_does_not_depend_on_the_padding_side(full: SftSettings, rows: Rows, tmp_path: Path) -> None:
    right = train(full, rows, tmp_path / "right")
    left = train(replace(full, padding_side="left"), rows, tmp_path / "left")
    assert left.losses == pytest.approx(right.losses, rel=1e-4)


@pytest.mark.parametrize(
    ("options", "trained"),
    [
        ({}, {"language_model", "multi_modal_projector"}),
        ({"train_projector": False}, {"language_model"}),
        ({"train_vision": True}, {"language_model", "multi_modal_projector", "vision_tower"}),
        ({"method": "lora"}, {"language_model"}),
        ({"method": "lora", "train_projector": True}, {"language_model", "multi_modal_projector"}),
        ({"method": "lora", "train_vision": True}, {"language_model", "vision_tower"}),
    ],
)
def test_just_the_asked_parts_move(
    full: SftSettings, rows: Rows, tmp_path: Path, options: dict[str, Any], trained: set[str]
) -> None:
    result = train(replace(full, **options), rows, tmp_path)
    names = moved(full.model, result.model_folder)
    assert {part for name in names for part in name.split(".") if part in PARTS} == trained
    if options.get("method") == "lora":
        assert all(re.search(r"proj|linear_|fc[12]", name) for name in names)
    else:  # the class token's own output and post_layernorm are unused by this LLaVA, all else must move
        still = set(weights(full.model)) - names
        assert {part for name in still for part in name.split(".") if part in PARTS} - trained == PARTS - trained


PARTS = {"language_model", "multi_modal_projector", "vision_tower"}


def test_lora_targets_name_every_linear_layer_of_the_language_model_only(tiny: Path) -> None:
    model = load_model(str(tiny), "float32")
    pattern = lora_targets(model, find_parts(model), train_vision=False)
    matched = {name for name, _ in model.named_modules() if re.fullmatch(pattern, name)}
    linear = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    assert matched == {name for name in linear if name.startswith("model.language_model.")}
    assert len(matched) == 2 * 7


def test_the_merged_model_answers_as_base_and_adapter_together(lora: SftSettings, rows: Rows, tmp_path: Path) -> None:
    from peft import PeftModel

    result = train(lora, rows, tmp_path / "run")
    assert result.adapter_folder is not None
    batch = one_batch(lora, rows)
    base = load_model(lora.model, "float32")
    before = logits(base, batch)
    from llava_train.model_files import hidden_renaming

    with hidden_renaming():
        together = logits(PeftModel.from_pretrained(base, str(result.adapter_folder)), batch)
    merged = logits(load_model(str(result.model_folder), "float32"), batch)
    assert torch.allclose(merged, together, atol=1e-5)
    assert not torch.allclose(merged, before, atol=1e-2)
    out = merge_adapter(lora.model, result.adapter_folder, tmp_path / "merged")
    assert not moved(result.model_folder, out)


def test_bfloat16_is_computed_and_saved_while_trained_weights_stay_float32(
    full: SftSettings, rows: Rows, tmp_path: Path
) -> None:
    for method in ("full", "lora"):
        result = train(replace(full, method=method, dtype="bfloat16"), rows, tmp_path / method)
        assert {weight.dtype for weight in weights(result.model_folder).values()} == {torch.bfloat16}
        assert result.losses[-1] < result.losses[0]
    assert result.adapter_folder is not None
    adapter = load_file(result.adapter_folder / "adapter_model.safetensors")
    assert {weight.dtype for weight in adapter.values()} == {torch.float32}


def test_the_seed_decides_the_weights(lora: SftSettings, rows: Rows, tmp_path: Path) -> None:
    folders = [
        train(replace(lora, seed=seed), rows, tmp_path / f"{k}").model_folder for k, seed in enumerate((1, 1, 2))
    ]
    assert not moved(folders[0], folders[1])
    assert moved(folders[0], folders[2])


def test_rows_with_and_without_images_share_a_batch(full: SftSettings, rows: Rows, tmp_path: Path) -> None:
    plain = {"id": "plain", "messages": [{"role": "user", "content": "one ?"}, {"role": "assistant", "content": "two"}]}
    two = {**rows[0], "id": "two", "images": rows[0]["images"] * 2}
    two["messages"] = [{"role": "user", "content": "a ?"}, {"role": "assistant", "content": "no"}]
    settings = replace(full, max_steps=2)
    mixed = [*rows[:2], plain, two]
    assert train(settings, mixed, tmp_path / "a").losses[0] == pytest.approx(
        sum_of_single_losses(settings, mixed), rel=1e-4
    )
    assert train(settings, [plain], tmp_path / "b").refused == ()


def sum_of_single_losses(settings: SftSettings, rows: Rows) -> float:
    """Token mean over rows computed one by one."""
    encoder, model = load_encoder(settings), load_model(settings.model, "float32").eval()
    total, count = 0.0, 0
    for row in rows:
        encoded = encoder.encode(row)
        labels = torch.tensor([encoded.labels])
        answer_tokens = int((labels != -100).sum())
        with torch.no_grad():
            out = model(input_ids=torch.tensor([encoded.input_ids]), labels=labels, **encoded.images)
        total, count = total + float(out.loss) * answer_tokens, count + answer_tokens
    return total / count


def test_bad_rows_are_left_out_with_a_verdict(
    full: SftSettings, rows: Rows, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {**rows[0], "id": "bad", "images": ["nowhere.png"]}
    result = train(full, [*rows[:3], bad], tmp_path)
    assert [(refusal.id, refusal.reason) for refusal in result.refused] == [("bad", "missing")]
    assert "1 of 4 rows are not trained on: missing 1" in caplog.text
    with pytest.raises(RowError, match="none of 1 rows"):
        train(full, [bad], tmp_path / "none")


def test_a_finished_folder_gives_its_result_again_and_refuses_other_settings(
    full: SftSettings, rows: Rows, tmp_path: Path
) -> None:
    first = train(full, rows, tmp_path)
    written = first.model_folder.stat().st_mtime_ns
    assert train(replace(full, save_every=7), rows, tmp_path) == first
    assert first.model_folder.stat().st_mtime_ns == written
    assert not (tmp_path / "checkpoints").exists()
    assert [entry["loss"] for entry in json.loads((tmp_path / "history.json").read_text())] == list(first.losses)
    with pytest.raises(FolderError, match=r"\(learning_rate, rows differ\)"):
        train(replace(full, learning_rate=1.0), rows[:2], tmp_path)


def test_a_model_without_a_checkpoint_is_refused_in_one_line(full: SftSettings, rows: Rows, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnsupportedModelError, match="no processor in"):
        train(replace(full, model=str(tmp_path / "empty")), rows, tmp_path / "run")


def test_where_the_language_model_stands_still_rows_without_images_teach_nothing_and_are_left_out(
    full: SftSettings, rows: Rows, tmp_path: Path
) -> None:
    turns = [{"role": "user", "content": "one ?"}, {"role": "assistant", "content": "two"}]
    plain = [{"id": f"plain-{k}", "messages": turns} for k in range(2)]
    settings = replace(full, train_language=False, max_steps=2, batch_size=2, group_by="modality_length")
    result = train(settings, [*rows[:2], *plain], tmp_path / "mixed")
    assert [(refusal.id, refusal.reason) for refusal in result.refused] == [
        ("plain-0", "no_image"),
        ("plain-1", "no_image"),
    ]
    assert result.losses == train(settings, rows[:2], tmp_path / "images").losses


def test_a_checkpoint_of_another_number_of_processes_is_not_continued_from(
    full: SftSettings, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(checkpoint: Path) -> None:
        run_folder.mark_complete(checkpoint)
        raise KeyboardInterrupt

    settings = replace(full, max_steps=2, save_every=1)
    monkeypatch.setattr("llava_train.whole_checkpoints.mark_complete", stop)
    with pytest.raises(KeyboardInterrupt):
        train(settings, rows, tmp_path)
    state = tmp_path / "checkpoints" / "checkpoint-1" / "rng_state.pth"
    for name in ("rng_state_0.pth", "rng_state_1.pth"):  # as two processes leave them
        (state.parent / name).write_bytes(state.read_bytes())
    state.unlink()
    with pytest.raises(FolderError, match="checkpoint-1 is of 2 processes; got 1"):
        train(settings, rows, tmp_path)


@pytest.mark.parametrize("options", [{"method": "full"}, {"method": "lora", "train_projector": True}])
def test_a_checkpoint_torn_by_a_kill_is_not_continued_from(
    full: SftSettings, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    settings = replace(full, max_steps=6, batch_size=3, save_every=2, **options)
    unbroken = train(settings, rows, tmp_path / "unbroken")
    marked: list[Path] = []

    def tear_the_second(checkpoint: Path) -> None:
        marked.append(checkpoint)
        if len(marked) == 2:
            (checkpoint / "optimizer.pt").write_bytes(b"torn")
            raise KeyboardInterrupt
        run_folder.mark_complete(checkpoint)

    monkeypatch.setattr("llava_train.whole_checkpoints.mark_complete", tear_the_second)
    with pytest.raises(KeyboardInterrupt):
        train(settings, rows, tmp_path / "broken")
    continued = train(settings, rows, tmp_path / "broken")
    assert continued.losses == unbroken.losses
    assert not moved(unbroken.model_folder, continued.model_folder)


KILLED = """
import sys, json
from llava_train import SftSettings, train
settings, rows, folder = json.load(open(sys.argv[1]))
train(SftSettings(**settings), rows, folder)
"""


def test_killed_and_started_again_ends_with_the_weights_of_an_unbroken_run(
    lora: SftSettings, rows: Rows, tmp_path: Path
) -> None:
    settings = replace(
        lora, max_steps=40, batch_size=3, gradient_accumulation=2, save_every=5, lora_dropout=0.2, length_weighting=0.5
    )
    job, folder = tmp_path / "job.json", tmp_path / "killed"
    job.write_text(json.dumps([settings.as_dict(), rows, str(folder)]), encoding="utf-8")
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(job)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        unbroken = train(settings, rows, tmp_path / "unbroken")
        deadline = time.monotonic() + 120
        while not list(folder.glob("checkpoints/checkpoint-*/complete.json")) and time.monotonic() < deadline:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "result.json").exists()
    assert list(folder.glob("checkpoints/checkpoint-*"))
    continued = train(settings, rows, folder)
    assert continued.steps == 40
    assert continued.losses == unbroken.losses
    for name in ("model/model.safetensors", "adapter/adapter_model.safetensors"):
        assert (folder / name).read_bytes() == (tmp_path / "unbroken" / name).read_bytes()
