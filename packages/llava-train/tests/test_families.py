"""Model families, tiny and random: what is supervised, both padding sides, a few steps, adapters on language alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from llava_train import (
    RowEncoder,
    SftSettings,
    UnsupportedModelError,
    find_parts,
    load_model,
    load_processor,
    stop_token_ids,
    train,
)
from llava_train.collating import collate
from llava_train.model_parts import lora_targets, part_of
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2Config,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    SiglipVisionConfig,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

Rows = list[dict[str, Any]]

VICUNA = (  # that of llava-hf/llava-1.5-7b-hf: answers are left open
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'].upper() + ': ' }}{% endif %}"
    "{% for c in m['content'] if c['type'] == 'image' %}{{ '<image>\n' }}{% endfor %}"
    "{% for c in m['content'] if c['type'] == 'text' %}{{ c['text'] + ' ' }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
CHATML = (  # Qwen's: a line break behind the end token, which is not the answer's
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}"
    "{% for c in m['content'] %}{{ IMAGE if c['type'] == 'image' else c['text'] }}{% endfor %}"
    "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
MARKS = ["<pad>", "<s>", "</s>", "<image>", "<|im_start|>", "<|im_end|>",
         "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]  # fmt: skip
SIZES: dict[str, Any] = {
    "vocab_size": len(MARKS) + 256, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 512, "tie_word_embeddings": True,
}  # fmt: skip
VISION: dict[str, Any] = {"hidden_size": 32, "num_heads": 2, "patch_size": 4}
ROPE: dict[str, Any] = {"rope_type": "default", "rope_theta": 10000.0}


@dataclass(frozen=True)
class Family:
    """One model family: how its tiny model and processor are made, and what it writes into answers."""

    model: Callable[[], Any]
    processor: Callable[[], Any]
    end: str
    """Text of the end token."""
    before_answer: str = ""
    """What stands between the opening of a turn and its text, and is learned with it."""
    bos: str | None = None
    """Text of the token that begins a sequence."""


def tokenizer(*, bos: str | None, eos: str, image: str) -> PreTrainedTokenizerFast:
    """Bytes, and the marks of all families; `bos` is put in front of every text, as Llama's tokenizer does."""
    vocab = {token: k for k, token in enumerate([*MARKS, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    tokens = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    tokens.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokens.decoder = decoders.ByteLevel()
    if bos is not None:
        tokens.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, vocab[bos])]
        )
    marks = [mark for mark in MARKS if mark not in (bos, eos, image, "<pad>")]
    return PreTrainedTokenizerFast(
        tokenizer_object=tokens, pad_token="<pad>", bos_token=bos, eos_token=eos,
        additional_special_tokens=marks, extra_special_tokens={"image_token": image},
    )  # fmt: skip


def llava_processor(images: Any, template: str, strategy: str, **marks: Any) -> LlavaProcessor:
    return LlavaProcessor(
        image_processor=images, tokenizer=tokenizer(image="<image>", **marks), patch_size=16,
        chat_template=template, vision_feature_select_strategy=strategy,
        num_additional_image_tokens=int(strategy == "default"),
    )  # fmt: skip


def llava_model(text: Any, vision: Any, strategy: str) -> Any:
    return LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision, text_config=text, image_token_index=MARKS.index("<image>"), image_seq_length=4,
            vision_feature_layer=-1, vision_feature_select_strategy=strategy, tie_word_embeddings=True,
        )
    )  # fmt: skip


def clip_images() -> Any:
    return CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})


def siglip_images() -> Any:
    return SiglipImageProcessorPil(size={"height": 32, "width": 32})


def llava_1_5() -> Any:
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16
    )
    return llava_model(LlamaConfig(**SIZES), vision, "default")


def llava_interleave() -> Any:
    """SigLIP has no class token: all of its patches are used."""
    vision = SiglipVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=16,
        vision_use_head=False,
    )  # fmt: skip
    return llava_model(Qwen2Config(**SIZES), vision, "full")


def ids_of_marks() -> dict[str, int]:
    names = {"image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>"}
    names |= {"vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>"}
    return {key: MARKS.index(mark) for key, mark in names.items()}


def qwen2_vl() -> Any:
    text = {**SIZES, "rope_parameters": {**ROPE, "mrope_section": [1, 1, 2]}}
    vision = {"depth": 1, "embed_dim": 32, "mlp_ratio": 2, **VISION}
    return Qwen2VLForConditionalGeneration(
        Qwen2VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids_of_marks())
    )


def qwen2_5_vl() -> Any:
    text = {**SIZES, "rope_parameters": {**ROPE, "mrope_section": [1, 1, 2]}}
    vision = {
        "depth": 2, "intermediate_size": 64, "out_hidden_size": 32, "window_size": 16, "fullatt_block_indexes": [1],
        **VISION,
    }  # fmt: skip
    return Qwen2_5_VLForConditionalGeneration(
        Qwen2_5_VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids_of_marks())
    )


