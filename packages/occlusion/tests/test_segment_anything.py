"""The authors' package is no dependency; where it is installed, its real modules run with random weights."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.segmentations import FoundMask, Segmenter, Unmasked
from occlusion.segmenters import SamSegmenter, SegmentAnythingSegmenter, load_segmenter

from .conftest import noise
from .sam_models import SIDE, box_model

BOXES = [(1, 2, 40, 30), (50, 10, 80, 45), (20.5, 20.5, 60, 48), (95, 0, 99, 9), (-9, -9, 30, 30)]


def original(hub_model: Any | None = None) -> Any:
    """A small `Sam` of the package, with the weights of a `SamModel` of the same size."""
    pytest.importorskip("torchvision")
    modeling = pytest.importorskip("segment_anything.modeling")
    torch.manual_seed(0)
    grid = SIDE // 8
    sam = modeling.Sam(
        image_encoder=modeling.ImageEncoderViT(
            img_size=SIDE,
            patch_size=8,
            embed_dim=16,
            depth=2,
            num_heads=2,
            mlp_ratio=2.0,
            out_chans=16,
            norm_layer=lambda width: torch.nn.LayerNorm(width, eps=1e-6),
            use_rel_pos=True,
            window_size=3,
            global_attn_indexes=(1,),
        ),
        prompt_encoder=modeling.PromptEncoder(16, (grid, grid), (SIDE, SIDE), 4),
        mask_decoder=modeling.MaskDecoder(
            transformer_dim=16,
            transformer=modeling.TwoWayTransformer(depth=2, embedding_dim=16, mlp_dim=16, num_heads=2),
            iou_head_depth=2,
            iou_head_hidden_dim=16,
        ),
    )
    if hub_model is not None:
        copy_weights(hub_model, sam)
    return sam.eval()


RENAMED = (
    ("vision_encoder.", "image_encoder."),
    ("patch_embed.projection", "patch_embed.proj"),
    (".layers.", ".blocks."),
    (".upscale_layer_norm", ".output_upscaling.1"),
    (".layer_norm", ".norm"),
    ("neck.conv1", "neck.0"),
    ("neck.norm1", "neck.1"),
    ("neck.conv2", "neck.2"),
    ("neck.norm2", "neck.3"),
    (
        "prompt_encoder.shared_embedding.positional_embedding",
        "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
    ),
    ("shared_image_embedding.positional_embedding", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    ("prompt_encoder.point_embed", "prompt_encoder.point_embeddings"),
    ("mask_embed.conv1", "mask_downscaling.0"),
    ("mask_embed.norm1", "mask_downscaling.1"),
    ("mask_embed.conv2", "mask_downscaling.3"),
    ("mask_embed.norm2", "mask_downscaling.4"),
    ("mask_embed.conv3", "mask_downscaling.6"),
    ("upscale_conv1", "output_upscaling.0"),
    ("upscale_conv2", "output_upscaling.3"),
)


def copy_weights(hub_model: Any, sam: Any) -> None:
    """From the names of transformers to those of the authors; every weight must find its place."""
    state = {}
    for name, weight in hub_model.state_dict().items():
        for ours, theirs in RENAMED:
            name = name.replace(ours, theirs)
        if name.startswith("mask_decoder.transformer"):
            name = name.replace(".blocks.", ".layers.").replace(".o_proj.", ".out_proj.")
        if ".mlp." not in name and "image_encoder" not in name:
            last = "1" if "iou_prediction_head" in name else "2"
            name = name.replace(".proj_in.", ".layers.0.").replace(".proj_out.", f".layers.{last}.")
            name = name.replace(".blocks.0.", ".layers.1.")
        if "mask_decoder.transformer" in name:
            name = name.replace("mlp.proj_in", "mlp.lin1").replace("mlp.proj_out", "mlp.lin2")
        state[name] = weight
    sam.load_state_dict(state)


def test_it_gives_the_masks_of_the_same_weights_in_transformers() -> None:
    hub_model = box_model("sam")
    theirs: Segmenter = SegmentAnythingSegmenter(original(hub_model))
    for size_wh in ((90, 50), (37, 120)):
        image = noise(*size_wh)
        for one, other in zip(theirs(image, BOXES), SamSegmenter(hub_model)(image, BOXES), strict=True):
            if isinstance(one, Unmasked) or isinstance(other, Unmasked):
                assert one.reason == other.reason  # pyright: ignore
            else:
                assert (one.mask_hw != other.mask_hw).mean() < 2e-3
                assert one.score == pytest.approx(other.score, abs=1e-3)
                assert (one.source, other.source) == ("segment-anything", "sam")


def test_boxes_share_one_encoder_pass() -> None:
    sam = original(box_model("sam"))
    calls: list[int] = []
    sam.image_encoder.register_forward_pre_hook(lambda _, args: calls.append(len(args[0])))
    image = noise(90, 50)
    together = SegmentAnythingSegmenter(sam)(image, BOXES)
    assert calls == [1]
    packed = SegmentAnythingSegmenter(sam, boxes_per_batch=1, as_rle=True)(image.convert("RGBA"), BOXES)
    assert [getattr(one, "rle", None) for one in packed] == [getattr(one, "rle", None) for one in together]
    found = [one for one in together if isinstance(one, FoundMask)]
    assert len(found) >= 3
    assert all(one.mask_hw.shape == (50, 90) and one.mask_hw.base is None for one in found)
    calls.clear()
    assert SegmentAnythingSegmenter(sam)(image, []) == []
    assert calls == []


def test_out_of_memory_halves_its_batch() -> None:
    sam, seen = original(), []

    def full(_: Any, args: Any, named: Any) -> None:
        seen.append(len(named["sparse_prompt_embeddings"]))
        if seen[-1] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    sam.mask_decoder.register_forward_pre_hook(full, with_kwargs=True)
    assert len(SegmentAnythingSegmenter(sam)(noise(90, 50), BOXES)) == 5
    assert seen == [4, 2, 1, 1, 1, 1]


def test_a_wrong_file_or_object_is_refused_in_one_line(tmp_path: Path) -> None:
    pytest.importorskip("torchvision")
    pytest.importorskip("segment_anything")
    (tmp_path / "text.pth").write_text("no weights")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    cases: tuple[tuple[Any, str, str, str], ...] = (
        (tmp_path / "none.pth", "vit_b", "bad_checkpoint", "must be a checkpoint file"),
        (tmp_path / "text.pth", "vit_b", "bad_checkpoint", "must be a checkpoint of vit_b"),
        (tmp_path / "other.pth", "vit_b", "bad_checkpoint", "must be a checkpoint of vit_b"),
        (tmp_path / "none.pth", "vit_x", "bad_option", "model_type must be one of"),
        (object(), "vit_b", "wrong_model", "got a object"),
    )
    for checkpoint, model_type, reason, text in cases:
        with pytest.raises(OcclusionError, match=text) as caught:
            load_segmenter("segment-anything", checkpoint_or_model=checkpoint, model_type=model_type)
        assert caught.value.reason == reason
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("module", ["torchvision", "segment_anything"])
def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    for name in ("torchvision", "segment_anything"):
        if name == module:
            monkeypatch.setitem(sys.modules, name, None)
        else:
            pytest.importorskip(name) if module == "segment_anything" else None
    with pytest.raises(MissingExtraError, match=r"is not installed; run: pip install 'occlusion\[sam-original\]'"):
        SegmentAnythingSegmenter("sam.pth", "vit_b")


@pytest.mark.long
@pytest.mark.slow
def test_a_checkpoint_file_of_full_vit_b_size_is_read_and_runs(tmp_path: Path) -> None:
    package = pytest.importorskip("segment_anything")
    torch.manual_seed(0)
    torch.save(package.sam_model_registry["vit_b"]().state_dict(), tmp_path / "sam_vit_b.pth")
    segment = load_segmenter("segment-anything", checkpoint_or_model=tmp_path / "sam_vit_b.pth", model_type="vit_b")
    results = segment(noise(640, 427), [(10 * k, 10 * k, 200 + 20 * k, 150 + 30 * k) for k in range(5)])
    assert len(results) == 5
    assert all(np.shape(one.mask_hw) == (427, 640) for one in results if isinstance(one, FoundMask))
