"""What a training is given: rows, the mix, and as many steps as it may make."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shard_runner import Row, TaskContext, read_rows
from world2code.arms import METHOD, Arm
from world2code.errors import InputError, World2CodeError
from world2code.settings import W2cSettings
from world2code.training import train_task


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, finished_run: Path, tmp_path: Path) -> Any:
    """Runs a training task over the rows of the finished run, without training; returns settings and rows."""
    calls: list[tuple[Any, list[Row]]] = []
    monkeypatch.setattr("llava_train.train", lambda settings, rows, folder: calls.append((settings, list(rows))))

    def train(settings: W2cSettings, arm: Arm) -> tuple[Any, list[Row]]:
        task = train_task(settings, arm)
        inputs = {name: finished_run / name for name in task.inputs}

        def rows(name: str) -> Iterator[Row]:
            return read_rows(finished_run, name)

        task.run(TaskContext(task.name, tmp_path, inputs, settings.seed, rows))
        return calls[-1]

    return train


def test_without_a_number_a_control_makes_as_many_steps_as_the_method_did(
    trained: Any, small_settings: W2cSettings
) -> None:
    by_epochs = small_settings.model_copy(update={"max_steps": None})
    assert train_task(by_epochs, METHOD).inputs == ("rows",)
    assert trained(by_epochs, METHOD)[0].max_steps is None
    assert train_task(by_epochs, Arm("unfiltered")).inputs == ("rows-unfiltered", "train")
    assert trained(by_epochs, Arm("unfiltered"))[0].max_steps == 2
    by_steps = small_settings.model_copy(update={"max_steps": 7})
    assert train_task(by_steps, Arm("unfiltered")).inputs == ("rows-unfiltered",)
    assert trained(by_steps, Arm("unfiltered"))[0].max_steps == 7


def test_the_mix_is_added_in_its_ratio_with_paths_of_its_own_folder(
    trained: Any, small_settings: W2cSettings, tmp_path: Path
) -> None:
    said = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "a dog"}]
    (tmp_path / "mix.json").write_text(json.dumps([{"id": "m", "image": "m.png", "conversations": said}]))
    own = trained(small_settings.model_copy(update={"mix": None}), METHOD)[1]
    mixed = trained(small_settings.model_copy(update={"mix": tmp_path / "mix.json", "mix_ratio": 0.5}), METHOD)[1]
    added = [row for row in mixed if row["id"] not in {one["id"] for one in own}]
    assert len(mixed) == len(own) + len(added)
    assert {path for row in added for path in row["images"]} == {str(tmp_path / "m.png")}


def test_a_training_without_rows_or_with_a_lost_mix_is_told(
    monkeypatch: pytest.MonkeyPatch, small_settings: W2cSettings, tmp_path: Path
) -> None:
    task = train_task(small_settings, METHOD)
    with pytest.raises(World2CodeError, match="no row is left to train on"):
        task.run(TaskContext("train", tmp_path, {}, 0, lambda name: iter(())))
    with pytest.raises(InputError, match=r"absent\.json can't be read"):
        train_task(small_settings.model_copy(update={"mix": tmp_path / "absent.json"}), METHOD)
