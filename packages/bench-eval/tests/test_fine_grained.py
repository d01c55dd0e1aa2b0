"""Fine-grained classification and question files: names in free answers, figures, files."""

import json
from pathlib import Path
from typing import Any

import pytest
from bench_eval import FileError, RowError, grade_row
from bench_eval.measures.naming_measure import naming_measure
from bench_eval.measures.question_file_measure import measure_question_file
from bench_eval.rules.class_names import class_name_grader, grade_label_letters
from bench_eval.tasks import DataFolder, Task
from bench_eval.tasks.fine_grained import CHEST_XRAY, CUB_200, FGVC_AIRCRAFT, FINE_GRAINED, HAM10000, PLD
from bench_eval.tasks.question_files_task import question_file_task

BIRDS = ["Black-footed Albatross", "Western Gull", "Gull", "Herring Gull"]
PLANES = ["737-200", "737-800", "A320", "A330", "MD-80", "F/A-18"]


def said(task: Task, text: str, labels: list[str]) -> tuple[str, str]:
    grade: Any = task.profile("selfsight").grader(text, {"id": "a", "answer": labels[0], "labels": labels})
    return grade.answer, grade.reason


@pytest.mark.parametrize(
    ("text", "answer", "reason"),
    [
        ("Black-footed Albatross", "Black-footed Albatross", "one_name"),
        ("It is a BLACK FOOTED ALBATROSS.", "Black-footed Albatross", "one_name"),
        ("black_footed  albatross!", "Black-footed Albatross", "one_name"),
        ("Blackfooted albatross", "", "no_name"),
        ("A Western Gull", "Western Gull", "one_name"),
        ("This gull is a Western Gull.", "Western Gull", "one_name"),
        ("A gull of some kind", "Gull", "one_name"),
        ("Seagulls", "", "no_name"),
        ("A western gull or a herring gull", "Western Gull; Herring Gull", "several_names"),
        ("It is not a western gull but a herring gull.", "Herring Gull", "one_name"),
        ("<think>Western gull?</think> Herring gull", "Herring Gull", "one_name"),
        ("I cannot tell.", "", "no_name"),
        ("", "", "no_name"),
    ],
)
def test_names_count_in_whole_words_and_alone(text: str, answer: str, reason: str) -> None:
    assert said(CUB_200, text, BIRDS) == (answer, reason)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("This is a Boeing 737-200.", "737-200"),
        ("a 737 800", "737-800"),
        ("A Boeing 737", ""),
        ("An Airbus A-320", "A320"),
        ("A320s", "A320"),
        ("a plane", ""),
        ("MD80", "MD-80"),
        ("MD-90", ""),
        ("An F/A-18 Hornet", "F/A-18"),
    ],
)
def test_numbers_are_kept_and_stand_apart_from_letters(text: str, answer: str) -> None:
    assert said(FGVC_AIRCRAFT, text, PLANES)[0] == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Yes, it shows pneumonia.", "pneumonia"),
        ("There is pneumonia, though the heart is normal.", "pneumonia"),
        ("There is no pneumonia.", "normal"),
        ("I see no sign of pneumonia here", "normal"),
        ("It is a normal chest without pneumonia.", "normal"),
        ("The X-ray is normal.", "normal"),
        ("This does not show pneumonia", "pneumonia"),  # only a name right behind the denial is denied
        ("normal", "normal"),  # the whole answer, or its first sentence, is the label
        ("Normal. The lungs are clear.", "normal"),
        ("The heart is normal.", ""),
        ("Pneumonia. The heart is normal.", "pneumonia"),
    ],
)
def test_no_pneumonia_is_a_name_of_normal(text: str, answer: str) -> None:
    assert said(CHEST_XRAY, text, ["normal", "pneumonia"])[0] == answer


def test_lesions_go_by_several_names() -> None:
    labels = ["Melanocytic nevi", "melanoma"]
    assert said(HAM10000, "A benign nevus, no melanoma.", labels) == ("Melanocytic nevi", "one_name")
    assert said(HAM10000, "melanoma", labels)[0] == "melanoma"


@pytest.mark.parametrize(
    ("label", "text", "right"),
    [
        ("Western Gull", "a western-gull.", 1),
        ("Black-footed Albatross", "Black footed albatross", 1),
        ("Western Gull", "Western  Gull", 0),
        ("pneumonia", "There is no pneumonia.", 1),
        ("normal", "abnormal", 1),
        ("Gull", "A pigeon, a gull, a hen", 1),
        ("737-200", "A cat.", 1),
        ("A320", "banana", 1),
        ("MD-80", "It is an MD-90", 1),
        ("Golden_Retriever", "golden retriever", 0),
        ("Gull", "", 0),
    ],
)
def test_selfsynthx_s_letters_are_compared_bugs_and_all(label: str, text: str, right: int) -> None:
    assert grade_label_letters(text, {"answer": label}).score == right


def test_labels_that_cannot_be_told_apart_or_are_missing_are_errors() -> None:
    grade = class_name_grader()
    with pytest.raises(RowError, match="row 'a' needs one of its labels as answer; got 'dog' of 1"):
        grade("", {"id": "a", "answer": "dog", "labels": ["cat"]})
    with pytest.raises(
        RowError, match="labels need names of their own, with letters or digits; 'A 320' of 'A 320' isn't"
    ):
        grade("", {"id": "a", "answer": "A320", "labels": ["A320", "A 320"]})
    with pytest.raises(RowError, match=r"'\?' of '\?' isn't"):
        grade("", {"id": "a", "answer": "?", "labels": ["?"]})
    with pytest.raises(RowError, match="row 'a' needs a label as answer; got ' '"):
        grade_label_letters("", {"id": "a", "answer": " "})


