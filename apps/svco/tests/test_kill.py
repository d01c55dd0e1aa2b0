"""Killed in the middle of training, the same command goes on and ends with the same weights."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from svco.settings import SvcoRunSettings

CODE = """
import sys
from pathlib import Path
from svco.demo import run_settings
from svco.settings import SvcoRunSettings
run_settings(SvcoRunSettings.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), progress=False)
"""


def start(settings: Path, out: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", CODE, settings, out], stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_killed_training_ends_with_the_weights_of_an_unbroken_one(
    small_settings: SvcoRunSettings, tmp_path: Path
) -> None:
    changes = {"max_steps": 12, "save_every": 2, "controls": [], "eval_every": 50}
    (tmp_path / "settings.json").write_text(small_settings.model_copy(update=changes).model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(tmp_path / "settings.json", whole).wait() == 0
    child = start(tmp_path / "settings.json", killed)
    while child.poll() is None and not list(killed.glob("train/checkpoints/checkpoint-*/complete.json")):
        time.sleep(0.02)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (killed / "train" / "result.json").exists()
    assert start(tmp_path / "settings.json", killed).wait() == 0
    for name in ("train/model/model.safetensors", "eval/comparison.json", "reference/part-00000.parquet"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
