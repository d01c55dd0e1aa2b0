"""Reading the edited images of FineCops-Ref."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from svco_loss import PairFileError
from svco_loss.pairs import FineCopsFields, check_pairs, read_finecops

DOG, CAT = [["dog", "left", "sofa"]], [["cat", "left", "sofa"]]


def positive(**fields: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": "100", "expression": "The dog left of the sofa.", "tuple": DOG, "level": 1, **fields}


def negative(**fields: Any) -> dict[str, Any]:
    row = {"id": 9, "image_id": "neg_12", "expression": "The cat left of the sofa.", "tuple": CAT, "positive_id": 7}
    return row | {"negative_cate": "image", "negative_type": "object", "negative_level": 1} | fields


def text(**fields: Any) -> dict[str, Any]:
    return negative(id=8, image_id="100", negative_cate="text") | fields


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, color in (("gqa/100.jpg", "red"), ("neg/neg_12.jpg", "blue"), ("neg/neg_13.png", "green")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (6, 4), color).save(tmp_path / name)
    return tmp_path


def read(folder: Path, content: object, **options: Any) -> Any:
    (folder / "all.json").write_text(json.dumps(content), encoding="utf-8")
    places = (folder / "all.json", folder / "gqa", folder / "neg")
    return read_finecops(*places, image_root=options.pop("image_root", folder), **options)


def test_a_row_with_an_edited_image_becomes_a_pair_with_its_positive(folder: Path) -> None:
    found = read(folder, {"7": positive(), "8": text(), "9": negative()})
    (one,) = found.pairs
    assert (one.image_a, one.image_b) == ("gqa/100.jpg", "neg/neg_12.jpg")
    assert (one.text_x, one.text_y) == ("The dog left of the sofa.", "The cat left of the sofa.")
    assert (one.category, one.row, bool(one.question)) == ("object", 2, True)
    assert found.refused == ()
    assert check_pairs(found.pairs, image_root=folder).refused == ()


def test_a_repeated_expression_takes_the_text_with_the_same_change(folder: Path) -> None:
    repeated = negative(expression=positive()["expression"])
    other = text(id=10, expression="The dog left of the bed.", tuple=[["dog", "left", "bed"]])
    (one,) = read(folder, {"7": positive(), "8": text(), "10": other, "9": repeated}).pairs
    assert one.text_y == "The cat left of the sofa."


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [text(tuple=[["horse", "left", "sofa"]])],
        [text(negative_type="attribute")],
        [text(positive_id=1)],
        [text(), text(expression="A cat is left of the sofa.")],
    ],
)
def test_without_one_text_that_says_what_the_edited_image_shows_the_row_is_refused(
    folder: Path, texts: list[dict[str, Any]]
) -> None:
    rows = [positive(), negative(expression=positive()["expression"]), *texts]
    found = read(folder, {str(7 + place): row for place, row in enumerate(rows)})
    assert [(one.row, one.reason) for one in found.refused] == [(1, "no_changed_text")]


def test_the_coco_form_reads_the_same(folder: Path) -> None:
    vanilla = read(folder, {"7": positive(), "8": text(), "9": negative()})
    rows = [positive(), text(), negative()]
    images = [
        {"id": row["id"], "file_name": f"{row['image_id']}.jpg", "caption": row["expression"], "width": 6, "height": 4}
        for row in rows
    ]
    annotations = [{**row, "image_id": row["id"], "bbox": [0, 0, 1, 1]} for row in rows]
    for annotation in annotations:
        del annotation["expression"]
    assert read(folder, {"images": images, "annotations": annotations}) == vanilla


def test_order_is_dropped_unless_it_is_asked_for(folder: Path) -> None:
    rows = {"7": positive(), "9": negative(negative_type="order"), "10": negative(image_id="neg_13")}
    assert [one.category for one in read(folder, rows).pairs] == ["object"]
    assert [one.category for one in read(folder, rows, dropped=()).pairs] == ["order", "object"]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("junk", "malformed"),
        (None, "malformed"),
        ({}, "malformed"),
        (negative(positive_id=55), "malformed"),
        (negative(positive_id=9), "malformed"),
        (negative(expression=3), "malformed"),
        (negative(expression="cut\0off"), "malformed"),
        (negative(image_id="neg_99"), "missing"),
        (negative(image_id="../gqa/100"), "outside_root"),
        (negative(image_id=None), "missing"),
        (negative(image_id={"a": "b" * 9000}), "missing"),
    ],
)
def test_a_bad_row_is_refused_alone(folder: Path, bad: object, reason: str) -> None:
    found = read(folder, {"7": positive(), "9": bad, "10": negative(image_id="neg_13.png")})
    assert [(one.row, one.reason) for one in found.refused] == [(1, reason)]
    assert found.refused[0].detail
    assert [(one.row, one.image_b) for one in found.pairs] == [(2, "neg/neg_13.png")]


def test_the_names_of_keys_may_be_others(folder: Path) -> None:
    row = negative()
    row["kind"] = row.pop("negative_cate")
    fields = FineCopsFields(kind="kind")
    assert len(read(folder, {"7": positive(), "9": row}, fields=fields).pairs) == 1


@pytest.mark.parametrize(
    ("content", "why"),
    [([], "must hold rows by id, or COCO"), ({"annotations": []}, "must hold a list of images")],
)
def test_a_file_of_something_else_is_an_error(folder: Path, content: object, why: str) -> None:
    with pytest.raises(PairFileError, match=why):
        read(folder, content)
    with pytest.raises(PairFileError, match="cannot be read"):
        read_finecops(folder / "absent.json", folder, folder)
