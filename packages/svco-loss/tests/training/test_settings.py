"""Settings that go together, and those that do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from llava_train import SettingsError
from svco_loss import DpoBetas, MdpoBetas, SvcoBetas, TrainingError
from svco_loss.training import SvcoSettings, launch_training
from svco_loss.training.launching import read_job


def test_defaults_are_the_published_ones() -> None:
    settings = SvcoSettings(model="m")
    published = {
        "method": "full", "rate": 1e-6, "schedule": "cosine", "warmup_ratio": 0.05, "weight_decay": 0.02,
        "adam_beta2": 0.95, "epochs": 1.0, "batch_size": 1, "gradient_accumulation": 4, "max_answer_tokens": 128,
        "save_every": 31, "eval_every": 31, "gradient_checkpointing": True, "train_vision": False,
        "trains_projector": True, "betas": SvcoBetas(0.1, 0.1, 0.1, 0.1),
    }  # fmt: skip
    assert {name: getattr(settings, name) for name in published} == published


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reference": "adapter"}, "reference 'adapter' needs method 'lora'"),
        ({"reference": "none"}, "reference must be one of stored, adapter, model"),
        ({"reference_model": "other"}, "reference_model belongs to reference 'model'"),
        ({"vision_rate": 1e-6}, "vision_rate needs train_vision"),
        ({"method": "lora", "projector_rate": 1e-6}, "projector_rate needs train_projector"),
        ({"max_answer_tokens": 0}, "max_answer_tokens must be above 0"),
        ({"adam_beta2": 1.0}, "adam_beta2 must be between 0 and 1"),
        ({"sft_weight": float("nan")}, "sft_weight must be 0 or more"),
        ({"long_answers": "keep"}, "long_answers must be one of refuse, cut"),
        ({"attention": "flash"}, "attention must be one of sdpa, eager, flex_attention"),
        ({"projection": "fused"}, "projection must be one of chunked, liger"),
        ({"betas": 0.1}, "betas must be one of svco, mdpo, dpo; got float"),
        ({"learning_rate": -1.0}, "learning_rate must be above 0"),
    ],
)
def test_values_that_cannot_work_are_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        SvcoSettings(model="m", **changes)


@pytest.mark.parametrize("betas", [SvcoBetas(reject_a=0), DpoBetas(0.3), MdpoBetas(anchor=0)])
def test_settings_survive_json(betas: Any) -> None:
    settings = SvcoSettings(model="m", betas=betas, method="lora", learning_rate=2e-5)
    assert SvcoSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_a_configuration_that_is_not_there_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="one of ddp, zero2, zero3; got 'fsdp'"):
        launch_training(SvcoSettings(model="m"), [], tmp_path, config="fsdp", processes=2)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_job_is_refused(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text('{"settings": {}}')
    with pytest.raises(TrainingError, match=r"job.json is no job of svco_loss.training"):
        read_job(tmp_path / "job.json")
