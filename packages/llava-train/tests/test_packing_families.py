"""Packing on tiny random models of several families, and the refusal of one whose rows would see one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from llava_train import EncodedRow, UnsupportedModelError
from llava_train.collating import collate
from llava_train.packing import Packer, make_packer
from llava_train.packing_proof import check_packing
from llava_train.token_kinds import check_token_kinds

IMAGE, START, END, PAD = 95, 93, 94, 0
TEXT: dict[str, Any] = {
    "vocab_size": 99, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.5,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": PAD,
}  # fmt: skip
MARKS = {"image_token_id": IMAGE, "vision_start_token_id": START, "vision_end_token_id": END, "video_token_id": 96}
ROPE: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0}
VISION: dict[str, Any] = {"depth": 1, "hidden_size": 32, "num_heads": 2, "patch_size": 4}


def qwen2_vl() -> Any:
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    text = {**TEXT, "rope_parameters": {**ROPE, "mrope_section": [1, 1, 2]}}
    vision = {**VISION, "embed_dim": 32, "mlp_ratio": 2}
    return Qwen2VLForConditionalGeneration(Qwen2VLConfig(text_config=text, vision_config=vision, **MARKS))


def qwen2_5_vl() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    text = {**TEXT, "rope_parameters": {**ROPE, "mrope_section": [1, 1, 2]}}
    vision = {
        **VISION, "depth": 2, "intermediate_size": 64, "out_hidden_size": 32, "window_size": 16,
        "fullatt_block_indexes": [1],
    }  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision, **MARKS))


def qwen3_vl() -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    text = {**TEXT, "head_dim": 8, "rope_parameters": {**ROPE, "mrope_section": [2, 1, 1]}}
    vision = {
        **VISION, "depth": 2, "intermediate_size": 64, "out_hidden_size": 32, "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }  # fmt: skip
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, **MARKS))


def qwen3_5() -> Any:
    """Half of its layers carry a state from token to token, that of the row before included."""
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    text = {
        **TEXT, "head_dim": 8, "rope_parameters": {**ROPE, "mrope_section": [2, 1, 1], "partial_rotary_factor": 1.0},
        "layer_types": ["linear_attention", "full_attention"], "linear_key_head_dim": 8, "linear_value_head_dim": 8,
        "linear_num_key_heads": 2, "linear_num_value_heads": 2,
    }  # fmt: skip
    vision = {**VISION, "intermediate_size": 64, "out_hidden_size": 32, "num_position_embeddings": 64}
    return Qwen3_5ForConditionalGeneration(Qwen3_5Config(text_config=text, vision_config=vision, **MARKS))


def gemma3() -> Any:
    """Told by another argument which tokens are of an image."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {
        **TEXT, "head_dim": 8, "sliding_window": 6, "layer_types": ["sliding_attention", "full_attention"],
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 16,
        "patch_size": 4,
    }  # fmt: skip
    return Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=IMAGE)
    )


FAMILIES = {builder.__name__: builder for builder in (qwen2_vl, qwen2_5_vl, qwen3_vl, qwen3_5, gemma3)}


def make(family: str) -> Any:
    torch.manual_seed(0)
    return FAMILIES[family]().eval()


