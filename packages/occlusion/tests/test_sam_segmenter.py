from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from occlusion.errors import OcclusionError
from occlusion.segmentations import FoundMask, Segmenter, Unmasked
from occlusion.segmenters import DEFAULT_SEGMENTERS, SamSegmenter, load_segmenter
from occlusion.segmenters.frames import ModelFrame

from .conftest import copy_without, noise
from .sam_models import KINDS, SIDE, box_model, write_processor

BOXES = [(1, 2, 40, 30), (50, 10, 80, 45), (20.5, 20.5, 60, 48), (-9, -9, 30, 30), (70, 5, 300, 300)]


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    return {kind: box_model(kind) for kind in KINDS}


def masks(results: Sequence[FoundMask | Unmasked]) -> list[Any]:
    """What a box has, in a form that can be compared."""
    return [one.reason if isinstance(one, Unmasked) else one.rle for one in results]


@pytest.fixture
def passes(models: dict[str, Any]) -> Iterator[dict[str, list[int]]]:
    """Batch sizes that went through the image encoders and the mask decoders."""
    seen: dict[str, list[int]] = {"images": [], "boxes": []}
    hooks = []
    for model in models.values():
        encoder, decoder = model.vision_encoder, model.mask_decoder
        hooks.append(encoder.register_forward_pre_hook(lambda _, args: seen["images"].append(len(args[0]))))
        size = lambda _, args, named: seen["boxes"].append(named["sparse_prompt_embeddings"].shape[1])  # noqa: E731
        hooks.append(decoder.register_forward_pre_hook(size, with_kwargs=True))
    yield seen
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("kind", KINDS)
def test_boxes_of_an_image_share_one_encoder_pass_and_one_at_a_time_is_the_same(
    models: dict[str, Any], passes: dict[str, list[int]], kind: str
) -> None:
    segment: Segmenter = SamSegmenter(models[kind])
    image = noise(90, 50)
    together = segment(image, BOXES)
    assert passes == {"images": [1], "boxes": [5]}
    assert masks(SamSegmenter(models[kind], boxes_per_batch=2)(image, BOXES)) == masks(together)
    assert passes == {"images": [1, 1], "boxes": [5, 2, 2, 1]}
    assert masks([one for box in BOXES for one in segment(image, [box])]) == masks(together)
    found = [one for one in together if isinstance(one, FoundMask)]
    assert len(found) >= 3
    assert len({one.rle["counts"] for one in found}) == len(found)
    for one in found:
        assert (one.mask_hw.shape, one.mask_hw.dtype, one.source) == ((50, 90), np.dtype(bool), kind)
        assert 0 < one.box_share <= 1
        assert one.score is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size_wh", [(90, 50), (37, 120)])
def test_a_mask_is_that_of_the_plain_call_of_the_model(
    models: dict[str, Any], kind: str, size_wh: tuple[int, int]
) -> None:
    from torch.nn.functional import interpolate

    image, model, box = noise(*size_wh), models[kind], (5, 4, 30, 40)
    scale = SIDE / max(size_wh)
    filled_wh = tuple(round(side * scale) for side in size_wh) if kind == "sam" else (SIDE, SIDE)
    ratio = np.tile(np.divide(filled_wh, size_wh), 2)
    half = kind == "sam3"
    mean, std = ([0.5] * 3, [0.5] * 3) if half else ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    pixels = torch.zeros(1, 3, SIDE, SIDE)
    filled = (np.asarray(image.resize(filled_wh, 2)) / 255 - mean) / std
    pixels[0, :, : filled_wh[1], : filled_wh[0]] = torch.tensor(filled).float().permute(2, 0, 1)
    boxes = torch.tensor(np.array(box) * ratio).float()[None, None]
    with torch.no_grad():
        output = model(pixel_values=pixels, input_boxes=boxes, multimask_output=False)
    square = interpolate(output.pred_masks[:, 0], (SIDE, SIDE), mode="bilinear")[..., : filled_wh[1], : filled_wh[0]]
    logits = interpolate(square if kind == "sam" else output.pred_masks[:, 0], size_wh[::-1], mode="bilinear")
    (found,) = SamSegmenter(model)(image, [box])
    assert isinstance(found, FoundMask)
    assert (found.mask_hw != (logits[0, 0] > 0).numpy()).mean() < 1e-3
    assert found.score == pytest.approx(float(output.iou_scores), abs=1e-5)
    assert found.box_share == pytest.approx(found.mask_hw[4:40, 5:30].mean())


def test_the_mask_of_sam_is_that_of_its_processor(models: dict[str, Any]) -> None:
    from .test_model_frames import sam_processor

    processor, image, boxes = sam_processor(), noise(90, 50), [[float(v) for v in box] for box in BOXES[:3]]
    inputs = processor(image, input_boxes=[boxes], return_tensors="pt")
    sizes = inputs.pop("original_sizes"), inputs.pop("reshaped_input_sizes")
    with torch.no_grad():
        output = models["sam"](**inputs, multimask_output=False)
    theirs = processor.post_process_masks(output.pred_masks, *sizes)[0][:, 0].numpy()
    ours = SamSegmenter(models["sam"], processor)(image, boxes)
    assert all(np.array_equal(one.mask_hw, mask) for one, mask in zip(ours, theirs, strict=True))  # pyright: ignore


