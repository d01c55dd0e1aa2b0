from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from occlusion import CocoAnnotations, OcclusionError, decode_mask, encode_mask, segmentation_to_rle

SQUARE = [[10, 10, 30, 10, 30, 30, 10, 30]]


def instances(*annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    names = ("person", "dog", "hot dog", "airplane", "cake", "rails")
    base = {
        "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
        "annotations": [{"id": i, "image_id": 1, "category_id": 1} | one for i, one in enumerate(annotations)],
    }
    return base | more


def test_boxes_and_masks_come_in_pairs() -> None:
    mask = np.zeros((48, 64), bool)
    mask[5:9, 40:50] = True
    runs = {"size": [48, 64], "counts": [0, 48, 48 * 63]}
    found = CocoAnnotations(
        instances(
            {"bbox": [10, 10, 20, 20], "segmentation": SQUARE},
            {"bbox": [40, 5, 10, 4], "segmentation": dict(encode_mask(mask))},
            {"bbox": [0, 0, 1, 48], "segmentation": runs},
            {"bbox": [1, 2, 3, 4]},
        )
    ).find("images/a.jpg", "Dogs")
    assert found.boxes_xyxy_px == ((10, 10, 30, 30), (40, 5, 50, 9), (0, 0, 1, 48), (1, 2, 4, 6))
    assert (found.category, found.size_wh, found.refused) == ("dog", (64, 48), ())
    polygon, coded, column, none = found.masks_rle
    assert polygon is not None
    assert decode_mask(polygon)[10:30, 10:30].all()
    assert decode_mask(polygon).sum() == 400
    assert coded is not None
    assert np.array_equal(decode_mask(coded), mask)
    assert column is not None
    assert decode_mask(column)[:, 0].all()
    assert decode_mask(column).sum() == 48
    assert none is None


BAD = [
    ({"bbox": [10, 10, 0, 5]}, "bad_box"),
    ({"bbox": [10, 10, float("nan"), 5]}, "bad_box"),
    ({"bbox": "10 10 5 5"}, "bad_box"),
    ({"bbox": [1, 2, 3]}, "bad_box"),
    ({}, "bad_box"),
    ({"bbox": [64, 0, 5, 5]}, "box_outside"),
    ({"bbox": [1, 1, 5, 5], "iscrowd": 1}, "crowd"),
    ({"bbox": [1, 1, 5, 5], "segmentation": [[1, 2, 3, 4]]}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": [[1, 2, 3, 4, 5, float("inf")]]}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": [[0, 0, 1e12, 0, 1e12, 1e12]]}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": ["x" * 6]}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": {"size": [48, 64], "counts": "garbage ~~"}}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": {"size": [48, 64], "counts": [5]}}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": {"size": [48, 64], "counts": [-1, 48 * 64 + 1]}}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": {"size": [10, 10], "counts": [0, 100]}}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": {"size": [48, 64]}}, "bad_mask"),
    ({"bbox": [1, 1, 5, 5], "segmentation": {"size": [48, 64], "counts": [48 * 64]}}, "empty_mask"),
]


@pytest.mark.parametrize(("annotation", "reason"), BAD)
def test_a_bad_annotation_is_refused_and_its_neighbour_is_unharmed(annotation: dict[str, Any], reason: str) -> None:
    both = CocoAnnotations(instances(annotation, {"bbox": [1, 2, 3, 4]})).find("a.jpg", "dog")
    assert [(one.annotation_id, one.reason) for one in both.refused] == [(0, reason)]
    assert both.boxes_xyxy_px == ((1, 2, 4, 6),)
    with pytest.raises(OcclusionError, match=reason) as caught:
        CocoAnnotations(instances(annotation)).find("a.jpg", "dog")
    assert caught.value.reason == "no_usable_annotation"


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_any_text_as_run_lengths_is_decoded_or_refused(counts: str) -> None:
    try:
        mask = decode_mask({"size": [6, 5], "counts": counts})
    except OcclusionError:
        return
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


