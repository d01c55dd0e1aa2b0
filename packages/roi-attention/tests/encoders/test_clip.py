"""CLIP's maps and token rows equal whole matrices; the published last block is a setting."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from encoder_reference import attentions, identity, steps
from roi_attention.encoders import ClipRelevance, explain_clip
from roi_attention.encoders.capturing import capture
from roi_attention.errors import MapError, UnsupportedModelError
from small_encoders import END, PAD, START, clip, pairs, vit

ENDS = [3, 6, 4]


def towers(model: Any) -> list[Any]:
    return [model.vision_model, model.text_model]


def reference(model: Any, inputs: dict[str, Any], *, first_layer: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """Patch values and shares of tokens, one pair at a time: each has a model pass and a scalar of its own."""
    rows = []
    for b in range(len(inputs["input_ids"])):
        alone = {name: value[b : b + 1] for name, value in inputs.items()}
        output, found = attentions(model, alone, towers(model))
        all_steps = steps(output.logits_per_image[0, 0], [attention for _, attention in found])
        matrices = []
        for tower in (all_steps[:3], all_steps[3:]):
            matrix = identity(tower[0].shape[-1])
            for step in tower[first_layer:]:
                matrix = matrix + step[0] @ matrix
            matrices.append(matrix.numpy())
        tokens = matrices[1][ENDS[b], 1 : ENDS[b]]
        rows.append((matrices[0][0, 1:], tokens / tokens.sum()))
    return rows


class Compared(NamedTuple):
    """Explanations beside their reference."""

    least_peak: float
    """The largest patch value of the picture that has the least."""
    map_gap: float
    """Largest difference of patch values, in peaks of their picture."""
    token_gap: float
    """Largest difference of tokens' shares."""


def compare(ours: ClipRelevance, theirs: list[tuple[np.ndarray, np.ndarray]]) -> Compared:
    maps = [relevance.values_hw.ravel() for relevance in ours.image_maps]
    pairs = list(zip(maps, ours.token_rows, theirs, strict=True))
    return Compared(
        least_peak=np.min([image.max() for image, _ in theirs]),
        map_gap=np.max([np.abs(values - image).max() / image.max() for values, _, (image, _) in pairs]),
        token_gap=np.max([np.abs(tokens.numpy() - text).max() for _, tokens, (_, text) in pairs]),
    )


@pytest.mark.parametrize("first_layer", [0, 1, 2, -1])
def test_maps_and_token_rows_are_those_of_each_pair_alone(first_layer: int) -> None:
    model, inputs = clip(), pairs()
    alone = reference(model, inputs, first_layer=first_layer)
    found = compare(explain_clip(model, inputs, first_layer=first_layer), alone)
    assert found.least_peak > 1e-4
    assert found.map_gap < 1e-10
    assert found.token_gap < 1e-10


def test_padding_may_be_unmasked_since_no_text_looks_behind_its_end() -> None:
    model, inputs = clip(), pairs()
    del inputs["attention_mask"]
    found = compare(explain_clip(model, inputs), reference(model, inputs))
    assert found.least_peak > 1e-4
    assert found.map_gap < 1e-10
    assert found.token_gap < 1e-10


def test_the_last_block_alone_is_its_gradient_weighted_attention() -> None:
    model, inputs = clip(text_layers=2), pairs()
    output, found = attentions(model, inputs, towers(model))
    last = steps(output.logits_per_image.diagonal().sum(), [found[2][1], found[4][1]])
    ours = explain_clip(model, inputs, first_layer=-1)
    for b, relevance in enumerate(ours.image_maps):
        assert np.allclose(relevance.values_hw.ravel(), last[0][b, 0, 1:].numpy(), rtol=1e-9)
        tokens = last[1][b, ENDS[b], 1 : ENDS[b]]
        assert torch.allclose(ours.token_rows[b], tokens / tokens.sum(), rtol=1e-9)


def test_towers_may_have_different_kernels_and_get_them_back() -> None:
    model, inputs = clip(), pairs()
    before = explain_clip(model, inputs)
    seen: list[str] = []
    _register_another_kernel(seen)
    model.text_model.set_attn_implementation({"": "another"})
    after = explain_clip(model, inputs)
    assert seen == ["CLIPAttention"] * 3
    assert [tower.config._attn_implementation for tower in towers(model)] == ["sdpa", "another"]
    for ours, theirs in zip(before.token_rows, after.token_rows, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-10)


def _register_another_kernel(seen: list[str]) -> None:
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    def another(module: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(type(module).__name__)
        return sdpa_attention_forward(module, *args, **kwargs)

    AttentionInterface.register("another", another)
    AttentionMaskInterface.register("another", sdpa_mask)


def test_the_pass_is_the_models_own() -> None:
    model, inputs = clip(), pairs()
    plain = model(**inputs).logits_per_image
    output, captured = capture(model, inputs, towers(model))
    assert torch.equal(output.logits_per_image, plain)
    assert torch.equal(explain_clip(model, inputs).logits_B, plain.diagonal())
    masks = {None if one.call.mask is None else tuple(one.call.mask.shape) for one in captured[3:]}
    assert masks == {(3, 1, 7, 7)}  # made as for the model's own kernel
    assert [tower.config._attn_implementation for tower in towers(model)] == ["sdpa", "sdpa"]


def test_a_frozen_model_is_explained_alike() -> None:
    model, inputs = clip(), pairs()
    before = explain_clip(model, inputs)
    after = explain_clip(model.requires_grad_(False), inputs)
    for ours, theirs in zip(before.image_maps, after.image_maps, strict=True):
        assert np.allclose(ours.values_hw, theirs.values_hw, rtol=1e-12)


def test_the_first_checkpoints_end_a_text_at_the_largest_id() -> None:
    inputs = pairs()
    ours, theirs = explain_clip(clip(end=2), inputs), explain_clip(clip(), inputs)
    for a, b in zip(ours.token_rows, theirs.token_rows, strict=True):
        assert torch.allclose(a, b, rtol=1e-12)


def test_a_text_of_start_and_end_alone_has_no_tokens_to_score() -> None:
    inputs = {**pairs(), "input_ids": torch.tensor([[START, END, PAD], [START, 11, END], [START, 12, END]])}
    inputs["attention_mask"] = (inputs["input_ids"] != PAD).long()
    assert [len(row) for row in explain_clip(clip(), inputs).token_rows] == [0, 1, 1]


def test_a_text_without_an_end_is_refused() -> None:
    inputs = pairs()
    inputs["input_ids"][1, 6] = 33
    with pytest.raises(MapError, match="every text needs the end token 98"):
        explain_clip(clip(), inputs)


def test_texts_and_pictures_must_be_as_many() -> None:
    inputs = pairs()
    inputs["pixel_values"] = inputs["pixel_values"][:1]
    with pytest.raises(MapError, match="got 3 texts for 1 pictures"):
        explain_clip(clip(), inputs)


@pytest.mark.parametrize("first_layer", [3, -4])
def test_the_first_layer_must_be_one_of_the_towers(first_layer: int) -> None:
    with pytest.raises(MapError, match="first_layer must be from -3 to 2, the tower has 3 blocks"):
        explain_clip(clip(), pairs(), first_layer=first_layer)


def test_other_models_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="needs a CLIPModel; got ViTForImageClassification"):
        explain_clip(vit(), pairs())
