"""The loss, as a pure function of log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from svco_loss.betas import Betas, SvcoBetas, Term
from svco_loss.errors import BetaError, LogpsError
from svco_loss.logps import PairLogps


@dataclass(frozen=True)
class SvcoLoss:
    """The loss of a batch, and what to log of it."""

    loss: Tensor
    """Scalar: mean of `per_pair`."""
    per_pair: Tensor
    """`(B,)`: sum of the terms of each pair."""
    metrics: dict[str, Tensor]
    """Scalars without gradient, on the device of the loss, each a mean over the batch:

    - `TERM/loss`, `TERM/margin` (delta(raised) - delta(lowered), in nats, before beta), `TERM/distance` (the absolute
      margin) and `TERM/accuracy` (share of pairs whose margin is above 0), for each term reported;
    - `FIELD/logp` (of the policy) and `FIELD/reward` (delta: policy minus reference), in nats, for the six fields.
    """


def svco_loss(
    policy: PairLogps, reference: PairLogps, betas: Betas | None = None, *, report_beta: float | None = None
) -> SvcoLoss:
    """Return the loss of B pairs: the mean over pairs of the sum of the terms that `betas` names.

    Sums are made in float32, or float64 if the log-probabilities are. The reference counts as a constant.

    Args:
        policy: log-probabilities under the model in training, with gradients.
        reference: log-probabilities of the same pairs under the frozen model.
        betas: `SvcoBetas` (the default: four terms with 0.1), `MdpoBetas` or `DpoBetas`. Terms with 0 are left out.
        report_beta: report terms with beta 0 in the metrics as if they had this beta (the authors' evaluation: 0.1);
            the loss stays without them. None: they are not reported.

    Raises:
        LogpsError: numbers of pairs or devices differ, or a log-probability is not finite.
        BetaError: `report_beta` is not above 0.

    Source: S-VCO, arXiv 2502.13928. Other forms: see `DpoBetas` and `MdpoBetas`.

    >>> same = PairLogps(*torch.full((6, 2), -7.0))
    >>> svco_loss(same, same).loss  # 4 log 2: nothing learned yet
    tensor(2.7726)
    """
    betas = SvcoBetas() if betas is None else betas
    _check(policy, reference, report_beta)
    deltas = _deltas(policy, reference)
    per_pair = torch.zeros_like(deltas["x_given_a"])
    metrics: dict[str, Tensor] = {}
    for term in betas.TERMS:
        beta = betas.by_term()[term.name]
        if beta or report_beta:
            margins = _margins(term, deltas)
            losses = -logsigmoid((beta or report_beta or 0.0) * margins)
            per_pair = per_pair + losses if beta else per_pair
            metrics |= _term_metrics(term.name, losses, margins)
    return SvcoLoss(per_pair.mean(), per_pair, metrics | _field_metrics(policy, deltas))


def _deltas(policy: PairLogps, reference: PairLogps) -> dict[str, Tensor]:
    constants = reference.detached().by_name()
    return {name: _precise(values) - _precise(constants[name]) for name, values in policy.by_name().items()}


def _precise(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _margins(term: Term, deltas: dict[str, Tensor]) -> Tensor:
    return deltas[term.raised] if term.lowered is None else deltas[term.raised] - deltas[term.lowered]


def _term_metrics(name: str, losses: Tensor, margins: Tensor) -> dict[str, Tensor]:
    margins = margins.detach()
    return {
        f"{name}/loss": losses.detach().mean(),
        f"{name}/margin": margins.mean(),
        f"{name}/distance": margins.abs().mean(),
        f"{name}/accuracy": (margins > 0).to(margins.dtype).mean(),
    }


def _field_metrics(policy: PairLogps, deltas: dict[str, Tensor]) -> dict[str, Tensor]:
    logps = {f"{name}/logp": _precise(values.detach()).mean() for name, values in policy.by_name().items()}
    return logps | {f"{name}/reward": delta.detach().mean() for name, delta in deltas.items()}


def _check(policy: PairLogps, reference: PairLogps, report_beta: float | None) -> None:
    if report_beta is not None and not 0 < report_beta < float("inf"):
        raise BetaError(f"report_beta must be above 0 and finite, or None; got {report_beta}.")
    if len(policy) != len(reference):
        raise LogpsError(f"reference must hold the {len(policy)} pairs of policy; got {len(reference)}.")
    devices = {str(values.device) for side in (policy, reference) for values in side.by_name().values()}
    if len(devices) > 1:
        raise LogpsError(f"all log-probabilities must be on one device; got {', '.join(sorted(devices))}.")
    _check_finite("policy", policy)
    _check_finite("reference", reference)


def _check_finite(side: str, logps: PairLogps) -> None:
    values_6_B = logps.stacked().detach()
    if bool(values_6_B.isfinite().all()):
        return
    for name, values in logps.by_name().items():
        if rows := (~values.isfinite()).nonzero().flatten().tolist():
            raise LogpsError(
                f"{side}.{name} must be finite; got {values[rows[0]].item()} in row {rows[0]} "
                f"(rows {rows[:8]}). An answer without tokens, overflow in float16, or broken weights?"
            )
