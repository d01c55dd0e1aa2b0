"""What of a transformers model the shared-prefix form calls, and which models it cannot run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from svco_loss.errors import UnsupportedModelError

MASKED_ATTENTION = ("sdpa", "eager", "flex_attention")
"""Attention implementations of transformers that take a mask of their caller as it is. FlexAttention has gradients on a
GPU alone; its values were compared on a CPU, its gradients on no machine yet."""

TESTED_MODEL_TYPES = ("llava", "qwen2_vl", "qwen2_5_vl", "qwen3_vl")
"""Model types whose shared and plain forms are compared in the tests. Others may treat masks or images in ways that no
check finds, such as image tokens that see one another."""


@dataclass(frozen=True)
class ModelParts:
    """The parts of an image-text model."""

    body: Any
    """Everything but the output embeddings: token ids and images to hidden states."""
    head: Any
    """Output embeddings."""
    image_token_id: int
    """Id that stands for one image feature."""
    attention: str
    """Attention implementation of the language model."""


def model_parts(model: Any) -> ModelParts:
    """Return the parts of a transformers model, or of a `PeftModel` around one.

    Raises:
        UnsupportedModelError: a mask would not be respected, or the model does more than the parts do.
    """
    model = without_peft(model)
    config = getattr(model, "config", None)
    if config is None or not hasattr(model, "get_output_embeddings"):
        raise UnsupportedModelError(
            f"model must be a transformers image-text model or a PeftModel; got {type(model).__name__}. "
            "Pass the model inside a wrapper such as DistributedDataParallel."
        )
    if config.model_type not in TESTED_MODEL_TYPES:
        raise UnsupportedModelError(
            f"model type must be one of {', '.join(TESTED_MODEL_TYPES)}; got {config.model_type}. "
            "Use plain_pair_logps, which is slower and asks nothing of the model."
        )
    text = config.get_text_config()
    _check_attention(text)
    if text._attn_implementation == "flex_attention":
        _check_flex_attention(text, model.base_model)
    _check_logits(text)
    return ModelParts(model.base_model, model.get_output_embeddings(), config.image_token_id, text._attn_implementation)


def without_peft(model: Any) -> Any:
    """Return the transformers model that a `PeftModel` wraps, with the adapter inside; other models as they are.

    Raises:
        UnsupportedModelError: the adapter is a learned prompt, which lives in the wrapper.
    """
    if not hasattr(model, "get_base_model"):
        return model
    if model.active_peft_config.is_prompt_learning:
        raise UnsupportedModelError(
            f"adapters must change weights, such as LoRA; got {model.active_peft_config.peft_type.value}, "
            "which puts learned tokens before each prompt."
        )
    return model.get_base_model()


def _check_attention(text: Any) -> None:
    if text._attn_implementation not in MASKED_ATTENTION:
        raise UnsupportedModelError(
            f"attention of the language model must be {' or '.join(MASKED_ATTENTION)}; got "
            f"{text._attn_implementation}, which takes no mask of its caller or was not tried with one. "
            "Load with attn_implementation='sdpa'."
        )
    layers = getattr(text, "layer_types", None)
    window = getattr(text, "sliding_window", None)
    others = sorted(set(layers) - {"full_attention"}) if layers else ["sliding_attention"] if window else []
    if others:
        raise UnsupportedModelError(
            f"all layers must have full attention; got {', '.join(others)}. A shared prefix would change what they "
            "see. Use plain_pair_logps, or switch the window off in the text configuration."
        )


def _check_flex_attention(text: Any, body: Any) -> None:
    """Name what torch and transformers would refuse in the middle of the forward pass."""
    wants_gradients = torch.is_grad_enabled() and any(weight.requires_grad for weight in body.parameters())
    if wants_gradients and body.device.type in ("cpu", "mps"):
        raise UnsupportedModelError(
            f"FlexAttention has no backward pass on {body.device.type}; got weights with gradients there. "
            "Move the model to a GPU, call under torch.no_grad(), or load with attn_implementation='sdpa'."
        )
    if body.training and getattr(text, "attention_dropout", 0.0):
        raise UnsupportedModelError(
            f"FlexAttention has no dropout; got attention_dropout = {text.attention_dropout} in training. "
            "Set it to 0 in the text configuration and load again."
        )


def _check_logits(text: Any) -> None:
    changes = {"final_logit_softcapping": None, "logits_scaling": 1, "logit_scale": 1}
    for name, neutral in changes.items():
        if getattr(text, name, neutral) not in (None, neutral):
            raise UnsupportedModelError(
                f"logits must be those of the output embeddings; got {name} = {getattr(text, name)}. "
                "Use plain_pair_logps."
            )
