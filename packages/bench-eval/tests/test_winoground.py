"""Winoground: four choices an item, three scores, files in the official layout."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval import FileError, RowError, grade_choice, grade_row
from bench_eval.measures.winoground_measure import measure_winoground
from bench_eval.tasks import DataFolder
from bench_eval.tasks.winoground import WINOGROUND

ITEM = {
    "id": 7,
    "image_0": "ex_7_img_0",
    "image_1": "ex_7_img_1",
    "caption_0": "an old person kisses a young person",
    "caption_1": "a young person kisses an old person",
    "tag": "Adjective-Age",
    "secondary_tag": "",
    "num_main_preds": 1,
    "collapsed_tag": "Object",
}


def folder_of(tmp_path: Path, *items: dict[str, Any]) -> DataFolder:
    path = tmp_path / "data" / "data" / "examples.jsonl"
    path.parent.mkdir(parents=True)
    if items:
        path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return DataFolder(tmp_path / "data", tmp_path / "pictures")


def answered(rows: list[dict[str, Any]], texts: list[str]) -> list[dict[str, Any]]:
    return [grade_row(row | {"trials": [{"text": text}]}, grade_choice) for row, text in zip(rows, texts, strict=True)]


def test_an_item_is_asked_as_four_choices_of_which_two_show_both_pictures(tmp_path: Path) -> None:
    rows = list(WINOGROUND.read(folder_of(tmp_path, ITEM)))
    assert [row["id"] for row in rows] == ["7/text-0", "7/text-1", "7/image-0", "7/image-1"]
    images = [str(tmp_path / "data" / "data" / "images" / f"ex_7_img_{k}.png") for k in (0, 1)]
    assert [row["images"] for row in rows] == [images[:1], images[1:], images, images]
    parts = [[part["type"] for part in row["messages"][0]["content"]] for row in rows]
    assert [part.count("image") for part in parts] == [1, 1, 2, 2]
    assert rows[1]["messages"][0]["content"][-1]["text"] == (
        "Which caption fits the image?\n"
        "A. an old person kisses a young person\nB. a young person kisses an old person\n"
        "Answer with the option's letter from the given choices directly."
    )
    assert '"a young person kisses an old person"' in rows[3]["messages"][0]["content"][-1]["text"]
    assert [row["answer"] for row in rows] == ["A", "B", "A", "B"]
    assert {(row["cluster"], row["item"], row["tag"]) for row in rows} == {("7", "7", "Object")}


@pytest.mark.parametrize(
    ("texts", "scores"),
    [
        (["A", "B", "A", "B"], (1, 1, 1)),
        (["A.", "(B)", "B", "A"], (0, 1, 0)),
        (["A", "A", "The first image", "the second image."], (0, 0, 1)),
        (["A", "A", "A", "A"], (0, 0, 0)),
        (["an old person kisses a young person", "A young person kisses an old person.", "A", "B"], (1, 1, 1)),
        (["A", "B", "A", "I can't tell"], (0, 1, 0)),
        (["A", "B", "A", ""], (0, 1, 0)),
    ],
)
def test_text_image_and_group_score(tmp_path: Path, texts: list[str], scores: tuple[float, float, float]) -> None:
    measured = measure_winoground(answered(list(WINOGROUND.read(folder_of(tmp_path, ITEM))), texts))
    assert [metric.name for metric in measured.metrics] == [
        "group score",
        "text score",
        "image score",
        "group score tag=Object",
    ]
    assert tuple(measured.values()[:3]) == scores
    assert measured.columns[0, 0] == scores[0]


def test_items_are_averaged_by_tag_and_incomplete_ones_are_left_out(tmp_path: Path) -> None:
    others = [ITEM | {"id": 8, "collapsed_tag": "Relation"}, ITEM | {"id": 9}]
    rows = list(WINOGROUND.read(folder_of(tmp_path, ITEM, *others)))
    graded = answered(rows, list("ABABABBBABAB"))
    graded[-1]["trials"][0]["score"] = None
    measured = measure_winoground(graded)
    assert measured.values() == [0.5, 1.0, 0.5, 1.0, 0.0]
    assert (measured.ids, measured.left_out) == (["7", "8"], 4)


def test_trials_that_belong_together_are_put_together(tmp_path: Path) -> None:
    rows = list(WINOGROUND.read(folder_of(tmp_path, ITEM)))
    both = [grade_row(row | {"trials": [{"text": row["answer"]}, {"text": "A"}]}, grade_choice) for row in rows]
    assert measure_winoground(both).values()[:3] == [0.5, 0.5, 0.5]


def test_odd_items_are_errors() -> None:
    row = {"id": "a", "item": "0", "side": "text", "tag": "Object", "trials": [{"score": 1.0}]}
    with pytest.raises(RowError, match="item '0' must have two rows of a side"):
        measure_winoground([row, row, row])
    with pytest.raises(RowError, match="row 'a' needs text or image as side; got 'both'"):
        measure_winoground([row | {"side": "both"}])
    with pytest.raises(RowError, match="none of 1 items has its four questions with a score"):
        measure_winoground([row])


def test_parquet_files_give_the_same_questions(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    pictures = {f"image_{k}": {"bytes": b"\x89PNG" + bytes([k]), "path": None} for k in (0, 1)}
    pq.write_table(pa.Table.from_pylist([ITEM | pictures]), tmp_path / "data" / "data" / "test.parquet")
    rows = list(WINOGROUND.read(folder))
    assert [row["id"] for row in rows] == ["7/text-0", "7/text-1", "7/image-0", "7/image-1"]
    assert [Path(image).read_bytes()[-1] for image in rows[3]["images"]] == [0, 1]


def test_bad_files_are_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    with pytest.raises(
        FileError, match=r"must hold data/examples.jsonl or examples.jsonl or \*\*/\*.parquet; there is no such file"
    ):
        list(WINOGROUND.read(folder))
    (tmp_path / "data" / "data" / "examples.jsonl").write_text(json.dumps({"id": 1, "image_0": "a"}))
    with pytest.raises(RowError, match=r"examples.jsonl, row 1: image_1 is missing"):
        list(WINOGROUND.read(folder))
