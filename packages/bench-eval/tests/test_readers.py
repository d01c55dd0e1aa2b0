"""Readers of official files: repositories that are downloaded whole, and rows that are not what they should be."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval import BenchEvalError, read_question_file
from bench_eval.tasks import DataFolder
from bench_eval.tasks.registry import find_task

PIXELS = {"bytes": b"\x89PNG a picture", "path": None}


def folder_of(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data", tmp_path / "pictures")


def write(folder: DataFolder, name: str, content: Any) -> None:
    """JSON, a list of rows as Parquet or JSON lines, by the file's name."""
    path = folder.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(content), path)
    elif path.suffix == ".jsonl" or "coco_pope" in name:
        path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def bench_row(question: str, index: int = 0) -> dict[str, Any]:
    kinds = {"category": "c", "L2-category": "l"}
    return {"index": index, "question": question, "hint": "nan", "A": "x", "B": "y", "C": "nan", "D": "nan",
            "answer": "A", "image": PIXELS, **kinds}  # fmt: skip


DOC = {"questionId": "7", "question": "Who?", "image": PIXELS, "answers": ["Acme"], "ucsf_document_id": "d"}
DOC |= {"ucsf_document_page_no": "3"}


def test_of_mm_benchs_repository_the_english_questions_are_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    for language in ("cc", "cn", "en"):
        write(folder, f"{language}/dev-00000-of-00001.parquet", [bench_row(language)])
    (row,) = find_task("mmbench").read(folder)
    assert row["messages"][0]["content"][1]["text"].startswith("en\nA. x\nB. y\n")
    assert row["n_rotations"] == 1


