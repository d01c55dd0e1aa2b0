"""Small random models and processors for the tests, built in code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
import torch
from PIL import Image
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
from trial_sampler import Request

from . import asking

SIZE, PATCH, SPECIAL = 96, 24, ["<pad>", "<s>", "</s>", "<image>"]
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] | upper }}: {% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image>{% else %}{{ p['text'] }}{% endif %}{% endfor %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)
IMAGE, START, END, PAD, ASSISTANT = 95, 93, 94, 0, 8  # of `IdsProcessor`; the first four as the models have them
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


def _picture(index: int) -> Image.Image:
    """A small image that differs by index; another object each time."""
    return asking.picture(index, (SIZE, SIZE)).copy()


def _ask(index: int, **changes: Any) -> Request:
    """A request whose question's length differs by index."""
    question = "What is behind the blocks" + "?" * (1 + index % 5)
    content = [{"type": "image"}, {"type": "text", "text": question}]
    settings: dict[str, Any] = {
        "id": f"scene-{index}", "messages": [{"role": "user", "content": content}], "images": [_picture(index)],
        "n": 4, "temperature": 1.0, "top_p": 0.9, "max_new_tokens": 12, "seed": 7,
    }  # fmt: skip
    return Request(**(settings | changes))


@pytest.fixture(scope="session")
def make_llava() -> Callable[..., Any]:
    return tiny_llava


@pytest.fixture(scope="session")
def make_processor() -> Callable[..., Any]:
    return tiny_processor


@pytest.fixture(scope="session")
def llava() -> Any:
    return tiny_llava(width=64, layers=2, spread=0.3)


@pytest.fixture(scope="session")
def processor() -> Any:
    return tiny_processor()


@pytest.fixture(scope="session")
def ask() -> Callable[..., Request]:
    return _ask


@pytest.fixture(scope="session")
def picture() -> Callable[[int], Image.Image]:
    return _picture


@pytest.fixture(scope="session")
def family() -> Callable[[str], Any]:
    """Random models by family, that never end an answer."""
    makers: dict[str, Callable[[], Any]] = {
        "qwen2_vl": qwen2_vl, "qwen2_5_vl": qwen2_5_vl, "qwen3_vl": qwen3_vl, "qwen3_5": qwen3_5, "gemma3": gemma3,
        "gemma3 that sees far": lambda: gemma3(window=64),
    }  # fmt: skip

    @cache
    def made(name: str) -> Any:
        torch.manual_seed(0)
        model = makers[name]().eval()
        model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, 1000
        return model

    return made


@pytest.fixture
def pair(family: Callable[[str], Any], llava: Any, processor: Any) -> Callable[[str], tuple[Any, Any]]:
    """A model and its processor by family."""
    return lambda name: (llava, processor) if name == "llava" else (family(name), IdsProcessor(name))
