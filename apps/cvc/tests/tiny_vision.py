"""A detector and a segmenter, small and with random weights: the real architectures, saved as checkpoints."""

from pathlib import Path
from typing import Any

import torch

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def save_detector(folder: Path) -> Path:
    """GroundingDINO, as `transformers` has it."""
    from transformers import BertConfig, GroundingDinoConfig, GroundingDinoForObjectDetection, GroundingDinoProcessor
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

    torch.manual_seed(0)
    swin: dict[str, Any] = {"image_size": 64, "embed_dim": 8, "depths": [1, 1, 1], "num_heads": [1, 1, 1]}
    swin |= {"model_type": "swin", "window_size": 4, "out_features": ["stage2", "stage3"]}
    text = BertConfig(vocab_size=1200, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_n_points": 2, "decoder_n_points": 2}
    layers = {"encoder_layers": 1, "decoder_layers": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16}
    sizes = {"d_model": 32, "num_queries": 24, "num_feature_levels": 3}
    config = GroundingDinoConfig(backbone_config=swin, text_config=text, **heads, **layers, **sizes)
    model = GroundingDinoForObjectDetection(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "bbox_embed" in name:  # zeros put every box on its proposal
                weight.normal_(0, 0.2)
    model.save_pretrained(folder)
    images = GroundingDinoImageProcessorPil(size={"shortest_edge": 64, "longest_edge": 96})
    GroundingDinoProcessor(images, _tokenizer()).save_pretrained(folder)
    return folder


def save_segmenter(folder: Path) -> Path:
    """SAM, as `transformers` has it."""
    from transformers import SamConfig, SamModel, SamProcessor
    from transformers.models.sam.image_processing_pil_sam import SamImageProcessorPil

    torch.manual_seed(0)
    layers = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {"image_size": 64, "patch_size": 8, "window_size": 3, "global_attn_indexes": [1], "num_pos_feats": 8}
    prompt = {"hidden_size": 16, "image_size": 64, "patch_size": 8, "image_embedding_size": 8, "mask_input_channels": 4}
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = SamConfig(
        vision_config=layers | vision | {"mlp_ratio": 2.0, "output_channels": 16},
        prompt_encoder_config=prompt,
        mask_decoder_config=decoder | {"iou_head_hidden_dim": 16, "iou_head_depth": 2},
    )
    SamModel(config).save_pretrained(folder)
    sizes = {"size": {"longest_edge": 64}, "pad_size": {"height": 64, "width": 64}}
    SamProcessor(SamImageProcessorPil(**sizes)).save_pretrained(folder)
    return folder


def _tokenizer() -> Any:
    """Letters as word pieces; the delimiters have their numbers in uncased BERT, as the model expects."""
    from transformers import BertTokenizer

    names = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1010: ",", 1012: ".", 1029: "?"}
    pieces = [*LETTERS, *(f"##{letter}" for letter in LETTERS)]
    names |= {1030 + number: piece for number, piece in enumerate(pieces)}
    return BertTokenizer(vocab={names.get(i, f"[unused{i}]"): i for i in range(max(names) + 1)})
