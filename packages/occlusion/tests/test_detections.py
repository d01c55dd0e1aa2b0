from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from occlusion import AnnotatedDetector, CocoAnnotations, Detection, OcclusionError, suppress
from occlusion.detections import by_score, clipped_box, normalized_phrases
from occlusion.detectors.phrases import join_phrases, pack
from PIL import Image

SQUARE = (0.0, 0.0, 10.0, 10.0)


def test_a_detection_with_an_impossible_box_or_score_is_refused() -> None:
    for box in ((5, 0, 5, 9), (0, 9, 5, 3), (-1, 0, 5, 9), (0, 0, float("nan"), 9), (0, 0, float("inf"), 9)):
        with pytest.raises(OcclusionError, match="box_xyxy_px must satisfy 0 <= x0 < x1") as caught:
            Detection("cat", box, 0.5)
        assert caught.value.reason == "bad_detection"
    for score in (-0.1, 1.1, float("nan")):
        with pytest.raises(OcclusionError, match="score must be 0 to 1"):
            Detection("cat", SQUARE, score)


boxes = st.tuples(*[st.integers(0, 4)] * 2, *[st.integers(5, 9)] * 2).map(lambda box: tuple(map(float, box)))
detections = st.builds(Detection, st.sampled_from("abc"), boxes, st.sampled_from([0.2, 0.5, 0.9]))


@given(st.lists(detections, max_size=12), st.randoms())
def test_the_order_does_not_depend_on_where_detections_came_from(found: list[Detection], random: Any) -> None:
    shuffled = random.sample(found, len(found))
    assert by_score(found) == by_score(shuffled)
    assert [one.score for one in by_score(found)] == sorted((one.score for one in found), reverse=True)


