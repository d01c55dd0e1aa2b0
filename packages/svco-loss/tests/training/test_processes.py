"""Several processes on a CPU: the same training as in one, and what they leave behind."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from llava_train import load_model, run_processes
from svco_loss import TrainingError
from svco_loss.pairs import ImagePair
from svco_loss.training import SvcoResult, SvcoSettings, launch_training, train
from svco_loss.training.launching import read_job, write_job

pytestmark = pytest.mark.slow
needs_deepspeed = pytest.mark.skipif(
    find_spec("deepspeed") is None, reason="DeepSpeed is not installed: uv run --group zero pytest -m slow"
)


@pytest.fixture
def settings(tiny: Path, pictures: Path) -> SvcoSettings:
    """Two steps of four pairs in one process."""
    return SvcoSettings(
        model=str(tiny), image_root=str(pictures), device="cpu", dtype="float32", learning_rate=2e-3, max_steps=2,
        batch_size=2, gradient_accumulation=2, gradient_checkpointing=True, eval_every=2, save_every=1,
    )  # fmt: skip


def halved(settings: SvcoSettings) -> SvcoSettings:
    """The same pairs a step, from two processes."""
    return replace(settings, batch_size=settings.batch_size // 2)


def losses(result: SvcoResult) -> list[float]:
    return [entry["loss"] for entry in result.history if "loss" in entry]


def assert_alike(base: str, one: SvcoResult, other: SvcoResult) -> None:
    """Losses and weights are equal up to what AdamW makes of rounding where gradients are nearly 0."""
    assert losses(other) == pytest.approx(losses(one), abs=1e-3)
    # as loaded: under ZeRO-3 transformers saves the vision tower's weights under their older names
    start, first, second = (
        load_model(str(folder), "float32").state_dict() for folder in (base, one.model_folder, other.model_folder)
    )
    assert start.keys() == first.keys() == second.keys()
    way, apart = (
        torch.cat([(side[name] - first[name]).flatten() for name in first]).norm() for side in (start, second)
    )
    assert way > 0
    assert apart < 0.05 * way


CASES = [
    pytest.param("zero2", "lora", marks=needs_deepspeed),
    pytest.param("zero3", "full", marks=needs_deepspeed),
    pytest.param("zero3", "lora", marks=needs_deepspeed),
]


@pytest.mark.parametrize(("config", "method"), CASES)
def test_two_processes_train_as_one(
    config: str, method: str, settings: SvcoSettings, pairs: list[ImagePair], tmp_path: Path
) -> None:
    settings = replace(settings, method=method)
    one = train(settings, pairs[:6], tmp_path / "one", validation=pairs[6:])
    again = halved(settings)
    launch_training(again, pairs[:6], tmp_path / "two", config=config, processes=2, validation=pairs[6:])
    two = train(again, pairs[:6], tmp_path / "two", validation=pairs[6:])
    assert_alike(settings.model, one, two)
    assert two.steps == 2
    assert [entry["step"] for entry in two.history if "eval_loss" in entry] == [2]
    assert (two.adapter_folder is None) == (method == "full")
    assert not list((tmp_path / "two").glob("*.parquet.*"))


def test_references_are_split_over_processes(settings: SvcoSettings, pairs: list[ImagePair], tmp_path: Path) -> None:
    """Without a store from before each process computes its share, and then they train as one (DDP)."""
    job = write_job(tmp_path, halved(settings), pairs[:6], pairs[6:], tmp_path / "reference.parquet")
    run_processes("svco_loss.training", job, config="ddp", processes=2)
    two = train(halved(settings), pairs[:6], tmp_path, validation=pairs[6:])
    assert_alike(settings.model, train(settings, pairs[:6], tmp_path / "one", validation=pairs[6:]), two)
    assert [path.name for path in tmp_path.glob("reference*")] == ["reference.parquet"]


def test_a_job_comes_back_as_it_was_written(settings: SvcoSettings, pairs: list[ImagePair], tmp_path: Path) -> None:
    job = read_job(write_job(tmp_path, settings, pairs[:3], pairs[3:], tmp_path / "r.parquet"))
    assert (job.settings, len(job.pairs), len(job.validation)) == (settings, 3, 5)


def test_a_process_that_fails_is_told(settings: SvcoSettings, pairs: list[ImagePair], tmp_path: Path) -> None:
    broken = [replace(pairs[0], text_x="")]
    with pytest.raises(TrainingError, match="ended with 1"):
        launch_training(settings, broken, tmp_path, config="ddp", processes=2)
