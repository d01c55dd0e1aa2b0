import json
from pathlib import Path
from typing import Any

import pytest
from cvc.errors import InputError
from cvc.evaluation import read_eval_data

ROW = {"id": "a", "image": "a.png", "question": "What is hidden?", "answer": "duck", "truth": {"lemma": "duck"}}


def written(folder: Path, content: Any) -> Path:
    path = folder / "held-out.json"
    path.write_text(json.dumps(content))
    return path


def test_evaluation_rows_have_references_and_are_completions_unless_they_name_a_task(tmp_path: Path) -> None:
    first, second = read_eval_data(written(tmp_path, [ROW, ROW | {"id": 2, "task": "all", "cluster": "scene"}]))
    image = str(tmp_path / "a.png")
    asked = {"image": image, "question": "What is hidden?", "references": ["duck"]}
    assert first == {"id": "a", "task": "completion", "cluster": "a.png", **asked}
    assert second == {"id": "2", "task": "all", "cluster": "scene", **asked}
    assert list(first) == ["id", "task", "cluster", "image", "question", "references"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([ROW, {"id": "b", "image": "b.png"}], r"^--eval-data held-out\.json, row 1: question, answer missing\.$"),
        ({}, r"^--eval-data held-out\.json must hold a list; got dict\.$"),
    ],
)
def test_bad_evaluation_rows_are_input_errors(tmp_path: Path, content: Any, text: str) -> None:
    with pytest.raises(InputError, match=text):
        list(read_eval_data(written(tmp_path, content)))


def test_a_missing_evaluation_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^--eval-data .*none\.json cannot be read: \[Errno 2\]"):
        list(read_eval_data(tmp_path / "none.json"))
