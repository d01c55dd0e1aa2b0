"""Demos and studies on an embedded world: one command and several seeds, the same for all apps."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from shard_runner import RunSummary, Source, run
from shard_runner.cli import read_seeds, run_seeds, world_demo_command


def test_a_demo_runs_in_the_folder_and_with_the_seed_that_flags_name_and_ends_with_its_lines(tmp_path: Path) -> None:
    asked: list[Any] = []

    def run_demo(out: Path, *, fast: bool, seed: int) -> RunSummary:
        asked.append((out, fast, seed))
        return run([Source(name="rows", rows=lambda: [{"id": "a"}])], out, seed=seed, progress=False)

    command = world_demo_command("app", run_demo, lambda out: f"the point of {out.name}")
    done = CliRunner().invoke(command, ["--fast", "--seed", "3", "--out", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    assert asked == [(tmp_path / "run", True, 3)]
    assert "the point of run" in done.output
    assert f"report: {tmp_path / 'run' / 'report.html'}" in done.output
    assert "app-demo" in CliRunner().invoke(command, ["--help"]).output


def test_a_study_writes_its_files_after_each_seed(tmp_path: Path) -> None:
    written: list[list[int]] = []

    def study_seed(seed: int) -> dict[str, Any]:
        if (tmp_path / "study.json").exists():
            document = json.loads((tmp_path / "study.json").read_text())
            assert document["size"] == 2
            written.append([result["seed"] for result in document["results"]])
        return {"seed": seed}

    found = run_seeds(tmp_path, [4, 5, 6], study_seed, lambda results: f"{len(results)} seeds", record={"size": 2})
    assert found == [{"seed": 4}, {"seed": 5}, {"seed": 6}]
    assert written == [[4], [4, 5]]
    assert (tmp_path / "study.md").read_text() == "3 seeds\n"


def test_seeds_are_whole_numbers_with_commas() -> None:
    assert read_seeds("7, 8") == [7, 8]
    with pytest.raises(click.UsageError, match="whole numbers with commas"):
        read_seeds("1;2")
