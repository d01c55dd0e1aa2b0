from __future__ import annotations

import json

import numpy as np
import pytest
from occlusion import Occlusion, OcclusionError, occlude
from occlusion.coverage import Coverage, coverage_of
from occlusion.occluders import FillOccluder
from PIL import Image

NO_CENTERS = np.zeros((0, 2), np.int64)


def test_the_shares_are_those_counted_by_hand() -> None:
    before = np.zeros((10, 10, 3), np.uint8)
    after = before.copy()
    after[0:2, 0:4, 2] = 1  # one channel, one level: 8 pixels
    masks = np.zeros((3, 10, 10), bool)
    masks[0, 0:2, 0:2] = True  # 4 of 4 changed
    masks[1, 1:3, 0:4] = True  # 4 of 8 changed, two of them shared with the first
    report = coverage_of(before, Occlusion(after, 5, 0.9, np.zeros((3, 2), np.int64)), masks)
    assert report == Coverage(
        covered_share=6 / 10,
        object_shares=(1.0, 0.5, 0.0),
        changed_share=8 / 100,
        context_share=88 / 90,
        patch_px=5,
        patches=3,
    )
    assert json.loads(json.dumps(report.to_row()))["object_shares"] == [1.0, 0.5, 0.0]


def test_pictures_and_arrays_give_the_same_report() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    mask = np.zeros((40, 50), bool)
    mask[5:35, 10:40] = True
    of_array = coverage_of(image, occlude(image, mask, (10, 5, 40, 35), seed=0), mask)
    of_picture = Image.fromarray(image)
    assert coverage_of(of_picture, occlude(of_picture, mask, (10, 5, 40, 35), seed=0), [mask]) == of_array
    assert 0.5 < of_array.covered_share < 1
    assert of_array.patches > 0


def test_a_filled_mask_is_covered_whole_and_its_context_is_whole() -> None:
    image = np.random.default_rng(0).integers(0, 99, (40, 50, 3), dtype=np.uint8)
    mask = np.zeros((40, 50), bool)
    mask[5:35, 10:40] = True
    report = coverage_of(image, FillOccluder()(image, mask, (10, 5, 40, 35), seed=0), mask)
    assert report == Coverage(1.0, (1.0,), 900 / 2000, 1.0, 0, 0)


def test_no_context_is_no_visible_context() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    everything = np.ones((4, 4), bool)
    report = coverage_of(image, FillOccluder()(image, everything, (0, 0, 4, 4), seed=0), everything)
    assert (report.covered_share, report.context_share) == (1.0, 0.0)


def test_pictures_of_two_sizes_and_empty_masks_are_refused() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    other = Occlusion(np.zeros((5, 4, 3), np.uint8), 4, 1.0, NO_CENTERS)
    with pytest.raises(OcclusionError, match=r"one size \(width, height\); got \(5, 4\) and \(4, 5\)"):
        coverage_of(image, other, np.ones((4, 5), bool))
    with pytest.raises(OcclusionError) as caught:
        coverage_of(image, Occlusion(image, 4, 1.0, NO_CENTERS), np.zeros((4, 5), bool))
    assert caught.value.reason == "empty_mask"
