from __future__ import annotations

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from occlusion.annotations.coco import CocoAnnotations
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.segmentations import FoundMask, Segmenter, Unmasked
from occlusion.segmenters import AnnotatedSegmenter, BoxSegmenter, GrabCutSegmenter, load_segmenter
from PIL import Image

from .conftest import noise
from .test_grabcut import scene

DISC_BOX = (25, 15, 75, 65)


def disc_of(radius: int, height: int, width: int) -> Any:
    y, x = np.mgrid[:height, :width]
    return (x - width / 2) ** 2 + (y - height / 2) ** 2 <= radius**2


def test_run_lengths_are_less_than_a_fiftieth_of_a_dense_mask() -> None:
    for radius in (10, 50, 100, 200):
        mask_hw = disc_of(radius, 480, 640)
        found = FoundMask(mask_hw, 0.8, "sam", 0.9)
        assert len(found.rle["counts"]) <= 0.02 * mask_hw.nbytes
        packed = found.packed()
        assert packed.mask == found.rle == packed.rle
        assert (packed.box_share, packed.source, packed.score) == (0.8, "sam", 0.9)
        assert packed.mask_hw.dtype == bool
        assert np.array_equal(packed.mask_hw, mask_hw)


def test_results_travel_between_processes() -> None:
    found = FoundMask(np.eye(5, dtype=bool), 0.2, "sam").packed()
    again = pickle.loads(pickle.dumps([found, Unmasked("empty_mask", "x")]))
    assert (again[0].rle, again[1]) == (found.rle, Unmasked("empty_mask", "x"))


@given(st.lists(st.tuples(*[st.integers(-20, 120)] * 4), max_size=8), st.booleans())
@settings(max_examples=50, deadline=None)
def test_each_box_has_a_result_in_its_place(boxes: list[tuple[int, ...]], as_rle: bool) -> None:
    image = Image.new("RGB", (90, 50))
    results = BoxSegmenter(as_rle=as_rle)(image, boxes)
    assert len(results) == len(boxes)
    for (x0, y0, x1, y1), result in zip(boxes, results, strict=True):
        if isinstance(result, Unmasked):
            assert result.reason == ("bad_box" if x0 >= x1 or y0 >= y1 else "box_outside")
        else:
            expected = np.zeros((50, 90), bool)
            expected[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = True
            assert np.array_equal(result.mask_hw, expected)
            assert result.box_share == 1


def test_a_box_that_touches_a_pixel_has_it() -> None:
    found = BoxSegmenter()(Image.new("L", (6, 4)), np.array([[1.2, 0.0, 3.1, 1.5]]))[0]
    assert isinstance(found, FoundMask)
    assert found.mask_hw.astype(int).tolist() == [[0, 1, 1, 1, 0, 0], [0, 1, 1, 1, 0, 0], [0] * 6, [0] * 6]


@pytest.mark.parametrize("box", [(1, 2, 3), (float("nan"), 0, 5, 5), (0, 0, float("inf"), 5), (5, 5, 5, 9)])
def test_a_bad_box_leaves_its_neighbours_alone(box: tuple[float, ...]) -> None:
    bad, good = BoxSegmenter()(Image.new("RGB", (9, 9)), [box, (0, 0, 4, 4)])
    assert isinstance(bad, Unmasked)
    assert bad.reason == "bad_box"
    assert "x0 < x1" in bad.detail
    assert isinstance(good, FoundMask)


def test_a_single_box_without_its_list_is_told_so() -> None:
    with pytest.raises(OcclusionError, match="Put a single box in a list") as caught:
        BoxSegmenter()(Image.new("RGB", (9, 9)), (0, 0, 4, 4))  # pyright: ignore
    assert caught.value.reason == "bad_boxes"


def test_grabcut_cuts_each_box_and_says_what_it_cannot() -> None:
    pixels, disc = scene()
    segment: Segmenter = GrabCutSegmenter(as_rle=True)
    found, whole, outside = segment(
        Image.fromarray(pixels).convert("RGBA"), [DISC_BOX, (0, 0, 100, 80), (200, 0, 210, 9)]
    )
    assert isinstance(found, FoundMask)
    assert (found.mask_hw & disc).sum() / (found.mask_hw | disc).sum() > 0.95
    assert (found.source, found.score, isinstance(found.mask, dict)) == ("grabcut", None, True)
    assert isinstance(whole, Unmasked)
    assert isinstance(outside, Unmasked)
    assert (whole.reason, outside.reason) == ("box_is_image", "box_outside")


def test_grabcut_without_opencv_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"occlusion\[grabcut\]"):
        GrabCutSegmenter()