def test_of_doc_vqas_repository_infographics_are_left_aside(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    write(folder, "InfographicVQA/validation-00000-of-00004.parquet", [{"questionId": "1", "question": "?"}])
    write(folder, "DocVQA/validation-00000-of-00006.parquet", [DOC])
    assert [row["cluster"] for row in find_task("docvqa").read(folder)] == ["d_3"]


def test_of_science_qas_repository_the_whole_set_is_read_wherever_it_lies(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    asked = {"choices": ["x", "y"], "answer": 1, "hint": "", "image": None, "subject": "language"}
    write(folder, "hub/ScienceQA-FULL/test-0.parquet", [asked | {"question": "1?"}, asked | {"question": "2?"}])
    write(folder, "hub/ScienceQA-IMG/test-0.parquet", [asked | {"question": "1?"}])
    assert [row["answer"] for row in find_task("scienceqa").read(folder)] == ["B", "B"]


SEED = {"question_id": "1", "question_type_id": 1, "data_type": "image", "data_id": "a", "question": "?"}
SEED |= {f"choice_{letter}": "x" for letter in "abcd"} | {"answer": "A"}


TSV = f"index\tquestion\thint\tA\tB\timage\tanswer\tcategory\tl2-category\n3\tq\t\tx\ty\t{'QUJD' * 20}\tA\tc\tl\n"


@pytest.mark.parametrize(
    ("task", "official", "content", "table", "row", "row_id"),
    [
        ("seedbench", "SEED-Bench.json", {"questions": [SEED]}, "data/test-0.parquet", SEED | {"image": [PIXELS]}, "1"),
        ("docvqa", "val_v1.0.json", {"data": [DOC | {"image": "a.png"}]}, "DocVQA/validation-0.parquet", DOC, "7"),
        ("mmbench", "MMBench_DEV_EN.tsv", TSV, "en/dev-0.parquet", bench_row("hub"), "3"),
    ],
)
def test_official_files_go_before_the_hubs(
    tmp_path: Path, task: str, official: str, content: Any, table: str, row: dict[str, Any], row_id: str
) -> None:
    folder = folder_of(tmp_path)
    other = {name: "other" for name in ("question_id", "questionId") if name in row}
    write(folder, table, [row | other])
    assert [read["id"] for read in find_task(task).read(folder)] == [*other.values(), "0"][:1]
    write(folder, official, content)
    assert [read["id"] for read in find_task(task).read(folder)] == [row_id]


POPE = {"question_id": 1, "image": "a.jpg", "text": "Is there a dog?", "label": "yes"}
REF = {"image": "a.jpg", "sent": "dog", "bbox": [0, 0, 5, 5], "width": 9, "height": 9}
CV = {"idx": 1, "type": "2D", "task": "Count", "image": "a.png", "question": "?", "choices": ["1", "2"]}
CV |= {"answer": "(A)", "prompt": "? (A) 1 (B) 2", "source": "COCO", "source_dataset": "COCO", "source_filename": "a"}
TURNS = [{"from": "human", "value": "Q\nA. x\nB. y"}, {"from": "gpt", "value": "A"}]
GQA = {"isBalanced": True, "imageId": "n1", "types": {"structural": "query", "semantic": "attr"}}
GQA |= {"question": "?", "answer": "red"}
VET = {"v1_0": {"imagename": "a.jpg", "question": "?", "answer": "x", "capability": "ocr"}}


@pytest.mark.parametrize(
    ("task", "name", "content", "said"),
    [
        ("pope", "coco_pope_random.json", [POPE | {"label": "maybe"}], "row 1' needs yes or no as answer; got 'maybe'"),
        ("refcoco_val", "refcoco_val.jsonl", [REF | {"width": "wide"}], "row 1: width must be a whole number"),
        ("refcoco_val", "refcoco_val.jsonl", [REF | {"bbox": "0,0,5,5"}], "row 1: bbox must be a list"),
        ("refcoco_val", "refcoco_val.jsonl", [REF | {"bbox": [0, 0, "x", 5]}], "row 1: bbox must be four numbers"),
        ("refcoco_val", "refcoco_val.jsonl", [REF, REF | {"bbox": [5, 0, 0, 5]}], "row 2' needs box_xyxy_px as left"),
        ("cv_bench", "test.jsonl", [CV | {"choices": "12"}], "row 1: choices must be a list; got '12'"),
        ("scienceqa", "llava_test_CQM-A.json", [{"id": 1, "conversations": "QA"}], "entry 1: conversations must be a"),
        ("scienceqa", "llava_test_CQM-A.json", [{"id": 1, "conversations": ["Q", "A"]}], "entry 1: conversations must"),
        ("scienceqa", "llava_test_CQM-A.json", ["Q"], "entry 1: expected an object; got str"),
        ("gqa", "testdev_balanced_questions.json", {"1": GQA | {"types": "query"}}, "entry 1: types must be an object"),
        ("gqa", "testdev_balanced_questions.json", {"1": "?"}, "entry 1: expected an object; got str"),
        ("mmvet", "mm-vet.json", VET, "entry v1_0: capability must be a list; got 'ocr'"),
        ("mmvet", "mm-vet.json", {"v1_0": "?"}, "entry v1_0: expected an object; got str"),
        (
            "okvqa",
            "OpenEnded_mscoco_val2014_questions.json",
            {"questions": [{"question_id": "q", "image_id": 1, "question": "?"}]},
            "questions 1: question_id must be a whole number from 0 on; got 'q'",
        ),
    ],
)
def test_a_bad_row_is_told_with_its_file_and_place(
    tmp_path: Path, task: str, name: str, content: Any, said: str
) -> None:
    folder = folder_of(tmp_path)
    write(folder, "mscoco_val2014_annotations.json", {"annotations": []})
    write(folder, name, content)
    with pytest.raises(BenchEvalError, match=f"{name}, {said}"):
        list(find_task(task).read(folder))


def test_a_bad_row_of_mme_is_told_by_the_number_of_its_line(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    write(folder, "existence/1.jpg", "")
    write(folder, "existence.txt", "1.jpg\tIs it?\tYes\n\n1.jpg\tIsn't it?\tPerhaps\n")
    rows = find_task("mme").read(folder)
    assert next(rows)["answer"] == "Yes"
    with pytest.raises(BenchEvalError, match=r"existence.txt, line 3' needs yes or no as answer; got 'Perhaps'"):
        next(rows)


@pytest.mark.parametrize(
    ("task", "name", "content", "said"),
    [
        ("docvqa", "val_v1.0.json", b"[" * 200_000, r"val_v1.0.json cannot be read: .*recursion"),
        ("docvqa", "val_v1.0.json", b'{"data": [' + b"7" * 5000, r"val_v1.0.json cannot be read: Exceeds the limit"),
        ("docvqa", "val_v1.0.json", b"\xff", r"val_v1.0.json cannot be read: 'utf-8' codec"),
        ("pope", "coco_pope_random.json", b"\n" + b"[" * 200_000, r"random.json, line 2: .*recursion"),
        ("pope", "coco_pope_random.json", b"{}\n\xff", r"random.json cannot be read: 'utf-8' codec"),
        ("mmvp", "Questions.csv", b"\xff", r"Questions.csv cannot be read: 'utf-8' codec"),
        ("mme", "existence.txt", b"\xff", r"existence.txt cannot be read: 'utf-8' codec"),
        ("mmstar", "mmstar.parquet", b"PAR1 torn", r"mmstar.parquet is not a whole Parquet file: .* Download it again"),
    ],
)
def test_a_torn_file_is_told_in_one_line(tmp_path: Path, task: str, name: str, content: bytes, said: str) -> None:
    folder = folder_of(tmp_path)
    folder.root.mkdir()
    (folder.root / name).write_bytes(content)
    with pytest.raises(BenchEvalError, match=said):
        list(find_task(task).read(folder))


def test_a_mark_of_utf_8_at_the_begin_of_a_file_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps([{"id": 1, "image": "a.png", "question": "?", "answer": 2}]).encode())
    assert [row["id"] for row in read_question_file(path)] == ["1"]
