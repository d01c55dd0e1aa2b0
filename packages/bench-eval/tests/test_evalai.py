"""Files for the servers: complete, in normal form, or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench_eval import FileError, PairingError, RowError
from bench_eval.evalai import write_vizwiz_upload, write_vqav2_upload


def _said(row_id: str, *texts: str) -> dict[str, Any]:
    return {"id": row_id, "trials": [{"text": text} for text in texts]}


_ASKED = [{"id": "12", "image_name": "a.jpg"}, {"id": "3", "image_name": "b.jpg"}]


def test_vqav2_answers_go_in_normal_form_in_the_order_of_the_questions(tmp_path: Path) -> None:
    path = tmp_path / "new" / "upload.json"
    assert write_vqav2_upload([_said("3", "Two dogs."), _said("12", "The U.S.A.")], _ASKED, path) == 2
    assert json.loads(path.read_text()) == [
        {"question_id": 12, "answer": "usa"},
        {"question_id": 3, "answer": "2 dogs"},
    ]
    assert [file.name for file in path.parent.iterdir()] == ["upload.json"]


def test_a_larger_set_is_filled_with_empty_answers(tmp_path: Path) -> None:
    larger = tmp_path / "larger.json"
    larger.write_text(json.dumps({"questions": [{"question_id": name} for name in (3, 5, 12)]}))
    responses = [_said("12", "Yes"), _said("3", "no")]
    assert write_vqav2_upload(responses, _ASKED, tmp_path / "upload.json", padded_with=larger) == 3
    answers = {entry["question_id"]: entry["answer"] for entry in json.loads((tmp_path / "upload.json").read_text())}
    assert answers == {3: "no", 5: "", 12: "yes"}
    larger.write_text(json.dumps({"questions": [{"question_id": 3}]}))
    with pytest.raises(FileError, match=r"1 aren't there \(first: 12\)"):
        write_vqav2_upload(responses, _ASKED, tmp_path / "other.json", padded_with=larger)
    assert not (tmp_path / "other.json").exists()


def test_vizwiz_answers_go_by_the_name_of_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "upload.json"
    assert write_vizwiz_upload([_said("12", "Unanswerable."), _said("3", "")], _ASKED, path) == 2
    assert json.loads(path.read_text()) == [
        {"image": "a.jpg", "answer": "unanswerable"},
        {"image": "b.jpg", "answer": ""},
    ]


@pytest.mark.parametrize(
    ("responses", "error", "message"),
    [
        ([_said("3", "x")], PairingError, r"2 questions; 1 are missing, 0 are to no question \(first: '12'\)"),
        ([_said("3", "x"), _said("12", "x"), _said("4", "x")], PairingError, r"0 are missing, 1 .* \(first: '4'\)"),
        ([_said("3", "x"), _said("3", "x")], RowError, "'3' occurs twice"),
        ([_said("3", "x"), _said("12", "x", "y")], RowError, "needs one trial of row '12'; got 2. Ask with n=1"),
        ([_said("3", "x"), _said("12")], RowError, "needs one trial of row '12'; got 0"),
    ],
)
def test_an_incomplete_upload_is_refused_and_nothing_written(
    tmp_path: Path, responses: list[dict[str, Any]], error: type[Exception], message: str
) -> None:
    for write in (write_vqav2_upload, write_vizwiz_upload):
        with pytest.raises(error, match=message):
            write(responses, _ASKED, tmp_path / "upload.json")
    assert list(tmp_path.iterdir()) == []


def test_thoughts_are_not_uploaded(tmp_path: Path) -> None:
    path = tmp_path / "upload.json"
    said = [_said("12", "<think>One dog or two?</think> two"), _said("3", "<think>never ends")]
    write_vizwiz_upload(said, _ASKED, path)
    assert json.loads(path.read_text()) == [{"image": "a.jpg", "answer": "2"}, {"image": "b.jpg", "answer": ""}]
