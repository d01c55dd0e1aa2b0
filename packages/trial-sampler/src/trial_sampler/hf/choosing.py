"""Choose the next token of each sequence from its logits and one uniform number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# Most nuclei hold few tokens, and finding the 32 largest of 150,000 is cheaper than sorting them.
_HEAD = 32


class Choice(NamedTuple):
    """The chosen tokens and what the model thought of them."""

    tokens_R: Tensor
    """int64."""
    logprobs_R: Tensor
    """float32; log-probability in nats at temperature 1, before top-p."""


def choose_tokens(logits_R_V: Tensor, uniforms_R: Tensor, temperatures_R: Tensor, top_ps_R: Tensor) -> Choice:
    """Choose one token for each row: the largest logit at temperature 0, else one of the exact nucleus.

    The nucleus is the smallest set of most likely tokens whose probability reaches `top_p`, at the row's temperature.
    A row's choice depends on that row alone. `uniforms_R` are float64 in (0, 1).

    Source: Holtzman et al. 2020, nucleus sampling; here by inverting the distribution function in token order.

    >>> logits = torch.tensor([[0.0, 3.0, 1.0], [0.0, 3.0, 1.0]])
    >>> choose_tokens(logits, torch.tensor([0.99, 0.99]).double(), torch.tensor([0.0, 9.0]), torch.ones(2)).tokens_R
    tensor([1, 2])
    """
    logits_R_V = logits_R_V.float()
    log_total_R = logits_R_V.logsumexp(-1)
    greedy_R = temperatures_R == 0
    if bool(greedy_R.all()):
        tokens_R = logits_R_V.argmax(-1)
    else:
        scales_R = torch.where(greedy_R, 1.0, temperatures_R).float()
        is_plain = bool((scales_R == 1).all())
        scaled_R_V = logits_R_V if is_plain else logits_R_V / scales_R[:, None]
        log_scaled_R = log_total_R if is_plain else scaled_R_V.logsumexp(-1)
        tokens_R = draw_nucleus(scaled_R_V, log_scaled_R, uniforms_R, top_ps_R.double())
        if bool(greedy_R.any()):
            tokens_R = torch.where(greedy_R, logits_R_V.argmax(-1), tokens_R)
    return Choice(tokens_R, logits_R_V.gather(1, tokens_R[:, None])[:, 0] - log_total_R)


def draw_nucleus(logits_R_V: Tensor, log_total_R: Tensor, uniforms_R: Tensor, top_ps_R: Tensor) -> Tensor:
    """Draw one token for each row from the nucleus of mass `top_ps_R` (float64, in (0, 1]).

    Tokens as likely as the last of the nucleus belong to it. `log_total_R` is each row's log-sum-exp.
    """
    tokens_R = torch.zeros_like(log_total_R, dtype=torch.long)
    open_R = torch.ones_like(tokens_R, dtype=torch.bool)
    if logits_R_V.shape[1] > _HEAD:
        top, ids = logits_R_V.topk(_HEAD)
        masses = (top - log_total_R[:, None]).double().exp()
        open_R = (masses.sum(-1) < top_ps_R) | (top_ps_R >= 1)
        ids, order = ids.sort(-1)
        kept = masses * (masses.cumsum(-1) - masses < top_ps_R[:, None])
        tokens_R = ids.gather(1, _invert(kept.gather(1, order), uniforms_R)[:, None])[:, 0]
    if bool(open_R.any()):
        if not bool(open_R.all()):
            logits_R_V, log_total_R, top_ps_R = logits_R_V[open_R], log_total_R[open_R], top_ps_R[open_R]
        masses_R_V = (logits_R_V - log_total_R[:, None]).exp_()
        masses_R_V *= masses_R_V >= _least_masses(masses_R_V, top_ps_R)[:, None]
        tokens_R[open_R] = _invert(masses_R_V, uniforms_R[open_R])
    return tokens_R


def _least_masses(masses_R_V: Tensor, top_ps_R: Tensor) -> Tensor:
    """Return the probability of the least likely token in each row's nucleus; 0 for a nucleus of all."""
    least_R = torch.zeros_like(masses_R_V[:, 0])
    cut_R = top_ps_R < 1
    if bool(cut_R.any()):
        rising = _rising(masses_R_V if bool(cut_R.all()) else masses_R_V[cut_R])
        sums = rising.cumsum(-1, dtype=torch.float64)
        outside = torch.searchsorted(sums, sums[:, -1:] - top_ps_R[cut_R, None], right=True)
        least_R[cut_R] = rising.gather(1, outside.clamp(max=rising.shape[1] - 1))[:, 0]
    return least_R


def _rising(values_R_V: Tensor) -> Tensor:
    """Sort rows from low to high; numpy sorts without indices, many times faster than torch on a CPU."""
    if values_R_V.device.type != "cpu":
        return values_R_V.sort(-1).values
    return torch.from_numpy(np.sort(values_R_V.numpy(), axis=-1))


def _invert(masses_R_K: Tensor, uniforms_R: Tensor) -> Tensor:
    """Return the column at which the cumulated masses of each row exceed its number's share of their sum.

    Columns stand in token order: there, two almost equal masses that change places in a sorting do not change the draw.
    """
    sums_R_K = masses_R_K.cumsum(-1, dtype=torch.float64)
    wanted_R_1 = (uniforms_R * sums_R_K[:, -1])[:, None]
    return torch.searchsorted(sums_R_K, wanted_R_1, right=True)[:, 0].clamp(max=masses_R_K.shape[1] - 1)
