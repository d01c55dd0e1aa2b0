"""The command line on a real tiny model, and the mistakes that people make with it."""

import json
from pathlib import Path
from typing import Any

import pytest
import scene_world
from bench_eval import detectable_difference
from bench_eval.cli.commands import make_commands
from bench_eval.runs import load_answers, run_task
from bench_eval.tasks import DataFolder
from bench_eval.tasks.pope import POPE
from bench_eval.tasks.registry import find_task
from PIL import Image

from .pope_files import Counted, knows, write_pope

SERVED = ["run", "--model", "m", "--tasks", "pope", "--out", "r", "--backend", "server", "--base-url", "http://here/v1"]


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
    torch.manual_seed(0)  # of the adapter's weights
    tuned: Any = get_peft_model(model, LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False))
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
        "--out",
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
    words = (scene_world.tiny_vlm_path(), adapter, "--tasks", "pope", "--data", data, "--out", run_dir, *written)
    assert call("compare", *words, "--device", "cpu") == 0
    assert "p (Holm)" in capsys.readouterr().out
    told = json.loads(files[3].read_text())
    assert (told["before"], told["after"]) == (str(scene_world.tiny_vlm_path()), str(adapter))
    assert [path.exists() for path in files] == [True] * 4
    sides = (load_answers(run_dir / side, "pope").rows for side in ("before", "after"))
    before, after = ([row["trials"][0]["text"] for row in rows] for rows in sides)
    assert before != after  # the adapter was off, and then on
    written_at = (run_dir / "before" / "pope" / "responses").stat().st_mtime_ns
    assert call("compare-runs", run_dir / "before", run_dir / "after", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["tasks"][0]["figures"] == told["tasks"][0]["figures"]
    assert (run_dir / "before" / "pope" / "responses").stat().st_mtime_ns == written_at


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["run", "--model", "m", "--tasks", "mvp", "--data", ".", "--out", "r"], 2, "did you mean mmvp?"),
        (["run", "--model", "m", "--tasks", "pope", "--data", "no-such", "--out", "r"], 2, "does not exist"),
        (["data"], 2, "Missing argument 'TASK'"),
        (["score", "."], 1, "holds no answers"),
        (["score", ".", "--debug", "--profile", "pope="], 2, "expected PROFILE or TASK=PROFILE"),
        (["upload", ".", "pope,mme", "f", "--data", "."], 2, "name one task; got 'pope,mme'"),
        (["data", ","], 2, "name a task; got ','"),
        ([*SERVED, "--dtype", "bfloat16"], 2, "--dtype is read by --backend hf and vllm; got server."),
        ([*SERVED, "--device", "cpu"], 2, "--device is read by --backend hf; got server."),
        ([*SERVED, "--prompts-per-batch", "8"], 2, "--prompts-per-batch is read by --backend hf; got server."),
        ([*SERVED, "--backend", "vllm", "--device", "cpu"], 2, "--base-url is read by --backend server; got vllm."),
        ([*SERVED, "--dtype", "auto"], 1, "needs --data"),
        (["run", "--model", "m", "--backend", "server", "--tasks", "pope", "--out", "r"], 2, "server needs --base-url"),
        (["run", "--model", "m", "--tasks", "pope", "--out", "r"], 1, "needs --data; `bench-eval data pope` says what"),
        (["run", "--model", "m", "--tasks", "file:pope.json", "--out", "r"], 2, "one of its own; got 'pope.json'"),
        (
            ["run", "--model", "m", "--tasks", "file:a/q.json,file:b/q.json", "--out", "r"],
            2,
            "two tasks have the name q",
        ),
        (["run", "--model", "m", "--tasks", "file:q.json", "--out", "r"], 1, "q.json cannot be read"),
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
        "--out",
        tmp_path / "r",
    )
    assert call(*words) == 1
    assert "must hold coco_pope_" in capsys.readouterr().err


def test_every_command_explains_itself_and_its_errors() -> None:
    for command in make_commands().commands.values():
        assert command.help
        flags = [flag for flag in command.params if flag.param_type_name == "option"]
        assert sum(flag.name == "debug" for flag in flags) == 1
        assert all(getattr(flag, "help", None) for flag in flags)


