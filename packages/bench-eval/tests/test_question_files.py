"""Question files, good and bad."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bench_eval import BenchEvalError, FileError, RowError, check_question_file, read_question_file

ROW = {"id": "a", "image": "pictures/a.png", "question": "What is it?", "answer": "duck"}


def written(folder: Path, rows: Any) -> Path:
    path = folder / "questions.json"
    path.write_text(json.dumps(rows))
    return path


def read(folder: Path, *rows: Any) -> list[dict[str, Any]]:
    return list(read_question_file(written(folder, rows)))


def test_rows_get_a_task_a_cluster_and_an_absolute_image(tmp_path: Path) -> None:
    [row] = read(tmp_path, ROW)
    assert row == ROW | {"task": "all", "cluster": "pictures/a.png", "image": str(tmp_path / "pictures" / "a.png")}
    assert list(row) == ["id", "task", "cluster", "image", "question", "answer"]


def test_what_a_row_names_is_kept_and_so_is_what_it_holds_beside(tmp_path: Path) -> None:
    beside = {"pair": "p1", "options": ["duck", "goose"], "truth": {"n": 2}, "note": None}
    [row] = read(tmp_path, ROW | {"task": "count", "cluster": "scene-1"} | beside)
    assert (row["task"], row["cluster"]) == ("count", "scene-1")
    assert {name: row[name] for name in beside} == beside


def test_numbers_become_text_and_zero_is_a_name(tmp_path: Path) -> None:
    [row] = read(tmp_path, ROW | {"id": 0, "answer": 3, "cluster": 0, "task": 0})
    assert (row["id"], row["answer"], row["cluster"], row["task"]) == ("0", "3", "0", "0")


@pytest.mark.parametrize("empty", [None, ""])
def test_an_empty_task_or_cluster_is_none(tmp_path: Path, empty: str | None) -> None:
    path = written(tmp_path, [ROW | {"task": empty, "cluster": empty}])
    [row] = read_question_file(str(path), default_task="name")
    assert (row["task"], row["cluster"]) == ("name", "pictures/a.png")


def test_an_absolute_image_stays_as_it_is(tmp_path: Path) -> None:
    assert read(tmp_path, ROW | {"image": "/elsewhere/a.png"})[0]["image"] == "/elsewhere/a.png"


def test_images_are_found_from_any_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, [ROW])
    monkeypatch.chdir(tmp_path)
    assert next(read_question_file("questions.json"))["image"] == str(tmp_path / "pictures" / "a.png")


@pytest.mark.parametrize("text", ["", "🦆🦆", "כמה?", "nul\0", "\ud800", "x" * 100_000])
def test_odd_texts_are_left_as_they_are(tmp_path: Path, text: str) -> None:
    odd = {"id": text, "image": text, "question": text, "answer": text}
    [row, neighbour] = read(tmp_path, odd, ROW)
    assert (row["id"], row["question"], row["answer"], row["image"].endswith(text)) == (text, text, text, True)
    assert neighbour["id"] == "a"


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"id": "b", "question": "?"}, r"^questions\.json, row 1: image, answer missing\.$"),
        (ROW | {"answer": None}, r"^questions\.json, row 1: answer missing\.$"),
        ("junk", r"row 1: id, image, question, answer missing\.$"),
        (ROW | {"image": 7}, r"row 1: image must be the path of a file; got 7\.$"),
        (ROW | {"image": ["a.png"]}, r"image must be the path of a file; got \['a.png'\]"),
        (ROW | {"answer": ["duck"]}, r"row 1: answer must be text or a number; got \['duck'\]\.$"),
    ],
)
def test_a_bad_row_is_named_with_what_is_wrong(tmp_path: Path, row: Any, text: str) -> None:
    rows = read_question_file(written(tmp_path, [ROW, row]))
    assert next(rows)["id"] == "a"
    with pytest.raises(RowError, match=text):
        next(rows)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[{", r"questions\.json cannot be read: Expecting property name"),
        ("", "cannot be read"),
        ('{"a": 1}', r"^questions\.json must hold a list; got dict\.$"),
    ],
)
def test_a_file_that_is_no_list_is_an_error(tmp_path: Path, content: str, text: str) -> None:
    path = tmp_path / "questions.json"
    path.write_text(content)
    with pytest.raises(FileError, match=text):
        list(read_question_file(path))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BenchEvalError, match=r"none\.json cannot be read: .*No such file"):
        list(read_question_file(tmp_path / "none.json"))


def fault_of(path: Path | None) -> str:
    try:
        check_question_file(path, flag="--eval-data", error=LookupError)
    except LookupError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("text", [None, "[", '[{"id": "a", "image": "a.png", "question": "?", "answer": "b"}, {}]'])
def test_a_bad_file_of_questions_is_told_with_its_flag(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    if text is not None:
        path.write_text(text)
    assert re.match(r"--eval-data .*questions\.json", fault_of(path))


def test_a_good_file_of_questions_and_none_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "questions.json"
    path.write_text('[{"id": "a", "image": "a.png", "question": "?", "answer": "b"}]')
    assert [fault_of(path), fault_of(None)] == ["", ""]
