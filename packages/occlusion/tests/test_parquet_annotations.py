from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from occlusion import AnnotatedDetector, CocoAnnotations, MissingExtraError, OcclusionError, decode_mask, encode_mask
from occlusion.annotations import load_annotations
from occlusion.annotations.parquet import ParquetAnnotations, ParquetColumns
from occlusion.detectors import load_detector
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters import load_segmenter
from PIL import Image

from .conftest import noise

SIZE = {"width": 64, "height": 48}


def row(**fields: Any) -> dict[str, Any]:
    return {"image": "a.jpg", "phrase": "dog", "box_xyxy_px": [10.0, 10.0, 30.0, 40.0]} | SIZE | fields


def write(path: Path, *rows: dict[str, Any]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def mask() -> Any:
    mask_hw = np.zeros((48, 64), bool)
    mask_hw[12:20, 15:25] = True
    return mask_hw


def test_boxes_and_masks_come_in_pairs_from_lists_and_structs(tmp_path: Path) -> None:
    rows = [row(rle=dict(encode_mask(mask()))), row(box_xyxy_px=[-5.0, 0.0, 9.0, 100.0], rle=None), row(phrase="cat")]
    annotations = ParquetAnnotations.load(write(tmp_path / "a.parquet", *rows), columns=ParquetColumns(mask="rle"))
    found = annotations.find("images/a.jpg", "Dogs")
    assert (found.boxes_xyxy_px, found.size_wh) == (((10, 10, 30, 40), (0, 0, 9, 48)), (64, 48))
    first, second = found.masks_rle
    assert first is not None
    assert np.array_equal(decode_mask(first), mask())
    assert second is None
    assert (found.refused, annotations.refused) == ((), ())


def test_four_columns_of_another_format_and_masks_as_text(tmp_path: Path) -> None:
    names = {"file": "b.jpg", "label": "Red  Chair", "x": 10, "y": 11, "w": 5, "h": 6, "W": 64, "H": 48}
    path = write(tmp_path / "a.parquet", names | {"rle": json.dumps(encode_mask(mask()))})
    columns = ParquetColumns(
        image="file", phrase="label", box=("x", "y", "w", "h"), box_format="xywh", mask="rle", width="W", height="H"
    )
    found = ParquetAnnotations.load(path, columns=columns).find("b.jpg", "red chairs")
    assert (found.category, found.boxes_xyxy_px) == ("Red Chair", ((10, 11, 15, 17),))
    assert found.masks_rle[0] == encode_mask(mask())


def test_spellings_of_one_noun_are_one_phrase() -> None:
    rows = [row(phrase=phrase) for phrase in ("Dog", "dogs", " DOG ")]
    found = ParquetAnnotations(rows).find("a.jpg", "dog")
    assert (found.category, len(found.boxes_xyxy_px)) == ("Dog", 3)


ROWS = [
    ({"image": None}, "no_image"),
    ({"image": " "}, "no_image"),
    ({"image": 7}, "no_image"),
    ({"phrase": None}, "no_phrase"),
    ({"phrase": ""}, "no_phrase"),
    ({"width": None}, "bad_size"),
    ({"height": 0}, "bad_size"),
    ({"width": 63}, "other_size"),
]


@pytest.mark.parametrize(("fields", "reason"), ROWS)
def test_a_row_that_belongs_nowhere_is_refused_and_its_neighbours_are_unharmed(
    fields: dict[str, Any], reason: str
) -> None:
    annotations = ParquetAnnotations([row(), row(**fields), row()])
    assert [(one.annotation_id, one.reason) for one in annotations.refused] == [(1, reason)]
    assert len(annotations.find("a.jpg", "dog").boxes_xyxy_px) == 2


BAD = [
    ({"box_xyxy_px": None}, "bad_box"),
    ({"box_xyxy_px": [1.0, 2.0, 3.0]}, "bad_box"),
    ({"box_xyxy_px": [1.0, 2.0, 3.0, None]}, "bad_box"),
    ({"box_xyxy_px": [5.0, 2.0, 5.0, 4.0]}, "bad_box"),
    ({"box_xyxy_px": [1.0, 2.0, 3.0, float("nan")]}, "bad_box"),
    ({"box_xyxy_px": [64.0, 2.0, 70.0, 4.0]}, "box_outside"),
    ({"rle": "not json"}, "bad_mask"),
    ({"rle": ""}, "bad_mask"),
    ({"rle": 7}, "bad_mask"),
    ({"rle": json.dumps({"size": [2, 2], "counts": "22"})}, "bad_mask"),
    ({"rle": {"size": [48, 64], "counts": [48 * 64]}}, "empty_mask"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD)
def test_a_bad_box_or_mask_is_refused_where_it_belongs(fields: dict[str, Any], reason: str) -> None:
    rows = [row(rle=None), row(**{"rle": None} | fields)]
    found = ParquetAnnotations(rows, columns=ParquetColumns(mask="rle")).find("a.jpg", "dog")
    assert [(one.annotation_id, one.reason) for one in found.refused] == [(1, reason)]
    assert len(found.boxes_xyxy_px) == 1


def test_rows_of_a_folder_are_numbered_through_its_files(tmp_path: Path) -> None:
    write(tmp_path / "2.parquet", row(image="b.jpg"), row(phrase=None))
    write(tmp_path / "1.parquet", row(), row())
    annotations = ParquetAnnotations.load(tmp_path)
    assert [one.annotation_id for one in annotations.refused] == [3]
    assert [len(annotations.find(name, "dog").boxes_xyxy_px) for name in ("a.jpg", "b.jpg")] == [2, 1]


def test_it_answers_as_the_same_annotations_in_coco_do() -> None:
    file = {
        "images": [{"id": 1, "file_name": "a.jpg", **SIZE}],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}],
        "annotations": [{"id": 0, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 30]}],
    }
    rows = [row(), row(phrase="cat", image="c.jpg")]
    for head in ("dog", "puppy", "guide dogs", "hot dog", "cat", "tree"):
        results: list[Any] = []
        for form in (CocoAnnotations(file), ParquetAnnotations(rows)):
            try:
                results.append(form.find("a.jpg", head))
            except OcclusionError as error:
                results.append(error.reason)
        assert results[0] == results[1]
    detect = AnnotatedDetector(ParquetAnnotations(rows)).for_image("a.jpg")
    assert [one.phrase for one in detect(noise(64, 48), ["Puppy", "cat"])] == ["Puppy"]


