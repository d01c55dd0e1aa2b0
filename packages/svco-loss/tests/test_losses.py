"""The loss against formulas written out by hand, its symmetries and its gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from svco_loss import BetaError, DpoBetas, LogpsError, MdpoBetas, PairLogps, SvcoBetas, svco_loss
from torch import Tensor

FIELDS = ("x_given_a", "x_given_b", "x_given_none", "y_given_b", "y_given_a", "y_given_none")
TERMS = {
    "attend_a": ("x_given_a", "x_given_none"),
    "reject_b": ("x_given_none", "x_given_b"),
    "attend_b": ("y_given_b", "y_given_none"),
    "reject_a": ("y_given_none", "y_given_a"),
}


def random_logps(seed: int, pairs: int = 5, spread: float = 20.0) -> PairLogps:
    generator = torch.Generator().manual_seed(seed)
    return PairLogps.of_stacked(-spread * torch.rand(6, pairs, generator=generator, dtype=torch.float64))


def only(term: str, beta: float = 0.1) -> SvcoBetas:
    return SvcoBetas(**{name: beta if name == term else 0.0 for name in TERMS})


def softplus(z: float) -> float:
    """-log sigmoid(-z), by the book."""
    return math.log1p(math.exp(z))


def test_a_pair_worked_by_hand() -> None:
    policy = PairLogps(*(torch.tensor([value]) for value in (-8.0, -13.0, -10.0, -20.0, -29.0, -25.0)))
    reference = PairLogps(*(torch.tensor([value]) for value in (-9.0, -11.0, -10.0, -24.0, -24.0, -24.0)))
    # deltas: x with a, b, none: 1, -2, 0; y with b, a, none: 4, -5, -1.
    margins = {"attend_a": 1.0, "reject_b": 2.0, "attend_b": 5.0, "reject_a": 4.0}
    found = svco_loss(policy, reference, SvcoBetas(0.1, 0.2, 0.3, 0.4))
    expected = softplus(-0.1) + softplus(-0.4) + softplus(-1.5) + softplus(-1.6)
    assert found.loss.item() == pytest.approx(expected)
    for name, margin in margins.items():
        assert found.metrics[f"{name}/margin"].item() == pytest.approx(margin)
        assert found.metrics[f"{name}/accuracy"].item() == 1.0
    assert found.metrics["y_given_a/reward"].item() == pytest.approx(-5.0)
    assert found.metrics["y_given_a/logp"].item() == pytest.approx(-29.0)


def plain_loss(policy: PairLogps, reference: PairLogps, betas: tuple[float, float, float, float]) -> Tensor:
    """The formulas of the method, transcribed term by term."""
    xa, xb, xn, yb, ya, yn = policy.stacked() - reference.stacked()
    log_sigmoid = torch.nn.LogSigmoid()
    attend_a = -log_sigmoid(betas[0] * (xa - xn))
    reject_b = -log_sigmoid(betas[1] * (xn - xb))
    attend_b = -log_sigmoid(betas[2] * (yb - yn))
    reject_a = -log_sigmoid(betas[3] * (yn - ya))
    return (attend_a + reject_b + attend_b + reject_a).mean()


@pytest.mark.parametrize("seed", range(5))
def test_the_loss_agrees_with_a_plain_transcription(seed: int) -> None:
    policy, reference = random_logps(seed), random_logps(seed + 100)
    betas = (0.1, 0.3, 0.05, 1.0)
    torch.testing.assert_close(
        svco_loss(policy, reference, SvcoBetas(*betas)).loss, plain_loss(policy, reference, betas)
    )


def test_the_other_forms_agree_with_their_formulas() -> None:
    policy, reference = random_logps(1), random_logps(2)
    xa, xb, _, _, ya, _ = policy.stacked() - reference.stacked()
    preference, conditional, anchor = (torch.log1p(torch.exp(-0.1 * z)) for z in (xa - ya, xa - xb, xa))
    torch.testing.assert_close(svco_loss(policy, reference, DpoBetas()).per_pair, preference)
    torch.testing.assert_close(svco_loss(policy, reference, MdpoBetas()).per_pair, preference + conditional + anchor)
    torch.testing.assert_close(svco_loss(policy, reference, MdpoBetas(anchor=0, conditional=0)).per_pair, preference)


def test_swapping_the_pair_leaves_the_loss_of_equal_betas_unchanged() -> None:
    policy, reference = random_logps(3), random_logps(4)
    one, other = svco_loss(policy, reference), svco_loss(policy.swapped(), reference.swapped())
    torch.testing.assert_close(one.per_pair, other.per_pair)
    assert one.metrics["attend_a/loss"] == other.metrics["attend_b/loss"]
    assert one.metrics["reject_b/margin"] == other.metrics["reject_a/margin"]
    torch.testing.assert_close(policy.swapped().swapped().stacked(), policy.stacked())


def test_a_policy_equal_to_its_reference_loses_log_2_for_each_term() -> None:
    same = random_logps(5)
    assert svco_loss(same, same).loss.item() == pytest.approx(4 * math.log(2))
    assert svco_loss(same, same, SvcoBetas(attend_b=0, reject_a=0)).loss.item() == pytest.approx(2 * math.log(2))
    assert svco_loss(same, same, MdpoBetas()).loss.item() == pytest.approx(3 * math.log(2))
    assert svco_loss(same, same).metrics["attend_a/accuracy"] == 0  # a margin of 0 is no success


@pytest.mark.parametrize("term", TERMS)
def test_a_terms_gradient_is_opposite_and_equal_in_its_two_log_probabilities(term: str) -> None:
    values = random_logps(6).stacked().requires_grad_()
    svco_loss(PairLogps.of_stacked(values), random_logps(7), only(term)).loss.backward()
    gradients = dict(zip(FIELDS, values.grad, strict=True))
    raised, lowered = TERMS[term]
    assert (gradients[raised] < 0).all()
    torch.testing.assert_close(gradients[raised], -gradients[lowered])
    assert all((gradients[name] == 0).all() for name in FIELDS if name not in (raised, lowered))


@pytest.mark.parametrize("betas", [SvcoBetas(), SvcoBetas(reject_b=0, reject_a=0.7), DpoBetas(), MdpoBetas()])
def test_gradients_pass_a_numerical_check_in_float64(betas: SvcoBetas | DpoBetas | MdpoBetas) -> None:
    reference = random_logps(8)

    def loss(values: Tensor) -> Tensor:
        return svco_loss(PairLogps.of_stacked(values), reference, betas).loss

    assert torch.autograd.gradcheck(loss, random_logps(9).stacked().requires_grad_())


def test_the_reference_gets_no_gradient() -> None:
    policy, reference = random_logps(1).stacked().requires_grad_(), random_logps(2).stacked().requires_grad_()
    svco_loss(PairLogps.of_stacked(policy), PairLogps.of_stacked(reference)).loss.backward()
    assert policy.grad is not None
    assert reference.grad is None


@pytest.mark.parametrize("size", [1e4, 1e8, 1e30])
def test_large_log_probabilities_do_not_overflow(size: float) -> None:
    values = torch.full((6, 2), -size).requires_grad_()
    far = torch.tensor([-size, -1.0, -2.0, -1.0, -3.0, -size])[:, None].expand(6, 2)
    found = svco_loss(PairLogps.of_stacked(values), PairLogps.of_stacked(far))
    found.loss.backward()
    assert found.loss.isfinite()
    assert found.loss.item() == pytest.approx(0.1 * size, rel=1e-3)  # attend_b misses by `size`
    assert values.grad.isfinite().all()


def test_half_precision_is_summed_in_float32_and_float64_stays() -> None:
    half = PairLogps.of_stacked(random_logps(1).stacked().bfloat16())
    assert svco_loss(half, half).loss.dtype == torch.float32
    assert svco_loss(random_logps(1), half).loss.dtype == torch.float64


def test_a_term_with_beta_0_is_left_out_and_reported_when_asked() -> None:
    policy, reference = random_logps(3), random_logps(4)
    betas = SvcoBetas(reject_b=0, reject_a=0)
    silent, telling = svco_loss(policy, reference, betas), svco_loss(policy, reference, betas, report_beta=0.1)
    assert torch.equal(silent.loss, telling.loss)
    assert "reject_b/loss" not in silent.metrics
    assert telling.metrics["reject_b/loss"] == svco_loss(policy, reference).metrics["reject_b/loss"]
    assert telling.metrics["attend_a/loss"] == silent.metrics["attend_a/loss"]


def test_metrics_are_plain_scalars_of_the_batch() -> None:
    zeros = torch.zeros(4)
    policy = PairLogps(torch.tensor([3.0, -1.0, -1.0, -1.0]), zeros, zeros, zeros, zeros, zeros)
    metrics = svco_loss(policy, PairLogps.of_stacked(torch.zeros(6, 4))).metrics
    assert metrics["attend_a/margin"].item() == 0.0
    assert metrics["attend_a/distance"].item() == 1.5
    assert metrics["attend_a/accuracy"].item() == 0.25
    assert all(value.ndim == 0 and not value.requires_grad for value in metrics.values())
    assert len(metrics) == 4 * 4 + 2 * 6


def test_the_loss_is_the_mean_of_its_pairs() -> None:
    policy, reference = random_logps(3), random_logps(4)
    found = svco_loss(policy, reference)
    parts = [
        svco_loss(*(PairLogps.of_stacked(side.stacked()[:, [row]]) for side in (policy, reference))).loss
        for row in range(len(policy))
    ]
    torch.testing.assert_close(found.per_pair, torch.stack(parts))
    torch.testing.assert_close(found.loss, torch.stack(parts).mean())


@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_a_value_that_is_not_finite_is_named_with_its_row(value: float) -> None:
    values = torch.zeros(6, 3)
    values[4, 1] = value
    broken, whole = PairLogps.of_stacked(values), PairLogps.of_stacked(torch.zeros(6, 3))
    with pytest.raises(LogpsError, match=r"^policy\.y_given_a must be finite; got (nan|-inf) in row 1 \(rows \[1\]\)"):
        svco_loss(broken, whole)
    with pytest.raises(LogpsError, match=r"^reference\.y_given_a must be finite"):
        svco_loss(whole, broken)


def ones(*shape: int) -> Tensor:
    return torch.ones(*shape)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: PairLogps(*[ones(2)] * 5, ones(3)), LogpsError, r"y_given_none must have shape \(B,\).*got \(3,\)"),
        (lambda: PairLogps(*[ones(2, 4)] * 6), LogpsError, r"x_given_a must have shape \(B,\).*Sum over the tokens"),
        (lambda: PairLogps(*[ones(0)] * 6), LogpsError, r"B >= 1.*got \(0,\)"),
        (lambda: PairLogps(*[ones(2).long()] * 6), LogpsError, "must be a floating tensor; got torch.int64"),
        (lambda: PairLogps.of_stacked(ones(5, 2)), LogpsError, r"must have shape \(6, B\); got \(5, 2\)"),
        (
            lambda: svco_loss(PairLogps(*[ones(2)] * 6), PairLogps(*[ones(3)] * 6)),
            LogpsError,
            "must hold the 2 pairs of policy; got 3",
        ),
        (lambda: SvcoBetas(reject_b=-0.1), BetaError, "reject_b must be finite and 0 or more; got -0.1"),
        (lambda: SvcoBetas(attend_a=math.nan), BetaError, "attend_a must be finite and 0 or more; got nan"),
        (lambda: SvcoBetas(0, 0, 0, 0), BetaError, "at least one of attend_a, reject_b, attend_b, reject_a"),
        (lambda: DpoBetas(0), BetaError, "at least one of preference"),
        (
            lambda: svco_loss(PairLogps(*[ones(2)] * 6), PairLogps(*[ones(2)] * 6), report_beta=0.0),
            BetaError,
            "report_beta must be above 0",
        ),
    ],
)
def test_unusable_input_is_refused_in_one_line(make: Callable[[], object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        make()
    assert "\n" not in str(caught.value)
