"""The tiny vision-language model: a real LLaVA, with its tokenizer, processor and chat template, made in code."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scene_world.errors import require
from scene_world.glyphs import GLYPHS
from scene_world.hiding import pick_hidden
from scene_world.language import NUMBERS
from scene_world.questions import TASKS, View, ask, hidden_stem
from scene_world.scene import GRID, SIZE_PX, sample_scene
from scene_world.things import KINDS
from scene_world.zoom import make_zoom

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration, LlavaProcessor, PreTrainedTokenizerFast

IMAGE_TOKENS = GRID * GRID
WIDTH = 128
"""Width of the tower and of the language model."""
_SPECIAL = ["<pad>", "<s>", "</s>", "<image>"]
_WORDS = r" ?[01]\.\d\d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+"

CHAT_TEMPLATE = (
    "{%- macro text(content) -%}{%- if content is string -%}{{ content }}{%- else -%}"
    "{%- for part in content if part['type'] == 'text' -%}{{ part['text'] }}{%- endfor -%}{%- endif -%}{%- endmacro -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{ ' ' + text(message['content']) + '</s>' }}{%- endgeneration -%}"
    "{%- elif message['role'] == 'user' -%}{{ 'USER: ' }}"
    "{%- if message['content'] is not string -%}"
    "{%- for part in message['content'] if part['type'] == 'image' -%}{{ '<image>\\n' }}{%- endfor -%}{%- endif -%}"
    "{{ text(message['content']) + ' ASSISTANT:' }}"
    "{%- else -%}{{ text(message['content']) + '\\n' }}{%- endif -%}"
    "{%- endfor -%}"
)
"""`USER: <image>\\n... ASSISTANT: ...</s>`, as LLaVA-1.5; the blank after `ASSISTANT:` belongs to the answer."""


def world_text(scenes: int = 1500) -> Iterator[str]:
    """Everything that the world says about the first training scenes: the tokenizer is trained on it."""
    rng = random.Random("tokenizer")
    for word in (*NUMBERS, *GLYPHS, *GLYPHS):
        yield f"USER: \n{word} ASSISTANT: {word}"
    for kind in KINDS:
        yield f"USER: \n{hidden_stem(kind)} ASSISTANT: {kind}"
    for index in range(scenes):
        scene = sample_scene("train", index)
        view = View(scene, pick_hidden(scene, rng))
        for task in TASKS:
            question = ask(task, view, rng)
            if question:
                yield f"USER: \n{question.text} ASSISTANT: {question.answer}"
        zoom = make_zoom(view, rng)
        if zoom:
            yield f"USER: \n{zoom.where} ASSISTANT: {zoom.box_text}"


def build_tokenizer(texts: Iterable[str] | None = None) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer in which every word and every box number of its texts is one token.

    Args:
        texts: what is said; by default all that the world says.
    """
    require("transformers", "models")
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(_WORDS), "isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])  # pyright: ignore[reportAttributeAccessIssue]
    tokenizer.decoder = decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=1024,
        min_frequency=2,
        special_tokens=_SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(world_text() if texts is None else texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        padding_side="left",
        model_max_length=1024,
        clean_up_tokenization_spaces=False,
        extra_special_tokens={"image_token": "<image>"},
    )


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """The processor: any image is resized to 96 x 96 pixels and becomes 16 image tokens."""
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    image_processor = CLIPImageProcessorPil(
        size={"height": SIZE_PX, "width": SIZE_PX},
        do_center_crop=False,
        resample=3,
        image_mean=[0.5] * 3,
        image_std=[0.25] * 3,
    )
    return LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=SIZE_PX // GRID,
        chat_template=CHAT_TEMPLATE,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
    )


def build_model(tokenizer: PreTrainedTokenizerFast, *, layers: int = 5, seed: int = 0) -> LlavaForConditionalGeneration:
    """A freshly initialised model in float32: CLIP tower (3 layers), projector, Llama (`layers`), all 128 wide."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    torch.manual_seed(seed)
    special: dict[str, Any] = {
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        image_size=SIZE_PX,
        patch_size=SIZE_PX // GRID,
    )
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 5 // 2,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        **special,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=int(str(tokenizer.convert_tokens_to_ids("<image>"))),
        image_seq_length=IMAGE_TOKENS,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    for name, value in special.items():
        setattr(config, name, value)
    model = LlavaForConditionalGeneration(config)
    for name, value in special.items():
        setattr(model.generation_config, name, value)
    return model


def tiny_vlm_path() -> Path:
    """The folder of the pretrained tiny VLM: a `LlavaForConditionalGeneration` checkpoint with its processor."""
    return Path(__file__).parent / "checkpoints" / "tiny-vlm"


def tiny_explainer_path() -> Path:
    """The folder of the tiny VLM that talks about creatures: a `LlavaForConditionalGeneration` with its processor."""
    return Path(__file__).parent / "checkpoints" / "tiny-explainer"
