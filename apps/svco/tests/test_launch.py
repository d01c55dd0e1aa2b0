"""Training in several processes from the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from svco.cli import main


@pytest.mark.long
@pytest.mark.slow
def test_two_processes_train_what_one_would(world: Path, tmp_path: Path) -> None:
    flags = [
        "--data",
        world / "mvc.json",
        "--model",
        "tiny",
        "--device",
        "cpu",
        "--validation",
        "2",
        "--max-steps",
        "2",
    ]
    flags += ["--learning-rate", "1e-4"]
    one = ["--batch-size", "2", "--gradient-accumulation", "1"]
    two = ["--batch-size", "1", "--gradient-accumulation", "1", "--launch", "ddp", "--processes", "2"]
    losses: list[list[float]] = []
    for name, more in (("one", one), ("two", two)):
        done = CliRunner().invoke(main, ["train", *map(str, flags), *more, "--out", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        history = json.loads((tmp_path / name / "train" / "history.json").read_text())
        losses.append([entry["loss"] for entry in history if "loss" in entry])
    assert losses[1] == pytest.approx(losses[0], abs=1e-3)
    assert losses[0][1] != losses[0][0]
    assert (tmp_path / "two" / "train" / "model" / "model.safetensors").is_file()
