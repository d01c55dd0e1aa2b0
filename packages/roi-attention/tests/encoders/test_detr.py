"""DETR's maps equal the definition on whole matrices, query by query and picture by picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from box_space import OriginalPixels
from encoder_reference import attentions, identity, rows_normalised, steps
from roi_attention.encoders import explain_detr
from roi_attention.encoders.capturing import capture
from roi_attention.encoders.picture_corner import on_picture, picture_sizes
from roi_attention.errors import MapError, UnsupportedModelError
from small_encoders import detr, pictures, scenes, vit


def towers(model: Any) -> list[Any]:
    return [model.model.encoder, model.model.decoder]


def reference(model: Any, inputs: dict[str, Any], index: int, query: int) -> np.ndarray:
    """`R_qi[query]` of one picture by rules 6 to 10, each matrix with its identity."""
    output, found = attentions(model, inputs, towers(model))
    logits = output.logits[index, query, :-1]
    modules = dict(found)
    encoder, decoder = model.model.encoder.layers, model.model.decoder.layers
    order = [layer.self_attn for layer in encoder]
    order += [module for layer in decoder for module in (layer.self_attn, layer.encoder_attn)]
    all_steps = [step[index] for step in steps(logits[logits.argmax()], [modules[module] for module in order])]
    image, own, cross = identity(12), identity(6), torch.zeros(6, 12, dtype=torch.float64)
    for step in all_steps[: len(encoder)]:
        image = image + step @ image
    for k in range(len(decoder)):
        to_queries, to_image = all_steps[len(encoder) + 2 * k : len(encoder) + 2 * k + 2]
        own, cross = own + to_queries @ own, cross + to_queries @ cross
        cross = cross + rows_normalised(own).T @ to_image @ rows_normalised(image)
    return cross[query].reshape(3, 4).numpy()


def test_maps_are_those_of_the_definition_under_padding() -> None:
    model, inputs = detr(), scenes()
    found = explain_detr(model, inputs, queries=[[1, 4], [5]])
    for index, query, height, width in ((0, 1, 3, 4), (0, 4, 3, 4), (1, 5, 2, 3)):
        (ours,) = [one for one in found[index] if one.query == query]
        theirs = reference(model, inputs, index, query)
        assert theirs.max() > 1e-3
        assert ours.relevance.values_hw.shape == (height, width)
        assert np.abs(ours.relevance.values_hw - theirs[:height, :width]).max() < 1e-10
        assert theirs[height:].sum() == theirs[:, width:].sum() == 0


def test_a_picture_alone_has_the_maps_that_it_has_in_a_batch() -> None:
    model, pixels = detr(), pictures(2, 64, 96)
    together = explain_detr(model, {"pixel_values": pixels}, queries=[[0], [2, 3]])
    alone = explain_detr(model, {"pixel_values": pixels[1:]}, queries=[[2, 3]])
    for ours, theirs in zip(together[1], alone[0], strict=True):
        assert ours.query == theirs.query
        assert np.allclose(ours.relevance.values_hw, theirs.relevance.values_hw, rtol=1e-10)


def test_objects_are_the_models_own_detections() -> None:
    model, inputs = detr(), scenes()
    with torch.no_grad():
        output = model(**inputs)
    likely = output.logits.softmax(-1)[..., :-1].amax(-1)
    limit = float(likely.flatten().sort().values[-5:-3].mean())
    found = explain_detr(model, inputs, min_probability=limit, originals=[OriginalPixels(256, 192)] * 2)
    assert [[one.query for one in own] for own in found] == [
        [query for query in range(6) if likely[b, query] > limit] for b in range(2)
    ]
    assert sum(map(len, found)) == 4
    for b, own in enumerate(found):
        for one in own:
            assert one.probability == pytest.approx(float(likely[b, one.query]))
            assert one.class_id == int(output.logits[b, one.query, :-1].argmax())
            assert one.relevance.target == model.config.id2label[one.class_id]
            x, y, width, height = output.pred_boxes[b, one.query].tolist()
            expected = ((x - width / 2) * 256, (y - height / 2) * 192, (x + width / 2) * 256, (y + height / 2) * 192)
            assert one.box.xyxy == pytest.approx(expected)
            assert one.relevance.original == one.box.space == OriginalPixels(256, 192)


def test_nothing_found_is_no_object() -> None:
    assert explain_detr(detr(), scenes(), min_probability=1.0) == [[], []]


def test_the_pass_is_the_models_own_and_leaves_nothing_behind() -> None:
    model, inputs = detr(), scenes()
    plain = model(**inputs)
    output, captured = capture(model, inputs, towers(model))
    assert torch.equal(output.logits, plain.logits)
    explain_detr(model, inputs, queries=[[0], [0]])
    assert len(captured) == 2 + 2 * 3
    assert all(one.call.mask is not None for one in captured if one.call.key_B_G_K_D.shape[2] == 12)
    assert model.config._attn_implementation == "sdpa"
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(weight.grad is None for weight in model.parameters())
    assert torch.is_grad_enabled()


def test_a_frozen_model_is_explained_alike() -> None:
    model, inputs = detr(), scenes()
    before = explain_detr(model, inputs, queries=[[3], [1]])
    needed = [weight for weight in model.parameters() if weight.requires_grad]
    model.requires_grad_(False)
    try:
        with torch.no_grad():
            after = explain_detr(model, inputs, queries=[[3], [1]])
    finally:
        for weight in needed:
            weight.requires_grad_()
    for (ours,), (theirs,) in zip(before, after, strict=True):
        assert np.allclose(ours.relevance.values_hw, theirs.relevance.values_hw, rtol=1e-12)


def test_a_row_that_nothing_has_touched_makes_no_nan() -> None:
    # No encoder layer: relevance of the image to itself is the identity, whose rows have nothing to be divided by.
    model, inputs = detr(), scenes()
    layers = model.model.encoder.layers
    model.model.encoder.layers = torch.nn.ModuleList()
    try:
        (first, _) = explain_detr(model, inputs, queries=[[2], []])
        theirs = reference(model, inputs, 0, 2)
    finally:
        model.model.encoder.layers = layers
    assert theirs.max() > 0
    assert np.abs(first[0].relevance.values_hw - theirs).max() < 1e-10


def test_pictures_that_patches_do_not_fit_take_means_over_their_own_part() -> None:
    values = torch.tensor([[1.0, 3.0, 9.0], [5.0, 7.0, 9.0]], dtype=torch.float64)
    # 1.5 of 3 columns: two new ones of 0.75; the second is a third of the first old and two thirds of the second
    assert on_picture(values, (48, 64), (96, 64)).tolist() == [
        [1.0, pytest.approx(7 / 3)],
        [5.0, pytest.approx(19 / 3)],
    ]
    assert torch.equal(on_picture(values, (64, 32), (96, 64)), values[:1, :2])


def test_padding_must_be_on_the_right_and_below() -> None:
    inputs = scenes()
    assert picture_sizes(inputs) == [(128, 96), (96, 64)]
    inputs["pixel_mask"] = inputs["pixel_mask"].flip(-1)
    with pytest.raises(MapError, match="one rectangle in the top left corner"):
        explain_detr(detr(), inputs)


@pytest.mark.parametrize("queries", [[[0]], [[0], [6]], [[0], [-1]]])
def test_queries_must_be_lists_of_the_models_queries(queries: list[list[int]]) -> None:
    with pytest.raises(MapError, match="queries must be 2 lists, one a picture, of numbers from 0 to 5"):
        explain_detr(detr(), scenes(), queries=queries)


def test_originals_must_be_one_a_picture() -> None:
    with pytest.raises(MapError, match="originals must be one size a picture; got 1 for 2 pictures"):
        explain_detr(detr(), scenes(), originals=[OriginalPixels(4, 4)])


def test_other_models_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="needs a DetrForObjectDetection; got ViTForImageClassification"):
        explain_detr(vit(), scenes())
