"""Readers of SEED-Bench, SEED-Bench-2-Plus, MMStar, MMMU and MMBench on small files in the official layouts."""

from __future__ import annotations

import base64
import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval import FileError, RowError, row_to_question
from bench_eval.choices import CHOICE_RULE, grade_choice
from bench_eval.grades import Grader, check_grade
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE, grade_vlmevalkit_letter
from bench_eval.tasks import DataFolder, Task
from bench_eval.tasks.mm_bench import MM_BENCH
from bench_eval.tasks.mm_star import MM_STAR, options_in_question
from bench_eval.tasks.mmmu import MMMU
from bench_eval.tasks.registry import all_tasks
from bench_eval.tasks.seed_bench import SEED_BENCH, SEED_BENCH_IMAGE
from bench_eval.tasks.seed_bench_2_plus import SEED_BENCH_2_PLUS

TASKS = [SEED_BENCH, SEED_BENCH_IMAGE, SEED_BENCH_2_PLUS, MM_STAR, MMMU, MM_BENCH]
PNG, JPG = b"\x89PNG" + b"p" * 60, b"\xff\xd8\xff" + b"j" * 60
LETTER = "Answer with the option's letter from the given choices directly."


def _read(task: Task, root: Path) -> list[dict[str, Any]]:
    return list(task.read(DataFolder(root, root / "pictures")))


def _write_parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def _text(row: dict[str, Any]) -> str:
    return "".join(part.get("text", "<picture>") for part in row["messages"][0]["content"])


def _seed(question_id: str, type_id: int, data_type: str, data_id: str) -> dict[str, Any]:
    choices = dict(zip(("choice_a", "choice_b", "choice_c", "choice_d"), ("One", "Two", "Three", "Four"), strict=True))
    asked = {"question": "How many towels are in the image?", "answer": "A", **choices}
    ids = {"question_id": question_id, "question_type_id": type_id, "data_type": data_type, "data_id": data_id}
    return {**asked, **ids}


SEED = [_seed("101669", 5, "image", "1454426_2591111986"), _seed("v1738", 10, "video", "94328.webm")]


def test_seed_bench_reads_the_official_json_with_pictures_and_middle_frames(tmp_path: Path) -> None:
    (tmp_path / "SEED-Bench.json").write_text(json.dumps({"questions": SEED, "question_type": {}}))
    picture, video = _read(SEED_BENCH, tmp_path)
    assert picture["images"] == [str(tmp_path / "SEED-Bench-image/1454426_2591111986")]
    assert video["images"] == [str(tmp_path / "SEED-Bench-video-image/10_v1738.png")]
    assert _text(picture) == f"<picture>How many towels are in the image?\nA. One\nB. Two\nC. Three\nD. Four\n{LETTER}"
    kinds = [(row["id"], row["cluster"], row["data_type"], row["question_type"]) for row in (picture, video)]
    assert kinds == [
        ("101669", "1454426_2591111986", "image", "Instances Counting"),
        ("v1738", "94328.webm", "video", "Action Recognition"),
    ]
    (alone,) = _read(SEED_BENCH_IMAGE, tmp_path)
    assert (alone["id"], alone["task"]) == ("101669", "seedbench_image")


def test_seed_bench_reads_the_hub_files_with_all_frames_of_a_video(tmp_path: Path) -> None:
    frames = [[{"bytes": PNG, "path": None}], [{"bytes": PNG, "path": None}, {"bytes": JPG, "path": None}]]
    rows = [{**question, "image": cells} for question, cells in zip(SEED, frames, strict=True)]
    _write_parquet(tmp_path / "data/test-00000-of-00002.parquet", rows[:1])
    _write_parquet(tmp_path / "data/test-00001-of-00002.parquet", rows[1:])
    picture, video = _read(SEED_BENCH, tmp_path)
    assert [Path(path).read_bytes() for path in video["images"]] == [PNG, JPG]
    assert len(picture["images"]) == 1
    assert _text(video).startswith("<picture><picture>How many")


