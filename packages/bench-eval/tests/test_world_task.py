"""The drawn benchmark: what a newcomer tries first, from drawing to figures, with the real tiny model."""

import json
from pathlib import Path

import pytest
from bench_eval import FileError
from bench_eval.cli.commands import make_commands
from bench_eval.tasks import DataFolder
from bench_eval.tasks.registry import find_task


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        make_commands().main([str(word) for word in words], prog_name="bench-eval")
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    assert call("world", folder, "--n", 2) == 0
    return folder


def test_a_drawn_world_is_the_same_for_a_seed(data: Path, tmp_path: Path) -> None:
    assert call("world", tmp_path / "same", "--n", 2) == 0
    assert call("world", tmp_path / "other", "--n", 2, "--seed", 1) == 0
    drawn, same, other = (
        (folder / "world" / "questions.json").read_bytes() for folder in (data, tmp_path / "same", tmp_path / "other")
    )
    assert drawn == same
    assert drawn != other


def test_its_rows_have_pictures_and_kinds(data: Path, tmp_path: Path) -> None:
    rows = list(find_task("world").read(DataFolder(data / "world", tmp_path)))
    assert len(rows) == 2 * len({row["kind"] for row in rows})
    assert all(Path(row["image"]).is_file() for row in rows)
    assert {row["task"] for row in rows} == {"world"}


def test_before_it_is_drawn_the_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"must hold questions\.json"):
        list(find_task("world").read(DataFolder(tmp_path, tmp_path)))


def test_the_tiny_model_answers_it(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("run", "--model", "tiny", "--tasks", "world", "--data", data, "--out", tmp_path / "run")
    assert call(*words, "--device", "cpu", "--json") == 0
    result = json.loads(capsys.readouterr().out)[0]
    assert (result["model"], result["task"]) == ("tiny", "world")
    assert result["figures"][0]["value"] > 0.5  # chance is far below: most answers are words
