"""The command line: steps as commands, flags over the file, nested flags, errors of one line before any work."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from shard_runner import read_rows
from world2code.cli import main
from world2code.world import WorldSize, write_world


def w2c(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "--images is needed"),
        (["captions", "--images", "photos"], "--model is needed"),
        (["run", "--images", "photos", "--model", "tiny"], "--detector is needed"),
        (["eval", "--images", "p", "--model", "tiny", "--detector", "world"], "--eval-data is needed"),
        (["run", "--images", "p", "--model", "m", "--backend", "server"], "backend server needs base_url"),
        (["run", "--captions-drawn", "2"], "captions_drawn must be at least captions (4); got 2"),
        (["run", "--controls", "everything"], "a control is one of unfiltered, existence"),
        (["run", "--controls", "unfiltered", "--controls", "unfiltered"], "controls must differ"),
        (["run", "--questions-exists", "Is it there?"], "must hold at least one of {a_name}, {name}"),
        (["run", "--box-step", "0.3"], "step must be"),
        (["run", "--digits", "5"], "digits"),
        (["run", "--suppress-iou", "0"], "suppress_iou"),
        (["study", "--seeds", "one"], "--seeds must be whole numbers"),
    ],
)
def test_what_is_missing_or_wrong_is_a_usage_error_of_one_line(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = w2c(*arguments, "--out", tmp_path / "run")
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("flag", "content", "words"),
    [
        ("--lexicon", "[1]", "must be a JSON object {noun: category} of texts"),
        ("--lexicon", "{", "cannot be read"),
        ("--row-wording", "forms: [1]", "a row wording has the fields"),
        ("--row-wording", ": :", "--row-wording given.txt"),
        ("--eval-data", "[{}]", "--eval-data given.txt, row 0: id, image, question, answer missing"),
        ("--eval-data", "{", "cannot be read"),
    ],
)
def test_a_file_that_is_needed_later_is_read_before_any_work(
    flag: str, content: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "given.txt").write_text(content)
    flags = ["--images", tmp_path, "--model", "tiny", "--detector", "world", "--entities", "blank"]
    done = w2c("run", *flags, flag, tmp_path / "given.txt", "--out", tmp_path / "run")
    assert done.exit_code == 1
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_a_missing_language_model_is_told_before_any_work(tmp_path: Path) -> None:
    flags = ["--images", tmp_path, "--model", "tiny", "--detector", "world", "--spacy-model", "en_none_such"]
    done = w2c("run", *flags, "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert "en_none_such" in done.output
    assert "--entities blank" in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("questions:\n  exist: Is it {a_name}?\n")
    done = w2c("run", "--config", tmp_path / "run.yaml", "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert "questions.exists" in done.output


def test_a_step_is_a_command_of_its_own_and_flags_win_over_the_file(world: Path, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "data": str(world / "images.json"),
        "model": "tiny",
        "device": "cpu",
        "limit": 5,
        "captions": 1,
    }
    settings |= {"captions_drawn": 1, "max_new_tokens": 20, "entities": "blank"}
    settings["questions"] = {"detailed": "Describe the image.", "general": "Describe."}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings))
    out, flags = tmp_path / "run", ["--limit", "2", "--questions-general", "What do you see?"]
    done = w2c("concepts", "--config", tmp_path / "run.yaml", "--out", out, *flags)
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in w2c("status", out).output.splitlines()]
    assert ["captions", "2", "2", "0", "0", "2"] in [line[:6] for line in lines]
    assert not (out / "ground").exists()
    kept = json.loads((out / "run.json").read_text())["settings"]
    assert kept["questions"]["general"] == "What do you see?"
    assert kept["questions"]["detailed"] == "Describe the image."
    assert w2c("report", out).exit_code == 0
    assert (out / "report.html").is_file()


def test_one_row_is_explained(finished_run: Path) -> None:
    row = next(iter(read_rows(finished_run, "render")))
    done = w2c("explain", finished_run, row["id"])
    assert done.exit_code == 0, done.output
    for step in ("captions", "ground", "validate", "render"):
        assert step in done.output


def test_help_teaches_every_step() -> None:
    text = w2c("--help").output
    for name in (
        *("captions", "concepts", "ground", "confirm", "describe", "validate", "render", "quality", "export", "train"),
        *("eval", "run", "demo", "study", "ablate", "status", "explain", "report"),
    ):
        assert name in text


def test_a_world_whose_drawing_was_stopped_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    small, large = (WorldSize(scenes=n, held_out=1, steps=1) for n in (2, 3))
    write_world(tmp_path, small, 0)
    monkeypatch.setattr("world2code.world.write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path, large, 0)
    assert not (tmp_path / "world.json").exists()
