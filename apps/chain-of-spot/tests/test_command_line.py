"""The command line: steps as commands, flags over the file, errors of one line, one question asked by hand."""

import json
from pathlib import Path

import pytest
import yaml
from box_space import open_image
from chain_of_spot.cli import main
from chain_of_spot.world import WorldSize, write_world
from click.testing import CliRunner, Result


def cos(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "--data is needed"),
        (["annotate", "--data", "mix.json"], "--model is needed"),
        (["eval", "--data", "mix.json", "--model", "tiny"], "--eval-data is needed"),
        (["run", "--sides", "1.5"], "sides must be above 0"),
        (["run", "--where-weight", "0", "--answer-weight", "0"], "nothing would be learnt"),
        (["run", "--where-request", "Where?"], "must hold {question} once"),
        (["study", "--seeds", "one"], "--seeds must be whole numbers"),
    ],
)
def test_what_is_missing_or_wrong_is_a_usage_error_of_one_line(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = cos(*arguments, "--out", tmp_path / "run")
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize("text", [None, "[{}]"])
def test_questions_that_cannot_be_read_are_told_before_any_work(text: str | None, world: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "questions.json", tmp_path / "run"
    if text is not None:
        questions.write_text(text)
    done = cos("run", "--data", world / "mix.json", "--model", "tiny", "--eval-data", questions, "--out", out)
    assert (done.exit_code, len(done.output.strip().splitlines())) == (1, 1)
    assert done.output.startswith("error: --eval-data ")
    assert not out.exists()


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("mas: 0.4\n")
    done = cos("run", "--config", tmp_path / "run.yaml", "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert "mass" in done.output


def test_annotate_is_a_command_of_its_own_and_flags_win_over_the_file(world: Path, tmp_path: Path) -> None:
    settings = {"data": str(world / "mix.json"), "model": "tiny", "device": "cpu", "limit": 5, "sides": [0.5]}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(settings))
    out = tmp_path / "run"
    done = cos("annotate", "--config", tmp_path / "run.yaml", "--out", out, "--limit", "2", "--method", "attention")
    assert done.exit_code == 0, done.output
    assert "annotate" in done.output
    lines = [line.split() for line in cos("status", out).output.splitlines()]
    assert ["annotate", "2", "2", "0", "0", "2"] in [line[:6] for line in lines]
    assert not (out / "train").exists()
    assert cos("report", out).exit_code == 0
    assert "attention" in (out / "report.html").read_text(encoding="utf-8")


def test_one_question_is_asked_in_two_turns(finished_run: Path, world: Path, tmp_path: Path) -> None:
    image, model = world / "heldout" / "00000.png", finished_run / "train" / "model"
    picture = tmp_path / "looked.png"
    asked = ["ask", image, "What does the sign say?", "--model", model, "--run", finished_run, "--picture", picture]
    done = cos(*asked)
    assert done.exit_code == 0, done.output
    where, answer, _ = done.output.splitlines()
    assert where.startswith("where:")
    assert "pixels" in where
    assert answer.startswith("answer: ")
    width, height = open_image(picture).size
    assert width > height


def test_a_server_must_be_told_how_its_model_sees(world: Path) -> None:
    asked = ["ask", world / "heldout" / "00000.png", "What?", "--model", "served", "--backend", "server"]
    done = cos(*asked, "--base-url", "http://127.0.0.1:9/v1")
    assert done.exit_code == 1
    assert "give --frame and --form" in done.output


def test_a_picture_that_cannot_be_read_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    done = cos("ask", tmp_path / "a.png", "What?", "--model", "tiny")
    assert done.exit_code == 1
    assert "not_an_image" in done.output or "a.png" in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_help_teaches_every_step() -> None:
    text = cos("--help").output
    for name in ("annotate", "dialogues", "train", "ask", "eval", "run", "demo", "study", "status", "explain"):
        assert name in text


def test_the_settings_of_a_run_are_kept_beside_it(finished_run: Path) -> None:
    settings = json.loads((finished_run / "run.json").read_text())["settings"]
    assert settings["sides"] == [0.5]
    assert settings["quotes"] is False


def test_a_world_whose_drawing_was_stopped_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    small, large = (WorldSize(scenes=n, held_out=1, steps=1) for n in (2, 3))
    write_world(tmp_path, small, 0)
    monkeypatch.setattr("chain_of_spot.world.write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path, large, 0)
    assert not (tmp_path / "world.json").exists()