def test_power_is_about_the_units_of_the_headline(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("power", "mmvp,winoground,mmbench,mme,pope", "--json") == 0
    told = {plan["task"]: plan for plan in json.loads(capsys.readouterr().out)}
    assert [plan["units"] for plan in told.values()] == [150, 400, 1164, 1187, 9000]
    assert told["mmvp"]["difference"] == pytest.approx(detectable_difference(150))
    assert call("power", "mmvp", "--n", 10) == 0
    shown = capsys.readouterr()
    assert "none: too few" in shown.out
    assert "taken for independent" in shown.err


def test_a_log_is_imported_and_scored(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = POPE.read(DataFolder(data / "pope", tmp_path))
    records = [{"doc_id": k, "target": row["answer"], "filtered_resps": ["yes"]} for k, row in enumerate(rows)]
    log = tmp_path / "my-model" / "1_samples_pope.jsonl"
    log.parent.mkdir()
    log.write_text("".join(json.dumps(one) + "\n" for one in records))
    assert call("import", log, "pope", "--data", data, "--out", tmp_path / "run") == 0
    shown = capsys.readouterr().out
    assert "66.7" in shown
    assert "asked by lmms-eval, the benchmark has 9000 rows, but 12 were there" in shown
    assert call("score", tmp_path / "run", "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["model"] == "my-model"


def test_a_question_file_needs_no_data_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "a.png")
    asked = [{"id": "1", "image": "a.png", "question": "What colour?", "answer": "black"}]
    (tmp_path / "mine.json").write_text(json.dumps(asked))
    words = ("--tasks", f"file:{tmp_path / 'mine.json'}", "--out", tmp_path / "run", "--device", "cpu")
    assert call("run", "--model", "tiny", *words, "--json") == 0
    assert json.loads(capsys.readouterr().out)[0]["task"] == "mine"
    assert call("score", tmp_path / "run") == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("mine ")


def test_an_upload_is_written_from_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    task = find_task("vizwiz_test")
    data = tmp_path / "data" / "vizwiz"
    data.mkdir(parents=True)
    (data / "test.json").write_text(json.dumps([{"image": "a.jpg", "question": "What is it?"}]))
    run_task(task, data, tmp_path / "run", Counted(lambda question: "Two cups.").model())
    words = (tmp_path / "run", "vizwiz_test", tmp_path / "new" / "upload.json", "--data", tmp_path / "data")
    assert call("upload", *words) == 0
    assert json.loads((tmp_path / "new" / "upload.json").read_text()) == [{"image": "a.jpg", "answer": "2 cups"}]
    assert call("upload", tmp_path, "pope", tmp_path / "f", "--data", tmp_path) == 1
    assert "upload files are known for vqav2_test_dev and vizwiz_test; got pope." in capsys.readouterr().err


def test_a_task_with_one_profile_has_nothing_to_disagree_about(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    run_task(POPE, data / "pope", run_dir, Counted(knows).model())
    said = f"world has one profile, selfsight: there is nothing to compare. Tasks of {run_dir} with several: pope.\n"
    for words, shown in ((["world"], ""), (["world", "--json"], "[]\n")):
        assert call("disagreements", run_dir, *words) == 0
        assert capsys.readouterr() == (shown, said)
    assert call("disagreements", run_dir, "world,vqav2_test_dev,pope") == 0
    told = capsys.readouterr()
    assert told.out.startswith("pope: ")
    assert [line.split(":")[0] for line in told.err.splitlines()] == [
        "world has one profile, selfsight", "vqav2_test_dev has no profile"
    ]  # fmt: skip
    assert call("disagreements", run_dir, "pope", "--profiles", "official,official") == 2
    assert "--profiles must name two or more; got 'official,official'." in capsys.readouterr().err


def test_a_damaged_task_keeps_no_other_from_its_score(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_dir = tmp_path / "run"
    asked = [{"id": "1", "image": "a.png", "question": "What colour?", "answer": "black"}]
    (tmp_path / "mine.json").write_text(json.dumps(asked))
    for task, folder in ((find_task(f"file:{tmp_path / 'mine.json'}"), tmp_path), (POPE, data / "pope")):
        answer = knows if task is POPE else lambda question: "black"
        run_task(task, folder, run_dir, Counted(answer).model())
    part = run_dir / "mine" / "responses" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    assert call("score", run_dir) == 1
    told = capsys.readouterr()
    assert "POPE" in told.out
    assert told.err.count("\n") == 1
    assert "part-00000.parquet is damaged" in told.err