def test_seed_bench_names_file_and_question_of_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "SEED-Bench.json"
    with pytest.raises(FileError, match=r"must hold SEED-Bench\.json"):
        _read(SEED_BENCH, tmp_path)
    path.write_text(json.dumps({"questions": [SEED[0], {**SEED[0], "question_type_id": 13}]}))
    with pytest.raises(RowError, match=r"SEED-Bench\.json, questions 2: question_type_id must lie in 1 to 12; got 13"):
        _read(SEED_BENCH, tmp_path)
    path.write_text(json.dumps({"questions": [{key: SEED[0][key] for key in SEED[0] if key != "choice_c"}]}))
    with pytest.raises(RowError, match=r"SEED-Bench\.json, questions 1: choice_c is missing"):
        _read(SEED_BENCH, tmp_path)
    path.write_text(json.dumps({"questions": [{**SEED[0], "answer": "E"}]}))
    with pytest.raises(RowError, match=r"SEED-Bench\.json, questions 1' needs a letter from A to D as answer; got 'E'"):
        _read(SEED_BENCH, tmp_path)
    path.write_text(json.dumps({"questions": ["What is it?"]}))
    with pytest.raises(FileError, match=r"SEED-Bench\.json, questions 1: expected an object; got str"):
        _read(SEED_BENCH, tmp_path)
    path.write_text(json.dumps({"questions": [{**SEED[0], "data_id": "../key"}]}))
    with pytest.raises(FileError, match="pictures must lie in"):
        _read(SEED_BENCH, tmp_path)


PLUS = {
    "data_id": "text_rich/1.png",
    "question_id": "0",
    "question_image_type": "Chart",
    "question_image_subtype": "tree diagram",
    "question": "How many?",
    "choice_A": "80",
    "choice_B": "950",
    "choice_C": "20",
    "choice_D": "8,950",
    "answer": "D",
}


@pytest.mark.parametrize("value", [[PLUS], {"questions": [PLUS]}])
def test_seed_bench_2_plus_reads_a_list_or_an_object_of_questions(tmp_path: Path, value: Any) -> None:
    (tmp_path / "SEED-Bench-2-plus-text-rich.json").write_text(json.dumps(value))
    (row,) = _read(SEED_BENCH_2_PLUS, tmp_path)
    assert (row["image"], row["image_type"]) == (str(tmp_path / "text_rich/1.png"), "chart")
    assert _text(row) == f"<picture>How many?\nA. 80\nB. 950\nC. 20\nD. 8,950\n{LETTER}"


def test_seed_bench_2_plus_reads_the_hub_files_and_refuses_other_json(tmp_path: Path) -> None:
    (tmp_path / "SEED-Bench-2-plus-text-rich.json").write_text('"text"')
    with pytest.raises(FileError, match=r"text-rich\.json must hold a list; got str"):
        _read(SEED_BENCH_2_PLUS, tmp_path)
    (tmp_path / "SEED-Bench-2-plus-text-rich.json").unlink()
    _write_parquet(tmp_path / "data/test-00000-of-00001.parquet", [{**PLUS, "image": {"bytes": PNG, "path": "1.png"}}])
    (row,) = _read(SEED_BENCH_2_PLUS, tmp_path)
    assert Path(row["image"]).read_bytes() == PNG


@pytest.mark.parametrize(
    ("question", "options"),
    [
        (
            "What?\nOptions: A: A cat, sitting., B: Two dogs, C: 3, 4, and 5, D: None",
            ["A cat, sitting.", "Two dogs", "3, 4, and 5", "None"],
        ),
        ("Day?\nOptions: A: Yes\nB: No", ["Yes", "No"]),
        ("Hint: e.g., A, B, C, D.\nQuestion: How many?\nChoices:\n(A) 10\n(B) 15\n(C) 12", ["10", "15", "12"]),
        ("Which? Options: A: see (A), B: see (B)", ["see (A)", "see (B)"]),
        ("Where is point A?", []),
        ("Options: B: no, A: order", []),
    ],
)
def test_mm_star_finds_the_options_inside_a_question(question: str, options: list[str]) -> None:
    assert options_in_question(question) == options


