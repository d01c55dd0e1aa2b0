import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from cvc.cli import main
from shard_runner import read_rows


def cvc(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_step_is_a_command_and_flags_win_over_the_file(world: Path, tmp_path: Path) -> None:
    config = {name: str(world / file) for name, file in (("images", "images"), ("captions", "captions.json"))}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(config | {"limit": 9, "entities": "blank"}))
    out = tmp_path / "run"
    done = cvc("entities", "--config", tmp_path / "run.yaml", "--out", out, "--limit", "3")
    assert done.exit_code == 0, done.output
    assert len(list(read_rows(out, "captions"))) == 3
    assert len({row["image"] for row in read_rows(out, "entities")}) == 3
    assert "entities" in cvc("status", out).output
    told = cvc("explain", out, "train-0-0#0")
    assert told.exit_code == 0
    assert "train-0-0#0" in told.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "--captions is needed"),
        (
            ["run", "--captions", "c.json", "--images", "i"],
            "--annotations is needed: boxes come from COCO instances JSON",
        ),
        (["boxes", "--captions", "c.json", "--images", "i"], "--annotations is needed"),
        (["run", "--top-p", "2"], "top_p"),
        (["run", "--min-right", "5"], "min_right must not exceed max_right"),
        (["study", "--set", "no_such=1"], "--set takes KEY=VALUE"),
        (["study", "--seeds", "one"], "--seeds must be whole numbers"),
    ],
)
def test_what_is_missing_or_wrong_is_a_usage_error_of_one_line(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    done = cvc(*arguments, "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert words in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("max_pll: 3\n")
    done = cvc("run", "--config", tmp_path / "run.yaml", "--out", tmp_path / "run")
    assert done.exit_code == 2
    assert "max_ppl" in done.output


def test_captions_that_are_cut_off_are_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "captions.json").write_text('[{"image": "a.png", "capt')
    done = cvc("captions", "--captions", tmp_path / "captions.json", "--out", tmp_path / "run")
    assert done.exit_code == 1
    assert "captions.json is not complete JSON" in done.output


def photographs(folder: Path) -> list[str | Path]:
    """Write the example's photographs, and name the files as flags."""
    script = Path(__file__).parents[1] / "examples" / "photographs.py"
    subprocess.run([sys.executable, script, folder], check=True)
    files = {"--images": "images", "--captions": "captions.json", "--annotations": "instances.json"}
    return [part for flag, name in files.items() for part in (flag, folder / name)]


PHOTO_FLAGS = ["--model", "tiny", "--mlm", "tiny", "--entities", "blank", "--no-causality-filter"]
PHOTO_FLAGS += ["--segmenter", "grabcut", "--max-new-tokens", "32"]


def test_real_photographs_are_occluded_asked_about_and_judged(tmp_path: Path) -> None:
    out = tmp_path / "run"
    files = photographs(tmp_path / "photos")
    done = cvc("judge", *files, *PHOTO_FLAGS, "--held-out-share", "0", "--limit", "2", "--out", out)
    assert done.exit_code == 0, done.output
    rows = {row["id"]: row for row in read_rows(out, "judge")}
    assert set(rows) == {
        "astronaut/flag",
        "astronaut/helmet",
        "astronaut/rocket",
        "coffee/cup",
        "coffee/plate",
        "coffee/spoon",
    }
    assert all(row["covered_share"] >= 0.45 and 0 < row["changed_share"] <= 0.6 for row in rows.values())
    assert rows["coffee/cup"]["masks"][0]["size"] == [400, 600]
    assert rows["astronaut/rocket"]["stem"] == "Gray blocks hide a vehicle in this image. What is it?"
    assert all(len(row["trials"]) == 16 for row in rows.values())


@pytest.mark.slow
def test_real_photographs_go_through_the_whole_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    files = photographs(tmp_path / "photos")
    training = ["--n", "64", "--max-right", "64", "--held-out-share", "0.3", "--seed", "7", "--max-steps", "3"]
    training += ["--batch-size", "4", "--gradient-accumulation", "1"]
    done = cvc("run", *files, *PHOTO_FLAGS, *training, "--out", out)
    assert done.exit_code == 0, done.output
    assert {"coffee/cup", "chelsea/cat", "rocket/rocket", "flower/flower"} <= {
        row["id"] for row in read_rows(out, "occlude")
    }
    assert list(read_rows(out, "mix"))
    assert (out / "train" / "model" / "model.safetensors").is_file()
    assert json.loads((out / "eval" / "against-before.json").read_text())
    assert (out / "report.html").read_text(encoding="utf-8").count("data:image/jpeg") >= 8
