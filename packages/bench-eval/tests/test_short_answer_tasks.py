"""Readers of the benchmarks with short answers, on small files in the official layouts and in the hub's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval import BenchEvalError, FileError, RowError, row_to_question
from bench_eval.grades import grade_row
from bench_eval.tasks import DataFolder, Task
from bench_eval.tasks.chart_qa import CHARTQA
from bench_eval.tasks.doc_vqa import DOCVQA
from bench_eval.tasks.gqa import GQA
from bench_eval.tasks.ok_vqa import OKVQA
from bench_eval.tasks.text_vqa import TEXTVQA, TEXTVQA_OCR
from bench_eval.tasks.viz_wiz import VIZWIZ, VIZWIZ_TEST
from bench_eval.tasks.vqa_v2 import VQAV2, VQAV2_TEST_DEV

_WORD = "\nAnswer the question using a single word or phrase."
_TEN = ["red"] * 9 + ["pink"]
_TEN_OBJECTS = [{"answer": text, "answer_id": k, "answer_confidence": "yes"} for k, text in enumerate(_TEN, start=1)]
_PIXELS = {"bytes": b"\x89PNG-not-really", "path": None}


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data", tmp_path / "pictures")


def _json(folder: DataFolder, name: str, document: Any) -> None:
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


def _parquet(folder: DataFolder, name: str, rows: list[dict[str, Any]]) -> None:
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def _prompt(row: dict[str, Any]) -> str:
    return row["messages"][0]["content"][1]["text"]


def _score(task: Task, row: dict[str, Any], text: str, profile: str | None = None) -> float:
    return grade_row({**row, "trials": [{"text": text}]}, task.profile(profile).grader)["trials"][0]["score"]


def _textvqa_files(folder: DataFolder) -> None:
    entries = [
        {"question": "what brand?", "image_id": "ab", "question_id": 7, "answers": _TEN},
        {"question": "what year?", "image_id": "ab", "question_id": 8, "answers": ["1999"] * 10},
    ]
    _json(folder, "TextVQA_0.5.1_val.json", {"data": entries})
    prompts = [
        {"question_id": "ab", "text": f"What year?\nReference OCR token: {_WORD}"},
        {"question_id": "ab", "text": f"What brand?\nReference OCR token: DAKOTA, 1999{_WORD}"},
    ]
    path = folder.root / "llava_textvqa_val_v051_ocr.jsonl"
    path.write_text("\n".join(map(json.dumps, prompts)), encoding="utf-8")


def test_textvqa_rows_have_ids_clusters_pictures_and_ten_answers(folder: DataFolder) -> None:
    _textvqa_files(folder)
    rows = list(TEXTVQA.read(folder))
    assert [(row["id"], row["cluster"], row["task"]) for row in rows] == [
        ("7", "ab", "textvqa"),
        ("8", "ab", "textvqa"),
    ]
    assert rows[0]["image"] == str(folder.root / "train_images" / "ab.jpg")
    assert rows[0]["answer"] == _TEN
    assert _prompt(rows[0]) == f"What brand?{_WORD}"
    assert row_to_question(rows[0], TEXTVQA.decoding).images == (rows[0]["image"],)


def test_textvqa_with_ocr_takes_each_questions_own_prompt_from_llavas_file(folder: DataFolder) -> None:
    _textvqa_files(folder)
    prompts = [_prompt(row) for row in TEXTVQA_OCR.read(folder)]
    assert prompts == [
        f"What brand?\nReference OCR token: DAKOTA, 1999{_WORD}",
        f"What year?\nReference OCR token: {_WORD}",
    ]


def test_textvqa_of_the_hub_gives_the_same_rows_and_prompts(folder: DataFolder) -> None:
    entry = {"question": "what brand?", "image_id": "ab", "question_id": 7, "answers": _TEN, "image": _PIXELS}
    _parquet(folder, "data/validation-0.parquet", [{**entry, "ocr_tokens": ["DAKOTA", "1999"]}])
    plain, with_ocr = next(TEXTVQA.read(folder)), next(TEXTVQA_OCR.read(folder))
    assert (plain["id"], plain["cluster"], plain["answer"]) == ("7", "ab", _TEN)
    assert Path(plain["image"]).read_bytes() == _PIXELS["bytes"]
    assert _prompt(with_ocr) == f"What brand?\nReference OCR token: DAKOTA, 1999{_WORD}"


def test_textvqa_says_which_file_or_prompt_is_missing_or_wrong(folder: DataFolder) -> None:
    with pytest.raises(FileError, match=r"must hold TextVQA_0\.5\.1_val\.json"):
        list(TEXTVQA.read(folder))
    _textvqa_files(folder)
    prompts = folder.root / "llava_textvqa_val_v051_ocr.jsonl"
    prompts.write_text(json.dumps({"question_id": "ab", "text": f"What?\nReference OCR token: x{_WORD}"}))
    with pytest.raises(FileError, match=r"data 1: .*no prompt for question 'what brand.' of image ab"):
        list(TEXTVQA_OCR.read(folder))
    prompts.write_text(json.dumps({"question_id": "ab", "text": f"What brand?{_WORD}"}))
    with pytest.raises(FileError, match="row 1: text must be a question, 'Reference OCR token:' and an ending"):
        list(TEXTVQA_OCR.read(folder))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], r"must hold an object with a list 'data'; got list"),
        ({"data": ["x"]}, "data 1: expected an object; got str"),
        (
            {"data": [{"question": "what?", "image_id": "a", "question_id": 1}]},
            "data 1: answers must be a list of text",
        ),
        ({"data": [{"image_id": "a", "question_id": 1}]}, "data 1: question is missing; there are image_id"),
        ({"data": [{"image_id": "../a"}]}, "pictures must lie in"),
    ],
)
def test_textvqa_names_the_bad_entry(folder: DataFolder, document: Any, message: str) -> None:
    _json(folder, "TextVQA_0.5.1_val.json", document)
    with pytest.raises(BenchEvalError, match=message):
        list(TEXTVQA.read(folder))


def _vqa_files(folder: DataFolder, questions: str, annotations: str) -> None:
    question = {"image_id": 42, "question": "What colour?", "question_id": 420}
    _json(folder, questions, {"questions": [question, {**question, "question_id": 421}]})
    kinds = {"answer_type": "other", "question_type": "what colour"}
    answers = [{"question_id": name, "answers": _TEN_OBJECTS, "image_id": 42, **kinds} for name in (421, 420)]
    _json(folder, annotations, {"annotations": answers})


@pytest.mark.parametrize(
    ("task", "questions", "annotations", "table"),
    [
        (
            VQAV2,
            "v2_OpenEnded_mscoco_val2014_questions.json",
            "v2_mscoco_val2014_annotations.json",
            "data/validation-0.parquet",
        ),
        (
            OKVQA,
            "OpenEnded_mscoco_val2014_questions.json",
            "mscoco_val2014_annotations.json",
            "data/val2014-0.parquet",
        ),
    ],
)
def test_vqa_files_are_joined_by_question_and_the_hubs_table_stands_in(
    folder: DataFolder, task: Task, questions: str, annotations: str, table: str
) -> None:
    entry = {"question_id": 420, "question": "What colour?", "answer_type": "other", "question_type": "what colour"}
    golds = {"answers": _TEN_OBJECTS, "image_id": 42} if task is VQAV2 else {"answers": _TEN}
    _parquet(folder, table, [{**entry, **golds, "image": _PIXELS}])
    [from_hub] = task.read(folder)
    _vqa_files(folder, questions, annotations)
    rows = list(task.read(folder))
    assert [row["id"] for row in rows] == ["420", "421"]
    assert rows[0]["image"].endswith("val2014/COCO_val2014_000000000042.jpg")
    assert (rows[0]["cluster"], rows[1]["cluster"], rows[0]["answer_type"]) == ("42", "42", "other")
    assert {name: from_hub[name] for name in ("id", "answer", "answer_type", "messages")} == {
        name: rows[0][name] for name in ("id", "answer", "answer_type", "messages")
    }
    assert from_hub["cluster"] == ("42" if task is VQAV2 else Path(from_hub["image"]).stem)
    assert _score(task, rows[0], "red") == 1.0


def test_a_question_without_answers_is_an_error(folder: DataFolder) -> None:
    _vqa_files(folder, "v2_OpenEnded_mscoco_val2014_questions.json", "v2_mscoco_val2014_annotations.json")
    _json(folder, "v2_mscoco_val2014_annotations.json", {"annotations": []})
    with pytest.raises(
        FileError, match=r"questions 1: v2_mscoco_val2014_annotations\.json has no answers to question 420"
    ):
        list(VQAV2.read(folder))


def test_test_sets_have_no_answers_and_no_profile(folder: DataFolder) -> None:
    question = {"image_id": 42, "question": "What colour?", "question_id": 420}
    _json(folder, "v2_OpenEnded_mscoco_test-dev2015_questions.json", {"questions": [question]})
    _json(folder, "Annotations/test.json", [{"image": "VizWiz_test_00000000.jpg", "question": "What is it?"}])
    [vqa], [vizwiz] = VQAV2_TEST_DEV.read(folder), VIZWIZ_TEST.read(folder)
    assert vqa["image"].endswith("test2015/COCO_test2015_000000000042.jpg")
    assert vizwiz["image"].endswith("test/VizWiz_test_00000000.jpg")
    assert "answer" not in vqa
    assert "answer" not in vizwiz
    with pytest.raises(BenchEvalError, match="vqav2_test_dev can't be scored here"):
        VQAV2_TEST_DEV.profile()


def test_vizwiz_names_questions_after_their_pictures_in_both_layouts(folder: DataFolder) -> None:
    shared = {"question": "What is it?", "answers": _TEN_OBJECTS}
    entry = {"question_id": "VizWiz_val_00000003", "question": "What is it?", "answers": _TEN, "category": "other"}
    _parquet(folder, "data/val-0.parquet", [{**entry, "image": _PIXELS}])
    [from_hub] = VIZWIZ.read(folder)
    _json(folder, "Annotations/val.json", [{"image": "VizWiz_val_00000003.jpg", "answer_type": "other", **shared}])
    [row] = VIZWIZ.read(folder)
    assert {**from_hub, "image": ""} == {**row, "image": ""}
    assert (row["id"], row["image_name"]) == ("VizWiz_val_00000003", "VizWiz_val_00000003.jpg")
    lines = _prompt(row).split("\n")
    assert lines[1] == "When the provided information is insufficient, respond with 'Unanswerable'."
    assert len(lines) == 3


def test_gqa_keeps_balanced_questions_and_tells_open_from_binary(folder: DataFolder) -> None:
    types = {"structural": "verify", "semantic": "attr", "detailed": "x"}
    entry = {"imageId": "n1", "question": "Is it red?", "answer": "yes", "isBalanced": True, "types": types}
    _parquet(folder, "testdev_balanced_instructions/testdev-0.parquet", [{"id": "05", **entry}])
    _parquet(folder, "testdev_balanced_images/testdev-0.parquet", [{"id": "n1", "image": _PIXELS}])
    [from_hub] = GQA.read(folder)
    query = {**entry, "answer": "red", "types": {**types, "structural": "query"}}
    questions = {"05": entry, "06": {**entry, "isBalanced": False}, "07": query}
    _json(folder, "questions1.2/testdev_balanced_questions.json", questions)
    rows = list(GQA.read(folder))
    assert [(row["id"], row["form"], row["structural"]) for row in rows] == [
        ("05", "binary", "verify"),
        ("07", "open", "query"),
    ]
    assert {**from_hub, "image": ""} == {**rows[0], "image": ""}
    assert rows[0]["image"] == str(folder.root / "images" / "n1.jpg")
    graded = [grade_row({**row, "trials": [{"text": "Yes."}]}, GQA.profile().grader) for row in rows]
    measured = GQA.profile().measure(graded)
    assert dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True)) == {
        "accuracy": 0.5,
        "form=binary": 1.0,
        "form=open": 0.0,
        "structural=query": 0.0,
        "structural=verify": 1.0,
        "semantic=attr": 0.5,
    }
    assert [_score(GQA, rows[0], "Yes.", one.name) for one in GQA.profiles] == [1.0, 0.0, 1.0, 1.0, 0.0]


def test_gqa_of_the_hub_needs_its_pictures_and_a_question_its_types(folder: DataFolder) -> None:
    _parquet(folder, "testdev_balanced_instructions/a.parquet", [{"id": "05", "imageId": "n1"}])
    with pytest.raises(FileError, match=r"row 1: no picture n1 .* Download testdev_balanced_images too"):
        list(GQA.read(folder))
    _json(folder, "testdev_balanced_questions.json", {"05": {"isBalanced": True, "imageId": "n1"}})
    with pytest.raises(RowError, match="entry 05: types is missing"):
        list(GQA.read(folder))


def test_docvqa_names_pages_the_same_in_both_layouts(folder: DataFolder) -> None:
    page = {"ucsf_document_id": "abcd0001", "ucsf_document_page_no": "3"}
    entry = {"questionId": 9, "question": "Who?", "answers": ["ACME Corp", "Acme"], **page}
    _parquet(folder, "DocVQA/validation-0.parquet", [{**entry, "questionId": "9", "image": _PIXELS}])
    [from_hub] = DOCVQA.read(folder)
    _json(folder, "val_v1.0_withQT.json", {"data": [{**entry, "image": "documents/abcd0001_3.png"}]})
    [row] = DOCVQA.read(folder)
    assert {**from_hub, "image": ""} == {**row, "image": ""}
    assert (row["id"], row["cluster"]) == ("9", "abcd0001_3")
    assert row["image"].endswith("documents/abcd0001_3.png")
    assert _score(DOCVQA, row, "acme Co") == pytest.approx(7 / 9)


def test_chartqa_counts_within_its_two_parts(folder: DataFolder) -> None:
    _parquet(
        folder,
        "data/test-0.parquet",
        [
            {"type": "augmented_test", "question": "How much?", "answer": "10", "image": _PIXELS},
            {"type": "human_test", "question": "Which?", "answer": "Red", "image": _PIXELS},
        ],
    )
    assert [row["id"] for row in CHARTQA.read(folder)] == ["augmented-1", "human-1"]
    for part, label in (("human", "Red"), ("augmented", "10")):
        _json(folder, f"test/test_{part}.json", [{"imgname": "c.png", "query": "Which?", "label": label}])
    rows = list(CHARTQA.read(folder))
    assert [(row["id"], row["cluster"]) for row in rows] == [("human-1", "c"), ("augmented-1", "c")]
    assert _prompt(rows[0]) == "Which?\nAnswer the question with a single word."
    graded = [grade_row({**row, "trials": [{"text": "10.5"}]}, CHARTQA.profile().grader) for row in rows]
    assert CHARTQA.profile().measure(graded).values() == [0.5, 1.0, 0.0]  # both, augmented, human


def test_chartqa_refuses_a_part_that_it_does_not_know(folder: DataFolder) -> None:
    _parquet(folder, "test-0.parquet", [{"type": "robot", "question": "?", "answer": "1", "image": _PIXELS}])
    with pytest.raises(FileError, match="row 1: type must be human_test or augmented_test; got 'robot'"):
        list(CHARTQA.read(folder))


_TASKS = [TEXTVQA, TEXTVQA_OCR, VQAV2, VQAV2_TEST_DEV, OKVQA, VIZWIZ, VIZWIZ_TEST, GQA, DOCVQA, CHARTQA]


@pytest.mark.parametrize("task", _TASKS, ids=lambda task: task.name)
def test_every_task_says_what_it_reads_and_how_each_profile_grades(task: Task) -> None:
    assert task.card.files
    assert task.card.licence
    assert all(profile.rule.endswith(".") for profile in task.profiles)
    assert len({profile.name for profile in task.profiles}) == len(task.profiles)
