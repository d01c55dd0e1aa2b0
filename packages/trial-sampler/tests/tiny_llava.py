"""A small random LLaVA and its processor, built in code."""

from __future__ import annotations

from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from .asking import SIZE

PATCH, SPECIAL = 24, ["<pad>", "<s>", "</s>", "<image>"]
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | upper }}: {% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image>{% else %}{{ p['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
WORDS = [f"word{index}" for index in range(700 - 4 - 256)]


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """About 700 entries: bytes, and words that a random model can choose."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {token: index for index, token in enumerate([*SPECIAL, *alphabet, *WORDS])}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        additional_special_tokens=["<image>"],
        extra_special_tokens={"image_token": "<image>"},
        model_max_length=1024,
    )


def tiny_processor(*, patch: int = PATCH) -> LlavaProcessor:
    """A LLaVA processor for square images of 96 px."""
    images = CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE})
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tiny_tokenizer(),
        patch_size=patch,
        chat_template=TEMPLATE,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def tiny_llava(*, width: int = 128, layers: int = 4, vocabulary: int = 700, spread: float = 0.02) -> Any:
    """A random LLaVA; a wider `spread` of the weights makes peaked distributions."""
    torch.manual_seed(0)
    vision = CLIPVisionConfig(
        hidden_size=width, intermediate_size=3 * width, num_hidden_layers=3, num_attention_heads=4,
        image_size=SIZE, patch_size=PATCH, projection_dim=width,
    )  # fmt: skip
    text = LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=5 * width // 2, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=512, initializer_range=spread,
        pad_token_id=0, bos_token_id=1, eos_token_id=2, tie_word_embeddings=True,
    )  # fmt: skip
    config = LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=3, vision_feature_layer=-1,
        vision_feature_select_strategy="default", tie_word_embeddings=True,
    )  # fmt: skip
    config.pad_token_id, config.bos_token_id, config.eos_token_id = 0, 1, 2
    model = LlavaForConditionalGeneration(config).eval()
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, 2
    return model
