"""Small chat VLMs with random weights, in float64, and inputs made by hand: one builder a family."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import (
    CLIPVisionConfig,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Config,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    SiglipVisionConfig,
)

IMAGE = 98
FIRST, TOKENS = 5, 16
_TEXT: dict[str, Any] = {"vocab_size": 99, "hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 3}
_HEADS: dict[str, Any] = {"num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.3}


def _llava(text: Any, vision: Any, **how: Any) -> Any:
    return LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE, **how)
    )


def llava() -> Any:
    """LLaVA-1.5's architecture: CLIP and Llama, a key head for each query head."""
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8
    )
    return _llava(LlamaConfig(**_TEXT, **{**_HEADS, "num_key_value_heads": 4}), vision)


def llava_interleave() -> Any:
    """LLaVA-Interleave's: SigLIP and Qwen2, grouped heads."""
    vision = SiglipVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8
    )
    text = Qwen2Config(**_TEXT, **_HEADS)
    return _llava(text, vision, vision_feature_select_strategy="full", vision_feature_layer=-1)


def qwen2_5_vl() -> Any:
    """Qwen2.5-VL's: positions of three axes, biases of queries and keys."""
    text = {**_TEXT, **_HEADS, "rope_parameters": {"rope_type": "default", "mrope_section": [2, 2, 2]}}
    vision = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "depth": 2,
        "num_heads": 2,
        "out_hidden_size": 48,
        "patch_size": 4,
    }
    return Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(text_config=text, vision_config=vision, image_token_id=IMAGE, vision_start_token_id=96)
    )


def qwen3_vl() -> Any:
    """Qwen3-VL's: norms of queries and keys, image features added after early layers."""
    text = {**_TEXT, **_HEADS, "head_dim": 12, "rope_parameters": {"rope_type": "default", "mrope_section": [2, 2, 2]}}
    vision = {
        "hidden_size": 32, "intermediate_size": 48, "depth": 3, "num_heads": 2, "out_hidden_size": 48, "patch_size": 4,
        "deepstack_visual_indexes": [0, 1], "num_position_embeddings": 64,
    }  # fmt: skip
    return Qwen3VLForConditionalGeneration(
        Qwen3VLConfig(text_config=text, vision_config=vision, image_token_id=IMAGE, vision_start_token_id=96)
    )


def gemma3() -> Any:
    """Gemma 3's: norms of queries and keys, sliding windows, image tokens that see one another."""
    text = {
        **_TEXT, **_HEADS, "head_dim": 12, "sliding_window": 8, "query_pre_attn_scalar": 12,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32,
        "patch_size": 8, "vision_use_head": False,
    }  # fmt: skip
    return Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text, vision_config=vision, image_token_id=IMAGE, mm_tokens_per_image=TOKENS)
    )


def idefics3() -> Any:
    """Idefics3's and SmolVLM's: SigLIP, pixel shuffle and Llama."""
    text = LlamaConfig(**_TEXT, **_HEADS)
    vision = {
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64,
        "patch_size": 8,
    }  # fmt: skip
    return Idefics3ForConditionalGeneration(
        Idefics3Config(text_config=text, vision_config=vision, image_token_id=IMAGE, scale_factor=2)
    )


FAMILIES = {builder.__name__: builder for builder in (llava, llava_interleave, qwen2_5_vl, qwen3_vl, gemma3, idefics3)}


def make(family: str) -> Any:
    """A model of a family, in eval mode and float64."""
    torch.manual_seed(0)
    return FAMILIES[family]().double().eval().requires_grad_(False)


def make_inputs(family: str, *, batch: int = 2, length: int = 34, seed: int = 1) -> dict[str, Tensor]:
    """Image tokens at 5 to 20 of each sample, random text around them, random pixels."""
    random = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 90, (batch, length), generator=random)
    ids[:, FIRST : FIRST + TOKENS] = IMAGE
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    if family.startswith("qwen"):
        ids[:, FIRST - 1], ids[:, FIRST + TOKENS] = 96, 97
        width = 3 * 2 * 4 * 4
        inputs["pixel_values"] = torch.randn(batch * TOKENS * 4, width, generator=random, dtype=torch.float64)
        inputs["image_grid_thw"] = torch.tensor([[1, 8, 8]] * batch)
        inputs["mm_token_type_ids"] = (ids == IMAGE).long()
        return inputs
    side = 64 if family == "idefics3" else 32
    shape = (batch, 1, 3, side, side) if family == "idefics3" else (batch, 3, side, side)
    inputs["pixel_values"] = torch.randn(shape, generator=random, dtype=torch.float64)
    if family == "gemma3":
        inputs["token_type_ids"] = (ids == IMAGE).long()
    return inputs
