"""Killed at several moments on the embedded world, the same command goes on and ends with the same bytes."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selfsynthx.world import FAST, world_settings, write_world
from shard_runner import status

CODE = """
import sys
from pathlib import Path
import answer_judge
import llava_train.sft_trainer
import sentence_transformers
import transformers.models.llava.modeling_llava
import trial_sampler.hf.loading
from selfsynthx.running import run_method
from selfsynthx.settings import SynthSettings
settings = SynthSettings.model_validate_json(Path(sys.argv[1]).read_text())
def run(out):
    run_method(settings, Path(out), progress=False)
"""

MOMENTS: dict[str, Callable[[Path], bool]] = {
    "describing": lambda run: any(path.stat().st_size for path in run.glob("describe*/part-*.jsonl")),
    "training the first round": lambda run: any(run.glob("train-1/checkpoints/checkpoint-*")),
    "answering in the second": lambda run: any(path.stat().st_size for path in run.glob("answer-2*/part-*.jsonl")),
}


@pytest.mark.slow
def test_a_run_killed_three_times_ends_with_the_bytes_of_an_unbroken_one(tmp_path: Path, forked_runs: Any) -> None:
    write_world(tmp_path / "world", FAST, 0)
    changes = {"images_per_batch": 1, "controls": [], "save_every": 1}
    settings = world_settings(tmp_path / "world", FAST, 0, **changes)
    (tmp_path / "settings.json").write_text(settings.model_dump_json())
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    runs = forked_runs(CODE, tmp_path / "settings.json")
    assert runs.run(whole) == 0
    for moment, has_come in MOMENTS.items():
        assert runs.kill_when(has_come, killed) == -signal.SIGKILL, moment
    assert not all(account.finished for account in status(killed))
    assert runs.run(killed) == 0
    names = ["select", "synthesise", "choose-2", "quality-0", "quality-1", "quality-2"]
    files = [f"{name}/part-00000.parquet" for name in names] + ["concepts/concepts.json"]
    files += [f"train-{number}/model/model.safetensors" for number in (1, 2)]
    for name in files:
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name
    assert (killed / "rounds.json").read_text() == (whole / "rounds.json").read_text().replace("/whole/", "/killed/")
