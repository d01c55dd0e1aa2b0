"""Small random models of other families than LLaVA, and a processor for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image

IMAGE, START, END, PAD, ASSISTANT = 95, 93, 94, 0, 8  # of `IdsProcessor`; the first four as the models have them
TEXT: dict[str, Any] = {
    "vocab_size": 99, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.5,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0,
}  # fmt: skip
MARKS = {"image_token_id": 95, "vision_start_token_id": 93, "vision_end_token_id": 94, "video_token_id": 96}


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


def qwen3_5() -> Any:
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1], "partial_rotary_factor": 1.0}
    vision = {
        "depth": 1, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 4, "out_hidden_size": 32,
        "num_position_embeddings": 64,
    }  # fmt: skip
    text = {
        **TEXT, "head_dim": 8, "rope_parameters": rope, "layer_types": ["linear_attention", "full_attention"],
        "linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 2,
    }  # fmt: skip
    return Qwen3_5ForConditionalGeneration(Qwen3_5Config(text_config=text, vision_config=vision, **MARKS))


def gemma3(window: int = 6) -> Any:
    """Its first layer sees 6 tokens back, fewer than the prompts are long."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    text = {
        **TEXT, "head_dim": 8, "sliding_window": window, "layer_types": ["sliding_attention", "full_attention"],
        "query_pre_attn_scalar": 8, "attn_logit_softcapping": None,
    }  # fmt: skip
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
              "image_size": 16, "patch_size": 4}  # fmt: skip
    config = Gemma3Config(
        text_config=text, vision_config=vision, mm_tokens_per_image=4, image_token_index=95, boi_token_index=93,
        eoi_token_index=94,
    )  # fmt: skip
    model = Gemma3ForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight)  # zeros: it would see no image
    return model


MAKERS: dict[str, Callable[[], Any]] = {
    "qwen2_vl": qwen2_vl, "qwen2_5_vl": qwen2_5_vl, "qwen3_vl": qwen3_vl, "qwen3_5": qwen3_5, "gemma3": gemma3,
    "gemma3 that sees far": lambda: gemma3(window=64),
}  # fmt: skip


def tiny_model(name: str) -> Any:
    """A random model of a family, that never ends an answer."""
    torch.manual_seed(0)
    model = MAKERS[name]().eval()
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, 1000
    return model


class NumberTokenizer:
    """Writes tokens as their numbers."""

    bos_token, eos_token_id = None, 1000

    def __len__(self) -> int:
        return 99

    def batch_decode(self, rows: Any, **_: Any) -> list[str]:
        return [" ".join(map(str, row)) for row in rows]


class IdsProcessor:
    """Reads texts of token numbers, in which I is an image, for models whose own processors need torchvision."""

    def __init__(self, name: str) -> None:
        self.is_gemma = name.startswith("gemma3")
        self.tokenizer = NumberTokenizer()
        self.image_processor = RowImages() if self.is_gemma else GridImages()

    def apply_chat_template(self, turns: Any, **_: Any) -> str:
        """A turn of the assistant begins with a token of its own, so that later turns go on from the prompt."""
        words = []
        for turn in turns:
            words += [str(ASSISTANT)] * (turn["role"] == "assistant")
            words += ["I" if part["type"] == "image" else part["text"] for part in turn["content"]]
        return " ".join([*words, str(ASSISTANT)])

    def __call__(self, text: Sequence[str], images: Any, **_: Any) -> dict[str, torch.Tensor]:
        of_images = dict(self.image_processor(images)) if images else {}
        of_images.pop("num_crops", None)
        waiting = iter(of_images.get("image_grid_thw", []))
        rows = [[token for word in line.split() for token in self.tokens_of(word, waiting)] for line in text]
        width = max(map(len, rows))
        ids = torch.tensor([[PAD] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        kinds = {"token_type_ids" if self.is_gemma else "mm_token_type_ids": (ids == IMAGE).int()}
        return {"input_ids": ids, "attention_mask": mask} | kinds | of_images

    def tokens_of(self, word: str, waiting: Any) -> list[int]:
        if word != "I":
            return [int(word)]
        return [START, *[IMAGE] * (4 if self.is_gemma else int(next(waiting).prod()) // 4), END]


class RowImages:
    """Makes one row of noise for each image, and one for each of its crops, in the form of Gemma 3."""

    def __init__(self, crops: int = 0) -> None:
        self.crops = crops

    def __call__(self, images: Any, **_: Any) -> dict[str, Any]:
        pictures = flat(images)
        rows = [noise(one, 3 * 16 * 16).reshape(1, 3, 16, 16) for one in pictures for _ in range(1 + self.crops)]
        return {"pixel_values": torch.cat(rows), "num_crops": [self.crops] * len(pictures)}


class GridImages:
    """Makes noise for each patch of 4 px of each image, in the form of Qwen2-VL."""

    def __call__(self, images: Any, **_: Any) -> dict[str, torch.Tensor]:
        pictures = flat(images)
        grids = torch.tensor([[1, one.size[1] // 4, one.size[0] // 4] for one in pictures])
        sizes = grids.prod(-1).tolist()
        pixels = [noise(one, size * 96).reshape(size, 96) for one, size in zip(pictures, sizes, strict=True)]
        return {"pixel_values": torch.cat(pixels), "image_grid_thw": grids}


def flat(images: Any) -> list[Image.Image]:
    """The images of a list of them, or of a list for each prompt."""
    return [image for row in images for image in (row if isinstance(row, list) else [row])]


def noise(image: Image.Image, count: int) -> torch.Tensor:
    """Numbers that depend on the pixels."""
    seed = int.from_bytes(image.tobytes()[:6])
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))
