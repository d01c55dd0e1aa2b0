"""The command line against a real server on the loopback: models, adapters by name, judges, keys."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench_eval.cli.commands import make_commands
from PIL import Image

from .pope_files import write_pope
from .scripted_endpoint import Reply, ScriptedEndpoint, scripted_endpoint


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        make_commands().main([str(word) for word in words], prog_name="bench-eval")
    return int(ended.value.code or 0)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_pope(tmp_path / "data" / "pope", images=2)
    folder = tmp_path / "data" / "mmvet"
    (folder / "images").mkdir(parents=True)
    Image.new("RGB", (8, 6)).save(folder / "images" / "a.png")
    asked = {f"v1_{k}": {"imagename": "a.png", "question": f"{k}?", "answer": "1", "capability": ["ocr"]} for k in "01"}
    (folder / "mm-vet.json").write_text(json.dumps(asked))
    return tmp_path / "data"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ScriptedEndpoint, str]]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-model")
    monkeypatch.setenv("JUDGE_API_KEY", "key-of-the-judge")
    with scripted_endpoint() as (endpoint, url):
        endpoint.replies = [Reply("Yes.")]
        yield endpoint, url


@pytest.fixture
def judge() -> Iterator[tuple[ScriptedEndpoint, str]]:
    with scripted_endpoint() as served:
        yield served


def test_a_served_model_is_asked_as_the_task_says(
    data: Path, tmp_path: Path, model: tuple[ScriptedEndpoint, str], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, url = model
    words = ("run", "--model", "served", "--backend", "server", "--base-url", url, "--tasks", "pope", "--data", data)
    assert call(*words, "--out", tmp_path / "run", "--json") == 0
    result = json.loads(capsys.readouterr().out)[0]
    assert (result["model"], result["counts"]["rows"], result["tokens"]) == ("served", 12, 36)
    assert len(endpoint.calls) == 12
    first = endpoint.calls[0]
    assert (first["model"], first["max_tokens"], first["temperature"]) == ("served", 128, 0)
    assert [part["type"] for part in first["messages"][0]["content"]] == ["image_url", "text"]
    assert call(*words, "--out", tmp_path / "run") == 0
    assert len(endpoint.calls) == 12


def test_a_served_model_is_compared_with_its_served_adapter(
    data: Path, tmp_path: Path, model: tuple[ScriptedEndpoint, str], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, url = model
    words = ("--backend", "server", "--base-url", url, "--tasks", "pope", "--data", data, "--out", tmp_path / "run")
    assert call("compare", "base", "tuned", *words) == 0
    assert [call["model"] for call in endpoint.calls] == ["base"] * 12 + ["tuned"] * 12
    shown = capsys.readouterr().out
    assert "+0.0" in shown
    assert "profile official 1, 2 clusters, test swap" in shown


def test_a_row_that_failed_on_one_side_is_an_error_or_counted(
    data: Path, tmp_path: Path, model: tuple[ScriptedEndpoint, str], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, url = model
    endpoint.replies = [*[Reply("Yes.")] * 12, Reply(status=400, body="context is too long"), Reply("Yes.")]
    words = ("--backend", "server", "--base-url", url, "--tasks", "pope", "--data", data, "--out", tmp_path / "run")
    assert call("compare", "base", "tuned", *words) == 1
    assert "1 only before, 0 only after" in (said := capsys.readouterr().err)
    assert "Give --count-missing to compare the rest." in said
    runs = (tmp_path / "run" / "before", tmp_path / "run" / "after")
    assert call("compare-runs", *runs, "--count-missing") == 0
    shown = capsys.readouterr().out
    assert "1 rows left out" in shown
    assert "after: 1 failed" in shown


def test_a_judge_gets_its_own_key_and_stands_with_the_score(
    data: Path, tmp_path: Path, model: tuple[ScriptedEndpoint, str], judge: tuple[ScriptedEndpoint, str],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    judging, judge_url = judge
    judging.replies = [Reply("0.8"), Reply("0.4")]
    words = ("run", "--model", "served", "--backend", "server", "--base-url", model[1], "--tasks", "mmvet,pope")
    words = (*words, "--data", data, "--out", tmp_path / "run")
    assert call(*words) == 1  # MM-Vet can't be scored, which does not keep POPE from it
    shown = capsys.readouterr()
    assert "POPE (COCO" in shown.out
    assert "MM-Vet needs a judge" in shown.err
    assert call(*words, "--judge", "judge-2026", "--judge-url", judge_url, "--parts") == 0
    shown = capsys.readouterr()
    assert "judge judge-2026 (mmvet-" in shown.out
    assert "60.0" in shown.out
    assert len(model[0].calls) == 12 + 2
    assert set(model[0].keys) == {"Bearer key-of-the-model"}
    assert set(judging.keys) == {"Bearer key-of-the-judge"}


def test_what_can_not_be_compared_is_not_asked(
    data: Path, tmp_path: Path, model: tuple[ScriptedEndpoint, str], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, url = model
    words = ("base", "tuned", "--backend", "server", "--base-url", url, "--data", data, "--out", tmp_path / "run")
    for more, said in [
        (("--tasks", "pope,mmvet"), "MM-Vet needs a judge: name one with --judge MODEL, or leave mmvet out."),
        (("--tasks", "pope", "--profile", "llava"), "pope has the profiles official, lmms-eval, vlmevalkit"),
        (("--tasks", "pope,vqav2_test_dev"), "its answers aren't public"),
        (("--tasks", "pope,mmvp"), "must hold Questions.csv"),
        (("--tasks", "pope", "--n", 4), "--n 4 answers to a row are equal at temperature 0"),
    ]:
        assert call("compare", *words, *more) == 1
        assert said in capsys.readouterr().err
    for more, said in [
        (("mmvet", "--judge", "j"), "a judge on a server needs --judge-url"),
        (("mmvet", "--judge", "j", "--judge-backend", "hf", "--judge-url", url), "is read by --judge-backend server"),
        (("pope", "--judge-url", url), "--judge-url is read with --judge, which names the model"),
    ]:
        assert call("compare", *words, "--tasks", *more) == 2
        assert said in capsys.readouterr().err
    assert endpoint.calls == []


def test_a_run_folder_keeps_to_one_model(
    data: Path, tmp_path: Path, model: tuple[ScriptedEndpoint, str], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint, url = model
    words = ("--backend", "server", "--base-url", url, "--tasks", "pope", "--data", data, "--out", tmp_path / "run")
    assert call("run", "--model", "first", *words) == 0
    assert call("run", "--model", "second", *words) == 1
    assert "holds answers of first to pope, which second would replace" in capsys.readouterr().err
    assert {call["model"] for call in endpoint.calls} == {"first"}
    (tmp_path / "run" / "pope.task.json").write_text("torn")
    assert call("run", "--model", "first", *words) == 0
    assert len(endpoint.calls) == 12
