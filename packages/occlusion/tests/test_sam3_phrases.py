from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from occlusion.detections import Detector, Undetected
from occlusion.errors import OcclusionError
from occlusion.segmentations import FoundMask, Unmasked
from occlusion.segmenters import Sam3PhraseSegmenter, SegmentedDetection
from PIL import Image

from .conftest import clip_tokenizer, noise
from .sam_models import SIDE, sam3_config, seeded

PHRASES = ["Cat", "red  chair", "dog"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return clip_tokenizer()


@pytest.fixture(scope="module")
def model(tokenizer: Any) -> Any:
    from transformers import Sam3Model

    return seeded(Sam3Model, sam3_config(len(tokenizer)))


def facts(found: Sequence[SegmentedDetection]) -> list[Any]:
    return [
        (
            one.detection.phrase,
            tuple(round(value, 3) for value in one.detection.box_xyxy_px),
            round(one.detection.score, 4),
            one.mask.reason if isinstance(one.mask, Unmasked) else one.mask.rle,
        )
        for one in found
    ]


def test_all_phrases_of_an_image_share_one_encoder_pass(model: Any, tokenizer: Any) -> None:
    images: list[int] = []
    hook = model.vision_encoder.register_forward_pre_hook(lambda _, args: images.append(len(args[0])))
    segment = Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=0.0)
    image = noise(90, 50)
    together = segment.segment(image, PHRASES)
    assert images == [1]
    one_by_one = Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=0.0, phrases_per_batch=1)
    assert facts(one_by_one.segment(image, PHRASES)) == facts(together)
    assert images == [1, 1]
    alone = [one for phrase in PHRASES for one in segment.segment(image, [phrase])]
    assert sorted(map(str, facts(alone))) == sorted(map(str, facts(together)))
    hook.remove()
    assert {one.detection.phrase for one in together} == set(PHRASES)
    scores = [one.detection.score for one in together]
    assert scores == sorted(scores, reverse=True)
    found = [one.mask for one in together if isinstance(one.mask, FoundMask)]
    assert found
    assert all(one.mask_hw.shape == (50, 90) and one.source == "sam3" for one in found)


def test_the_detector_has_the_boxes_of_the_masks(model: Any, tokenizer: Any) -> None:
    detect: Detector = Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=0.0)
    segment = Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=0.0, as_rle=True)
    image = noise(90, 50).convert("L")
    both = segment.segment(image, PHRASES)
    assert detect(image, PHRASES) == [one.detection for one in both]
    assert all(isinstance(one.mask.mask, dict) for one in both if isinstance(one.mask, FoundMask))
    assert detect(image, []) == segment.segment(image, []) == []
    first, bad, last = segment.detect_many([(image, PHRASES), (image, [" "]), (image, PHRASES)])
    assert first == last == detect(image, PHRASES)
    assert isinstance(bad, Undetected)
    assert bad.reason == "empty_phrase"


@pytest.mark.parametrize("size_wh", [(90, 50), (37, 120)])
def test_boxes_and_masks_are_those_of_the_plain_call(model: Any, tokenizer: Any, size_wh: tuple[int, int]) -> None:
    from torch.nn.functional import interpolate

    image = noise(*size_wh)
    pixels = torch.tensor(np.asarray(image.resize((SIDE, SIDE), 2)) / 127.5 - 1).float().permute(2, 0, 1)[None]
    words = tokenizer(["cat"], padding="max_length", max_length=16, return_tensors="pt")
    with torch.no_grad():
        output = model(pixel_values=pixels, **words)
    scores = (output.pred_logits.sigmoid() * output.presence_logits.sigmoid())[0]
    threshold = float(scores.sort().values[2:4].mean())
    best = int(scores.argmax())
    found = Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=threshold).segment(image, ["cat"])
    assert len(found) == int((scores > threshold).sum()) == 3
    assert found[0].detection.score == pytest.approx(float(scores[best]), abs=1e-4)
    expected = (output.pred_boxes[0, best].clamp(0, 1) * torch.tensor([*size_wh, *size_wh])).tolist()
    assert found[0].detection.box_xyxy_px == pytest.approx(expected, abs=0.05)
    logits = interpolate(output.pred_masks[:, best][None], size_wh[::-1], mode="bilinear")[0, 0]
    mask = found[0].mask
    assert isinstance(mask, FoundMask)
    assert (mask.mask_hw != (logits > 0).numpy()).mean() < 1e-3


