"""How well the rest of a caption predicts an entity, by any masked or causal language model of transformers."""

from occlusion.causality.causal_lm import INFILL_PROMPT, CausalLmCausality
from occlusion.causality.masked_lm import MaskedLmCausality
from occlusion.causality.scores import HIGH_CAUSALITY_MAX_PPL, Causality, CausalityScorer, Unscored, is_causal

__all__ = [
    "HIGH_CAUSALITY_MAX_PPL",
    "INFILL_PROMPT",
    "CausalLmCausality",
    "Causality",
    "CausalityScorer",
    "MaskedLmCausality",
    "Unscored",
    "is_causal",
]