def annotated() -> CocoAnnotations:
    def entry(id_: int, category: int, box: list[float], **more: Any) -> dict[str, Any]:
        return {"id": id_, "image_id": 1, "category_id": category, "bbox": box, **more}

    def square(x: float, y: float, w: float, h: float) -> list[list[float]]:
        return [[x, y, x + w, y, x + w, y + h, x, y + h]]

    return CocoAnnotations(
        {
            "images": [
                {"id": 1, "file_name": "a.jpg", "width": 90, "height": 50},
                {"id": 2, "file_name": "b.jpg", "width": 9, "height": 9},
            ],
            "categories": [{"id": 1, "name": "cup"}, {"id": 2, "name": "dog"}, {"id": 3, "name": "bird"}],
            "annotations": [
                entry(1, 1, [10, 10, 20, 20], segmentation=square(12, 12, 16, 16)),
                entry(2, 2, [12, 12, 20, 20], segmentation=square(14, 14, 16, 16)),
                entry(3, 2, [60, 10, 20, 20]),
                entry(4, 3, [0, 0, 90, 50], segmentation=square(0, 0, 90, 50), iscrowd=1),
            ],
        }
    )


def test_a_box_gets_the_mask_of_the_annotation_that_fits_best() -> None:
    segment: Segmenter = AnnotatedSegmenter(annotated()).for_image("a.jpg")
    image = Image.new("RGB", (90, 50))
    cup, dog, bare, none = segment(image, [(10, 10, 30, 30), (12, 12, 33, 32), (60, 10, 80, 30), (0, 0, 90, 50)])
    assert isinstance(cup, FoundMask)
    assert isinstance(dog, FoundMask)
    assert (cup.mask_hw.sum(), cup.mask_hw[12:28, 12:28].all(), cup.box_share) == (256, True, 256 / 400)
    assert dog.mask_hw[14:30, 14:30].all()
    assert [one.reason for one in (bare, none) if isinstance(one, Unmasked)] == ["no_mask", "no_annotation"]
    strict = AnnotatedSegmenter(annotated(), min_iou=0.99).for_image("a.jpg")
    assert [isinstance(one, FoundMask) for one in strict(image, [(10, 10, 30, 30), (10, 10, 30, 31)])] == [True, False]


def test_annotations_of_another_size_or_image_are_refused() -> None:
    segment = AnnotatedSegmenter(annotated())
    cases = (
        (segment.for_image("a.jpg"), (80, 50), "wrong_size"),
        (segment.for_image("c.jpg"), (90, 50), "image_not_annotated"),
        (segment, (90, 50), "no_file_name"),
    )
    for one, size_wh, reason in cases:
        with pytest.raises(OcclusionError) as caught:
            one(Image.new("RGB", size_wh), [(0, 0, 9, 9)])
        assert caught.value.reason == reason
    assert segment.for_image("b.jpg")(Image.new("RGB", (9, 9)), [(0, 0, 4, 4)]) == [
        Unmasked("no_annotation", "of 0 annotations the best overlaps (0.0, 0.0, 4.0, 4.0) by 0.00; 0.5 is needed")
    ]


def test_all_categories_of_an_image_are_found() -> None:
    found = annotated().find_all("a.jpg")
    assert [(one.category, len(one.boxes_xyxy_px), len(one.refused)) for one in found] == [
        ("cup", 1, 0),
        ("dog", 2, 0),
        ("bird", 0, 1),
    ]
    assert annotated().find_all("b.jpg") == ()


def test_no_boxes_no_results() -> None:
    image = noise(20, 10)
    for segment in (BoxSegmenter(), GrabCutSegmenter(), AnnotatedSegmenter(annotated())):
        assert segment(image, []) == []
        assert segment(image, np.empty((0, 4))) == []  # pyright: ignore


def test_factories_of_segmenters_travel_between_processes() -> None:
    image = Image.fromarray(scene()[0])
    for make in (partial(load_segmenter, "box"), partial(load_segmenter, "grabcut", iterations=2)):
        first, again = make()(image, [DISC_BOX])[0], pickle.loads(pickle.dumps(make))()(image, [DISC_BOX])[0]
        assert isinstance(first, FoundMask)
        assert isinstance(again, FoundMask)
        assert np.array_equal(first.mask_hw, again.mask_hw)
    known = pickle.loads(pickle.dumps(AnnotatedSegmenter(annotated()).for_image("a.jpg")))
    assert isinstance(known(Image.new("RGB", (90, 50)), [(10, 10, 30, 30)])[0], FoundMask)


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        ("grabcut", {"rounds": 3}, "options of 'grabcut' must be those of GrabCutSegmenter"),
        ("grabcut", {"iterations": 0}, "iterations must be 1 or more; got 0"),
        ("annotations", {}, "options of 'annotations'"),
        ("segment-anything", {}, "options of 'segment-anything' must be those of SegmentAnythingSegmenter"),
    ],
)
def test_wrong_options_are_named(kind: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(OcclusionError, match=text) as caught:
        load_segmenter(kind, **options)
    assert caught.value.reason == "bad_option"


def test_annotations_are_read_from_their_file(tmp_path: Any) -> None:
    (tmp_path / "instances.json").write_text('{"images": [], "categories": [], "annotations": []}')
    segment = load_segmenter("annotations", annotations=tmp_path / "instances.json", min_iou=0.3)
    assert isinstance(segment, AnnotatedSegmenter)
    with pytest.raises(OcclusionError, match="min_iou must be above 0"):
        load_segmenter("annotations", annotations=annotated(), min_iou=0)