def make_row(grids: Sequence[tuple[int, int]], words: int, seed: int) -> EncodedRow:
    """A row of images, each of so many patches high and wide, and of random words, the last half learned."""
    random = torch.Generator().manual_seed(seed)
    ids: list[int] = [1]
    for high, wide in grids:
        ids += [START, *[IMAGE] * (high * wide // 4), END]
    text = torch.randint(3, 90, (words,), generator=random).tolist()
    labels = [-100] * (len(ids) + words // 2) + text[words // 2 :]
    ids = ids + text
    patches = sum(high * wide for high, wide in grids)
    images: dict[str, Any] = {}
    if grids:
        grid = torch.tensor([[1, high, wide] for high, wide in grids])
        images = {"pixel_values": torch.randn(patches, 96, generator=random), "image_grid_thw": grid}
    weights = [float(label != -100) for label in labels]
    return EncodedRow(ids, labels, weights, [int(token == IMAGE) for token in ids], images)


def make_rows() -> list[EncodedRow]:
    one, two, square = [(4, 8)], [(4, 4), (8, 4)], [(4, 4)]
    shapes: list[tuple[list[tuple[int, int]], int]] = [(one, 8), ([], 22), (two, 6), ([], 5), (square, 7)]
    return [make_row(grids, words, seed) for seed, (grids, words) in enumerate(shapes)]


def loss_and_gradients(model: Any, batch: dict[str, Any]) -> tuple[float, dict[str, torch.Tensor]]:
    """Mean over answer tokens, from logits, and every weight's gradient."""
    inputs = {name: value for name, value in batch.items() if name not in ("labels", "loss_weights")}
    logits = model(**inputs, use_cache=False).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["labels"][:, 1:].flatten())
    model.zero_grad()
    loss.backward()
    return loss.item(), {name: w.grad.clone() for name, w in model.named_parameters() if w.grad is not None}


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_packed_rows_have_the_loss_and_gradient_of_padded_ones(family: str) -> None:
    model, rows = make(family), make_rows()
    packer = make_packer(model, pad_id=PAD, pack_length=None)
    packed = packer(rows)
    assert packed["input_ids"].shape[0] < len(rows)
    loss, gradients = loss_and_gradients(model, collate(rows, pad_id=PAD))
    packed_loss, packed_gradients = loss_and_gradients(model, packed)
    assert packed_loss == pytest.approx(loss, rel=1e-5)
    largest = max(float(gradient.abs().max()) for gradient in gradients.values())
    assert gradients.keys() == packed_gradients.keys()
    for name, gradient in gradients.items():
        assert torch.allclose(packed_gradients[name], gradient, rtol=1e-4, atol=1e-5 * largest), name


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen3_vl"])
def test_positions_of_three_axes_restart_at_each_row(family: str) -> None:
    model, rows = make(family), make_rows()[:2]
    batch = make_packer(model, pad_id=PAD, pack_length=64)(rows)
    image_row, text_row = 1 + 2 + 8 + 8, 1 + 22
    assert batch["position_ids"].shape == (4, 1, image_row + text_row)
    text, frame, high, wide = batch["position_ids"][:, 0].tolist()
    assert text == [*range(text_row), *range(image_row)]
    # begin of sequence and of image at 0 and 1; 2 x 4 image tokens; the text goes on behind the wider side
    assert frame[text_row:] == [0, 1, *[2] * 8, *range(6, 15)]
    assert high[text_row:] == [0, 1, *[2] * 4, *[3] * 4, *range(6, 15)]
    assert wide[text_row:] == [0, 1, *[2, 3, 4, 5] * 2, *range(6, 15)]
    assert frame[:text_row] == high[:text_row] == wide[:text_row] == [*range(text_row)]


@pytest.mark.parametrize("family", ["qwen2_vl", "qwen2_5_vl", "qwen3_vl"])
def test_the_proof_passes_where_rows_are_kept_apart(family: str) -> None:
    model = make(family).train()
    check_packing(model, make_packer(model, pad_id=PAD, pack_length=None), make_rows()[2:])
    assert model.training


def test_a_model_whose_rows_see_one_another_is_refused() -> None:
    model = make("qwen3_5")
    with pytest.raises(
        UnsupportedModelError, match=r"Qwen3_5ForConditionalGeneration gives packed rows other .*packing"
    ):
        check_packing(model, make_packer(model, pad_id=PAD, pack_length=None), make_rows()[2:])


def test_positions_of_one_axis_are_refused_where_the_model_has_three() -> None:
    model = make("qwen2_vl")
    with pytest.raises(UnsupportedModelError, match="set packing=False"):
        check_packing(model, Packer(pad_id=PAD), make_rows()[2:])


def test_a_model_that_goes_by_kinds_of_token_that_it_is_not_told_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="Gemma3ForConditionalGeneration goes by token_type_ids, which"):
        check_token_kinds(make("gemma3"))
    for family in ("qwen2_vl", "qwen3_vl", "qwen3_5"):
        check_token_kinds(make(family))
