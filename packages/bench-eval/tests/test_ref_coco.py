"""RefCOCO: rules on constructed answers, figures against hand-worked numbers, files in the forms people have."""

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench_eval import FileError, RowError, grade_row
from bench_eval.grades import Grade
from bench_eval.measures.grounding_measure import measure_grounding
from bench_eval.rules.boxes_in_text import (
    answer_to_box,
    grade_box_lmms_eval,
    grade_box_of_fractions,
    grade_box_of_padded_fractions,
    grade_box_vlmevalkit,
    iou_of_two,
    true_box,
)
from bench_eval.tasks import DataFolder
from bench_eval.tasks.ref_coco import ASKING, REF_COCO, REF_COCO_SPLITS, SPLITS
from box_space import Box, OriginalPixels, iou, llava_space
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

ROW = {"id": "a", "split": "refcoco_val", "box_xyxy_px": [160.0, 120.0, 480.0, 360.0], "width": 640, "height": 480}
RIGHT = [160.0, 120.0, 480.0, 360.0]
NONE: list[float] = []

# text: what lmms-eval, VLMEvalKit and we read, in pixels; an empty list is no answer.
SAID: dict[str, tuple[list[float], list[float], list[float]]] = {
    "[0.25, 0.25, 0.75, 0.75]": (RIGHT, RIGHT, RIGHT),
    "It is at [ 0.25,0.25,0.75,0.75 ].": (RIGHT, RIGHT, RIGHT),
    "(0.25, 0.25, 0.75, 0.75)": (NONE, RIGHT, RIGHT),
    "0.25, 0.25, 0.75, 0.75": (NONE, RIGHT, RIGHT),
    "[0.25 0.25 0.75 0.75]": (NONE, RIGHT, RIGHT),
    "[250, 250, 750, 750]": ([160000.0, 120000.0, 480000.0, 360000.0], RIGHT, NONE),
    "<box>(250,250),(750,750)</box>": (NONE, RIGHT, NONE),
    "[160, 120, 480, 360]": ([102400.0, 57600.0, 307200.0, 172800.0], [102.4, 57.6, 307.2, 172.8], NONE),
    "[0, 0, 1200, 300]": ([0.0, 0.0, 768000.0, 144000.0], [0.0, 0.0, 640.0, 300.0], NONE),
    "[0.75, 0.75, 0.25, 0.25]": ([480.0, 360.0, 160.0, 120.0], RIGHT, NONE),
    "[-0.25, 0, 0.5, 0.5]": ([-160.0, 0.0, 320.0, 240.0], [0.0, 0.0, 320.0, 240.0], NONE),
    "2 dogs: (0.25, 0.25, 0.75, 0.75)": (NONE, [0.16, 0.12, 1.28, 0.36], RIGHT),
    "[0, 0, 1, 1] or [0.25, 0.25, 0.75, 0.75]": ([0.0, 0.0, 640.0, 480.0], [0.0, 0.0, 640.0, 480.0], NONE),
    "[0.25, 0.25, 0.75]": (NONE, NONE, NONE),
    "[0.25, 0.25, 0.75, 0.4": (NONE, [160.0, 120.0, 480.0, 192.0], NONE),
    "[.25, .25, .75, .75]": (NONE, RIGHT, RIGHT),
    "[2.5e-1, 0.25, 0.75, 0.75]": (NONE, RIGHT, RIGHT),
    "<think>[0, 0, 1, 1]</think> [0.25, 0.25, 0.75, 0.75]": ([0.0, 0.0, 640.0, 480.0], [0.0, 0.0, 640.0, 480.0], RIGHT),
    "[nan, 0, 1, 1]": (NONE, NONE, NONE),
    "I can't find it.": (NONE, NONE, NONE),
    "": (NONE, NONE, NONE),
}


def box_of(grade: Any) -> list[float]:
    return list(answer_to_box(grade.answer) or ())


@pytest.mark.parametrize("text", SAID)
def test_each_rule_reads_what_it_is_known_to_read(text: str) -> None:
    grades = [rule(text, ROW) for rule in (grade_box_lmms_eval, grade_box_vlmevalkit, grade_box_of_fractions)]
    assert [box_of(grade) for grade in grades] == [pytest.approx(box, abs=1e-3) for box in SAID[text]]
    assert [grade.score for grade in grades] == [float(box == RIGHT) for box in SAID[text]]