def test_what_is_no_table_of_objects_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "cut.parquet").write_bytes(write(tmp_path / "a.parquet", row()).read_bytes()[:-20])
    (tmp_path / "empty").mkdir()
    write(tmp_path / "b.parquet", {"image": "a.jpg", "name": "dog"})
    for name, text in (
        ("cut.parquet", "must be a Parquet file"),
        ("nowhere.parquet", "must be a Parquet file"),
        ("empty", r"must have \*\.parquet files"),
        ("b.parquet", r"must have the columns \['box_xyxy_px', 'height', 'phrase', 'width'\]; got image, name\. Give"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            ParquetAnnotations.load(tmp_path / name)
        assert caught.value.reason == "bad_annotations"
        assert name in str(caught.value)
    with pytest.raises(OcclusionError, match="must be 'xyxy' or 'xywh'; got 'cxcywh'"):
        ParquetColumns(box_format="cxcywh")


def test_a_missing_reader_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'occlusion\[parquet\]'"):
        ParquetAnnotations.load(tmp_path)


@pytest.mark.parametrize("phrase", ["half-eaten sandwich on a plate", "T-shirt", "traffic_light", "two  men"])
def test_a_phrase_is_found_by_its_own_words(phrase: str) -> None:
    annotations = ParquetAnnotations([row(phrase=phrase), row(phrase="plate", box_xyxy_px=[0.0, 0.0, 9.0, 9.0])])
    assert annotations.find("a.jpg", phrase).boxes_xyxy_px == ((10, 10, 30, 40),)


def test_segmenters_and_detectors_take_tables_by_their_path(tmp_path: Path) -> None:
    path, image = write(tmp_path / "a.parquet", row(rle=dict(encode_mask(mask())))), noise(64, 48)
    columns = ParquetColumns(mask="rle")
    image.save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as opened:
        (found,) = load_segmenter("annotations", annotations=load_annotations(path, columns=columns))(
            opened, [(10, 10, 30, 40)]
        )
        assert isinstance(found, FoundMask)
        assert np.array_equal(found.mask_hw, mask())
        (boxed,) = load_segmenter("annotations", annotations=str(path))(opened, [(10, 10, 30, 40)])
        assert isinstance(boxed, Unmasked)
        assert boxed.reason == "no_mask"  # Without columns no mask is read.
        assert [one.phrase for one in load_detector("annotations", path=path)(opened, ["dogs"])] == ["dogs"]


def test_an_annotated_detector_of_one_image_travels_and_refuses_bad_phrases_alone() -> None:
    rows = [row(), row(phrase="Two"), row(phrase="TWO")]
    detect = pickle.loads(pickle.dumps(AnnotatedDetector(ParquetAnnotations(rows)).for_image("a.jpg")))
    assert [one.phrase for one in detect(noise(64, 48), ["dog"])] == ["dog"]
    file = {"images": [], "annotations": [], "categories": [{"id": i, "name": n} for i, n in enumerate("xX")]}
    reasons = [
        None if (error := AnnotatedDetector(CocoAnnotations(file)).refusal(phrase)) is None else error.reason
        for phrase in ("x", "X", " X ", "unicorn", " ")
    ]
    assert reasons == [None, None, None, None, "empty_phrase"]
    file["categories"] = [{"id": i, "name": n} for i, n in enumerate(("Ray", "RAY"))]
    refused = AnnotatedDetector(CocoAnnotations(file)).refusal("rays")
    assert refused is not None
    assert refused.reason == "ambiguous_category"
