"""A tiny random LLaVA with its processor, made once for all tests; nothing is downloaded."""

from __future__ import annotations

import os

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny matrices: more threads only wait for each other

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'system' %}{{ m['content'][0]['text'] + ' ' }}"
    "{% elif m['role'] == 'user' %}{{ 'USER: ' }}"
    "{% for c in m['content'] %}{{ '<image>\n' if c['type'] == 'image' else c['text'] }}{% endfor %}{{ ' ' }}"
    "{% else %}{{ 'ASSISTANT:' }}{% for c in m['content'] %}{{ ' ' + c['text'] }}{% endfor %}{{ END }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
CLOSED = TEMPLATE.replace("{{ END }}", "{{ '</s>' }}")
OPEN = TEMPLATE.replace("{{ END }}", "{{ ' ' }}")
WORDS = "USER: ASSISTANT: what is hidden behind the gray blocks ? a duck train bird one two red blue yes no on snow . "


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=["<pad>", "<s>", "</s>", "<image>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        padding_side="left",
        extra_special_tokens={"image_token": "<image>"},
    )


def _processor(tokenizer: Any, template: str) -> Any:
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    side = {"height": 32, "width": 32}
    images = CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size=side, image_mean=[0.5] * 3, image_std=[0.25] * 3
    )
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=16,
        chat_template=template,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def _model(tokenizer: Any) -> Any:
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    torch.manual_seed(0)
    special = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        **special,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=4,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
        **special,
    )
    model = LlavaForConditionalGeneration(config)
    for name, value in special.items():
        setattr(model.generation_config, name, value)
    return model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny checkpoint whose template closes answers by </s>."""
    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = _tokenizer()
    _model(tokenizer).save_pretrained(folder)
    _processor(tokenizer, CLOSED).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def processor(tiny: Path) -> Any:
    from transformers import AutoProcessor

    return AutoProcessor.from_pretrained(tiny)


@pytest.fixture
def open_processor(tiny: Path) -> Any:
    """A processor whose template leaves answers open, as that of LLaVA-1.5 does."""
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(tiny)
    processor.chat_template = OPEN
    return processor


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eight small pictures of noise."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    paths = [folder / f"{k}.png" for k in range(8)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (40, 36, 3), dtype=np.uint8)).save(path)
    return paths


def text_part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


@pytest.fixture(scope="session")
def rows(pictures: list[Path]) -> list[dict[str, Any]]:
    """Eight rows: one picture, one question and one short answer each."""
    answers = ["a duck", "a train on snow", "yes", "two", "a red bird", "no", "one", "blue"]
    return [
        {
            "id": f"row-{k}",
            "messages": [
                {"role": "user", "content": [{"type": "image"}, text_part("what is hidden ?")]},
                {"role": "assistant", "content": [text_part(answer)]},
            ],
            "images": [str(pictures[k])],
        }
        for k, answer in enumerate(answers)
    ]