def graded(row_id: str, label: str, text: str) -> dict[str, Any]:
    row = {"id": row_id, "answer": label, "labels": ["cat", "dog"], "trials": [{"text": text}]}
    return grade_row(row, class_name_grader())


def test_the_shares_of_several_and_no_names_are_given() -> None:
    rows = [
        graded("a", "cat", "A cat"),
        graded("b", "cat", "cat or dog"),
        graded("c", "dog", "?"),
        graded("d", "dog", "dog"),
    ]
    measured = naming_measure(by_label=True)(rows)
    found = dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True))
    assert found == {"accuracy": 0.5, "several named": 0.25, "none named": 0.25, "label=cat": 0.5, "label=dog": 0.5}
    assert measured.columns[:, 0].tolist() == [1, 0, 0, 1]
    rows[0]["trials"][0]["score"] = None
    assert (naming_measure()(rows).left_out, naming_measure()(rows).values()[0]) == (1, pytest.approx(1 / 3))
    with pytest.raises(RowError, match="none of 1 rows has a score"):
        naming_measure()(rows[:1])


def write(tmp_path: Path, document: Any, name: str = "cub-200/cub-200-test.json") -> DataFolder:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return DataFolder(tmp_path, tmp_path / "pictures")


@pytest.mark.parametrize("name", ["cub-200/cub-200-test.json", "cub-200-test.json"])
def test_a_list_of_selfsynthx_is_read(tmp_path: Path, name: str) -> None:
    items = [{"id": k, "img_path": f"CUB/{k}.jpg", "label": label} for k, label in enumerate(BIRDS[:2] * 2)]
    rows = list(CUB_200.read(write(tmp_path, items, name)))
    assert [row["id"] for row in rows] == ["0", "1", "2", "3"]
    assert (rows[1]["image"], rows[1]["answer"]) == (str(tmp_path / "CUB" / "1.jpg"), "Western Gull")
    assert rows[0]["labels"] == sorted(BIRDS[:2])
    assert {row["task"] for row in rows} == {"cub_200"}
    assert rows[0]["messages"][0]["content"][1]["text"].startswith("Which bird species is this?")


@pytest.mark.parametrize(
    ("document", "error", "match"),
    [
        ({}, FileError, "cub-200-test.json must hold a list; got dict"),
        ([{"id": 1, "label": "Gull"}], RowError, "cub-200-test.json, entry 1: img_path is missing"),
        (
            [{"id": 1, "img_path": "a.jpg", "label": " "}],
            RowError,
            "entry 1: label must be the name of a class; got nothing",
        ),
        (["Gull"], FileError, "entry 1: expected an object; got str"),
        ([{"id": 1, "img_path": "../a.jpg", "label": "Gull"}], FileError, "pictures must lie in"),
    ],
)
def test_a_bad_list_is_named(tmp_path: Path, document: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        list(CUB_200.read(write(tmp_path, document)))


def test_a_missing_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"must hold PLD/PLD-test.json or PLD-test.json"):
        next(PLD.read(DataFolder(tmp_path, tmp_path)))


def test_the_sets_have_names_and_rules_of_their_own() -> None:
    assert len({task.name for task in FINE_GRAINED}) == len(FINE_GRAINED)
    assert {tuple(profile.name for profile in task.profiles) for task in FINE_GRAINED} == {("selfsight", "selfsynthx")}
    assert {task.decoding.max_new_tokens for task in FINE_GRAINED} == {256}


QUESTION = {"id": "q", "image": "a.png", "question": "How many?", "answer": "3"}


def test_a_question_file_is_a_task(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(json.dumps([QUESTION | {"task": "count", "options": ["3", "4"]}, QUESTION | {"id": "r"}]))
    task = question_file_task(path)
    rows = list(task.read(DataFolder(tmp_path, tmp_path)))
    assert [(row["id"], row["task"], row["kind"]) for row in rows] == [("q", "world", "count"), ("r", "world", "world")]
    assert rows[0]["messages"][0]["content"][1]["text"] == "How many?"
    assert rows[0]["image"] == str(tmp_path / "a.png")
    profile = task.profile()
    both = [grade_row(row | {"trials": [{"text": text}]}, profile.grader) for row, text in zip(rows, "A3", strict=True)]
    measured = profile.measure(both)
    assert [metric.name for metric in measured.metrics] == ["accuracy", "kind=count", "kind=world"]
    assert measured.values() == [1.0, 1.0, 1.0]
    assert question_file_task(path, name="mine").name == "mine"


def test_pairs_of_a_question_file_count_as_wholes() -> None:
    scores = {
        "a1": ("a", 1.0),
        "a2": ("a", 1.0),
        "b1": ("b", 1.0),
        "b2": ("b", 0.0),
        "c1": ("c", 1.0),
        "d": (None, 1.0),
    }
    rows = [
        {"id": row_id, "kind": "k", "pair": pair, "trials": [{"text": "", "score": score}]}
        for row_id, (pair, score) in scores.items()
    ]
    measured = measure_question_file(rows)
    found = dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True))
    assert found["pair accuracy"] == 0.5  # c has one question only
    assert found["accuracy"] == pytest.approx(5 / 6)
    assert measured.columns[:, 0].tolist() == [1, 1, 1, 0, 1, 1]


def test_a_question_without_a_score_takes_its_pair_out_of_the_figure() -> None:
    rows = [
        {"id": row_id, "kind": "k", "pair": row_id[0], "trials": [{"text": "", "score": score}]}
        for row_id, score in {"a1": 1.0, "a2": 1.0, "b1": None, "b2": 0.0}.items()
    ]
    measured = measure_question_file(rows)
    assert (measured.values()[-1], measured.left_out) == (1.0, 1)
