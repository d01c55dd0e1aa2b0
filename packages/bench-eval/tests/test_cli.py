"""The command line on a real tiny model, and the mistakes that people make with it."""

import json
from pathlib import Path
from typing import Any

import pytest
import scene_world
from bench_eval.cli.commands import make_commands

from .pope_files import write_pope


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        make_commands().main([str(word) for word in words], prog_name="bench-eval")
    return int(ended.value.code or 0)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_pope(folder / "pope", images=2)
    return folder


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter of the tiny model, with weights that change its answers."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText

    folder = tmp_path_factory.mktemp("adapter")
    model = AutoModelForImageTextToText.from_pretrained(scene_world.tiny_vlm_path())
    tuned: Any = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
    torch.manual_seed(0)
    tuned.save_pretrained(folder)
    return folder


def test_list_shows_every_task_with_its_profiles(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("list") == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].split() == ["task", "rows", "what", "profiles", "judge", "licence"]
    assert any(line.startswith("mmvp ") and "svco" in line for line in shown.splitlines())
    assert call("list", "--json") == 0
    told = {task["name"]: task for task in json.loads(capsys.readouterr().out)}
    assert told["pope"]["profiles"][0]["name"] == "official"


def test_data_says_what_to_put_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("data", "mmvp,pope") == 0
    shown = capsys.readouterr().out
    assert "DATA/mmvp/" in shown
    assert "licence:" in shown
    assert "hf download" in shown


def test_a_model_is_asked_scored_and_graded_again(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (
        "run",
        "--model",
        scene_world.tiny_vlm_path(),
        "--tasks",
        "pope",
        "--data",
        data,
        "--run",
        tmp_path / "run",
    )
    assert call(*asked, "--device", "cpu", "--json") == 0
    result = json.loads(capsys.readouterr().out)[0]
    assert (result["task"], result["counts"]["rows"], result["figures"][0]["n"]) == ("pope", 12, 12)
    assert result["tokens"] > 0
    assert call("score", tmp_path / "run", "--profile", "vlmevalkit", "--parts") == 0
    assert "category=popular" in capsys.readouterr().out
    assert call("disagreements", tmp_path / "run", "pope") == 0
    assert "answers are graded differently" in capsys.readouterr().out
    assert call("power", "pope", "--run", tmp_path / "run") == 0
    assert "detectable difference" in capsys.readouterr().out


def test_a_model_and_its_adapter_are_compared_in_one_command(
    data: Path, adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    files = [tmp_path / f"table.{ending}" for ending in ("html", "md", "tex", "json")]
    written = [word for flag, path in zip(("--html", "--markdown", "--latex", "--json"), files, strict=True)
               for word in (flag, path)]  # fmt: skip
    words = (scene_world.tiny_vlm_path(), adapter, "--tasks", "pope", "--data", data, "--run", run_dir, *written)
    assert call("compare", *words, "--device", "cpu") == 0
    assert "p (Holm)" in capsys.readouterr().out
    told = json.loads(files[3].read_text())
    assert (told["before"], told["after"]) == (str(scene_world.tiny_vlm_path()), str(adapter))
    assert [path.exists() for path in files] == [True] * 4
    before = (run_dir / "before" / "pope" / "responses").stat().st_mtime_ns
    assert call("compare-runs", run_dir / "before", run_dir / "after", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["tasks"][0]["figures"] == told["tasks"][0]["figures"]
    assert (run_dir / "before" / "pope" / "responses").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--model", "m", "--tasks", "mvp", "--data", ".", "--run", "r"], 2, "did you mean mmvp?"),
        (["run", "--model", "m", "--tasks", "pope", "--data", "no-such", "--run", "r"], 2, "does not exist"),
        (["data"], 2, "Missing argument 'TASK'"),
        (["score", "."], 1, "holds no answers"),
        (["compare-runs", ".", "."], 1, "no common task"),
    ],
)
def test_mistakes_get_one_line_that_helps(
    words: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert call(*words) == code
    shown = capsys.readouterr().err
    assert said in shown
    assert len(shown.strip().splitlines()) == 1


def test_data_that_is_not_there_is_told_with_what_belongs_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "run",
        "--model",
        scene_world.tiny_vlm_path(),
        "--tasks",
        "pope",
        "--data",
        tmp_path,
        "--run",
        tmp_path / "r",
    )
    assert call(*words) == 1
    assert "must hold coco_pope_" in capsys.readouterr().err