def _star(index: int, question: str, answer: str, image: Any = PNG) -> dict[str, Any]:
    kinds = {"category": "math", "l2_category": "geometry", "meta_info": {"source": "x", "split": "val"}}
    return {"index": index, "question": question, "image": image, "answer": answer, **kinds}


def test_mm_star_asks_the_question_as_it_stands_and_keeps_its_kinds(tmp_path: Path) -> None:
    rows = [_star(0, "Day?\nOptions: A: Yes, B: No", "B"), _star(1, "Which letter?", "C")]
    _write_parquet(tmp_path / "mmstar.parquet", rows)
    first, second = _read(MM_STAR, tmp_path)
    assert _text(first) == f"<picture>Day?\nOptions: A: Yes, B: No\n{LETTER[:-1]}"
    assert (first["options"], second["options"]) == (["Yes", "No"], ["", "", "", ""])
    assert (first["category"], first["l2_category"], first["id"]) == ("math", "geometry", "0")
    assert first["cluster"] == second["cluster"]  # the same picture
    assert check_grade(MM_STAR.profile().grader("C", second)).verdict is True


def test_mm_star_refuses_answers_without_an_option_and_rows_without_a_picture(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"must hold mmstar\.parquet"):
        _read(MM_STAR, tmp_path)
    _write_parquet(tmp_path / "mmstar.parquet", [_star(0, "Day?\nOptions: A: Yes, B: No", "E")])
    with pytest.raises(RowError, match=r"mmstar\.parquet, row 1' needs a letter from A to D as answer; got 'E'"):
        _read(MM_STAR, tmp_path)
    _write_parquet(tmp_path / "mmstar.parquet", [_star(0, "Day?\nOptions: A: Yes, B: No", "A", "no bytes")])
    with pytest.raises(RowError, match="expected the bytes of a picture; got str"):
        _read(MM_STAR, tmp_path)


def test_an_answer_of_mm_star_beyond_the_options_that_were_found_leaves_letters_alone(tmp_path: Path) -> None:
    question = "Day?\nOptions: A: Yes, B: No, 3: Perhaps, C: Never"
    _write_parquet(
        tmp_path / "mmstar.parquet", [_star(0, "Day?\nOptions: A: Yes, B: No", "C"), _star(1, question, "C")]
    )
    hidden, found = _read(MM_STAR, tmp_path)
    assert (hidden["options"], found["options"]) == (["", "", "", ""], ["Yes", "No, 3: Perhaps", "Never"])
    assert [MM_STAR.profile().grader(text, hidden).score for text in ("C", "Yes")] == [1.0, 0.0]  # pyright: ignore


def _mmmu(row_id: str, question: str, options: str, answer: str, *pictures: bytes) -> dict[str, Any]:
    cells = {f"image_{k}": {"bytes": data, "path": None} for k, data in enumerate(pictures, start=1)}
    kind = "multiple-choice" if options != "[]" else "open"
    empty = {f"image_{k}": None for k in range(len(pictures) + 1, 8)}
    asked = {"id": row_id, "question": question, "options": options, "explanation": "", "answer": answer}
    return {**asked, **cells, **empty, "question_type": kind, "subfield": "x"}


def test_mmmu_puts_each_picture_where_the_text_names_it(tmp_path: Path) -> None:
    question = "Compare <image 2> with <image 1>: which holds?"
    rows = [
        _mmmu("validation_Art_Theory_7", question, "['Both', '<image 3>', \"Neither's\"]", "B", PNG, JPG, b"BM" + PNG)
    ]
    _write_parquet(tmp_path / "Art_Theory/validation-00000-of-00001.parquet", rows)
    (row,) = _read(MMMU, tmp_path)
    assert _text(row) == (
        f"Compare <picture> with <picture>: which holds?\nA. Both\nB. <picture>\nC. Neither's\n\n{LETTER}"
    )
    assert [Path(path).read_bytes() for path in row["images"]] == [JPG, PNG, b"BM" + PNG]
    assert (row["subject"], row["discipline"], row["answer"]) == ("Art_Theory", "Art and Design", "B")
    assert row["options"] == ["Both", "<image 3>", "Neither's"]
    assert len(row_to_question(row, MMMU.decoding).images) == 3


