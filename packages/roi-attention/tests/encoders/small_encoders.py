"""Small encoder models with random weights, in float64, and inputs made by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor
from transformers import (
    CLIPConfig,
    CLIPModel,
    DeiTConfig,
    DeiTForImageClassification,
    DeiTForImageClassificationWithTeacher,
    DetrConfig,
    DetrForObjectDetection,
    Dinov2Config,
    Dinov2ForImageClassification,
    LxmertConfig,
    LxmertForQuestionAnswering,
    ResNetConfig,
    ViTConfig,
    ViTForImageClassification,
)

START, END, PAD = 97, 98, 1
_TOWER: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "initializer_range": 0.3,
}
_PICTURE: dict[str, Any] = {**_TOWER, "image_size": 24, "patch_size": 8, "num_labels": 5}


def _ready(model: Any) -> Any:
    """In float64 and eval mode, with weights wide enough that attention is far from even."""
    torch.manual_seed(2)
    model = model.double().eval()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.25)
        elif weight.dim() == 1:
            weight.data += 0.1 * torch.randn_like(weight)
    return model


def vit(**changes: Any) -> Any:
    return _ready(ViTForImageClassification(ViTConfig(**{**_PICTURE, **changes})))


def deit() -> Any:
    return _ready(DeiTForImageClassification(DeiTConfig(**_PICTURE)))


def deit_with_teacher() -> Any:
    return _ready(DeiTForImageClassificationWithTeacher(DeiTConfig(**_PICTURE)))


def dinov2() -> Any:
    return _ready(Dinov2ForImageClassification(Dinov2Config(**_PICTURE)))


def clip(*, end: int = END, text_layers: int = 3) -> Any:
    text = {**_TOWER, "num_hidden_layers": text_layers, "vocab_size": 99, "max_position_embeddings": 12}
    special = {"bos_token_id": START, "eos_token_id": end, "pad_token_id": PAD}
    vision = {**_TOWER, "image_size": 24, "patch_size": 8}
    return _ready(CLIPModel(CLIPConfig(text_config={**text, **special}, vision_config=vision, projection_dim=16)))


@cache
def detr() -> Any:
    backbone = ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], out_features=["stage4"], layer_type="basic"
    )
    layers = {"encoder_layers": 2, "decoder_layers": 3, "encoder_attention_heads": 4, "decoder_attention_heads": 4}
    widths = {"d_model": 32, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48}
    return _ready(
        DetrForObjectDetection(DetrConfig(backbone_config=backbone, num_queries=6, num_labels=4, **layers, **widths))
    )


@cache
def lxmert() -> Any:
    sizes: dict[str, Any] = {"vocab_size": 50, "hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 48}
    seen: dict[str, Any] = {"visual_feat_dim": 12, "num_qa_labels": 7, "max_position_embeddings": 20}
    return _ready(LxmertForQuestionAnswering(LxmertConfig(**sizes, **seen, l_layers=3, r_layers=2, x_layers=3)))


def pictures(count: int, height: int = 24, width: int = 24) -> Tensor:
    return torch.randn(count, 3, height, width, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def pairs() -> dict[str, Tensor]:
    """Three pictures and texts of 4, 7 and 5 tokens."""
    texts = [[START, 11, 12, END], [START, 21, 22, 23, 24, 25, END], [START, 31, 32, 33, END]]
    ids = torch.tensor([text + [PAD] * (7 - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (7 - len(text)) for text in texts])
    return {"input_ids": ids, "attention_mask": mask, "pixel_values": pictures(3)}


def scenes() -> dict[str, Tensor]:
    """Two pictures of 96 x 128 and 64 x 96 pixels (height, width), padded to 96 x 128: a grid of 3 x 4."""
    pixels, mask = pictures(2, 96, 128), torch.ones(2, 96, 128, dtype=torch.long)
    pixels[1, :, 64:], pixels[1, :, :, 96:] = 0, 0
    mask[1, 64:], mask[1, :, 96:] = 0, 0
    return {"pixel_values": pixels, "pixel_mask": mask}


def questions() -> dict[str, Tensor]:
    """Two questions, of 6 and 4 tokens, about 5 boxes each, the last two of the second one padding."""
    random = torch.Generator().manual_seed(7)
    ids = torch.tensor([[3, 11, 12, 13, 14, 4], [3, 21, 22, 4, 0, 0]])
    return {
        "input_ids": ids,
        "attention_mask": (ids != 0).long(),
        "visual_feats": torch.randn(2, 5, 12, generator=random, dtype=torch.float64),
        "visual_pos": torch.rand(2, 5, 4, generator=random, dtype=torch.float64),
        "visual_attention_mask": torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]),
    }