def test_llavas_boxes_are_of_the_padded_square() -> None:
    # 640 x 480 stands in the middle of 640 x 640: 80 pixels above and below.
    assert grade_box_of_padded_fractions("[0.25, 0.3125, 0.75, 0.6875]", ROW) == Grade(1.0, "iou 1.000", str(RIGHT))
    assert box_of(grade_box_of_padded_fractions("[0.25, 0.25, 0.75, 0.75]", ROW)) == [160, 80, 480, 400]
    tall = {"id": "b", "box_xyxy_px": [0, 0, 100, 300], "width": 101, "height": 300}  # 99 pixels left, 100 right
    assert box_of(grade_box_of_padded_fractions("[0.33, 0, 0.67, 1]", tall)) == [0, 0, 102, 300]


@given(st.tuples(*[st.floats(0, 1)] * 4), st.integers(1, 2000), st.integers(1, 2000))
def test_a_box_printed_in_the_padded_square_comes_back(edges: tuple[float, ...], width: int, height: int) -> None:
    x0, x1 = sorted((edges[0] * width, edges[1] * width))
    y0, y1 = sorted((edges[2] * height, edges[3] * height))
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    said = Box(x0, y0, x1, y1, OriginalPixels(width, height)).to(llava_space(width, height)).xyxy
    row = {"id": "a", "box_xyxy_px": [x0, y0, x1, y1], "width": width, "height": height}
    text = "[" + ", ".join(f"{min(max(edge, 0), 1):.12f}" for edge in said) + "]"
    assert grade_box_of_padded_fractions(text, row).score == 1.0


@given(st.tuples(*[st.integers(0, 20)] * 4), st.tuples(*[st.integers(0, 20)] * 4))
def test_the_iou_of_two_boxes_is_that_of_box_space(a: Any, b: Any) -> None:
    if b[0] < b[2] and b[1] < b[3]:
        assert iou_of_two(a, b) == pytest.approx(iou([a], [b])[0, 0])


def test_half_the_overlap_is_a_hit_and_less_is_none() -> None:
    row = ROW | {"box_xyxy_px": [0, 0, 320, 480]}
    assert grade_box_of_fractions("[0, 0, 1, 1]", row).score == 1.0
    assert grade_box_of_fractions("[0, 0, 1, 0.99]", row).score == 0.0


@pytest.mark.parametrize("bad", [None, [0, 0, 1], [10, 0, 5, 5], "0 0 1 1"])
def test_a_row_without_a_true_box_is_an_error(bad: Any) -> None:
    with pytest.raises(RowError, match="row 'a' needs box_xyxy_px as left, top, right, bottom in pixels; got"):
        true_box({"id": "a", "box_xyxy_px": bad})
    with pytest.raises(RowError, match="needs the picture's width and height in pixels"):
        grade_box_of_fractions("[0, 0, 1, 1]", ROW | {"width": None})


def graded(row_id: str, split: str, text: str) -> dict[str, Any]:
    return grade_row(ROW | {"id": row_id, "split": split, "trials": [{"text": text}]}, grade_box_of_fractions)


def test_every_figure_is_the_plain_mean_of_the_splits() -> None:
    rows = [
        graded("a", "refcoco_val", "[0.25, 0.25, 0.75, 0.75]"),  # IoU 1
        graded("b", "refcoco_val", "[0.25, 0.25, 0.75, 0.65]"),  # IoU 0.8
        graded("c", "refcoco_val", "[0, 0, 1, 1]"),  # IoU 0.25, the same middle
        graded("d", "refcoco+_val", "[0.5, 0.25, 1, 0.75]"),  # IoU 1/3, middle on the right edge
        graded("e", "refcoco+_val", "no idea"),
    ]
    measured = measure_grounding(rows)
    found = dict(zip([metric.name for metric in measured.metrics], measured.values(), strict=True))
    assert measured.metrics[0].name == "accuracy@0.5"
    assert found["accuracy@0.5"] == pytest.approx((2 / 3 + 0) / 2)
    assert found["accuracy@0.5 split=refcoco_val"] == pytest.approx(2 / 3)
    assert found["mean iou"] == pytest.approx((2.05 / 3 + 1 / 6) / 2)
    assert (found["accuracy@0.1"], found["accuracy@0.3"]) == (0.75, pytest.approx((2 / 3 + 0.5) / 2))
    assert (found["accuracy@0.7"], found["accuracy@0.9"]) == (pytest.approx(1 / 3), pytest.approx(1 / 6))
    assert found["centre accuracy"] == 0.75
    assert measured.columns[:, 0].tolist() == [1, 1, 0, 0, 0]