def test_the_processor_with_torchvision_finds_the_same(model: Any, tokenizer: Any) -> None:
    pytest.importorskip("torchvision")
    from transformers import Sam3Processor
    from transformers.models.sam3.image_processing_sam3 import Sam3ImageProcessor

    processor = Sam3Processor(Sam3ImageProcessor(size={"height": SIDE, "width": SIDE}), tokenizer)
    image = Image.fromarray(np.full((50, 90, 3), 90, np.uint8))  # One gray: nothing to resize differently.
    inputs = processor(image, text="cat", return_tensors="pt")
    with torch.no_grad():
        output = model(
            pixel_values=inputs["pixel_values"],
            **tokenizer("cat", padding="max_length", max_length=16, return_tensors="pt"),
        )
    theirs = processor.post_process_instance_segmentation(output, threshold=0.0, target_sizes=[(50, 90)])[0]
    ours = Sam3PhraseSegmenter(model, processor, threshold=0.0).segment(image, ["cat"])
    order = theirs["scores"].argsort(descending=True).tolist()
    assert [one.detection.score for one in ours] == pytest.approx(theirs["scores"][order].tolist(), abs=1e-5)
    for one, k in zip(ours, order, strict=True):
        if isinstance(one.mask, FoundMask):
            # transformers brings probabilities to the image's size, the authors (and we) logits.
            assert (one.mask.mask_hw == theirs["masks"][k].numpy()).mean() > 0.98


@pytest.mark.parametrize(
    ("phrases", "reason"),
    [
        (["cat", "CAT "], "duplicate_phrase"),
        ([" "], "empty_phrase"),
        (["abcdefghijklmnop"], "phrase_too_long"),
    ],
)
def test_phrases_that_cannot_be_read_are_refused_before_any_pass(
    model: Any, tokenizer: Any, phrases: list[str], reason: str
) -> None:
    segment = Sam3PhraseSegmenter(model, tokenizer=tokenizer)
    with pytest.raises(OcclusionError) as caught:
        segment.segment(noise(20, 10), phrases)
    assert caught.value.reason == reason
    refused = [segment.refusal(phrase) for phrase in phrases]
    alone = None if reason == "duplicate_phrase" else reason
    assert [one.reason if one else None for one in refused] == [alone] * len(phrases)
    assert segment.refusal("red chair") is None


def test_out_of_memory_halves_the_phrases(model: Any, tokenizer: Any) -> None:
    segment = Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=0.0)
    expected, seen = facts(segment.segment(noise(90, 50), PHRASES)), []

    def full(_: Any, args: Any, named: Any) -> None:
        seen.append(len(named["text_features"]))
        if seen[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = model.detr_encoder.register_forward_pre_hook(full, with_kwargs=True)
    assert facts(segment.segment(noise(90, 50), PHRASES)) == expected
    hook.remove()
    assert seen == [3, 1, 1, 1]

    hook = model.detr_encoder.register_forward_pre_hook(lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(OcclusionError, match="masks of 'Cat' alone ran out of memory"):
        segment.segment(noise(90, 50), PHRASES)
    hook.remove()


def test_half_precision_runs_and_an_overflow_is_refused(model: Any, tokenizer: Any) -> None:
    half = Sam3PhraseSegmenter(deepcopy(model), tokenizer=tokenizer, threshold=0.0, dtype=torch.bfloat16)
    assert {one.detection.phrase for one in half.segment(noise(90, 50), PHRASES)} == set(PHRASES)
    broken = deepcopy(model)
    with torch.no_grad():
        broken.dot_product_scoring.text_proj.weight.fill_(float("nan"))
    with pytest.raises(OcclusionError, match="Use float32") as caught:
        Sam3PhraseSegmenter(broken, tokenizer=tokenizer)(noise(90, 50), PHRASES)
    assert caught.value.reason == "not_a_number"


def test_the_published_video_checkpoint_holds_the_phrase_model(video_checkpoints: dict[str, Path]) -> None:
    segment = Sam3PhraseSegmenter(video_checkpoints["sam3_video"], threshold=0.0)
    assert {one.detection.phrase for one in segment.segment(noise(90, 50), PHRASES)} == set(PHRASES)


def test_what_it_needs_is_said(model: Any, tokenizer: Any) -> None:
    cases = (
        (lambda: Sam3PhraseSegmenter(model), "no_tokenizer"),
        (lambda: Sam3PhraseSegmenter(model, tokenizer=object()), "slow_tokenizer"),
        (lambda: Sam3PhraseSegmenter(model, tokenizer=tokenizer, threshold=2), "bad_option"),
        (lambda: Sam3PhraseSegmenter(model, tokenizer=tokenizer, phrases_per_batch=0), "bad_option"),
    )
    for make, reason in cases:
        with pytest.raises(OcclusionError) as caught:
            make()
        assert caught.value.reason == reason
