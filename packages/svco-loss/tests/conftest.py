"""Small random models of several families, each with a batch of two pairs whose parts differ in length."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import torch
from svco_loss import PairBatch, TokenRows
from torch import Tensor

IMAGE, START, END, EOS = 95, 93, 94, 2
TEXT: dict[str, Any] = {
    "vocab_size": 99, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.5,
    "bos_token_id": 1, "eos_token_id": EOS, "pad_token_id": 0,
}  # fmt: skip
MARKS = {"image_token_id": IMAGE, "vision_start_token_id": START, "vision_end_token_id": END, "video_token_id": 96}
Side = Literal["left", "right"]


def llava_llama() -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=8,
    )  # fmt: skip
    return LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=LlamaConfig(**TEXT), image_token_index=IMAGE)
    )


def llava_qwen() -> Any:
    """As LLaVA-NeXT-Interleave: SigLIP without a class token, Qwen2 text."""
    from transformers import LlavaConfig, LlavaForConditionalGeneration, Qwen2Config, SiglipVisionConfig

    vision = SiglipVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=8,
    )  # fmt: skip
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision, text_config=Qwen2Config(**TEXT), image_token_index=IMAGE, vision_feature_layer=-1,
            vision_feature_select_strategy="full",
        )
    )  # fmt: skip


def qwen2_vl() -> Any:
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 4}
    return Qwen2VLForConditionalGeneration(
        Qwen2VLConfig(text_config={**TEXT, "rope_parameters": rope}, vision_config=vision, **MARKS)
    )


def qwen2_5_vl() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]}
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 4, "out_hidden_size": 32,
        "window_size": 16, "fullatt_block_indexes": [1],
    }  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(text_config={**TEXT, "rope_parameters": rope}, vision_config=vision, **MARKS)
    )


def qwen3_vl() -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 4, "out_hidden_size": 32,
        "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
    }  # fmt: skip
    text = {**TEXT, "head_dim": 8, "rope_parameters": rope}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=vision, **MARKS))


X_ROWS = [[10, 11, 12, 13, EOS], [20, EOS]]
Y_ROWS = [[14, EOS], [21, 22, 23, EOS]]
QUESTIONS = [[5, 6, 7], [8]]


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def batch_of(
    tokens_a: list[int], tokens_b: list[int], images_a: dict[str, Tensor], images_b: dict[str, Tensor], side: Side
) -> PairBatch:
    """Two pairs; the numbers are the image tokens of each row."""

    def prompts(counts: list[int]) -> TokenRows:
        rows = [[1, START, *[IMAGE] * n, END, *question] for n, question in zip(counts, QUESTIONS, strict=True)]
        return TokenRows.of(rows, padding_side=side)

    none = TokenRows.of([[1, *question] for question in QUESTIONS], padding_side=side)
    answers = (TokenRows.of(rows, padding_side=side) for rows in (X_ROWS, Y_ROWS))
    return PairBatch(prompts(tokens_a), prompts(tokens_b), none, *answers, images_a, images_b)


def llava_batch(side: Side) -> PairBatch:
    images = ({"pixel_values": noise(2, 3, 16, 16, seed=seed)} for seed in (0, 1))
    return batch_of([4, 4], [4, 4], *images, side)


def qwen_batch(side: Side) -> PairBatch:
    """Images of 4 x 4, 4 x 8, 8 x 4 and 4 x 4 patches; four patches make one token."""
    grids = (torch.tensor([[1, 4, 4], [1, 4, 8]]), torch.tensor([[1, 8, 4], [1, 4, 4]]))
    images = (
        {"pixel_values": noise(48, 3 * 2 * 4 * 4, seed=seed), "image_grid_thw": grid} for seed, grid in enumerate(grids)
    )
    return batch_of([4, 8], [8, 4], *images, side)


@dataclass(frozen=True)
class Family:
    make: Callable[[], Any]
    batch: Callable[[Side], PairBatch]

    def model(self, attention: str = "sdpa", seed: int = 0) -> Any:
        torch.manual_seed(seed)
        model = self.make().train()
        model.set_attn_implementation(attention)
        return model


FAMILIES = {
    "llava_llama": Family(llava_llama, llava_batch),
    "llava_qwen": Family(llava_qwen, llava_batch),
    "qwen2_vl": Family(qwen2_vl, qwen_batch),
    "qwen2_5_vl": Family(qwen2_5_vl, qwen_batch),
    "qwen3_vl": Family(qwen3_vl, qwen_batch),
}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    """Each family in turn."""
    return FAMILIES[request.param]


@pytest.fixture
def llava() -> Family:
    """LLaVA-1.5's family."""
    return FAMILIES["llava_llama"]


@pytest.fixture
def qwen() -> Family:
    """A family whose images differ in their numbers of tokens."""
    return FAMILIES["qwen2_5_vl"]
