from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from occlusion import GroundingDinoDetector, OcclusionError, OwlDetector
from occlusion.detections import Undetected
from PIL import Image

from .conftest import noise

ZERO = {"grounding-dino": {"box_threshold": 0.0, "text_threshold": 0.0}, "owlv2": {"box_threshold": 0.0}}


@pytest.mark.parametrize(("kind", "make"), [("grounding-dino", GroundingDinoDetector), ("owlv2", OwlDetector)])
def test_a_detector_goes_on_with_smaller_batches_and_finds_the_same(
    loaded: dict[str, tuple[Any, Any]], kind: str, make: Any
) -> None:
    import torch

    sizes: list[int] = []

    def refuse_more_than_two(_: Any, __: Any, inputs: dict[str, Any]) -> None:
        sizes.append(len(inputs["pixel_values"]))
        if sizes[-1] > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    items = [(noise(90, 60, seed=seed), ["cat", "red chair", "bird"][: 1 + seed % 3]) for seed in range(4)]
    model, processor = loaded[kind]
    alone = [make(model, processor, **ZERO[kind])(*item) for item in items]
    hook = model.register_forward_pre_hook(refuse_more_than_two, with_kwargs=True)
    together = make(model, processor, batch_size=4, **ZERO[kind]).detect_many(items)
    hook.remove()
    assert sizes == [4, 2, 2]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours
        assert [one.phrase for one in ours] == [one.phrase for one in theirs]
        assert np.allclose([one.score for one in ours], [one.score for one in theirs], rtol=1e-4)
        assert np.allclose([one.box_xyxy_px for one in ours], [one.box_xyxy_px for one in theirs], atol=1e-3)


@pytest.mark.parametrize(("kind", "make"), [("grounding-dino", GroundingDinoDetector), ("owlv2", OwlDetector)])
def test_one_bad_item_of_a_batch_is_a_value_and_the_others_are_found(
    loaded: dict[str, tuple[Any, Any]], kind: str, make: Any
) -> None:
    detect = make(*loaded[kind], batch_size=3, **ZERO[kind])
    image, nan = noise(90, 60), float("nan")

    def spoil_the_last(_: Any, __: Any, output: Any) -> None:
        output.pred_boxes[-1] = nan

    items = [(image, ["cat"]), (image, ["cat", "Cat"]), (image, ["bird"])]
    hook = loaded[kind][0].register_forward_hook(spoil_the_last)
    found, twice, overflowed = detect.detect_many(items)
    hook.remove()
    alone = detect(image, ["cat"])
    assert isinstance(found, list)
    assert [one.score for one in found] == pytest.approx([one.score for one in alone], rel=1e-4)
    assert len(found) > 1
    assert isinstance(twice, Undetected)
    assert isinstance(overflowed, Undetected)
    assert (twice.reason, overflowed.reason) == ("duplicate_phrase", "not_a_number")
    assert "'Cat'" in twice.detail


@pytest.mark.parametrize(("kind", "make"), [("grounding-dino", GroundingDinoDetector), ("owlv2", OwlDetector)])
def test_an_image_that_does_not_fit_alone_has_a_reason_and_its_neighbours_are_found(
    loaded: dict[str, tuple[Any, Any]], kind: str, make: Any
) -> None:
    import torch

    calls: list[int] = []

    def refuse_the_second_alone(_: Any, __: Any, inputs: dict[str, Any]) -> None:
        calls.append(len(inputs["pixel_values"]))
        if len(calls) in (1, 3):  # All three, and then the second.
            raise torch.OutOfMemoryError("CUDA out of memory")

    hook = loaded[kind][0].register_forward_pre_hook(refuse_the_second_alone, with_kwargs=True)
    detect = make(*loaded[kind], batch_size=3, **ZERO[kind])
    first, second, third = detect.detect_many([(noise(90, 60, seed=seed), ["cat"]) for seed in range(3)])
    hook.remove()
    assert calls == [3, 1, 1, 1]
    assert isinstance(first, list)
    assert isinstance(third, list)
    assert first
    assert third
    assert isinstance(second, Undetected)
    assert second.reason == "out_of_memory"


@pytest.fixture
def cut_off(tmp_path: Path) -> Iterator[Image.Image]:
    """An image that opens, and cannot be read to its end."""
    noise(90, 60).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:3000])
    with Image.open(tmp_path / "cut.png") as image:
        yield image


@pytest.mark.parametrize(("kind", "make"), [("grounding-dino", GroundingDinoDetector), ("owlv2", OwlDetector)])
def test_an_image_that_is_cut_off_costs_no_other_item(
    loaded: dict[str, tuple[Any, Any]], kind: str, make: Any, cut_off: Image.Image
) -> None:
    detect = make(*loaded[kind], batch_size=3, **ZERO[kind])
    good = (noise(90, 60), ["cat"])
    first, bad, last = detect.detect_many([good, (cut_off, ["cat"]), good])
    assert first
    assert first == last
    assert isinstance(bad, Undetected)
    assert bad.reason == "bad_image"
    with pytest.raises(OcclusionError, match=r"cut\.png must be a whole image file") as caught:
        detect(cut_off, ["cat"])
    assert caught.value.reason == "bad_image"