def test_phrases_that_cannot_be_told_apart_are_refused() -> None:
    assert normalized_phrases(["  Red\tchair", "chair"]) == ("red chair", "chair")
    for phrases, reason, text in (
        (["cat", "Cat "], "duplicate_phrase", "got 'cat' and 'Cat '"),
        (["red chair", "Red  chair"], "duplicate_phrase", "differ in more than case and space"),
        (["cat", " \n"], "empty_phrase", "must have a word"),
        ("cat", "phrases_are_text", "must be a list of texts"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            normalized_phrases(phrases)
        assert caught.value.reason == reason


@given(boxes, st.integers(1, 9), st.integers(1, 9))
def test_a_clipped_box_is_in_the_image_and_clipping_again_changes_nothing(box: Any, width: int, height: int) -> None:
    clipped = clipped_box(box, (width, height))
    if box[0] >= width or box[1] >= height:
        assert clipped is None
    else:
        assert clipped is not None
        assert clipped == (box[0], box[1], min(box[2], width), min(box[3], height))
        assert clipped_box(clipped, (width, height)) == clipped


def test_spans_of_a_joined_text_are_the_phrases() -> None:
    phrases = ["cat", "red chair", "bird-cage, old"]
    joined = join_phrases(phrases)
    assert joined.text == "cat. red chair. bird-cage, old."
    assert [joined.text[start:end] for start, end in joined.spans] == phrases


@given(st.lists(st.integers(1, 10), max_size=30))
def test_packing_holds_every_item_once_and_no_two_boxes_could_be_one(costs: list[int]) -> None:
    packed = pack(costs, 10)
    assert sorted(item for box in packed for item in box) == list(range(len(costs)))
    loads = sorted(sum(costs[item] for item in box) for box in packed)
    assert all(load <= 10 for load in loads)
    assert len(loads) < 2 or loads[0] + loads[1] > 10
    assert all(box == sorted(box) for box in packed)


def naive_suppress(found: list[Detection], iou: float) -> list[Detection]:
    kept: list[Detection] = []
    for one in sorted(found, key=lambda one: (-one.score, one.phrase, one.box_xyxy_px)):
        if all(overlap(one.box_xyxy_px, other.box_xyxy_px) <= iou for other in kept):
            kept.append(one)
    return kept


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@given(st.lists(detections, max_size=12), st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_suppression_agrees_with_the_loop_of_its_definition(found: list[Detection], iou: float) -> None:
    kept = suppress(found, iou=iou)
    assert kept == naive_suppress(found, iou)
    assert suppress(kept, iou=iou) == kept
    by_name = [one for name in "abc" for one in naive_suppress([d for d in found if d.phrase == name], iou)]
    assert suppress(found, iou=iou, per_phrase=True) == by_score(by_name)


def test_an_overlap_of_exactly_the_limit_stays() -> None:
    half = Detection("cup", (0.0, 0.0, 10.0, 5.0), 0.4)
    whole = Detection("cup", SQUARE, 0.6)
    assert suppress([half, whole], iou=0.5) == [whole, half]
    assert suppress([half, whole], iou=0.49) == [whole]
    assert suppress([]) == []
    with pytest.raises(OcclusionError, match="iou must be 0 to 1; got 50") as caught:
        suppress([whole], iou=50)
    assert caught.value.reason == "bad_iou"


def coco() -> CocoAnnotations:
    names = ("person", "dog", "hot dog", "cake")
    boxes = [(1, [10, 10, 20, 20]), (1, [40, 5, 10, 90]), (3, [0, 0, 9, 9])]
    annotations = [
        {"id": i, "image_id": 1, "category_id": category, "bbox": box} for i, (category, box) in enumerate(boxes)
    ]
    annotations.append({"id": 9, "image_id": 1, "category_id": 0, "bbox": [0, 0, 60, 40], "iscrowd": 1})
    return CocoAnnotations(
        {
            "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
            "categories": [{"id": i, "name": name} for i, name in enumerate(names)],
            "annotations": annotations,
        }
    )


def test_annotated_things_are_found_under_the_callers_own_words(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "a.png")
    phrases = ["guide Dogs", "unicorn", "hot dog", "people", "Cake"]
    expected = [
        Detection("Cake", (0.0, 0.0, 9.0, 9.0), 1.0),
        Detection("guide Dogs", (10.0, 10.0, 30.0, 30.0), 1.0),
        Detection("guide Dogs", (40.0, 5.0, 50.0, 48.0), 1.0),
    ]
    detect = AnnotatedDetector(coco())
    with Image.open(tmp_path / "a.png") as image:
        assert detect(image, phrases) == expected
        assert detect.for_image("a.png")(image.convert("L"), phrases) == expected
        assert AnnotatedDetector(coco(), name_of=lambda _: "train/a.png")(image, phrases[::-1]) == expected
        assert detect(image, []) == []


def test_an_image_that_the_annotations_are_not_about_is_refused() -> None:
    image, detect = Image.new("RGB", (64, 48)), AnnotatedDetector(coco())
    for ask, reason, text in (
        (lambda: detect(image, ["dog"]), "no_file_name", "must know its file"),
        (lambda: detect.for_image("b.png")(image, ["dog"]), "image_not_annotated", "no image called 'b.png'"),
        (lambda: detect.for_image("a.png")(Image.new("L", (32, 24)), ["dog"]), "wrong_size", r"\(64, 48\); got \(32"),
        (lambda: detect.for_image("a.png")(image, ["dog", "DOG"]), "duplicate_phrase", "must differ"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            ask()
        assert caught.value.reason == reason


def test_suppression_of_a_detectors_worth_of_boxes_is_quick() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 500, (900, 2))
    sides = rng.uniform(5, 100, (900, 2))
    found = [
        Detection("cup", (*corner.tolist(), *(corner + side).tolist()), float(score))
        for corner, side, score in zip(corners, sides, rng.uniform(0, 1, 900), strict=True)
    ]
    assert suppress(found) == naive_suppress(found, 0.5)
