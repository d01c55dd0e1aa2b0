from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from occlusion.errors import OcclusionError
from occlusion.segmenters.families import SAM, SAM2, SAM3
from occlusion.segmenters.frames import ModelFrame, frame_of
from PIL import Image

from .conftest import noise
from .sam_models import SIDE

SIZES_WH = [(90, 50), (37, 120), (64, 64), (33, 32)]
BOXES = [(0.0, 0.0, 10.0, 20.0), (3.25, 5.5, 30.0, 31.0)]


def sam_processor() -> Any:
    from transformers import SamProcessor
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

    return SamProcessor(SamImageProcessorPil(size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE}))


@pytest.mark.parametrize("size_wh", SIZES_WH)
def test_pixels_boxes_and_masks_are_those_of_the_processor_of_sam(size_wh: tuple[int, int]) -> None:
    processor, image, torch_boxes = sam_processor(), noise(*size_wh), [[list(box) for box in BOXES]]
    expected = processor(image, input_boxes=torch_boxes, return_tensors="pt")
    frame = frame_of(processor, side_px=SIDE, keeps_aspect=True)
    assert torch.allclose(torch.from_numpy(frame.pixels(image)), expected["pixel_values"][0], atol=1e-5)
    assert frame.read_wh(size_wh)[::-1] == tuple(expected["reshaped_input_sizes"][0].tolist())
    assert np.allclose(frame.boxes(BOXES, size_wh), expected["input_boxes"][0], atol=1e-5)
    logits = torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0))
    sizes = expected["original_sizes"], expected["reshaped_input_sizes"]
    theirs = processor.post_process_masks([logits[None]], *sizes)[0][0].numpy()
    assert np.array_equal(np.stack(list(frame.masks(logits, size_wh))), theirs)


def test_pixels_and_masks_are_those_of_the_torchvision_processors_of_sam_2_and_3() -> None:
    pytest.importorskip("torchvision")
    from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor
    from transformers.models.sam3.image_processing_sam3 import Sam3ImageProcessor

    for family, make in ((SAM2, Sam2ImageProcessor), (SAM3, Sam3ImageProcessor)):
        processor = make(size={"height": SIDE, "width": SIDE})
        frame = frame_of(processor, side_px=SIDE, keeps_aspect=False)
        assert (frame.mean_rgb, frame.std_rgb) == (family.frame.mean_rgb, family.frame.std_rgb)
        assert make().size["height"] == family.frame.side_px
        for size_wh in SIZES_WH:
            image = noise(*size_wh)
            theirs = processor(image, return_tensors="pt")["pixel_values"][0].numpy()
            level = 1.001 / 255 / min(frame.std_rgb)
            apart = np.abs(frame.pixels(image) - theirs)
            assert apart.max() <= level
            assert apart.mean() < level / 3
            logits = torch.randn(2, 16, 16)
            masks = processor.post_process_masks([logits[None]], [size_wh[::-1]])[0][0].numpy()
            assert np.array_equal(np.stack(list(frame.masks(logits, size_wh))), masks)


@pytest.mark.parametrize("keeps_aspect", [True, False])
@pytest.mark.parametrize("size_wh", [(90, 50), (50, 90), (300, 200)])
def test_a_mask_comes_back_to_where_it_was_in_the_image(keeps_aspect: bool, size_wh: tuple[int, int]) -> None:
    frame = ModelFrame(SIDE, keeps_aspect, mean_rgb=(0.5, 0.5, 0.5), std_rgb=(0.5, 0.5, 0.5))
    truth = np.zeros(size_wh[::-1], bool)
    truth[size_wh[1] // 2 :, size_wh[0] // 4 : size_wh[0] // 2] = True
    square = frame.pixels(Image.fromarray(np.repeat(truth[..., None], 3, 2).astype(np.uint8) * 255))[0]
    (mask,) = frame.masks(torch.from_numpy(square)[None], size_wh)
    assert mask.shape == truth.shape
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    (box,) = frame.boxes([(size_wh[0] // 4, size_wh[1] // 2, size_wh[0] // 2, size_wh[1])], size_wh)
    rows, columns = np.nonzero(square > 0)
    assert np.allclose(box, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1), atol=1)


def test_many_masks_are_brought_to_the_image_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, frame = torch.randn(7, 16, 16), ModelFrame(SIDE, keeps_aspect=True)
    together = np.stack(list(frame.masks(logits, (90, 50))))
    seen: list[int] = []
    upscaled = ModelFrame._upscaled  # pyright: ignore

    def watched(self: Any, part: torch.Tensor, size_wh: tuple[int, int]) -> torch.Tensor:
        seen.append(len(part))
        return upscaled(self, part, size_wh)

    monkeypatch.setattr(ModelFrame, "_upscaled", watched)
    monkeypatch.setattr("occlusion.segmenters.frames._UPSCALED_PIXELS", 3 * 90 * 50)
    assert np.array_equal(np.stack(list(frame.masks(logits, (90, 50)))), together)
    assert seen == [3, 3, 1]
    assert list(frame.masks(logits[:0], (90, 50))) == []


def test_published_frames_are_those_of_the_defaults_of_transformers() -> None:
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

    assert frame_of(SamImageProcessorPil(), side_px=1024, keeps_aspect=True) == SAM.frame


def test_the_filter_of_the_processor_is_used() -> None:
    settings = {"size": {"height": SIDE}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 3}
    assert frame_of(settings, side_px=SIDE, keeps_aspect=False) == ModelFrame(SIDE, False, (0.5,) * 3, (0.5,) * 3, 3)


def test_a_processor_of_another_model_is_refused() -> None:
    processor = sam_processor()
    for settings, side_px, keeps_aspect, text in (
        (processor, 1024, True, "must make squares of 1024 px, padded"),
        (processor, SIDE, False, r"must have size \(height\)"),
        ({"size": {"height": SIDE}}, SIDE, False, "'image_mean'"),
        (ModelFrame(SIDE, keeps_aspect=False), SIDE, True, "padded, for this model"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            frame_of(settings, side_px=side_px, keeps_aspect=keeps_aspect)
        assert caught.value.reason == "wrong_processor"


def test_a_ribbon_that_leaves_no_pixel_is_refused() -> None:
    with pytest.raises(OcclusionError, match=r"128 times as long as wide; got \(300, 1\)"):
        ModelFrame(SIDE, keeps_aspect=True).pixels(Image.new("RGB", (300, 1)))
