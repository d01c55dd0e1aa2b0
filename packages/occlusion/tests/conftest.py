"""Tiny detection checkpoints with random weights, written once: the real architectures, processors and tokenizers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

WORDS = ["cat", "dog", "red", "chair", "tennis", "racket", "ball", "bird", "lamp", "cup", "a", "photo", "of", "##s"]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def noise(width: int, height: int, *, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def bert_tokenizer() -> Any:
    from transformers import BertTokenizer

    # The models know the delimiters by the numbers that they have in uncased BERT.
    names = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1010: ",", 1012: ".", 1029: "?"}
    words = dict.fromkeys([*WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS)])
    names |= {1030 + i: word for i, word in enumerate(words)}
    return BertTokenizer(vocab={names.get(i, f"[unused{i}]"): i for i in range(max(names) + 1)})


def clip_tokenizer() -> Any:
    from transformers import CLIPTokenizer

    tokens = ["!", *LETTERS, *(f"{letter}</w>" for letter in LETTERS), ".</w>", "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={token: i for i, token in enumerate(tokens)}, merges=[], pad_token="!", model_max_length=16
    )


def randomize_boxes(model: Any) -> None:
    """The last layer of a box head starts at zero, which puts every box on its proposal."""
    import torch

    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "bbox_embed" in name or "box_head" in name:
                weight.normal_(0, 0.2)


def grounding_dino_config(config_class: Any) -> Any:
    from transformers import BertConfig, SwinConfig

    swin = SwinConfig(
        image_size=64,
        embed_dim=8,
        depths=[1, 1, 1],
        num_heads=[1, 1, 1],
        window_size=4,
        out_features=["stage2", "stage3"],
    )
    bert = BertConfig(vocab_size=1200, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_n_points": 2, "decoder_n_points": 2}
    layers = {"encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    sizes = {"d_model": 32, "num_queries": 24, "num_feature_levels": 3}
    return config_class(backbone_config=swin, text_config=bert, **heads, **layers, **sizes)


def save_grounding_dino(folder: Path, config_class: Any, model_class: Any) -> None:
    import torch
    from transformers import GroundingDinoProcessor
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

    torch.manual_seed(0)
    model = model_class(grounding_dino_config(config_class))
    randomize_boxes(model)
    images = GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
    model.save_pretrained(folder)
    GroundingDinoProcessor(images, bert_tokenizer()).save_pretrained(folder)


def save_owl(folder: Path, config_class: Any, model_class: Any, processor_class: Any, images: Any) -> None:
    import torch

    torch.manual_seed(0)
    tokenizer = clip_tokenizer()
    layers = {"hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": 0}
    text = {"vocab_size": len(tokenizer), "max_position_embeddings": 16, **layers, **ends}
    vision = {"image_size": 64, "patch_size": 16, **layers}
    model = model_class(config_class(text_config=text, vision_config=vision, projection_dim=32))
    randomize_boxes(model)
    model.save_pretrained(folder)
    processor_class(images, tokenizer).save_pretrained(folder)


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A folder for each model type."""
    import transformers as t
    from transformers.models.owlv2.image_processing_pil_owlv2 import Owlv2ImageProcessorPil
    from transformers.models.owlvit.image_processing_pil_owlvit import OwlViTImageProcessorPil

    t.utils.logging.disable_progress_bar()
    root, square = tmp_path_factory.mktemp("checkpoints"), {"height": 64, "width": 64}
    folders = {kind: root / kind for kind in ("grounding-dino", "mm-grounding-dino", "owlv2", "owlvit")}
    save_grounding_dino(folders["grounding-dino"], t.GroundingDinoConfig, t.GroundingDinoForObjectDetection)
    save_grounding_dino(folders["mm-grounding-dino"], t.MMGroundingDinoConfig, t.MMGroundingDinoForObjectDetection)
    owlv2, owlvit = Owlv2ImageProcessorPil(size=square), OwlViTImageProcessorPil(size=square)
    save_owl(folders["owlv2"], t.Owlv2Config, t.Owlv2ForObjectDetection, t.Owlv2Processor, owlv2)
    save_owl(folders["owlvit"], t.OwlViTConfig, t.OwlViTForObjectDetection, t.OwlViTProcessor, owlvit)
    return {kind: str(folder) for kind, folder in folders.items()}


@pytest.fixture(scope="session")
def video_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder for each video model of SAM, as published."""
    from .sam_models import save_video_checkpoints

    return save_video_checkpoints(tmp_path_factory.mktemp("video"), clip_tokenizer())


def copy_without(folder: Path, start: str, to: Path) -> None:
    """Copy a checkpoint without the weights whose names start so."""
    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, to)
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(start)}
    assert len(kept) < len(tensors)
    save_file(kept, to / "model.safetensors", metadata={"format": "pt"})


@pytest.fixture(scope="session")
def loaded(checkpoints: dict[str, str]) -> dict[str, tuple[Any, Any]]:
    """Model and processor of each checkpoint. Copy a model before you change it."""
    from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

    return {
        kind: (AutoModelForZeroShotObjectDetection.from_pretrained(folder), AutoProcessor.from_pretrained(folder))
        for kind, folder in checkpoints.items()
    }
