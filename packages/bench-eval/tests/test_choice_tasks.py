"""Readers of MMVP, CV-Bench, RealWorldQA and ScienceQA on small files in the official layouts, and on the real ones."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval.asking import row_to_question
from bench_eval.errors import FileError, RowError
from bench_eval.grades import check_grade
from bench_eval.tasks.cv_bench import CV_BENCH
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.mmvp import MMVP
from bench_eval.tasks.real_world_qa import REAL_WORLD_QA, options_in_question
from bench_eval.tasks.science_qa import SCIENCE_QA, options_at_end
from bench_eval.tasks.task import Task

PICTURE = b"\x89PNG and so on"
LETTER = "Answer with the option's letter from the given choices directly."


def read(task: Task, root: Path) -> list[dict[str, Any]]:
    return list(task.read(DataFolder(root, root / "pictures")))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def asked(row: dict[str, Any]) -> str:
    return row["messages"][0]["content"][-1]["text"]


HEAD = "Index,Question,Options,Correct Answer\n"


def test_mmvp_pairs_rows_and_keeps_both_labels(tmp_path: Path) -> None:
    write(tmp_path / "Questions.csv", HEAD + "99,Tusks?,(a) Long (b) Short,(a)\n100,Tusks?, (a) Long (b) Short,(b)\n")
    first, second = read(MMVP, tmp_path)
    assert asked(first) == f"Tusks? (a) Long (b) Short\n{LETTER}"
    assert first["image"] == str(tmp_path / "MMVP Images/99.jpg")
    assert (first["id"], first["pair"], second["pair"], first["cluster"]) == ("99", "pair-50", "pair-50", "pair-50")
    assert (first["options"], second["options"]) == (["Long", "Short"], ["Long", "Short"])
    assert [(row["answer"], row["corrected"]) for row in (first, second)] == [("(a)", "(b)"), ("(b)", "(a)")]
    scores = [MMVP.profile(name).grader("(a)", first) for name in ("selfsight", "selfsight-corrected", "lmms-eval")]
    assert [check_grade(grade).score for grade in scores] == [1.0, 0.0, 0.0]


def test_mmvp_reads_the_misspelt_index_and_the_copy_on_the_hub(tmp_path: Path) -> None:
    write(tmp_path / "a/Questions.csv", HEAD.replace("Index", "lndex") + "1,Q?,(a) Open (b) Closed,(a)\n")
    assert read(MMVP, tmp_path / "a")[0]["id"] == "1"
    cell = {"bytes": PICTURE, "path": "1.jpg"}
    row = {"image": cell, "Index": 99, "Question": "Q?", "Options": "(a) Long (b) Short", "Correct Answer": "(b)"}
    write_parquet(tmp_path / "b/data/train-00000-of-00001.parquet", [row])
    (found,) = read(MMVP, tmp_path / "b")
    assert (found["answer"], found["corrected"]) == ("(b)", "(b)")
    assert Path(found["image"]).read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1,Q?,Open or closed,(a)", r"line 2: options must be '\(a\) x \(b\) y'"),
        ("1,Q?,(a) Open (b) Closed,(c)", r"the answer \(a\) or \(b\); got .* and '\(c\)'"),
        ("x,Q?,(a) Open (b) Closed,(a)", "Index must be a whole number from 0 on; got 'x'"),
    ],
)
def test_mmvp_says_where_a_row_is_bad(tmp_path: Path, line: str, why: str) -> None:
    write(tmp_path / "Questions.csv", HEAD + line + "\n")
    with pytest.raises(RowError, match=why):
        read(MMVP, tmp_path)


def cv_row(**changes: Any) -> dict[str, Any]:
    return {
        "idx": 7,
        "type": "2D",
        "task": "Count",
        "image": "2D/count/a.png",
        "question": "How many?",
        "choices": ["3", "2"],
        "answer": "(B)",
        "prompt": "How many? Select.\n(A) 3\n(B) 2",
        "source": "COCO",
        "source_dataset": "COCO 2017 Validation Set",
        "source_filename": "1.jpg",
    } | changes


def test_cv_bench_reads_json_lines_and_parquet_alike(tmp_path: Path) -> None:
    write(tmp_path / "a/test.jsonl", json.dumps(cv_row()) + "\n")
    (row,) = read(CV_BENCH, tmp_path / "a")
    assert asked(row) == f"How many? Select.\n(A) 3\n(B) 2\n{LETTER}"
    assert row["image"] == str(tmp_path / "a/img/2D/count/a.png")
    assert (row["id"], row["task"], row["kind"], row["cluster"]) == ("7", "cv_bench", "Count", "COCO/1.jpg")
    write_parquet(tmp_path / "b/test_2d.parquet", [cv_row(image={"bytes": PICTURE, "path": None})])
    (other,) = read(CV_BENCH, tmp_path / "b")
    assert {k: v for k, v in other.items() if k != "image"} == {k: v for k, v in row.items() if k != "image"}
    assert Path(other["image"]).read_bytes() == PICTURE


def test_cv_bench_finds_pictures_by_file_name_where_lines_have_no_image(tmp_path: Path) -> None:
    line = cv_row(filename="3D/depth/b.jpg")
    del line["image"]
    write(tmp_path / "test.jsonl", json.dumps(line))
    assert read(CV_BENCH, tmp_path)[0]["image"] == str(tmp_path / "img/3D/depth/b.jpg")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"answer": "(C)"}, "row 1' needs a letter from A to B as answer"),
        ({"prompt": None}, "row 1: prompt is missing"),
        ({"choices": None}, "choices is missing"),
    ],
)
def test_cv_bench_says_where_a_row_is_bad(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    write(tmp_path / "test.jsonl", json.dumps(cv_row(**changes)))
    with pytest.raises(RowError, match=why):
        read(CV_BENCH, tmp_path)


def test_pictures_outside_the_folder_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "test.jsonl", json.dumps(cv_row(image="../../etc/passwd")))
    with pytest.raises(FileError, match="pictures must lie in"):
        read(CV_BENCH, tmp_path)


WHICH = "Which?\n\nA. red\nB blue\nC.green\nPlease answer directly with only the letter of the correct option."


def test_real_world_qa_finds_options_in_questions_and_keeps_their_text(tmp_path: Path) -> None:
    lines = [
        {"question_id": "1", "image": "1.webp", "text": WHICH, "answer": "C"},
        {"question_id": "2", "image": "2.webp", "text": "How many?\nA single word.", "answer": "2"},
    ]
    write(tmp_path / "a/llava_test_realworldqa.jsonl", "\n".join(map(json.dumps, lines)))
    lettered, worded = read(REAL_WORLD_QA, tmp_path / "a")
    assert asked(lettered) == WHICH
    assert (lettered["options"], lettered["form"]) == (["red", "blue", "green"], "letter")
    assert ("options" in worded, worded["form"], worded["image"]) == (False, "word", str(tmp_path / "a/images/2.webp"))
    cells = [
        {"image": {"bytes": PICTURE, "path": ""}, "question": line["text"], "answer": line["answer"]} for line in lines
    ]
    write_parquet(tmp_path / "b/data/test-00000-of-00002.parquet", cells[:1])
    write_parquet(tmp_path / "b/data/test-00001-of-00002.parquet", cells[1:])
    same = read(REAL_WORLD_QA, tmp_path / "b")
    assert [row["id"] for row in same] == ["1", "2"]
    assert [row["messages"] for row in same] == [lettered["messages"], worded["messages"]]


def test_options_of_a_question_are_those_in_order() -> None:
    assert options_in_question("A man?\nA: x\n B: y\nD. z") == ["x", "y"]
    assert options_in_question("Which?\nA man walks.\nB. no") == []


@pytest.mark.parametrize(("text", "answer"), [(WHICH, "D"), ("Which? Give only the letter of the correct option", "A")])
def test_real_world_qa_refuses_letters_without_options(tmp_path: Path, text: str, answer: str) -> None:
    line = {"question_id": "1", "image": "1.webp", "text": text, "answer": answer}
    write(tmp_path / "llava_test_realworldqa.jsonl", json.dumps(line))
    with pytest.raises(RowError, match="row 1: a question for a letter must list its options"):
        read(REAL_WORLD_QA, tmp_path)


def item(row_id: str, prompt: str, answer: str, **fields: Any) -> dict[str, Any]:
    return {
        "id": row_id,
        "conversations": [{"from": "human", "value": prompt}, {"from": "gpt", "value": answer}],
        **fields,
    }


ITEMS = [
    item("4", "Which figure?\nA. chiasmus\nB. apostrophe", "B"),
    item("5", "<image>\nContext: a map.\nWhich?\nA. Maine\nB. Ohio\nC. Utah", "A", image="5/image.png"),
]
LIST = "llava_test_CQM-A.json"


def test_science_qa_reads_llavas_list_and_finds_its_options(tmp_path: Path) -> None:
    write(tmp_path / LIST, json.dumps(ITEMS))
    text, picture = read(SCIENCE_QA, tmp_path)
    assert asked(text) == f"Which figure?\nA. chiasmus\nB. apostrophe\n{LETTER}"
    assert (text["options"], text["context"], "image" in text) == (["chiasmus", "apostrophe"], "text", False)
    assert asked(picture) == f"Context: a map.\nWhich?\nA. Maine\nB. Ohio\nC. Utah\n{LETTER}"
    assert picture["image"] == str(tmp_path / "images/test/5/image.png")
    assert (len(row_to_question(picture, SCIENCE_QA.decoding).images), picture["context"]) == (1, "image")
    assert [len(row["messages"][0]["content"]) for row in (text, picture)] == [1, 2]


def test_science_qa_takes_options_and_subjects_of_problems_where_it_is_there(tmp_path: Path) -> None:
    write(tmp_path / LIST, json.dumps(ITEMS[:1]))
    problem = {"choices": ["chiasmus", "apostrophe!"], "answer": 1, "subject": "language science", "grade": "grade8"}
    write(tmp_path / "problems.json", json.dumps({"4": problem}))
    write(tmp_path / "pid_splits.json", json.dumps({"test": ["4"], "train": ["1"]}))
    (row,) = read(SCIENCE_QA, tmp_path)
    assert (row["options"][1], row["subject"], row["grade"]) == ("apostrophe!", "language science", "grade8")


def test_science_qa_reads_the_hub_with_llavas_prompt(tmp_path: Path) -> None:
    shared = {"choices": ["Maine", "Ohio", "Utah"], "answer": 0, "question": "Which?", "subject": "geography"}
    rows = [
        {**shared, "image": {"bytes": PICTURE, "path": ""}, "hint": "a map."},
        {**shared, "image": None, "hint": "", "answer": 2},
    ]
    write_parquet(tmp_path / "ScienceQA-FULL/test-00000-of-00001.parquet", rows)
    write_parquet(tmp_path / "ScienceQA-IMG/test-00000-of-00001.parquet", rows[:1])
    picture, text = read(SCIENCE_QA, tmp_path)
    assert asked(picture) == f"Context: a map.\nWhich?\nA. Maine\nB. Ohio\nC. Utah\n{LETTER}"
    assert (picture["id"], picture["answer"], text["id"], text["answer"]) == ("test-0", "A", "test-1", "C")
    assert (picture["context"], text["context"], text["subject"]) == ("image", "text", "geography")


@pytest.mark.parametrize(
    ("items", "extra", "error", "why"),
    [
        ({}, {}, FileError, "must hold a list; got dict"),
        (
            [item("4", "Q?\nA. x\nB. y", "C")],
            {},
            RowError,
            "entry 1: the label must be a letter of the options; got 'C'",
        ),
        ([item("4", "Q?", "A")], {}, RowError, "the label must be a letter of the options"),
        ([{"id": "4"}], {}, RowError, "conversations is missing"),
        (
            ITEMS,
            {"pid_splits.json": {"test": ["4", "5", "6"]}},
            FileError,
            "lacks 1 questions of the test split, first 6",
        ),
        (ITEMS, {"problems.json": {"1": {"choices": ["x", "y"]}}}, RowError, "problems.json has no question '4'"),
    ],
)
def test_science_qa_says_what_is_wrong(
    tmp_path: Path, items: Any, extra: dict[str, Any], error: type[Exception], why: str
) -> None:
    write(tmp_path / LIST, json.dumps(items))
    for name, value in extra.items():
        write(tmp_path / name, json.dumps(value))
    with pytest.raises(error, match=why):
        read(SCIENCE_QA, tmp_path)


def test_options_begin_at_the_last_label_a() -> None:
    assert options_at_end("A. Milne wrote:\nA. x\nmore\nB. y") == ["x\nmore", "y"]
    assert options_at_end("no options") == []


@pytest.mark.parametrize("task", [MMVP, CV_BENCH, REAL_WORLD_QA, SCIENCE_QA], ids=lambda task: task.name)
def test_an_empty_folder_is_an_error_that_names_the_file(task: Task, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="must hold"):
        read(task, tmp_path)


REAL = {
    "mmvp": ("mmvp_questions.csv", "Questions.csv"),
    "cv_bench": ("cvbench_test.jsonl", "test.jsonl"),
    "realworldqa": ("llava_test_realworldqa.jsonl", "llava_test_realworldqa.jsonl"),
    "scienceqa": ("scienceqa_llava_test_CQM-A.json", LIST),
}


@pytest.fixture
def real(tmp_path: Path) -> Callable[[Task], list[dict[str, Any]]]:
    folder = os.environ.get("SELFSIGHT_DATA")
    if not folder:
        pytest.skip("set SELFSIGHT_DATA to the folder that holds benchmarks")

    def rows(task: Task) -> list[dict[str, Any]]:
        source, name = REAL[task.name]
        (tmp_path / name).symlink_to(Path(folder) / "benchmarks" / source)
        return read(task, tmp_path)

    return rows


def value(task: Task, profile: str, rows: list[dict[str, Any]], say: Callable[[dict[str, Any]], str]) -> float:
    chosen = task.profile(profile)
    graded = [{**row, "trials": [{"score": check_grade(chosen.grader(say(row), row)).score}]} for row in rows]
    return chosen.measure(graded).values()[0]


def letter(row: dict[str, Any]) -> str:
    return row["answer"].strip("()").upper()


def with_period(row: dict[str, Any]) -> str:
    return f"{letter(row)}."


def with_text(row: dict[str, Any]) -> str:
    return f"{letter(row)}. {row['options']['ABCDEF'.index(letter(row))]}"


def by_text(row: dict[str, Any]) -> str:
    return row["options"]["ABCDEF".index(letter(row))]


def test_real_mmvp_has_150_pairs_of_opposite_labels(real: Callable[[Task], list[dict[str, Any]]]) -> None:
    rows = real(MMVP)
    assert Counter(Counter(row["pair"] for row in rows).values()) == {2: 150}
    assert sum(row["answer"] == row["corrected"] for row in rows) == 296
    fixed = [{**row, "answer": row["corrected"]} for row in rows]
    for say in (with_period, with_text):
        assert value(MMVP, "svco", rows, say) == 0.0
        assert value(MMVP, "selfsight", rows, say) == 1.0
        assert value(MMVP, "lmms-eval", fixed, say) == 1.0
    assert value(MMVP, "lmms-eval", rows, letter) == pytest.approx(148 / 150)
    assert value(MMVP, "selfsight", rows, by_text) == 1.0


def test_real_cv_bench_separates_the_official_mean_from_the_plain_one(
    real: Callable[[Task], list[dict[str, Any]]],
) -> None:
    rows = real(CV_BENCH)
    assert Counter(row["kind"] for row in rows) == {"Count": 788, "Relation": 650, "Depth": 600, "Distance": 600}
    assert len({row["cluster"] for row in rows}) == 2112
    for name, expected in (("selfsight", 0.4284), ("svco", 0.4284), ("lmms-eval", 0.4215)):
        assert value(CV_BENCH, name, rows, lambda row: "(A)") == pytest.approx(expected, abs=5e-5)
    for say in (with_period, with_text):
        scores = [value(CV_BENCH, name, rows, say) for name in ("svco", "lmms-eval", "selfsight", "vlmevalkit")]
        assert scores == [0.0, 1.0, 1.0, 1.0]
    assert value(CV_BENCH, "selfsight", rows, by_text) == 1.0


def test_real_world_qa_has_438_letters_and_every_rule_knows_the_truth(
    real: Callable[[Task], list[dict[str, Any]]],
) -> None:
    rows = real(REAL_WORLD_QA)
    assert Counter(row["form"] for row in rows) == {"letter": 438, "word": 327}
    for profile in REAL_WORLD_QA.profiles:
        assert value(REAL_WORLD_QA, profile.name, rows, lambda row: row["answer"]) == 1.0
    assert value(REAL_WORLD_QA, "selfsight", rows, lambda row: f"The answer is {row['answer']}.") == 1.0


def test_real_science_qa_has_its_letters_and_options(real: Callable[[Task], list[dict[str, Any]]]) -> None:
    rows = real(SCIENCE_QA)
    assert Counter(row["answer"] for row in rows) == {"A": 1700, "B": 1689, "C": 583, "D": 261, "E": 8}
    assert Counter(row["context"] for row in rows) == {"text": 2224, "image": 2017}
    told = {"llava": 1.0, "svco": 0.0, "lmms-eval": 0.0, "selfsight": 1.0}
    assert {
        name: value(SCIENCE_QA, name, rows[::2], lambda row: f"The answer is {row['answer']}.") for name in told
    } == told
    for name in told:
        assert value(SCIENCE_QA, name, rows[::5], with_text) == 1.0