def test_one_split_has_no_figure_twice_and_unscored_rows_are_left_out() -> None:
    rows = [graded("a", "refcoco_val", "[0.25, 0.25, 0.75, 0.75]"), graded("b", "refcoco_val", "")]
    rows[1]["trials"][0]["score"] = None
    measured = measure_grounding(rows)
    assert (len(measured.metrics), measured.left_out, measured.values()[0]) == (7, 1, 1.0)
    with pytest.raises(RowError, match="none of 1 rows has a score"):
        measure_grounding(rows[1:])


def folder_of(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data", tmp_path / "pictures")


def write_lines(tmp_path: Path, split: str, **changes: Any) -> None:
    item = {
        "image": "data/coco/train2014/COCO_train2014_000000546154.jpg",
        "sent": "the left dog",
        "bbox": [160.0, 120.0, 480.0, 360.0],
        "width": 640,
        "height": 480,
    }
    path = tmp_path / "data" / f"{split}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({k: v for k, v in (item | changes).items() if v is not None}) + "\n")


def test_the_lines_of_all_eight_splits_are_read(tmp_path: Path) -> None:
    for split in SPLITS:
        write_lines(tmp_path, split)
    rows = list(REF_COCO.read(folder_of(tmp_path)))
    assert [row["id"] for row in rows] == [f"{split}/1" for split in SPLITS]
    assert {row["cluster"] for row in rows} == {"COCO_train2014_000000546154"}
    assert rows[0]["image"] == str(tmp_path / "data" / "train2014" / "COCO_train2014_000000546154.jpg")
    assert rows[0]["messages"][0]["content"][1]["text"] == ASKING + "the left dog"
    assert (rows[0]["answer"], rows[0]["task"], rows[3]["split"]) == (str(RIGHT), "refcoco", "refcoco+_val")
    assert grade_box_of_fractions("[0.25, 0.25, 0.75, 0.75]", rows[0]).score == 1.0


def test_a_split_can_be_read_alone_but_the_mean_of_eight_needs_all(tmp_path: Path) -> None:
    write_lines(tmp_path, "refcocog_test")
    task = next(task for task in REF_COCO_SPLITS if task.name == "refcocog_test")
    assert [(row["id"], row["task"]) for row in task.read(folder_of(tmp_path))] == [("refcocog_test/1", task.name)]
    with pytest.raises(
        FileError, match=r"must hold refcoco_val.jsonl or .* or RefCOCO/\*\*/val-\*.parquet; there is no such file"
    ):
        next(REF_COCO.read(folder_of(tmp_path)))
    assert (REF_COCO.card.n, task.card.n) == (57457, 9602)


@pytest.mark.parametrize(
    ("changes", "match"),
    [({"sent": None}, "refcoco_val.jsonl, row 1: sent is missing"), ({"bbox": [1, 2, 3]}, "bbox must be four numbers")],
)
def test_a_bad_line_is_named(tmp_path: Path, changes: dict[str, Any], match: str) -> None:
    write_lines(tmp_path, "refcoco_val", **changes)
    with pytest.raises(RowError, match=match):
        list(REF_COCO_SPLITS[0].read(folder_of(tmp_path)))


def write_parquet(tmp_path: Path, picture: bytes) -> None:
    row = {
        "question_id": "298801",
        "image": {"bytes": picture, "path": None},
        "question": "?",
        "answer": ["the left dog", "dog"],
        "bbox": [160.0, 120.0, 320.0, 240.0],
        "file_name": "COCO_train2014_000000546154_298801.jpg",
    }
    path = tmp_path / "data" / "RefCOCOplus" / "data" / "testA-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist([row]), path)


def test_the_hubs_regions_become_one_row_an_expression(tmp_path: Path) -> None:
    data = io.BytesIO()
    Image.new("RGB", (640, 480)).save(data, "PNG")
    write_parquet(tmp_path, data.getvalue())
    rows = list(REF_COCO_SPLITS[4].read(folder_of(tmp_path)))
    assert [row["id"] for row in rows] == ["refcoco+_testA/298801#0", "refcoco+_testA/298801#1"]
    assert [row["expression"] for row in rows] == ["the left dog", "dog"]
    assert rows[0]["box_xyxy_px"] == RIGHT
    assert (rows[0]["width"], rows[0]["height"]) == (640, 480)
    assert rows[0]["cluster"] == "COCO_train2014_000000546154"


def test_a_picture_that_does_not_open_is_an_error(tmp_path: Path) -> None:
    write_parquet(tmp_path, b"\x89PNG torn")
    with pytest.raises(FileError):
        list(REF_COCO_SPLITS[4].read(folder_of(tmp_path)))