def qwen3_vl() -> Any:
    text = {**SIZES, "head_dim": 8, "rope_parameters": {**ROPE, "mrope_section": [2, 1, 1]}}
    vision = {
        "depth": 2, "intermediate_size": 64, "out_hidden_size": 32, "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0], **VISION,
    }  # fmt: skip
    return Qwen3VLForConditionalGeneration(
        Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **ids_of_marks())
    )


def qwen_processor(kind: Any) -> Callable[[], Any]:
    """The family's own processor without its video half, which needs torchvision."""

    class WithoutVideo(kind):
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if argument_name != "video_processor":
                super().check_argument_for_proper_class(argument_name, argument)

        @classmethod
        def get_attributes(cls) -> list[str]:
            return ["image_processor", "tokenizer", "video_processor"]

        def save_pretrained(self, folder: Any, **kwargs: Any) -> None:
            self.tokenizer.save_pretrained(folder)

    def make() -> Any:
        images = Qwen2VLImageProcessorPil(patch_size=4, merge_size=2, min_pixels=16 * 16, max_pixels=32 * 32)
        tokens = tokenizer(bos=None, eos="<|im_end|>", image="<|image_pad|>")
        template = CHATML.replace("IMAGE", "'<|vision_start|><|image_pad|><|vision_end|>'")
        return WithoutVideo(images, tokens, None, chat_template=template)

    return make


FAMILIES = {
    "llava-1.5": Family(
        llava_1_5,
        lambda: llava_processor(clip_images(), VICUNA, "default", bos="<s>", eos="</s>"),
        "</s>",
        before_answer=" ",
        bos="<s>",
    ),
    "llava-interleave": Family(
        llava_interleave,
        lambda: llava_processor(
            siglip_images(), CHATML.replace("IMAGE", "'<image>'"), "full", bos=None, eos="<|im_end|>"
        ),
        "<|im_end|>",
    ),
    "qwen2-vl": Family(qwen2_vl, qwen_processor(Qwen2VLProcessor), "<|im_end|>"),
    "qwen2.5-vl": Family(qwen2_5_vl, qwen_processor(Qwen2_5_VLProcessor), "<|im_end|>"),
    "qwen3-vl": Family(qwen3_vl, qwen_processor(Qwen3VLProcessor), "<|im_end|>"),
}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> Family:
    return FAMILIES[request.param]


