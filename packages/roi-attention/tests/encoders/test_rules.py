"""The update rules on numbers worked by hand."""

from __future__ import annotations

import pytest
import torch
from encoder_reference import identity, rows_normalised
from hypothesis import given
from hypothesis import strategies as st
from roi_attention.encoders.rules import (
    cross_addition,
    normalised,
    passed_on,
    self_addition,
    self_rule,
    weighted_attention,
)
from roi_attention.relevance.attention_calls import AttentionCall

STEP = torch.tensor([[0.5, 0.0], [1.0, 0.5]])
OWN = torch.tensor([[0.0, 2.0], [1.0, 3.0]])  # R = [[1, 2], [1, 4]]


def test_self_attention_adds_the_step_times_the_matrix() -> None:
    # step R = [[.5, 1], [1.5, 4]]; R + step R = [[1.5, 3], [2.5, 8]], less the identity
    assert self_rule(STEP, OWN).tolist() == [[0.5, 3.0], [2.5, 7.0]]


def test_what_one_modality_draws_from_another_is_passed_on() -> None:
    assert passed_on(STEP, torch.tensor([[2.0, 0.0], [4.0, 2.0]])).tolist() == [[3.0, 0.0], [8.0, 3.0]]


def test_rows_are_normalised_without_the_identity() -> None:
    assert normalised(OWN).tolist() == [[0.0, 1.0], [0.25, 0.75]]


def test_rows_that_nothing_has_touched_stay_the_identity() -> None:
    untouched = torch.tensor([[0.0, 0.0], [1.0, 3.0]])
    assert normalised(untouched).tolist() == [[0.0, 0.0], [0.25, 0.75]]
    assert cross_addition(STEP, torch.zeros(2, 2), torch.zeros(2, 2)).tolist() == STEP.tolist()


def test_attention_between_modalities_adds_the_product_of_normalised_matrices() -> None:
    # Rbar_ss = [[1, 1], [.25, 1.75]]; Rbar_ss^T step = [[.75, .125], [2.25, .875]]; Rbar_qq = [[1.5, .5], [0, 1]]
    other = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    assert cross_addition(STEP, OWN, other).tolist() == [[1.125, 0.5], [3.375, 2.0]]


def test_attention_between_modalities_adds_to_its_own_what_the_other_drew_from_it() -> None:
    assert self_addition(STEP, torch.tensor([[2.0, 0.0], [4.0, 2.0]])).tolist() == [[1.0, 0.0], [4.0, 1.0]]


def test_small_numbers_on_the_diagonal_are_not_lost_in_float32() -> None:
    assert normalised(torch.tensor([[1e-12, 3e-12], [0.0, 1e-30]])).tolist() == [pytest.approx([0.25, 0.75]), [0, 1]]


@given(st.lists(st.sampled_from([0.0, 0.0, 0.1, 5.0]), min_size=19, max_size=19))
def test_the_product_of_rule_10_is_that_of_the_definition_whatever_rows_are_zero(numbers: list[float]) -> None:
    values = torch.tensor(numbers, dtype=torch.float64)
    own, other, step = values[:9].reshape(3, 3), values[9:13].reshape(2, 2), values[13:19].reshape(3, 2)
    said = rows_normalised(own + identity(3)).T @ step @ rows_normalised(other + identity(2))
    added = cross_addition(step, own, other)
    assert torch.isfinite(added).all()
    assert torch.allclose(added, said)


def _call(*, queries: int = 5, keys: int = 7, groups: int = 4) -> tuple[AttentionCall, torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    query, key, value, gradient = (
        torch.randn(*shape, generator=random, dtype=torch.float64)
        for shape in ((2, 4, queries, 3), (2, groups, keys, 3), (2, groups, keys, 3), (2, queries, 4, 3))
    )
    return AttentionCall(query, key, value, None, 0.5, None, None, is_causal=False), gradient


@pytest.mark.parametrize("tile", [1, 2, 128])
@pytest.mark.parametrize("groups", [2, 4])
def test_weighted_attention_is_that_of_autograd(tile: int, groups: int) -> None:
    call, gradient = _call(groups=groups)
    key, value = (states.repeat_interleave(4 // groups, 1) for states in (call.key_B_G_K_D, call.value_B_G_K_D))
    attention = (call.query_B_H_Q_D @ key.mT * call.scale).softmax(-1).requires_grad_()
    (of_attention,) = torch.autograd.grad((attention @ value * gradient.transpose(1, 2)).sum(), attention)
    expected = (attention.detach() * of_attention).clamp(min=0).mean(1)
    assert torch.allclose(weighted_attention(call, gradient, tile=tile), expected, rtol=1e-12)