def test_bad_boxes_have_their_reason_and_cost_no_pass(models: dict[str, Any], passes: dict[str, list[int]]) -> None:
    segment = SamSegmenter(models["sam"])
    image = noise(90, 50)
    assert segment(image, []) == []
    assert masks(segment(image, [(95, 0, 99, 9), (9, 9, 5, 5)])) == ["box_outside", "bad_box"]
    assert passes["images"] == []
    mixed = segment(image, [(95, 0, 99, 9), BOXES[0], (float("nan"), 0, 1, 1), BOXES[1]])
    assert masks(mixed) == [
        "box_outside",
        masks(segment(image, BOXES[:1]))[0],
        "bad_box",
        masks(segment(image, BOXES))[1],
    ]


def test_a_box_that_sticks_out_is_clipped(models: dict[str, Any]) -> None:
    segment = SamSegmenter(models["sam"])
    image = noise(90, 50)
    assert masks(segment(image, [(-9, -9, 30, 30)])) == masks(segment(image, [(0, 0, 30, 30)]))


def test_masks_can_be_kept_as_run_lengths_and_images_be_of_any_mode(models: dict[str, Any]) -> None:
    image = noise(90, 50)
    dense, packed = SamSegmenter(models["sam"])(image, BOXES), SamSegmenter(models["sam"], as_rle=True)(image, BOXES)
    assert masks(dense) == masks(packed)
    assert all(isinstance(one.mask, dict) for one in packed if isinstance(one, FoundMask))
    gray = image.convert("L")
    assert masks(SamSegmenter(models["sam"])(gray, BOXES)) == masks(
        SamSegmenter(models["sam"])(gray.convert("RGB"), BOXES)
    )
    owned = [one.mask_hw for one in dense if isinstance(one, FoundMask)]
    assert len(owned) >= 3
    assert all(mask.base is None for mask in owned), "a view would keep its whole batch in memory"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_finds_nearly_the_same(models: dict[str, Any], kind: str, dtype: torch.dtype) -> None:
    image = noise(90, 50)
    exact, rough = (
        SamSegmenter(models[kind])(image, BOXES),
        SamSegmenter(deepcopy(models[kind]), dtype=dtype)(image, BOXES),
    )
    pairs = [(a, b) for a, b in zip(exact, rough, strict=True) if isinstance(a, FoundMask) and isinstance(b, FoundMask)]
    assert len(pairs) >= 3
    assert np.mean([(a.mask_hw == b.mask_hw).mean() for a, b in pairs]) > 0.97


