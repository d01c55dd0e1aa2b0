"""The command line: steps as commands, flags over the file, errors of one line."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from shard_runner import read_rows
from svco.cli import main
from svco.world import WorldSize, write_world


def svco(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_steps_before_the_model_need_no_model_and_flags_win_over_the_file(world: Path, tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(yaml.safe_dump({"data": str(world / "mvc.json"), "validation": 4, "limit": 9}))
    out = tmp_path / "run"
    done = svco("split", "--config", tmp_path / "run.yaml", "--out", out, "--limit", "10")
    assert done.exit_code == 0, done.output
    rows = list(read_rows(out, "split"))
    assert len(rows) == 10
    assert sum(row["part"] == "validation" for row in rows) == 2  # at most a fifth
    assert "split" in svco("status", out).output
    assert rows[0]["id"] in svco("explain", out, rows[0]["id"]).output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "--data is needed"),
        (["filter", "--filter"], "--data is needed"),
        (["filter", "--data", "mvc.json"], "--filter is needed"),
        (["train", "--data", "mvc.json"], "--model is needed"),
        (["run", "--processes", "2"], "processes belongs to launch"),
        (["run", "--reference", "adapter"], "reference adapter needs train_method lora"),
        (["run", "--launch", "zero3", "--reference", "model"], "do not go together"),
        (["run", "--attend-a", "0", "--reject-a", "0", "--attend-b", "0", "--reject-b", "0"], "must be above 0"),
        (["run", "--min-semantic", "2"], "min_semantic"),
        (["study", "--seeds", "one"], "--seeds must be whole numbers"),
    ],
)
def test_what_is_missing_or_wrong_is_a_usage_error_of_one_line(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = svco(*arguments, "--out", tmp_path / "run")
    assert done.exit_code == 2, done.output
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.parametrize("text", [None, "[{}]"])
def test_questions_that_cannot_be_read_are_told_before_any_work(text: str | None, world: Path, tmp_path: Path) -> None:
    questions, out = tmp_path / "questions.json", tmp_path / "run"
    if text is not None:
        questions.write_text(text)
    done = svco("run", "--data", world / "mvc.json", "--model", "tiny", "--eval-data", questions, "--out", out)
    assert (done.exit_code, len(done.output.strip().splitlines())) == (1, 1)
    assert done.output.startswith("error: --eval-data ")
    assert not (out / "pairs").exists()


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("max_vissual: 0.4\n")
    done = svco("run", "--config", tmp_path / "run.yaml", "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert "max_visual" in done.output


def test_pairs_that_are_cut_off_are_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "mvc.json").write_text('[{"instruction_prompt": "a')
    done = svco("pairs", "--data", tmp_path / "mvc.json", "--out", tmp_path / "run")
    assert done.exit_code == 1
    assert "cannot be read as JSON" in done.output


def test_train_is_a_command_that_takes_lora_and_ends_with_a_checkpoint(world: Path, tmp_path: Path) -> None:
    flags = ["--data", world / "mvc.json", "--model", "tiny", "--device", "cpu", "--train-method", "lora"]
    flags += ["--max-steps", "1"]
    done = svco("train", *flags, "--validation", "0", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "run" / "train" / "model" / "model.safetensors").is_file()
    assert (tmp_path / "run" / "train" / "adapter" / "adapter_model.safetensors").is_file()
    history = json.loads((tmp_path / "run" / "train" / "history.json").read_text())
    assert history[0]["loss"] == pytest.approx(2.7726, abs=1e-3)


def test_a_run_without_questions_compares_held_out_pairs_alone(world: Path, tmp_path: Path) -> None:
    flags = ["--data", world / "mvc.json", "--model", "tiny", "--device", "cpu", "--max-steps", "1"]
    done = svco("run", *flags, "--validation", "2", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "held-out pairs, both" in done.output
    assert "report:" in done.output


def test_a_world_is_drawn_once(tmp_path: Path) -> None:
    size = WorldSize(pairs=2, held_out=1, asked_pairs=1, per_task=1, absent=2, steps=1)
    write_world(tmp_path, size, 0)
    first = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    write_world(tmp_path, size, 0)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == first
    rows = json.loads((tmp_path / "mvc.json").read_text())
    assert all((tmp_path / row["chosen_images"][0]).is_file() for row in rows)


def test_a_world_whose_drawing_was_stopped_is_not_taken_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    small, large = (WorldSize(pairs=n, held_out=1, asked_pairs=1, per_task=1, absent=2, steps=1) for n in (2, 3))
    write_world(tmp_path, small, 0)
    monkeypatch.setattr("svco.world.write_json", stop)
    with pytest.raises(KeyboardInterrupt):
        write_world(tmp_path, large, 0)
    assert not (tmp_path / "world.json").exists()
