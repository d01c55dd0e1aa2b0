"""The SAM family with random weights, built small: the real architectures."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

SIDE = 64
KINDS = ("sam", "sam2", "sam3")


def sam_config() -> Any:
    from transformers import SamConfig

    vision = {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "mlp_ratio": 2.0,
        "output_channels": 16,
    }
    sizes = {"image_size": SIDE, "patch_size": 8, "window_size": 3, "global_attn_indexes": [1], "num_pos_feats": 8}
    prompt = {"hidden_size": 16, "image_size": SIDE, "patch_size": 8, "image_embedding_size": SIDE // 8}
    return SamConfig(
        vision_config={**vision, **sizes},
        prompt_encoder_config={**prompt, "mask_input_channels": 4},
        mask_decoder_config=decoder(),
    )


def decoder() -> dict[str, Any]:
    heads = {"num_attention_heads": 2, "iou_head_hidden_dim": 16, "iou_head_depth": 2}
    return {"hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 2, **heads}


def sam2_parts() -> dict[str, Any]:
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [SIDE, SIDE],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 1, 1],
        "window_size_per_stage": [4, 2, 2, 2],
        "window_positional_embedding_background_size": [2, 2],
        "global_attention_blocks": [3],
    }
    neck = {"backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]]}
    return {
        "vision_config": {"backbone_config": backbone, **neck, "fpn_hidden_size": 16},
        "prompt_encoder_config": {"hidden_size": 16, "image_size": SIDE, "patch_size": 16, "mask_input_channels": 4},
        "mask_decoder_config": decoder(),
    }


def sam2_config() -> Any:
    from transformers import Sam2Config

    return Sam2Config(**sam2_parts())


def sam3_vision() -> dict[str, Any]:
    layers = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes = {
        "image_size": SIDE,
        "patch_size": 8,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": 32,
    }
    neck = {"fpn_hidden_size": 16, "backbone_feature_sizes": [[32, 32], [16, 16], [8, 8]]}
    return {"backbone_config": {"model_type": "sam3_vit_model", **layers, **sizes}, **neck}


def sam3_tracker_parts() -> dict[str, Any]:
    return {
        "vision_config": {"model_type": "sam3_vision_model", **sam3_vision()},
        "prompt_encoder_config": {"hidden_size": 16, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 4},
        "mask_decoder_config": decoder(),
    }


def sam3_tracker_config() -> Any:
    from transformers import Sam3TrackerConfig

    return Sam3TrackerConfig(**sam3_tracker_parts())


def sam3_parts(vocab: int) -> dict[str, Any]:
    detr = {"hidden_size": 16, "num_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"bos_token_id": vocab - 2, "eos_token_id": vocab - 1, "pad_token_id": 0}
    return {
        "vision_config": sam3_vision(),
        "text_config": {"vocab_size": vocab, "max_position_embeddings": 16, "projection_dim": 8, **text, **ends},
        "geometry_encoder_config": {**detr, "num_layers": 1},
        "detr_encoder_config": detr,
        "detr_decoder_config": {**detr, "num_queries": 6},
        "mask_decoder_config": {"hidden_size": 16, "num_attention_heads": 2},
    }


def sam3_config(vocab: int) -> Any:
    from transformers import Sam3Config

    return Sam3Config(**sam3_parts(vocab))


def seeded(model_class: Any, config: Any, *, spread: float = 0.3) -> Any:
    """A model whose masks differ from box to box: as it is initialised they hardly do."""
    import torch

    torch.manual_seed(0)
    model = model_class(config).eval()
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "norm" not in name:
                weight.normal_(0, spread)
    return model


def box_model(kind: str) -> Any:
    import transformers as t

    classes = {
        "sam": (t.SamModel, sam_config),
        "sam2": (t.Sam2Model, sam2_config),
        "sam3": (t.Sam3TrackerModel, sam3_tracker_config),
    }
    model_class, config = classes[kind]
    return seeded(model_class, config())


def write_processor(folder: Path, kind: str) -> None:
    """The file of an image processor, as checkpoints of the hub have it."""
    half = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    imagenet = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    size = {"longest_edge": SIDE} if kind == "sam" else {"height": SIDE, "width": SIDE}
    named = {"sam": "SamImageProcessor", "sam2": "Sam2ImageProcessor", "sam3": "Sam3ImageProcessor"}[kind]
    content = {"image_processor_type": named, "size": size, **(half if kind == "sam3" else imagenet)}
    (folder / "preprocessor_config.json").write_text(json.dumps(content))


def save_video_checkpoints(root: Path, tokenizer: Any) -> dict[str, Path]:
    """The published checkpoints of SAM 2 and SAM 3 are video models, which hold the image models."""
    import transformers as t
    from safetensors.torch import save_file

    memory = {
        "memory_attention_hidden_size": 16,
        "memory_attention_num_layers": 1,
        "memory_attention_feed_forward_hidden_size": 16,
        "memory_attention_rope_feat_sizes": [4, 4],
        "memory_encoder_hidden_size": 16,
        "memory_encoder_output_channels": 8,
        "mask_downsampler_embed_dim": 16,
        "memory_fuser_num_layers": 1,
        "memory_fuser_embed_dim": 16,
        "memory_fuser_intermediate_dim": 16,
        "image_size": SIDE,
    }
    sam2 = sam2_parts() | {"mask_decoder_config": t.Sam2VideoConfig().mask_decoder_config.__class__(**decoder())}
    models = {"sam2_video": seeded(t.Sam2VideoModel, t.Sam2VideoConfig(**sam2, **memory))}
    with warnings.catch_warnings():  # transformers scripts a function of it, which torch 2.13 no longer likes.
        warnings.simplefilter("ignore", DeprecationWarning)
        sam3_video = t.Sam3VideoModel
    tracker = sam3_tracker_parts()
    tracker |= {"mask_decoder_config": t.Sam3TrackerVideoConfig().mask_decoder_config.__class__(**decoder())}
    parts = {
        "detector_config": {"model_type": "sam3", **sam3_parts(len(tokenizer))},
        "tracker_config": t.Sam3TrackerVideoConfig(**tracker, **memory),
    }
    models["sam3_video"] = seeded(sam3_video, t.Sam3VideoConfig(**parts, low_res_mask_size=32))
    for kind, model in models.items():
        model.config.save_pretrained(root / kind)
        # Named as in the published files: save_pretrained of transformers 5.19 writes a prefix of SAM 3 twice.
        save_file(model.state_dict(), root / kind / "model.safetensors", metadata={"format": "pt"})
        write_processor(root / kind, kind.removesuffix("_video"))
    tokenizer.save_pretrained(root / "sam3_video")
    return {kind: root / kind for kind in models}
