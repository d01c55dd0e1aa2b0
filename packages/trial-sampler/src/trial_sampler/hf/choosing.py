"""Choose the next token of each sequence from its logits and one uniform number."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

# Most nuclei hold few tokens, and finding the 32 largest of 150,000 is far cheaper than sorting them.
_HEADS = (32, 256, 2048)


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
    greedy_R = temperatures_R == 0
    tokens_R = logits_R_V.argmax(-1)
    if not bool(greedy_R.all()):
        scaled_R_V = logits_R_V / torch.where(greedy_R, 1.0, temperatures_R).float()[:, None]
        tokens_R = torch.where(greedy_R, tokens_R, draw_nucleus(scaled_R_V, uniforms_R, top_ps_R.double()))
    logprobs_R = logits_R_V.gather(1, tokens_R[:, None])[:, 0] - logits_R_V.logsumexp(-1)
    return Choice(tokens_R, logprobs_R)


def draw_nucleus(logits_R_V: Tensor, uniforms_R: Tensor, top_ps_R: Tensor) -> Tensor:
    """Draw one token for each row from the nucleus of mass `top_ps_R` (float64, in (0, 1])."""
    log_total_R = logits_R_V.logsumexp(-1)
    tokens_R = torch.zeros_like(log_total_R, dtype=torch.long)
    rows = torch.arange(len(logits_R_V), device=logits_R_V.device)
    for head in (*_HEADS, logits_R_V.shape[1]):
        whole = head >= logits_R_V.shape[1]
        top, ids = logits_R_V[rows].sort(-1, descending=True) if whole else logits_R_V[rows].topk(head)
        masses = (top - log_total_R[rows, None]).double().exp()
        settled = torch.ones_like(rows, dtype=torch.bool) if whole else masses.sum(-1) >= top_ps_R[rows]
        drawn = _invert(masses, ids, uniforms_R[rows], top_ps_R[rows])
        tokens_R[rows[settled]] = drawn[settled]
        rows = rows[~settled]
        if whole or not len(rows):
            break
    return tokens_R


def _invert(masses_R_K: Tensor, ids_R_K: Tensor, uniforms_R: Tensor, top_ps_R: Tensor) -> Tensor:
    """Draw from rows of descending masses, cut to their nucleus, in order of token id.

    In token order two almost equal masses that change places in the sorting do not change the draw.
    """
    before_R_K = masses_R_K.cumsum(-1) - masses_R_K
    kept_R_K = (before_R_K < top_ps_R[:, None]) | (top_ps_R[:, None] >= 1)
    ids_R_K, order_R_K = ids_R_K.sort(-1)
    sums_R_K = (masses_R_K * kept_R_K).gather(1, order_R_K).cumsum(-1)
    first_R = (sums_R_K <= uniforms_R[:, None] * sums_R_K[:, -1:]).sum(-1, keepdim=True)
    return ids_R_K.gather(1, first_R.clamp(max=ids_R_K.shape[1] - 1))[:, 0]
