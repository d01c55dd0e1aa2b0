"""The scalar that is explained: how strongly the model says given tokens at given positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from roi_attention.errors import MapError, UnsupportedModelError

Score = Literal["logit", "log_prob", "log_odds"]


@dataclass(frozen=True)
class Targets:
    """T tokens of each of B samples, right-aligned where samples have fewer."""

    positions_B_T: Tensor
    """int64; position whose logits predict the token."""
    tokens_B_T: Tensor
    """int64; -1: the most likely one."""
    weights_B_T: Tensor
    """Weight of each token in the sample's map; 0: none."""

    def __post_init__(self) -> None:
        shapes = {self.positions_B_T.shape, self.tokens_B_T.shape, self.weights_B_T.shape}
        if len(shapes) != 1 or self.positions_B_T.dim() != 2:
            raise MapError("bad_shape", f"positions, tokens and weights must all be (B, T); got {shapes}.")

    @property
    def all_positions(self) -> Tensor:
        """The positions of all samples, sorted, each once: `(P,)`."""
        return self.positions_B_T.flatten().unique()


def chosen_tokens(targets: Targets, logits_B_P_V: Tensor) -> Tensor:
    """The tokens `(B, T)`, with the most likely one where a target names none.

    Args:
        targets: as given.
        logits_B_P_V: at `targets.all_positions`.
    """
    likely_B_T = at_targets(targets, logits_B_P_V).argmax(-1)
    return torch.where(targets.tokens_B_T < 0, likely_B_T, targets.tokens_B_T)


def at_targets(targets: Targets, values_B_P_X: Tensor) -> Tensor:
    """Pick from values at `targets.all_positions` those at each target: `(B, T, X)`."""
    index = torch.searchsorted(targets.all_positions, targets.positions_B_T)
    return values_B_P_X.gather(1, index[..., None].expand(*index.shape, values_B_P_X.shape[-1]))


def scores(logits_B_T_V: Tensor, tokens_B_T: Tensor, score: Score) -> Tensor:
    """How strongly each token is said: `(B, T)`.

    `logit` is that of Chefer et al.; `log_prob` loses its gradient as the probability nears 1; `log_odds`,
    `log p - log(1 - p)`, does not, and is blind to a shift of all logits.
    """
    own = logits_B_T_V.gather(-1, tokens_B_T[..., None]).squeeze(-1)
    if score == "logit":
        return own
    if score == "log_prob":
        return own - logits_B_T_V.logsumexp(-1)
    others = logits_B_T_V.scatter(-1, tokens_B_T[..., None], float("-inf"))
    return own - others.logsumexp(-1)


def head_logits(model: Any, decoder: Any, hidden_B_P_W: Tensor) -> Tensor:
    """Final norm and output layer, as the model applies them: `(B, P, V)`."""
    logits = model.get_output_embeddings()(decoder.norm(hidden_B_P_W))
    text = model.config.get_text_config()
    cap = getattr(text, "final_logit_softcapping", None)
    return logits if cap is None else torch.tanh(logits / cap) * cap


def check_head(ours_B_P_V: Tensor, models_B_P_V: Tensor) -> None:
    """Make sure that recomputed logits are the model's own.

    Raises:
        UnsupportedModelError: `head` where they are not: the model does something else after its last layer.
    """
    size = models_B_P_V.abs().max().clamp_min(1e-6)
    error = (ours_B_P_V.float() - models_B_P_V.float()).abs().max() / size.float()
    limit = 1e-3 if ours_B_P_V.dtype in (torch.float32, torch.float64) else 5e-2
    if not error <= limit:
        raise UnsupportedModelError("head", f"logits could not be recomputed from the last layer (off by {error:.1e}).")