def test_mmmu_takes_up_to_seven_pictures_one_of_them_twice(tmp_path: Path) -> None:
    pictures = [PNG + bytes([k]) for k in range(7)]
    question = " ".join(f"<image {k}>" for k in (7, 1, 2, 3, 4, 5, 6, 1))
    _write_parquet(
        tmp_path / "validation-0.parquet", [_mmmu("validation_Math_1", question, "['1', '2']", "A", *pictures)]
    )
    (row,) = _read(MMMU, tmp_path)
    assert [Path(path).read_bytes()[-1] for path in row["images"]] == [6, 0, 1, 2, 3, 4, 5, 0]


def test_mmmu_reads_open_questions_with_one_or_several_golds(tmp_path: Path) -> None:
    several = "['24/7', '3.429']"
    rows = [
        _mmmu("validation_Math_1", "<image 1> How much?", "[]", "12", PNG),
        _mmmu("validation_Math_2", "<image 1> How much?", "[]", several, PNG),
    ]
    _write_parquet(tmp_path / "Math/validation-00000-of-00001.parquet", rows)
    one, two = _read(MMMU, tmp_path)
    assert _text(one) == "<picture> How much?\n\nAnswer the question using a single word or phrase."
    assert (one["answer"], two["answer"], one["options"]) == (["12"], ["24/7", "3.429"], [])
    assert check_grade(MMMU.profile("official").grader("it is 3.43", two)).verdict is True


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            _mmmu("validation_Math_1", "<image 2>?", "['1', '2']", "A", PNG),
            r"validation-0\.parquet, row 1, image_2: expected the bytes",
        ),
        (_mmmu("validation_Math_1", "<image 1>?", "1, 2]", "A", PNG), "expected a list such as"),
        (_mmmu("validation_Cooking_1", "<image 1>?", "['1', '2']", "A", PNG), "with one of the 30 subjects"),
        ({**_mmmu("validation_Math_1", "?", "[]", "A"), "question_type": "essay"}, "question_type must be"),
    ],
)
def test_mmmu_names_what_is_wrong_with_a_row(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    _write_parquet(tmp_path / "validation-0.parquet", [row])
    with pytest.raises(RowError, match=message):
        _read(MMMU, tmp_path)


HEAD = [
    "index",
    "question",
    "hint",
    "A",
    "B",
    "C",
    "D",
    "answer",
    "category",
    "image",
    "source",
    "l2-category",
    "split",
]
CELL = base64.b64encode(PNG).decode()


def _bench(index: int, options: str, answer: str, image: str = CELL, hint: str = "") -> list[str]:
    cells = [*options.split("|"), "", "", ""][:4]
    return [str(index), 'Which "one"?', hint, *cells, answer, "ocr", image, "web", "perception", "dev"]


def _write_tsv(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([HEAD, *rows])


def test_mm_bench_reads_rotations_of_the_official_table(tmp_path: Path) -> None:
    rows = [
        _bench(241, "cat|dog", "A", hint="Look, a\nhint."),
        _bench(1_000_241, "dog|cat", "B"),
        _bench(252, "1|2|3", "C"),
        _bench(1_000_252, "2|3|1", "B", "252"),
        _bench(2_000_252, "3|1|2", "A", "252"),
    ]
    _write_tsv(tmp_path / "mmbench_dev_20230712.tsv", rows)
    read = _read(MM_BENCH, tmp_path)
    assert _text(read[0]) == f'<picture>Look, a\nhint.\nWhich "one"?\nA. cat\nB. dog\n{LETTER}'
    assert _text(read[1]).startswith('<picture>Which "one"?\nA. dog')
    places = [(row["id"], row["base"], row["rotation"], row["n_rotations"], row["cluster"]) for row in read]
    assert places[1] == ("1000241", "241", 1, 2, "241")
    assert places[4] == ("2000252", "252", 2, 3, "252")
    assert {Path(row["image"]).read_bytes() for row in read} == {PNG}
    assert (read[0]["category"], read[0]["l2_category"]) == ("ocr", "perception")


def test_mm_bench_counts_a_question_only_where_all_its_rotations_are_answered_right(tmp_path: Path) -> None:
    pairs = [[_bench(k, "cat|dog", "A"), _bench(1_000_000 + k, "dog|cat", "B")] for k in (1, 2)]
    rows = [row for pair in pairs for row in pair]
    _write_tsv(tmp_path / "MMBench_DEV_EN.tsv", rows)
    profile = MM_BENCH.profile()
    answers = {"1": "A", "1000001": "The answer is B.", "2": "A", "1000002": "A"}
    graded = [
        {**row, "trials": [{"score": check_grade(profile.grader(answers[row["id"]], row)).score}]}
        for row in _read(MM_BENCH, tmp_path)
    ]
    assert profile.measure(graded).values()[:2] == [0.5, 1.0]


def test_mm_bench_reads_the_hub_files(tmp_path: Path) -> None:
    row = dict(zip(HEAD, _bench(7, "cat|dog", "B", hint="nan"), strict=True))
    row |= {"image": {"bytes": JPG, "path": None}, "L2-category": "logic", "C": "nan", "D": "nan"}
    del row["l2-category"]
    _write_parquet(tmp_path / "en/dev-00000-of-00001.parquet", [row])
    (read,) = _read(MM_BENCH, tmp_path)
    assert (read["options"], read["l2_category"], read["n_rotations"]) == (["cat", "dog"], "logic", 1)
    assert Path(read["image"]).read_bytes() == JPG


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (_bench(1, "cat|dog", "C"), "needs a letter from A to B as answer; got 'C'"),
        (_bench(1, "cat||dog", "A"), "expected options A, B and on without a gap"),
        (_bench(1, "cat", "A"), "expected options A, B and on without a gap"),
        (_bench(1, "cat|dog", "A", "99"), "row 1: image must be a picture, or the index of a row with one; got 99"),
        (_bench(1, "cat|dog", "A", "!" * 80), r"row 1: expected a picture in base64"),
        (["x", *_bench(1, "cat|dog", "A")[1:]], "row 1: index must be a whole number from 0 on; got 'x'"),
    ],
)
def test_mm_bench_names_what_is_wrong_with_a_row(tmp_path: Path, row: list[str], message: str) -> None:
    _write_tsv(tmp_path / "MMBench_DEV_EN.tsv", [row])
    with pytest.raises(RowError, match=message):
        _read(MM_BENCH, tmp_path)


@pytest.mark.parametrize("task", all_tasks(), ids=lambda task: task.name)
def test_profiles_have_names_of_their_own_and_say_their_rules_in_sentences(task: Task) -> None:
    names = [profile.name for profile in task.profiles]
    assert len(set(names)) == len(names)
    assert all(profile.rule[0].isupper() and profile.rule.endswith(".") for profile in task.profiles)


@pytest.mark.parametrize(("grader", "rule"), [(grade_choice, CHOICE_RULE), (grade_vlmevalkit_letter, VLMEVALKIT_RULE)])
def test_one_rule_is_told_in_the_same_words_by_every_task(grader: Grader, rule: str) -> None:
    told = [profile.rule for task in all_tasks() for profile in task.profiles if profile.grader is grader]
    assert len(told) >= 4
    assert all(rule in one for one in told)


def test_the_default_profiles_are_those_that_are_trusted() -> None:
    assert {task.name: task.profile().name for task in TASKS} == {
        "seedbench": "selfsight",
        "seedbench_image": "selfsight",
        "seedbench_2_plus": "selfsight",
        "mmstar": "selfsight",
        "mmmu": "official",
        "mmbench": "vlmevalkit",
    }