@settings(max_examples=60, deadline=None)
@given(arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_masks_survive_their_run_lengths(mask: Any) -> None:
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


@pytest.mark.parametrize(
    ("head", "category"),
    [
        ("dog", "dog"),
        ("DOGS", "dog"),
        ("puppy", "dog"),
        ("guide dog", "dog"),
        ("hot dogs", "hot dog"),
        ("hotdog", "hot dog"),
        ("toy dog", "dog"),
        ("men", "person"),
        ("tennis players", "person"),
        ("jet", "airplane"),
        ("birthday cake", "cake"),
        ("rail", "rails"),
        ("rails", "rails"),
        ("toy train", None),
        ("umbrella", None),
    ],
)
def test_nouns_find_their_category(head: str, category: str | None) -> None:
    assert CocoAnnotations(instances()).category(head) == category


def test_a_hot_dog_is_no_dog() -> None:
    file = instances(categories=[{"id": 1, "name": "dog"}])
    assert CocoAnnotations(file).category("hot dog") is None


def test_synonyms_can_be_added() -> None:
    assert CocoAnnotations(instances(), synonyms={"hound": "dog"}).category("hounds") == "dog"


def test_what_is_not_there_names_its_reason() -> None:
    twice = {"id": 2, "file_name": "b.jpg", "width": 9, "height": 9}
    file = instances({"bbox": [1, 2, 3, 4]})
    file["images"] += [twice, twice | {"id": 3}, {"id": 4, "file_name": "c.jpg"}]
    file["annotations"] += [{"id": 9, "image_id": 4, "category_id": 1, "bbox": [0, 0, 1, 1]}]
    coco = CocoAnnotations(file)
    for name, head, reason in [
        ("z.jpg", "dog", "image_not_annotated"),
        ("b.jpg", "dog", "ambiguous_image"),
        ("a.jpg", "umbrella", "no_category"),
        ("a.jpg", "cake", "not_in_image"),
        ("c.jpg", "dog", "bad_annotations"),
    ]:
        with pytest.raises(OcclusionError) as caught:
            coco.find(name, head)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    "content", ['{"images": [', "[]", '{"images": []}', '{"images": 3}', '{"images": [{"id": 1}]}']
)
def test_a_file_that_is_not_coco_instances_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "instances.json"
    path.write_text(content)
    with pytest.raises(OcclusionError, match=r"instances\.json") as caught:
        CocoAnnotations.load(path)
    assert caught.value.reason == "bad_annotations"
    with pytest.raises(OcclusionError, match="nowhere"):
        CocoAnnotations.load(tmp_path / "nowhere.json")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "instances.json"
    path.write_text(json.dumps(instances({"bbox": [-5, -5, 10, 100]})))
    assert CocoAnnotations.load(path).find("a.jpg", "dog").boxes_xyxy_px == ((0, 0, 5, 48),)


def test_a_mask_of_another_size_says_both_sizes() -> None:
    with pytest.raises(OcclusionError, match=r"\[48, 64\]; got \[2, 2\]"):
        segmentation_to_rle({"size": [2, 2], "counts": "22"}, size_hw=(48, 64))


def test_an_image_is_found_by_the_longest_end_of_its_path() -> None:
    file = instances({"bbox": [1, 2, 3, 4]})
    size = {"width": 64, "height": 48}
    names = ("train/a.jpg", "val\\a.jpg", "val/only.jpg")
    file["images"] = [{"id": i, "file_name": name, **size} for i, name in enumerate(names)]
    file["annotations"] = [
        {"id": 10 + i, "image_id": i, "category_id": 1, "bbox": [i, 0, 9, 9]} for i in range(len(names))
    ]
    coco = CocoAnnotations(file)
    for path, left in [
        ("/data/train/a.jpg", 0),
        ("train/a.jpg", 0),
        ("D:\\data\\train\\a.jpg", 0),
        ("val/a.jpg", 1),
        ("./val\\a.jpg", 1),
        ("only.jpg", 2),
    ]:
        assert coco.find(path, "dog").boxes_xyxy_px[0][0] == left
    for path, reason in [("a.jpg", "ambiguous_image"), ("/data/train/only.jpg", "image_not_annotated")]:
        with pytest.raises(OcclusionError) as caught:
            coco.find(path, "dog")
        assert caught.value.reason == reason


@pytest.mark.parametrize("name", ["T-shirt", "traffic_light", "Half-eaten sandwich on a plate", "Straße", "glasses"])
def test_a_category_is_found_by_its_own_name_in_every_spelling(name: str) -> None:
    coco = CocoAnnotations(instances(categories=[{"id": 1, "name": name}, {"id": 2, "name": "plate"}]))
    for written in (name, name.upper(), name.replace("-", " ").replace("_", "-"), f"  {name} "):
        assert coco.category(written) == name


def test_categories_that_share_a_singular_stay_two() -> None:
    file = instances({"bbox": [0, 0, 1, 9]}, {"bbox": [2, 0, 1, 9], "category_id": 2})
    file["categories"] = [{"id": 1, "name": "glass"}, {"id": 2, "name": "glasses"}]
    coco = CocoAnnotations(file)
    assert [coco.find("a.jpg", head).boxes_xyxy_px[0][0] for head in ("Glass", "glasses")] == [0, 2]
    file["categories"] = [{"id": 1, "name": "Light"}, {"id": 2, "name": "LIGHTS"}, {"id": 3, "name": "lights"}]
    assert CocoAnnotations(file).category("lights") == "lights"
    with pytest.raises(OcclusionError, match=r"must fit one category.*'LIGHTS', 'lights'") as caught:
        CocoAnnotations(file).category("Lights")
    assert caught.value.reason == "ambiguous_category"
