"""Killed in the middle of training, the same command goes on and ends with the same weights."""

import signal
from pathlib import Path
from typing import Any

import pytest
from svco.settings import SvcoRunSettings

CODE = """
import sys
from pathlib import Path
import svco_loss.training.pair_trainer
import transformers.models.llava.modeling_llava
import trial_sampler.hf.loading
from svco.demo import run_settings
from svco.settings import SvcoRunSettings
settings = SvcoRunSettings.model_validate_json(Path(sys.argv[1]).read_text())
def run(out):
    run_settings(settings, Path(out), progress=False)
"""


@pytest.mark.slow
def test_a_killed_training_ends_with_the_weights_of_an_unbroken_one(
    small_settings: SvcoRunSettings, tmp_path: Path, forked_runs: Any
) -> None:
    changes = {"max_steps": 12, "save_every": 2, "controls": [], "eval_every": 50}
    (tmp_path / "settings.json").write_text(small_settings.model_copy(update=changes).model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    runs = forked_runs(CODE, tmp_path / "settings.json")
    assert runs.run(whole) == 0
    ended = runs.kill_when(lambda out: any(out.glob("train/checkpoints/checkpoint-*/complete.json")), killed)
    assert ended == -signal.SIGKILL
    assert not (killed / "train" / "result.json").exists()
    assert runs.run(killed) == 0
    for name in ("train/model/model.safetensors", "eval/against-before.json", "reference/part-00000.parquet"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