@pytest.fixture(scope="module")
def checkpoint(family: Family, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("family")
    model = family.model()
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = MARKS.index(family.end), 0
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def settings(checkpoint: Path, family: Family, monkeypatch: pytest.MonkeyPatch) -> SftSettings:
    """Three steps over four rows."""
    monkeypatch.setattr("llava_train.training.load_processor", lambda _: family.processor())
    return SftSettings(
        model=str(checkpoint), method="full", learning_rate=1e-2, max_steps=3, batch_size=4, device="cpu",
        dtype="float32", weight_decay=0.1,
    )  # fmt: skip


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
def test_a_processor_that_needs_torchvision_says_so_in_one_line(tmp_path: Path) -> None:
    tokenizer(bos=None, eos="<|im_end|>", image="<|image_pad|>").save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_vl"}')
    (tmp_path / "processor_config.json").write_text('{"processor_class": "Qwen2VLProcessor"}')
    (tmp_path / "preprocessor_config.json").write_text('{"image_processor_type": "Qwen2VLImageProcessor"}')
    with pytest.raises(UnsupportedModelError, match=r"lacks a library.* requires the Torchvision library"):
        load_processor(str(tmp_path))


def part(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


@pytest.fixture(scope="module")
def dialogues(pictures: list[Path]) -> Rows:
    """One picture; two pictures in one turn; a picture in each of two turns; none."""
    image = {"type": "image"}

    def row(row_id: str, images: list[int], *turns: Any) -> dict[str, Any]:
        roles = ("user", "assistant") * (len(turns) // 2)
        messages = [{"role": role, "content": list(turn)} for role, turn in zip(roles, turns, strict=True)]
        return {"id": row_id, "messages": messages, "images": [str(pictures[k]) for k in images]}

    return [
        row("one", [0], [image, part("What is it?")], [part("a duck")]),
        row("two", [1, 2], [image, part("and"), image, part("differ how?")], [part("In the colour.")]),
        row("turns", [3, 4], [image, part("This?")], [part("a train")], [part("And"), image], [part("snow, I think")]),
        row("none", [], [part("One and one?")], [part("two")]),
    ]


def answers_of(row: dict[str, Any]) -> list[str]:
    return [turn["content"][0]["text"] for turn in row["messages"] if turn["role"] == "assistant"]


def runs_of_labels(labels: list[int]) -> list[list[int]]:
    """Labels without -100, split where -100 stands between them."""
    runs: list[list[int]] = [[]]
    for label in labels:
        runs = [*runs[:-1], [*runs[-1], label]] if label != -100 else [*runs, []]
    return [run for run in runs if run]


def test_supervised_tokens_are_each_answer_and_its_end_token(family: Family, checkpoint: Path, dialogues: Rows) -> None:
    processor = family.processor()
    tokens = processor.tokenizer
    encoder = RowEncoder(processor, stop_ids=stop_token_ids(str(checkpoint), tokens))
    image_id = tokens.convert_tokens_to_ids(processor.image_token)
    for row in dialogues:
        encoded = encoder.encode(row)
        runs = runs_of_labels(encoded.labels)
        expected = [family.before_answer + answer + family.end for answer in answers_of(row)]
        assert [tokens.decode(run) for run in runs] == expected
        assert all(image_id not in run for run in runs)
        assert (image_id in encoded.input_ids) == bool(row["images"])
        assert encoded.input_ids.count(image_id) == (
            0 if not row["images"] else image_tokens(encoded.images, processor)
        )
        if family.bos is not None:
            assert encoded.input_ids.count(tokens.convert_tokens_to_ids(family.bos)) == 1
            assert encoded.input_ids[0] == tokens.convert_tokens_to_ids(family.bos)


def image_tokens(inputs: dict[str, Any], processor: Any) -> int:
    """How many features the model makes of these images: 4 of a LLaVA image of 32 px, else patches merged 2 x 2."""
    if "image_grid_thw" not in inputs:
        return 4 * len(inputs["pixel_values"])
    return int(inputs["image_grid_thw"].prod(-1).sum()) // processor.image_processor.merge_size**2


def test_a_few_steps_lower_the_loss_which_is_that_of_either_padding_side(
    family: Family, settings: SftSettings, dialogues: Rows, tmp_path: Path
) -> None:
    result = train(settings, dialogues, tmp_path)
    assert (result.refused, result.adapter_folder, result.merge_difference) == ((), None, None)
    assert result.losses[-1] < result.losses[0] - 0.3
    one_by_one, right, left = token_means(family, settings, dialogues)
    assert (right, left, result.losses[0]) == pytest.approx((one_by_one,) * 3, rel=1e-4)


@pytest.mark.parametrize("family", ["llava-interleave", "qwen3-vl"], indirect=True, scope="module")
def test_adapters_and_projector_move_while_the_vision_tower_stays_and_merge_as_they_answer(
    settings: SftSettings, dialogues: Rows, tmp_path: Path
) -> None:
    result = train(replace(settings, method="lora", train_projector=True, max_steps=2), dialogues, tmp_path)
    before, after = (load_model(str(one), "float32") for one in (settings.model, result.model_folder))
    parts, new = find_parts(before), after.state_dict()
    moved = {name for name, weight in before.state_dict().items() if not torch.equal(weight, new[name])}
    assert {part_of(name, parts) for name in moved} == {"language", "projector"}
    assert result.merge_difference is not None
    assert result.merge_difference < 1e-3


def token_means(family: Family, settings: SftSettings, rows: Rows) -> list[float]:
    """Mean loss over answer tokens by the model's own forward: rows one by one, padded right, padded left."""
    processor = family.processor()
    encoder = RowEncoder(processor, stop_ids=stop_token_ids(settings.model, processor.tokenizer))
    model = load_model(settings.model, "float32").eval()
    encoded = [encoder.encode(row) for row in rows]
    means: list[float] = []
    for batches, side in (([[one] for one in encoded], "right"), ([encoded], "right"), ([encoded], "left")):
        total, count = 0.0, 0
        for batch in batches:
            inputs = collate(batch, pad_id=0, padding_side=side)
            tokens = int(inputs.pop("loss_weights").sum())
            with torch.no_grad():
                total, count = total + float(model(**inputs).loss) * tokens, count + tokens
        means.append(total / count)
    return means


def test_adapters_go_to_every_linear_layer_of_the_asked_parts_and_nowhere_else(checkpoint: Path) -> None:
    model = load_model(str(checkpoint), "float32")
    parts = find_parts(model)
    assert parts.projectors
    linear = {name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}
    for train_vision, asked in ((False, {"language"}), (True, {"language", "vision"})):
        pattern = lora_targets(model, parts, train_vision=train_vision)
        matched = {name for name, _ in model.named_modules() if re.fullmatch(pattern, name)}
        expected = {name for name in linear if part_of(name, parts) in asked and name != "lm_head"}
        assert matched == expected
        assert len(matched) >= 2 * 7
