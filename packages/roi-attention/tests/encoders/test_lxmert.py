"""LXMERT's scores equal the definition on whole matrices; nothing of the model is patched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from encoder_reference import identity, rows_normalised, steps
from roi_attention.encoders import explain_lxmert
from roi_attention.encoders.lxmert_calls import capture_lxmert
from roi_attention.errors import MapError, UnsupportedModelError
from small_encoders import lxmert, questions, vit
from torch import Tensor


def attentions_of(model: Any, inputs: dict[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Answer logits, and every attention matrix as the model multiplies it with the values, in order."""
    seen: list[Tensor] = []
    modules = [module.dropout for module in model.modules() if type(module).__name__ == "LxmertAttention"]
    hooks = [module.register_forward_hook(lambda _, args, output: seen.append(output)) for module in modules]
    logits = model(**inputs).question_answering_score
    for hook in hooks:
        hook.remove()
    return logits, seen


def reference(model: Any, inputs: dict[str, Tensor], index: int, answer: int) -> tuple[np.ndarray, np.ndarray]:
    """`R_ti[0]` and `R_tt[0]` of one question: 3 text layers, 2 of boxes, 3 cross layers of 4 modules each."""
    logits, found = attentions_of(model, inputs)
    assert len(found) == 3 + 2 + 3 * 4
    used = [*found[:-4], found[-4], found[-2]]  # the boxes' side of the last cross layer ends nowhere
    all_steps = [step[index] for step in steps(logits[index, answer], used)]
    tokens, boxes = inputs["input_ids"].shape[1], inputs["visual_feats"].shape[1]
    tt, ii = identity(tokens), identity(boxes)
    ti, it = torch.zeros(tokens, boxes, dtype=torch.float64), torch.zeros(boxes, tokens, dtype=torch.float64)
    for step in all_steps[:3]:
        tt = tt + step @ tt
    for step in all_steps[3:5]:
        ii = ii + step @ ii
    for k in range(3):
        last = k == 2
        if last:
            text_to_boxes, text_to_text = all_steps[-2:]
        else:
            text_to_boxes, boxes_to_text, text_to_text, boxes_to_boxes = all_steps[5 + 4 * k : 9 + 4 * k]
        add_ti = rows_normalised(tt).T @ text_to_boxes @ rows_normalised(ii)
        add_tt = text_to_boxes @ it
        if not last:
            add_it, add_ii = rows_normalised(ii).T @ boxes_to_text @ rows_normalised(tt), boxes_to_text @ ti
            it, ii = it + add_it, ii + add_ii
        ti, tt = ti + add_ti, tt + add_tt
        ti, tt = ti + text_to_text @ ti, tt + text_to_text @ tt
        if not last:
            it, ii = it + boxes_to_boxes @ it, ii + boxes_to_boxes @ ii
    row = tt[0].clone()
    row[0] = 0
    return ti[0].numpy(), row.numpy()


@pytest.mark.parametrize("index", [0, 1])
def test_scores_are_those_of_the_definition_under_padding(index: int) -> None:
    model, inputs = lxmert(), questions()
    found = explain_lxmert(model, inputs, answers=[2, 5])[index]
    boxes, tokens = reference(model, inputs, index, [2, 5][index])
    assert boxes.max() > 1e-4
    assert tokens.max() > 1e-4
    assert np.abs(found.box_scores.numpy() - boxes).max() < 1e-10
    assert np.abs(found.token_scores.numpy() - tokens).max() < 1e-10
    assert found.token_scores[0] == 0


def test_padding_gets_nothing() -> None:
    (_, second) = explain_lxmert(lxmert(), questions())
    assert second.box_scores[3:].tolist() == [0, 0]
    assert second.token_scores[4:].tolist() == [0, 0]
    assert second.box_scores[:3].min() > 0


def test_a_question_alone_without_padding_has_the_scores_that_it_has_in_a_batch() -> None:
    model, inputs = lxmert(), questions()
    second = explain_lxmert(model, inputs)[1]
    cut = {"input_ids": 4, "attention_mask": 4, "visual_feats": 3, "visual_pos": 3}
    (alone,) = explain_lxmert(model, {name: inputs[name][1:, :length] for name, length in cut.items()})
    assert alone.answer == second.answer
    assert alone.logit == pytest.approx(second.logit, rel=1e-12)
    assert torch.allclose(alone.box_scores, second.box_scores[:3], rtol=1e-10)
    assert torch.allclose(alone.token_scores, second.token_scores[:4], rtol=1e-10)


def test_the_most_likely_answer_is_explained_by_default() -> None:
    model, inputs = lxmert(), questions()
    logits = model(**inputs).question_answering_score
    found = explain_lxmert(model, inputs)
    assert [one.answer for one in found] == logits.argmax(-1).tolist()
    assert [one.logit for one in found] == logits.amax(-1).tolist()


def test_the_pass_is_the_models_own_and_leaves_nothing_behind() -> None:
    model, inputs = lxmert(), questions()
    plain = model(**inputs).question_answering_score
    output, calls = capture_lxmert(model, inputs)
    assert torch.equal(output.question_answering_score, plain)
    assert sorted(map(len, calls.values())) == [1] * (3 + 2 + 3 * 2) + [2] * 3
    assert not any(module._forward_hooks for module in model.modules())
    assert all(weight.grad is None for weight in model.parameters())


def test_a_frozen_model_is_explained_alike() -> None:
    model, inputs = lxmert(), questions()
    before = explain_lxmert(model, inputs)
    model.requires_grad_(False)
    try:
        after = explain_lxmert(model, inputs)
    finally:
        model.requires_grad_(True)
    for ours, theirs in zip(before, after, strict=True):
        assert torch.allclose(ours.box_scores, theirs.box_scores, rtol=1e-12)


def test_answers_must_be_one_a_question() -> None:
    with pytest.raises(MapError, match="classes must be 2 numbers from 0 to 6; got"):
        explain_lxmert(lxmert(), questions(), answers=[7, 0])


def test_other_models_are_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="needs a LxmertForQuestionAnswering; got ViTForImage"):
        explain_lxmert(vit(), questions())