def test_out_of_memory_halves_the_batch_and_goes_on(models: dict[str, Any], passes: dict[str, list[int]]) -> None:
    image = noise(90, 50)
    segment = SamSegmenter(models["sam"], boxes_per_batch=5)
    expected = masks(segment(image, BOXES))
    passes["boxes"].clear()

    def full(_: Any, args: Any, named: Any) -> None:
        if named["sparse_prompt_embeddings"].shape[1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    hook = models["sam"].mask_decoder.register_forward_pre_hook(full, with_kwargs=True)
    assert masks(segment(image, BOXES)) == expected
    assert passes["boxes"] == [5, 2, 1, 1, 1, 1, 1]
    assert passes["images"] == [1, 1]
    hook.remove()
    passes["boxes"].clear()
    segment(image, BOXES)
    assert passes["boxes"] == [1] * 5, "the smaller size stays"


def test_a_box_that_does_not_fit_alone_is_a_result_and_an_image_an_error(models: dict[str, Any]) -> None:
    def full(*_: Any) -> None:
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.")

    hook = models["sam"].mask_decoder.register_forward_pre_hook(full)
    assert masks(SamSegmenter(models["sam"])(noise(90, 50), BOXES[:3])) == ["out_of_memory"] * 3
    hook.remove()
    hook = models["sam"].vision_encoder.register_forward_pre_hook(full)
    with pytest.raises(OcclusionError, match="image encoder ran out of memory") as caught:
        SamSegmenter(models["sam"])(noise(90, 50), BOXES)
    hook.remove()
    assert caught.value.reason == "out_of_memory"


def test_other_errors_are_not_taken_for_a_lack_of_memory(models: dict[str, Any]) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("expected scalar type Half but found Float")

    hook = models["sam"].mask_decoder.register_forward_pre_hook(broken)
    with pytest.raises(RuntimeError, match="scalar type"):
        SamSegmenter(models["sam"])(noise(90, 50), BOXES)
    hook.remove()


def test_what_is_not_a_number_is_refused_box_by_box(models: dict[str, Any]) -> None:
    def overflow(_: Any, __: Any, output: Any) -> Any:
        output[0][:, 1] = float("nan")
        return output

    hook = models["sam"].mask_decoder.register_forward_hook(overflow)
    results = SamSegmenter(models["sam"])(noise(90, 50), BOXES[:3])
    hook.remove()
    assert [isinstance(one, FoundMask) for one in results] == [True, False, True]
    assert masks(results)[1] == "not_a_number"


@pytest.fixture(scope="module")
def folders(
    models: dict[str, Any], video_checkpoints: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("segmenters")
    for kind, model in models.items():
        model.save_pretrained(root / kind)
        write_processor(root / kind, kind)
    return {kind: root / kind for kind in models} | video_checkpoints


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_is_loaded_by_its_type_and_its_factory_travels(
    models: dict[str, Any], folders: dict[str, Path], kind: str
) -> None:
    image = noise(90, 50)
    make = partial(load_segmenter, str(folders[kind]), boxes_per_batch=2, device="cpu")
    segment = pickle.loads(pickle.dumps(make))()
    assert isinstance(segment, SamSegmenter)
    assert masks(segment(image, BOXES)) == masks(SamSegmenter(models[kind])(image, BOXES))
    assert masks(pickle.loads(pickle.dumps(segment))(image, BOXES)) == masks(segment(image, BOXES))


@pytest.mark.parametrize("kind", ["sam2_video", "sam3_video"])
def test_video_checkpoints_as_published_hold_the_image_model(folders: dict[str, Path], kind: str) -> None:
    segment = load_segmenter(str(folders[kind]))
    found = [one for one in segment(noise(90, 50), BOXES) if isinstance(one, FoundMask)]
    assert {one.source for one in found} == {kind.removesuffix("_video")}


def test_a_checkpoint_without_all_weights_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    copy_without(folders["sam"], "mask_decoder.iou_prediction_head", tmp_path / "part")
    with pytest.raises(
        OcclusionError, match="must have all weights of SamModel; 4 are missing: mask_decoder"
    ) as caught:
        SamSegmenter(tmp_path / "part")
    assert caught.value.reason == "missing_weights"


def test_what_is_no_segmenter_is_refused_in_one_line(folders: dict[str, Path], tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    bert = BertConfig(hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8, vocab_size=9)
    bert.save_pretrained(tmp_path / "bert")
    (tmp_path / "empty").mkdir()
    (tmp_path / "bare").mkdir()
    for name in ("config.json", "model.safetensors"):
        (tmp_path / "bare" / name).write_bytes((folders["sam2"] / name).read_bytes())
    cases = (
        (lambda: load_segmenter(str(tmp_path / "bert")), "unknown_segmenter", "got 'bert'"),
        (lambda: SamSegmenter(tmp_path / "bert"), "wrong_model", "must be one of ['sam', 'sam2',"),
        (lambda: SamSegmenter(BertModel(bert)), "wrong_model", "got 'bert'"),
        (lambda: load_segmenter(str(tmp_path / "empty")), "bad_checkpoint", "hub id of a segmentation model"),
        (lambda: SamSegmenter(tmp_path / "bare"), "bad_checkpoint", "image processor"),
        (lambda: SamSegmenter(folders["sam2"], ModelFrame(32, False)), "wrong_processor", "squares of 64 px"),
        (lambda: SamSegmenter(folders["sam2"], boxes_per_batch=0), "bad_option", "boxes_per_batch must be 1 or more"),
    )
    for make, reason, text in cases:
        with pytest.raises(OcclusionError) as caught:
            make()
        assert (caught.value.reason, text in str(caught.value)) == (reason, True), str(caught.value)
        assert "\n" not in str(caught.value)


def test_gated_weights_are_said_to_be_gated(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    for kind, gated in (("sam3", True), ("sam", False)):
        with pytest.raises(OcclusionError) as caught:
            load_segmenter(kind)
        assert (caught.value.reason, "SAM 3 is gated: accept its licence" in str(caught.value)) == (
            "bad_checkpoint",
            gated,
        )


def test_every_name_has_a_checkpoint() -> None:
    assert {"sam", "sam-huge", "sam2", "sam3"} <= set(DEFAULT_SEGMENTERS)
    assert DEFAULT_SEGMENTERS["sam-huge"] == "facebook/sam-vit-huge"
    assert DEFAULT_SEGMENTERS["sam3"] == "facebook/sam3"


@pytest.mark.long
@pytest.mark.slow
def test_sam_at_full_vit_b_size_masks_five_boxes_with_one_pass() -> None:
    from transformers import SamConfig, SamModel

    torch.manual_seed(0)
    model = SamModel(SamConfig()).eval()
    assert 90e6 < sum(weight.numel() for weight in model.parameters()) < 100e6
    calls: list[int] = []
    model.vision_encoder.register_forward_pre_hook(lambda _, args: calls.append(args[0].shape[-1]))
    image = noise(640, 427)
    boxes = [(10 * k, 10 * k, 200 + 20 * k, 150 + 30 * k) for k in range(5)]
    results = SamSegmenter(model)(image, boxes)
    assert calls == [1024]
    assert len(results) == 5
    assert all(one.mask_hw.shape == (427, 640) for one in results if isinstance(one, FoundMask))
