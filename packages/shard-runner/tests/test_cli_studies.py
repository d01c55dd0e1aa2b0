"""Studies over several seeds, the same for all apps."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from shard_runner.cli import read_seeds, run_seeds


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
