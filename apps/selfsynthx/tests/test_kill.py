"""Killed at several moments on the embedded world, the same command goes on and ends with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from selfsynthx.world import FAST, world_settings, write_world
from shard_runner import status

CODE = """
import sys
from pathlib import Path
from selfsynthx.running import run_method
from selfsynthx.settings import SynthSettings
run_method(SynthSettings.model_validate_json(Path(sys.argv[1]).read_text()), Path(sys.argv[2]), progress=False)
"""

MOMENTS: dict[str, Callable[[Path], bool]] = {
    "describing": lambda run: any(path.stat().st_size for path in run.glob("describe*/part-*.jsonl")),
    "training the first round": lambda run: any(run.glob("train-1/checkpoints/checkpoint-*")),
    "answering in the second": lambda run: any(path.stat().st_size for path in run.glob("answer-2*/part-*.jsonl")),
}


def start(settings: Path, out: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", CODE, settings, out], stdout=subprocess.DEVNULL)


@pytest.mark.slow
def test_a_run_killed_three_times_ends_with_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    write_world(tmp_path / "world", FAST, 0)
    changes = {"images_per_batch": 1, "controls": [], "save_every": 1}
    settings = world_settings(tmp_path / "world", FAST, 0, **changes)
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(tmp_path / "settings.json", whole).wait() == 0
    for moment, has_come in MOMENTS.items():
        child = start(tmp_path / "settings.json", killed)
        while child.poll() is None and not has_come(killed):
            time.sleep(0.01)
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL, moment
    assert not all(account.finished for account in status(killed))
    assert start(tmp_path / "settings.json", killed).wait() == 0
    names = ["select", "synthesise", "choose-2", "quality-0", "quality-1", "quality-2"]
    files = [f"{name}/part-00000.parquet" for name in names] + ["concepts/concepts.json"]
    files += [f"train-{number}/model/model.safetensors" for number in (1, 2)]
    for name in files:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert (killed / "rounds.json").read_text() == (whole / "rounds.json").read_text().replace("/whole/", "/killed/")
