"""A tiny random LLaVA with its processor, pictures and pairs, made once for all tests of training."""

from __future__ import annotations

import os

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from svco_loss.pairs import ImagePair

TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'][0]['text'] + ' ' }}"
    "{% elif m['role'] == 'user' %}USER: {% for c in m['content'] %}"
    "{{ '<image>\n' if c['type'] == 'image' else c['text'] }}{% endfor %} "
    "{% else %}ASSISTANT:{% for c in m['content'] %}{{ ' ' + c['text'] }}{% endfor %}</s>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
SPECIAL = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
THINGS = ("a duck", "a red cup", "two trains on snow", "a bird", "one boat", "three blue chairs", "a cat", "the sign")


def make_tokenizer() -> Any:
    """Bytes and the words of the tests."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    names = ["<pad>", "<s>", "</s>", "<image>"]
    trainer = trainers.BpeTrainer(vocab_size=340, special_tokens=names, initial_alphabet=alphabet, show_progress=False)
    core.train_from_iterator(["USER: ASSISTANT: what is there ? " + " ".join(THINGS)] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", bos_token="<s>", eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip


def make_processor(tokenizer: Any) -> Any:
    """Pictures of 16 x 16 pixels, four tokens each."""
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    side = {"height": 16, "width": 16}
    images = CLIPImageProcessorPil(size=side, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.25] * 3)
    return LlavaProcessor(
        image_processor=images, tokenizer=tokenizer, patch_size=8, chat_template=TEMPLATE,
        vision_feature_select_strategy="default", num_additional_image_tokens=1,
    )  # fmt: skip


def make_model(tokenizer: Any, seed: int) -> Any:
    """LLaVA, 2 layers of 32."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    torch.manual_seed(seed)
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=8
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=512, initializer_range=0.2, **SPECIAL,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(
        LlavaConfig(vision_config=vision, text_config=text, image_token_index=3, image_seq_length=4, **SPECIAL)
    )
    for name, value in SPECIAL.items():
        setattr(model.generation_config, name, value)
    return model


def save_tiny(folder: Path, seed: int = 0) -> Path:
    """A whole checkpoint of random weights."""
    tokenizer = make_tokenizer()
    make_model(tokenizer, seed).save_pretrained(folder)
    make_processor(tokenizer).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the checkpoint."""
    return save_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with eight pictures of noise, `0.png` to `7.png`."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for k in range(8):
        Image.fromarray(rng.integers(0, 256, (20, 18, 3), dtype=np.uint8)).save(folder / f"{k}.png")
    return folder


@pytest.fixture(scope="session")
def pairs() -> list[ImagePair]:
    """Eight pairs: picture k and the next one, with the texts of both."""
    return [
        ImagePair("what is there ?", f"{k}.png", f"{(k + 1) % 8}.png", THINGS[k], THINGS[(k + 1) % 8], row=k)
        for k in range(8)
    ]
