"""Several processes on a CPU: the same training as in one, and what they leave behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import psutil
import pytest
import torch
from llava_train import LaunchError, SftSettings, TrainResult, launch, load_model, run_processes, train
from llava_train.launching import write_job

Rows = list[dict[str, Any]]

pytestmark = pytest.mark.slow
needs_deepspeed = pytest.mark.skipif(
    find_spec("deepspeed") is None, reason="DeepSpeed is not installed: uv run --group zero pytest -m slow"
)


@pytest.fixture(scope="module")
def settings(tiny: Path) -> SftSettings:
    """Six steps of two rows in one process, of one in each of two; answers of other lengths, images changed."""
    return SftSettings(
        model=str(tiny), method="full", device="cpu", dtype="float32", learning_rate=2e-3, max_steps=6, batch_size=2,
        length_weighting=0.5, save_every=1, augment="published", gradient_checkpointing=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def mixed(rows: Rows) -> Rows:
    """Eight rows, three of them without an image and with a long answer: one process alone then has no image."""
    plain = [{"role": "user", "content": "one ?"}, {"role": "assistant", "content": "a red bird on snow . " * 3}]
    return [*rows[:5], *({"id": f"plain-{k}", "messages": plain} for k in range(3))]


def halved(settings: SftSettings) -> SftSettings:
    """The same rows a step, from two processes."""
    return replace(settings, batch_size=settings.batch_size // 2)


def assert_alike(base: str, one: TrainResult, other: TrainResult, *, losses_apart: float) -> None:
    """Losses and weights are equal up to what AdamW makes of rounding where gradients are nearly 0."""
    assert other.losses == pytest.approx(one.losses, abs=losses_apart)
    start, first, second = (
        load_model(str(folder), "float32").state_dict() for folder in (base, one.model_folder, other.model_folder)
    )
    assert start.keys() == first.keys() == second.keys()
    way, apart = (
        torch.cat([(side[name] - first[name]).flatten() for name in first]).norm() for side in (start, second)
    )
    assert way > 0
    assert apart < 0.05 * way


def assert_left_behind(folder: Path, result: TrainResult, method: str) -> None:
    """The files of one training, written once, and no others."""
    names = {path.name for path in folder.iterdir()}
    expected = {"run.json", "job.json", "refused.json", "history.json", "result.json", "model"}
    assert names == expected | ({"adapter"} if method == "lora" else set())
    assert (result.merge_difference is None) == (method == "full")
    assert len(json.loads((folder / "history.json").read_text())) == result.steps


def test_two_processes_train_as_one_with_the_double_batch(settings: SftSettings, mixed: Rows, tmp_path: Path) -> None:
    two = launch(halved(settings), mixed, tmp_path / "two", config="ddp", processes=2)
    one = train(settings, mixed, tmp_path / "one")
    assert_alike(settings.model, one, two, losses_apart=1e-5)
    assert_left_behind(tmp_path / "two", two, "full")


CASES = [
    pytest.param("zero2", "lora", marks=needs_deepspeed),
    pytest.param("zero3", "full", marks=needs_deepspeed),
    pytest.param("zero3", "lora", marks=needs_deepspeed),
]


@pytest.mark.parametrize(("config", "method"), CASES)
def test_two_processes_of_deepspeed_train_as_one(
    config: Literal["zero2", "zero3"],
    method: Literal["lora", "full"],
    settings: SftSettings,
    mixed: Rows,
    tmp_path: Path,
) -> None:
    settings = replace(settings, method=method, max_steps=3)
    one = train(settings, mixed, tmp_path / "one")
    two = launch(halved(settings), mixed, tmp_path / "two", config=config, processes=2)
    assert_alike(settings.model, one, two, losses_apart=1e-3)
    assert_left_behind(tmp_path / "two", two, method)


def test_killed_processes_go_on_by_the_same_call(settings: SftSettings, mixed: Rows, tmp_path: Path) -> None:
    settings = replace(halved(settings), max_steps=30)  # so that the kill comes long before the end on a busy machine
    whole = launch(settings, mixed, tmp_path / "whole", config="ddp", processes=2)
    folder = tmp_path / "killed"
    write_job(folder, settings, mixed)
    call = "import sys, json; from llava_train import SftSettings, launch; job = json.load(open(sys.argv[1])); "
    call += "launch(SftSettings(**job['settings']), job['rows'], sys.argv[2], config='ddp', processes=2)"
    command = [sys.executable, "-c", call, str(folder / "job.json"), str(folder)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        deadline = time.monotonic() + 300
        while not list(folder.glob("checkpoints/checkpoint-*/complete.json")) and time.monotonic() < deadline:
            time.sleep(0.002)
        process.send_signal(signal.SIGSTOP)  # it can't end while its children are counted
        others = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    assert len(others) >= 3
    assert not psutil.wait_procs(others, timeout=60)[1]  # none trains on without the one that was killed
    assert not (folder / "result.json").exists()
    assert list(folder.glob("checkpoints/checkpoint-*"))
    continued = launch(settings, mixed, folder, config="ddp", processes=2)
    assert continued.steps == settings.max_steps
    assert continued.losses == pytest.approx(whole.losses, abs=1e-6)


def test_a_process_that_fails_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LaunchError, match="ended with 1"):
        run_processes("llava_train", tmp_path / "job.json", config="ddp", processes=2)
    assert "job.json is no job of llava_train" in capfd.readouterr().err
