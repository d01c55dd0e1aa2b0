"""POPE and MME: rules on constructed answers, figures against hand-worked numbers, files in the official layouts."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval import FileError, RowError, grade_row
from bench_eval.grades import Grader
from bench_eval.measures import Measure
from bench_eval.measures.mme_measure import COGNITION, PERCEPTION, measure_mme
from bench_eval.measures.pope_measure import pope_measure
from bench_eval.rules.yes_no_words import (
    grade_mme_lmms_eval,
    grade_mme_official,
    grade_only_yes_or_no,
    grade_pope_official,
    grade_stated_yes_no,
    grade_whole_yes_no,
)
from bench_eval.tasks import DataFolder
from bench_eval.tasks.mme import MME
from bench_eval.tasks.pope import CATEGORIES, POPE

# text: POPE's own rule, lmms-eval's, VLMEvalKit's; MME's own rule, lmms-eval's, ours. "" is no answer.
SAID = {
    "yes": ("yes", "yes", "yes", "yes", "yes", "yes"),
    "No": ("no", "no", "no", "no", "no", "no"),
    " YES \n": ("yes", "yes", "yes", "yes", "yes", "yes"),
    "Yes.": ("yes", "", "yes", "yes", "yes", "yes"),
    "No, there is not.": ("no", "", "no", "no", "no", "no"),
    "NO": ("yes", "no", "no", "no", "no", "no"),
    "no\n": ("yes", "no", "no", "no", "no", "no"),
    "There is no dog.": ("no", "", "no", "", "", ""),
    "There isn't. No.": ("yes", "", "no", "", "", ""),
    "A cat. There is no dog": ("yes", "", "no", "", "", ""),
    "It is not": ("no", "", "", "", "", ""),
    "Not sure": ("yes", "", "", "no", "no", ""),
    "I know it": ("yes", "", "", "", "", ""),
    "know": ("yes", "", "", "no", "no", ""),
    "Yes and no": ("no", "", "", "yes", "yes", "yes"),
    "'yes'": ("yes", "", "", "yes", "yes", "yes"),
    "(yes)": ("yes", "", "yes", "yes", "yes", "yes"),
    "yes/maybe": ("yes", "", "yes", "yes", "yes", "yes"),
    "y": ("yes", "", "", "", "yes", ""),
    "N.": ("yes", "", "", "", "no", ""),
    "...no": ("yes", "", "no", "", "no", "no"),
    "The answer is yes.": ("yes", "", "yes", "", "", "yes"),
    "Answer: **No**": ("yes", "", "", "", "", "no"),
    "It shows a dog.\nYes": ("yes", "", "yes", "", "", "yes"),
    "The answer is yes, or the answer is no.": ("no", "", "", "", "", ""),
    "<think>No dog? There is.</think>\nYes": ("yes", "", "", "", "", "yes"),
    "<think>yes, no": ("no", "", "", "", "", ""),
    "I cannot answer that.": ("yes", "", "", "", "", ""),
    "1": ("yes", "", "", "", "", ""),
    "": ("yes", "", "", "", "", ""),
}
RULES: tuple[Grader, ...] = (
    grade_pope_official,
    grade_whole_yes_no,
    grade_only_yes_or_no,
    grade_mme_official,
    grade_mme_lmms_eval,
    grade_stated_yes_no,
)


@pytest.mark.parametrize("text", SAID)
@pytest.mark.parametrize("truth", ["Yes", "no"])
def test_each_rule_reads_what_it_is_known_to_read(text: str, truth: str) -> None:
    grades = [rule(text, {"id": "a", "answer": truth}) for rule in RULES]
    assert tuple(grade.answer for grade in grades) == SAID[text]  # pyright: ignore[reportAttributeAccessIssue]
    assert [grade.score for grade in grades] == [float(said == truth.lower()) for said in SAID[text]]  # pyright: ignore[reportAttributeAccessIssue]


def test_a_yes_by_default_has_a_reason_of_its_own() -> None:
    reasons = [grade_pope_official(text, {"answer": "yes"}).reason for text in ("", "Yes, a dog.", "no")]
    assert reasons == ["yes_by_default", "yes_word", "no_word"]


@pytest.mark.parametrize("rule", RULES)
def test_a_row_without_yes_or_no_as_answer_is_an_error(rule: Grader) -> None:
    with pytest.raises(RowError, match=r"row 'a' needs yes or no as answer; got 'maybe'\."):
        rule("yes", {"id": "a", "answer": "maybe"})


def graded(answers: list[tuple[str, str, str]], rule: Grader) -> list[dict[str, Any]]:
    rows = [
        {"id": str(k), "category": category, "cluster": f"c{k}", "answer": truth, "trials": [{"text": text}]}
        for k, (category, truth, text) in enumerate(answers)
    ]
    return [grade_row(row, rule) for row in rows]


def figures(measure: Measure, rows: list[dict[str, Any]]) -> dict[str, float]:
    measured = measure(rows)
    return dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True))


ANSWERS = [
    ("random", "yes", "Yes"),
    ("random", "yes", "no"),
    ("random", "no", "No"),
    ("random", "no", "no"),
    ("popular", "yes", "Yes"),
    ("popular", "yes", "maybe"),
    ("popular", "no", "Yes"),
    ("popular", "no", "No"),
]


def test_popes_headline_is_the_mean_of_the_categories_f1() -> None:
    found = figures(pope_measure(), graded(ANSWERS, grade_pope_official))
    # random: one hit, one missed. popular: "maybe" is a yes by default, so two hits and a false alarm.
    assert found["f1 category=random"] == pytest.approx(2 / 3)
    assert found["f1 category=popular"] == pytest.approx(2 * (2 / 3) / (2 / 3 + 1))
    assert found["mean f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert (found["accuracy"], found["accuracy category=random"]) == (0.75, 0.75)
    assert found["precision category=popular"] == pytest.approx(2 / 3)
    assert (found["recall category=random"], found["recall category=popular"]) == (0.5, 1.0)
    assert (found["yes ratio category=random"], found["yes ratio category=popular"]) == (0.25, 0.75)


def test_the_pooled_measures_differ_in_what_an_unparsed_answer_means() -> None:
    rows = graded(ANSWERS, grade_whole_yes_no)
    lmms = figures(pope_measure(pooled=True, unparsed_is_no=False, yes_ratio_of_truths=True), rows)
    vlm = figures(pope_measure(pooled=True), rows)
    assert (lmms["recall"], vlm["recall"]) == (pytest.approx(2 / 3), 0.5)  # 2 of 3, or 2 of 4 with the "maybe"
    assert (lmms["precision"], vlm["precision"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (lmms["f1"], vlm["f1"]) == (pytest.approx(2 / 3), pytest.approx(4 / 7))
    assert (lmms["yes ratio"], vlm["yes ratio"]) == (0.5, 3 / 8)
    assert lmms["accuracy"] == vlm["accuracy"] == 5 / 8


def test_f1_is_zero_without_a_hit_and_the_yes_ratio_is_that_of_the_answers() -> None:
    found = figures(pope_measure(), graded([("random", "yes", "no"), ("random", "no", "no")], grade_pope_official))
    assert (found["mean f1"], found["precision"], found["recall"], found["yes ratio"]) == (0, 0, 0, 0)


def test_rows_without_a_score_are_counted_as_left_out_and_keep_their_category() -> None:
    rows = graded(ANSWERS, grade_pope_official)
    rows[0]["trials"][0]["score"] = None
    measured = pope_measure()(rows)
    assert (measured.left_out, len(measured.ids), measured.columns.shape) == (1, 7, (7, 13))
    assert measured.columns[:, 0].tolist() == [0, 1, 1, 1, 1, 0, 1]
    with pytest.raises(RowError, match="none of 1 rows has a score"):
        pope_measure()(rows[:1])


def test_several_trials_of_a_row_are_averaged() -> None:
    row = {"id": "a", "category": "random", "answer": "yes", "trials": [{"text": "Yes"}, {"text": "no"}]}
    found = figures(pope_measure(), [grade_row(row, grade_pope_official)])
    assert (found["accuracy"], found["recall"], found["yes ratio"]) == (0.5, 0.5, 0.5)


def mme_rows(scores: dict[str, list[tuple[float, float]]]) -> list[dict[str, Any]]:
    return [
        {"id": f"{sub_task}/{k}#{n}", "category": sub_task, "picture": str(k), "trials": [{"score": score}]}
        for sub_task, pairs in scores.items()
        for k, pair in enumerate(pairs)
        for n, score in enumerate(pair)
    ]


def test_mme_adds_accuracy_and_accuracy_plus() -> None:
    every = {sub_task: [(1.0, 1.0), (1.0, 0.0)] for sub_task in (*PERCEPTION, *COGNITION)}
    every["OCR"] = [(1.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0)]
    measured = measure_mme(mme_rows(every))
    found = dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True))
    assert found["score OCR"] == pytest.approx(100 * 5 / 8 + 100 * 2 / 4)
    assert (found["accuracy count"], found["accuracy+ count"]) == (0.75, 0.5)
    assert found["score count"] == pytest.approx(125)
    assert found["perception"] == pytest.approx(9 * 125 + 112.5)
    assert found["cognition"] == pytest.approx(4 * 125)
    tops = {metric.name: metric.top for metric in measured.metrics}
    assert (measured.metrics[0].name, tops["perception"], tops["cognition"], tops["score OCR"]) == (
        "perception",
        2000,
        800,
        200,
    )
    assert measured.columns[:4, 0].tolist() == [1.0, 0.25, 1.0, 0.25]


def test_mme_gives_no_sum_over_absent_sub_tasks_and_leaves_out_half_pictures() -> None:
    rows = mme_rows({sub_task: [(1.0, 1.0), (1.0, 0.0)] for sub_task in COGNITION})
    rows[0]["trials"][0]["score"] = None
    measured = measure_mme(rows)
    assert [metric.name for metric in measured.metrics][:2] == ["cognition", "score commonsense_reasoning"]
    assert (measured.left_out, len(measured.ids)) == (2, 7)


def test_mme_wants_two_questions_a_picture_and_its_own_sub_tasks() -> None:
    row = {"id": "a", "category": "count", "picture": "1", "trials": [{"score": 1.0}]}
    with pytest.raises(RowError, match="MME asks two questions a picture; count/1 has 3"):
        measure_mme([row, row, row])
    with pytest.raises(RowError, match="needs a sub-task of MME as category; got 'colour'"):
        measure_mme([row | {"category": "colour"}])
    with pytest.raises(RowError, match="none of 1 pictures has two questions with a score"):
        measure_mme([row])


PICTURE = b"\x89PNG not really"


def folder_of(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data", tmp_path / "pictures")


def write_pope(tmp_path: Path, **changes: str) -> DataFolder:
    for category in CATEGORIES:
        line = {
            "question_id": 1,
            "image": "COCO_val2014_000000310196.jpg",
            "text": f"Is there a {category} snowboard in the image?",
            "label": "yes",
        }
        path = tmp_path / "data" / "coco" / f"coco_pope_{category}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changes.get(category) or json.dumps(line) + "\n" + json.dumps(line | {"question_id": 2}) + "\n")
    return folder_of(tmp_path)


def test_popes_official_files_are_read_in_order_with_pictures_as_clusters(tmp_path: Path) -> None:
    rows = list(POPE.read(write_pope(tmp_path)))
    assert [row["id"] for row in rows] == [f"{category}/{n}" for category in CATEGORIES for n in (1, 2)]
    assert {row["cluster"] for row in rows} == {"COCO_val2014_000000310196"}
    text = "Is there a random snowboard in the image?\nAnswer the question using a single word or phrase."
    assert rows[0]["messages"][0]["content"] == [{"type": "image"}, {"type": "text", "text": text}]
    assert rows[0]["image"] == str(tmp_path / "data" / "val2014" / "COCO_val2014_000000310196.jpg")
    assert (rows[0]["answer"], rows[0]["category"], rows[0]["task"]) == ("yes", "random", POPE.name)


def test_popes_parquet_files_give_the_same_rows_once(tmp_path: Path) -> None:
    rows = [
        {
            "id": str(k),
            "question_id": "1",
            "question": f"Is there a {category} snowboard in the image?",
            "answer": "yes",
            "image_source": "COCO_val2014_000000310196",
            "image": {"bytes": PICTURE, "path": None},
            "category": category,
        }
        for k, category in enumerate(CATEGORIES)
    ]
    for name in ("data/test-00000-of-00001", "Full/random-00000-of-00001"):
        path = tmp_path / "data" / f"{name}.parquet"
        path.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), path)
    found = list(POPE.read(folder_of(tmp_path)))
    official = [row for row in POPE.read(write_pope(tmp_path)) if row["id"].endswith("/1")]
    assert [row | {"image": ""} for row in found] == [row | {"image": ""} for row in official]
    assert Path(found[0]["image"]).read_bytes() == PICTURE


@pytest.mark.parametrize(
    ("bad", "error", "match"),
    [
        (
            '{"question_id": 1, "image": "a.jpg", "text": "?"}',
            RowError,
            r"coco_pope_popular.json, row 1: label is missing",
        ),
        ("[1]", FileError, r"coco_pope_popular.json, line 1: expected an object; got list"),
        ('{"question_id": 1, "image": "../../a.jpg", "text": "?", "label": "no"}', FileError, "pictures must lie in"),
    ],
)
def test_a_bad_line_of_pope_is_named(tmp_path: Path, bad: str, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        list(POPE.read(write_pope(tmp_path, popular=bad)))


def test_a_missing_category_of_pope_or_no_file_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(
        FileError, match=r"must hold coco_pope_random.json or .* or \*\*/data/\*.parquet; there is no such file"
    ):
        list(POPE.read(folder_of(tmp_path)))
    folder = write_pope(tmp_path)
    (tmp_path / "data" / "coco" / "coco_pope_popular.json").unlink()
    with pytest.raises(FileError, match=r"must hold coco_pope_popular.json or coco/coco_pope_popular.json"):
        list(POPE.read(folder))


def test_the_hubs_columns_are_needed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist([{"question_id": "1", "question": "?"}]), tmp_path / "data" / "a.parquet")
    with pytest.raises(RowError, match=r"row 1: (answer|image_source) is missing"):
        list(POPE.read(folder_of(tmp_path)))
    with pytest.raises(RowError, match=r"row 1: category is missing"):
        list(MME.read(folder_of(tmp_path)))


def write_mme(tmp_path: Path, line: str = "1.jpg\tIs it red? Please answer yes or no.\tYes\n") -> DataFolder:
    for k, sub_task in enumerate((*PERCEPTION, *COGNITION)):
        path = tmp_path / "data" / "eval_tool" / "Your_Results" / f"{sub_task}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{line}1.jpg\tIs it blue?  Please answer yes or no.\tNo\tYes, it is.\n")
        inner = "" if k % 2 else "images"
        picture = tmp_path / "data" / "MME_Benchmark_release_version" / sub_task / inner / "1.jpg"
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(PICTURE)
    return folder_of(tmp_path)


def test_mmes_official_files_are_read_with_the_pictures_of_both_layouts(tmp_path: Path) -> None:
    rows = list(MME.read(write_mme(tmp_path)))
    assert len(rows) == 28
    assert [row["id"] for row in rows[:3]] == ["existence/1.jpg#0", "existence/1.jpg#1", "count/1.jpg#0"]
    assert rows[1]["messages"][0]["content"][1]["text"] == (
        "Is it blue?\nAnswer the question using a single word or phrase."
    )
    assert (rows[1]["answer"], rows[1]["cluster"], rows[1]["picture"]) == ("No", "existence/1.jpg", "1.jpg")
    assert all(Path(row["image"]).read_bytes() == PICTURE for row in rows)
    measured = measure_mme([grade_row(row | {"trials": [{"text": "Yes"}]}, grade_mme_official) for row in rows])
    assert (measured.metrics[0].name, measured.values()[0]) == ("perception", 500)


def test_mmes_parquet_file_gives_the_same_ids(tmp_path: Path) -> None:
    rows = [
        {
            "question_id": "existence/1.jpg",
            "image": {"bytes": PICTURE, "path": None},
            "question": "Is it red? Please answer yes or no.",
            "answer": answer,
            "category": "existence",
        }
        for answer in ("Yes", "No")
    ]
    (tmp_path / "data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "data" / "test-00000-of-00001.parquet")
    found = list(MME.read(folder_of(tmp_path)))
    assert [(row["id"], row["answer"]) for row in found] == [("existence/1.jpg#0", "Yes"), ("existence/1.jpg#1", "No")]


def test_bad_files_of_mme_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileError,
        match=r"must hold eval_tool/Your_Results/existence.txt or .* or \*\*/\*.parquet; there is no such file",
    ):
        list(MME.read(folder_of(tmp_path)))
    with pytest.raises(FileError, match=r"existence.txt, line 1: expected picture, question and answer"):
        list(MME.read(write_mme(tmp_path, line="1.jpg Is it red? Yes\n")))
    with pytest.raises(FileError, match=r"must hold the pictures of MME; there is no .*existence/2.jpg"):
        list(MME.read(write_mme(tmp_path, line="2.jpg\tIs it red?\tYes\n")))


@pytest.mark.parametrize("task", [POPE, MME])
def test_profiles_say_what_they_do(task: Any) -> None:
    assert task.profile().name == "official"
    assert all(profile.rule.endswith(".") for profile in task.profiles)
