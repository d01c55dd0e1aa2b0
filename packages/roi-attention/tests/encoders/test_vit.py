"""Maps of image classifiers equal whole matrices, and the model stays as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from box_space import OriginalPixels, SquarePadded
from encoder_reference import attentions, self_attention_matrix, steps
from roi_attention.encoders import explain_vit
from roi_attention.encoders.capturing import capture
from roi_attention.errors import MapError, UnsupportedModelError
from small_encoders import deit, deit_with_teacher, dinov2, pictures, vit

MAKE = {"vit": vit, "deit": deit}


def reference(model: Any, inputs: dict[str, Any], classes: list[int]) -> list[np.ndarray]:
    """CLS rows over all tokens."""
    output, found = attentions(model, inputs, [model])
    scalar = sum(output.logits[b, index] for b, index in enumerate(classes))
    layers = steps(scalar, [attention for _, attention in found])
    return [self_attention_matrix([step[b] for step in layers])[0].numpy() for b in range(len(classes))]


@pytest.mark.parametrize(("name", "special"), [("vit", 1), ("deit", 2)])
def test_maps_are_the_cls_row_of_the_whole_matrix(name: str, special: int) -> None:
    model, pixels = MAKE[name](), pictures(3)
    rows = reference(model, {"pixel_values": pixels}, [4, 0, 2])
    for relevance, row in zip(explain_vit(model, pixels, classes=[4, 0, 2]), rows, strict=True):
        assert row[special:].max() > 0.01
        assert np.abs(relevance.values_hw.ravel() - row[special:]).max() < 1e-10


def test_the_most_likely_class_is_explained_by_default() -> None:
    model, pixels = vit(), pictures(3)
    likely = model(pixel_values=pixels).logits.argmax(-1).tolist()
    maps = explain_vit(model, pixels)
    for ours, given in zip(maps, explain_vit(model, pixels, classes=likely), strict=True):
        assert np.array_equal(ours.values_hw, given.values_hw)
    assert [relevance.target for relevance in maps] == [model.config.id2label[index] for index in likely]


def test_a_picture_alone_has_the_map_that_it_has_in_a_batch() -> None:
    model, pixels = vit(), pictures(3)
    together = explain_vit(model, pixels)
    for b in range(3):
        alone = explain_vit(model, pixels[b : b + 1])[0]
        assert np.allclose(alone.values_hw, together[b].values_hw, rtol=1e-10)


def test_a_model_of_one_layer_has_its_gradient_weighted_attention_and_nothing_of_higher_order() -> None:
    model, pixels = vit(num_hidden_layers=1), pictures(1)
    output, found = attentions(model, {"pixel_values": pixels}, [model])
    (step,) = steps(output.logits[0, 3], [found[0][1]])
    (relevance,) = explain_vit(model, pixels, classes=[3])
    assert np.allclose(relevance.values_hw.ravel(), step[0, 0, 1:].numpy(), rtol=1e-10)
    assert relevance.first_order_share == pytest.approx(1)


def test_the_first_order_share_is_that_of_the_sum_of_all_steps() -> None:
    model, pixels = vit(), pictures(1)
    output, found = attentions(model, {"pixel_values": pixels}, [model])
    layers = steps(output.logits[0, 3], [attention for _, attention in found])
    direct = sum(step[0, 0, 1:].sum() for step in layers)
    whole = self_attention_matrix([step[0] for step in layers])[0, 1:].sum()
    assert explain_vit(model, pixels, classes=[3])[0].first_order_share == pytest.approx(float(direct / whole))


def test_parameters_may_be_frozen_and_get_no_gradients() -> None:
    model, pixels = vit(), pictures(2)
    before = explain_vit(model, pixels)
    assert all(weight.grad is None for weight in model.parameters())
    model.requires_grad_(False)
    with torch.no_grad():
        after = explain_vit(model, pixels)
    for ours, theirs in zip(before, after, strict=True):
        assert np.allclose(ours.values_hw, theirs.values_hw, rtol=1e-12)


def test_the_pass_is_the_models_own_and_leaves_nothing_behind() -> None:
    model, pixels = vit(), pictures(2)
    plain = model(pixel_values=pixels).logits
    output, captured = capture(model, {"pixel_values": pixels}, [model])
    assert torch.equal(output.logits, plain)
    assert len(captured) == 3
    assert model.config._attn_implementation == "sdpa"
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_other_sizes_have_grids_of_their_own() -> None:
    model, pixels = vit(), pictures(1, 32, 40)
    inputs = {"pixel_values": pixels, "interpolate_pos_encoding": True}
    (row,) = reference(model, inputs, [1])
    (relevance,) = explain_vit(model, pixels, classes=[1], interpolate_pos_encoding=True)
    assert relevance.values_hw.shape == (4, 5)
    assert np.abs(relevance.values_hw.ravel() - row[1:]).max() < 1e-10
    assert relevance.original == OriginalPixels(40, 32)


def test_maps_lie_in_the_picture_that_was_shown() -> None:
    shown = SquarePadded(OriginalPixels(60, 40))
    (relevance,) = explain_vit(vit(), pictures(1), shown=[shown])
    assert relevance.grid.of == shown
    with pytest.raises(MapError, match="shown must be one space a picture; got 1 for 2 pictures"):
        explain_vit(vit(), pictures(2), shown=[shown])


def test_bfloat16_gives_a_map_of_the_same_shape() -> None:
    model, pixels = vit().float(), pictures(2).float()
    wide = explain_vit(model, pixels, classes=[1, 2])
    narrow = explain_vit(model.bfloat16(), pixels.bfloat16(), classes=[1, 2])
    for ours, theirs in zip(narrow, wide, strict=True):
        a, b = ours.values_hw.ravel(), theirs.values_hw.ravel()
        assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.99


@pytest.mark.parametrize("make", [deit_with_teacher, dinov2])
def test_heads_that_read_more_than_the_first_token_are_refused(make: Any) -> None:
    with pytest.raises(UnsupportedModelError, match="depends on more tokens than the first"):
        explain_vit(make(), pictures(1))


def test_eager_attention_is_refused_and_the_model_is_left_as_it_was() -> None:
    model = vit()
    model.set_attn_implementation("eager")
    with pytest.raises(UnsupportedModelError, match="attends with 'eager'"):
        explain_vit(model, pictures(1))
    assert model.config._attn_implementation == "eager"
    assert not model._forward_hooks


def test_inference_mode_is_refused() -> None:
    with torch.inference_mode(), pytest.raises(MapError, match="relevance needs gradients"):
        explain_vit(vit(), pictures(1))


def test_dropout_is_refused() -> None:
    with pytest.raises(MapError, match=r"call model.eval\(\)"):
        explain_vit(vit().train(), pictures(1))


@pytest.mark.parametrize("classes", [[1], [1, 5], [-1, 0]])
def test_classes_must_be_one_a_picture(classes: list[int]) -> None:
    with pytest.raises(MapError, match="classes must be 2 numbers from 0 to 4"):
        explain_vit(vit(), pictures(2), classes=classes)
