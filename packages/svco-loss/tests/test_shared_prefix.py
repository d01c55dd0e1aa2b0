"""The shared-prefix form against six plain sequences: values, gradients, and what is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from svco_loss import PairBatch, PairLogps, pair_logps, plain_pair_logps, svco_loss
from torch import Tensor
from torch.overrides import TorchFunctionMode

PRECISE = {"rtol": 1e-9, "atol": 1e-9}
# Not 1e-12 in float64 models: transformers normalises and rotates in float32 whatever the model's type.
ROUNDED = {"rtol": 1e-6, "atol": 1e-5}
Form = Callable[[Any, PairBatch], PairLogps]


def double(batch: PairBatch) -> PairBatch:
    """The batch with pixel values in float64."""
    images = [
        {name: value.double() if value.is_floating_point() else value for name, value in side.items()}
        for side in (batch.images_a, batch.images_b)
    ]
    return PairBatch(batch.prompt_a, batch.prompt_b, batch.prompt_none, batch.answer_x, batch.answer_y, *images)


def gradients(form: Form, model: Any, batch: PairBatch) -> dict[str, Tensor]:
    """Gradients of the loss against a fixed reference, by parameter."""
    model.zero_grad()
    policy = form(model, batch)
    reference = PairLogps.of_stacked(policy.stacked().detach() + torch.arange(12.0).view(6, 2) / 3 - 2)
    svco_loss(policy, reference).loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def assert_same_gradients(found: dict[str, Tensor], expected: dict[str, Tensor], relative: float) -> None:
    assert set(found) == set(expected)
    whole = torch.cat([gradient.flatten() for gradient in expected.values()]).norm()
    for name, gradient in expected.items():
        assert (found[name] - gradient).norm() <= relative * gradient.norm() + 1e-3 * relative * whole, name


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_values_and_gradients_are_those_of_six_plain_sequences(family: Any, attention: str, side: Any) -> None:
    model, batch = family.model(attention).double(), double(family.batch(side))
    shared, plain = pair_logps(model, batch), plain_pair_logps(model, batch)
    torch.testing.assert_close(shared.stacked(), plain.stacked(), **ROUNDED)
    assert plain.stacked().std() > 1  # the six differ, so that a mix-up would show
    assert_same_gradients(gradients(pair_logps, model, batch), gradients(plain_pair_logps, model, batch), 1e-5)


def test_float32_agrees_to_rounding(family: Any) -> None:
    model, batch = family.model(), family.batch("right")
    torch.testing.assert_close(
        pair_logps(model, batch).stacked(), plain_pair_logps(model, batch).stacked(), rtol=1e-5, atol=1e-4
    )
    assert_same_gradients(gradients(pair_logps, model, batch), gradients(plain_pair_logps, model, batch), 1e-4)


def test_a_bfloat16_model_gives_float32_sums_near_those_of_plain_sequences(qwen: Any) -> None:
    model, batch = qwen.model().bfloat16(), qwen.batch("left")
    shared, plain = pair_logps(model, batch).stacked(), plain_pair_logps(model, batch).stacked()
    assert shared.dtype == torch.float32
    torch.testing.assert_close(shared, plain, rtol=0.05, atol=0.5)


def row(batch: PairBatch, index: int, patches: list[slice]) -> PairBatch:
    """One pair of a batch."""
    from svco_loss import TokenRows

    parts = [batch.prompt_a, batch.prompt_b, batch.prompt_none, batch.answer_x, batch.answer_y]
    tokens = [TokenRows.of([part.real_rows()[index].tolist()]) for part in parts]
    images = [
        {name: value[place] if name == "pixel_values" else value[[index]] for name, value in side.items()}
        for side, place in zip((batch.images_a, batch.images_b), patches, strict=True)
    ]
    return PairBatch(*tokens, *images)


def test_a_pair_alone_has_the_values_that_it_has_in_a_batch(qwen: Any) -> None:
    model, batch = qwen.model().double(), double(qwen.batch("left"))
    together = pair_logps(model, batch).stacked()
    for index, patches in enumerate([[slice(0, 16), slice(0, 32)], [slice(16, 48), slice(32, 48)]]):
        alone = pair_logps(model, row(batch, index, patches)).stacked()[:, 0]
        torch.testing.assert_close(alone, together[:, index], **PRECISE)


def test_swapping_the_sides_swaps_the_values(family: Any) -> None:
    model, batch = family.model().double(), double(family.batch("right"))
    swapped = PairBatch(
        batch.prompt_b, batch.prompt_a, batch.prompt_none, batch.answer_y, batch.answer_x, batch.images_b,
        batch.images_a,
    )  # fmt: skip
    torch.testing.assert_close(
        pair_logps(model, swapped).stacked(), pair_logps(model, batch).swapped().stacked(), **PRECISE
    )


def test_neither_answer_sees_the_other(llava: Any) -> None:
    from svco_loss import TokenRows

    model, batch = llava.model().double(), double(llava.batch("right"))
    other = TokenRows.of([[30, 31, 32, 33, 34, 35, 2], [36, 2]])
    changed = PairBatch(
        batch.prompt_a, batch.prompt_b, batch.prompt_none, other, batch.answer_y, batch.images_a, batch.images_b
    )
    before, after = pair_logps(model, batch), pair_logps(model, changed)
    torch.testing.assert_close(after.y_given_a, before.y_given_a, **PRECISE)
    torch.testing.assert_close(after.y_given_none, before.y_given_none, **PRECISE)
    assert not torch.allclose(after.x_given_a, before.x_given_a)


def test_the_chunk_size_changes_nothing(llava: Any) -> None:
    model, batch = llava.model().double(), double(llava.batch("right"))
    one = gradients(lambda *arguments: pair_logps(*arguments, chunk_tokens=1), model, batch)
    assert_same_gradients(one, gradients(pair_logps, model, batch), 1e-9)


def test_gradient_checkpointing_changes_nothing(family: Any) -> None:
    model, batch = family.model().double(), double(family.batch("right"))
    expected = gradients(pair_logps, model, batch)
    model.gradient_checkpointing_enable()
    assert_same_gradients(gradients(pair_logps, model, batch), expected, 1e-9)


def test_a_frozen_vision_tower_gets_no_gradients_and_the_rest_the_same(family: Any) -> None:
    model, batch = family.model().double(), double(family.batch("right"))
    everything = gradients(pair_logps, model, batch)
    frozen = {id(weight) for weight in model.get_encoder(modality="image").parameters()}
    for weight in model.parameters():
        weight.requires_grad = id(weight) not in frozen
    kept = gradients(pair_logps, model, batch)
    assert len(kept) < len(everything)
    assert_same_gradients(kept, {name: everything[name] for name in kept}, 1e-9)


def test_values_without_gradients_are_the_same(llava: Any) -> None:
    model, batch = llava.model().double(), double(llava.batch("right"))
    with torch.no_grad():
        constants = pair_logps(model, batch)
    assert not constants.x_given_a.requires_grad
    torch.testing.assert_close(constants.stacked(), pair_logps(model, batch).stacked().detach(), **PRECISE)


def test_each_image_is_encoded_once(family: Any) -> None:
    model, batch = family.model(), family.batch("right")
    encoder = model.get_encoder(modality="image")
    seen: list[Tensor] = []
    hook = encoder.register_forward_pre_hook(lambda _m, args, _k: seen.append(args[0]), with_kwargs=True)
    pair_logps(model, batch)
    assert len(seen) == 1
    expected = torch.cat([batch.images_a["pixel_values"], batch.images_b["pixel_values"]])
    assert torch.equal(seen[0], expected)
    seen.clear()
    plain_pair_logps(model, batch)
    hook.remove()
    assert sum(map(len, seen)) == 2 * len(expected)


class Shapes(TorchFunctionMode):
    """Notes the rows of every tensor whose last axis is the vocabulary."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary, self.rows = vocabulary, set[int]()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.ndim > 1 and result.shape[-1] == self.vocabulary:
            self.rows.add(result.numel() // self.vocabulary)
        return result


def test_logits_exist_for_one_chunk_of_answer_tokens_at_a_time(llava: Any) -> None:
    model, batch = llava.model(), llava.batch("right")
    with Shapes(vocabulary=99) as shared:
        pair_logps(model, batch, chunk_tokens=3)
    with Shapes(vocabulary=99) as plain:
        plain_pair_logps(model, batch)
    answers = int(batch.answer_x.lengths_B.sum() + batch.answer_y.lengths_B.sum())
    assert shared.rows == {3, 2 * answers % 3, answers % 3} - {0}
    assert max(plain.rows) >= 8 * 9  # 8 sequences of image, question and answer


def test_nothing_of_the_logits_is_kept_for_the_backward_pass(llava: Any) -> None:
    model, batch = llava.model(), llava.batch("right")
    kept: list[tuple[int, ...]] = []

    def note(tensor: Tensor) -> Tensor:
        kept.append(tuple(tensor.shape))
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        pair_logps(model, batch)
    answers = int(batch.answer_x.lengths_B.sum() + batch.answer_y.lengths_B.sum())
    assert kept
    assert not [shape for shape in kept if shape[-1:] == (99,) and shape[0] in (answers, 2 * answers)]
