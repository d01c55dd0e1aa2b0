"""The shipped checkpoints: real transformers models that know their world; and the recipes that made them."""

from pathlib import Path

import pytest
import scene_world as world
import torch
from scene_world.curriculum import Plan, example
from scene_world.examine import answers, load
from scene_world.packing import Encoder, pack
from scene_world.pretrain import Pretraining, Recipe, pretrain
from scene_world.tiny_mlm import build_mlm_tokenizer, pretrain_mlm
from scene_world.tiny_vlm import build_model, build_processor, build_tokenizer
from scene_world.zoom import zoom_crop

SMALL = Recipe(
    warmup_steps=2, warmup_images=4, steps=3, images=2, completion_steps=1, horizon=4, anneal_steps=2, layers=1
)


@pytest.fixture(scope="module")
def shipped():  # type: ignore[no-untyped-def]
    torch.set_num_threads(1)
    return load(world.tiny_vlm_path())


def test_the_checkpoints_are_small_safetensors() -> None:
    for folder, limit in ((world.tiny_vlm_path(), 12e6), (world.tiny_mlm_path(), 2e6)):
        files = [p for p in folder.rglob("*") if p.is_file()]
        assert sum(p.stat().st_size for p in files) < limit
        assert [p.suffix for p in files if p.stat().st_size > 2e5] == [".safetensors"]


# Floors well under the figures in the README, on few questions, so that a broken checkpoint shows and chance does not.
@pytest.mark.parametrize(
    ("task", "floor"),
    [
        ("exist", 0.8),
        ("color", 0.8),
        ("count", 0.68),
        ("side", 0.7),
        ("relation", 0.65),
        ("region", 0.75),
        ("ground", 0.3),
    ],
)
def test_the_shipped_model_sees(shipped, task: str, floor: float) -> None:  # type: ignore[no-untyped-def]
    items = list(world.exam(task, 60, "checkpoint-test"))
    texts = [a[0] for a in answers(*shipped, items)]
    assert sum(world.is_right(i.question, t) for i, t in zip(items, texts, strict=True)) / 60 >= floor


def test_the_shipped_model_reads_two_images_in_one_dialogue(shipped) -> None:  # type: ignore[no-untyped-def]
    model, processor = shipped
    right = asked = 0
    for item in world.exam("color", 30, "zoom-test"):
        kind = item.question.subject
        thing = next(t for t in item.view.visible if t.kind == kind)
        box = world.box_xyxy_px(thing)
        prompt = (
            f"USER: <image>\n{world.WHERE_REQUEST} {item.question.text} ASSISTANT: "
            f"[0.00, 0.00, 0.50, 0.50]</s>USER: <image>\n{item.question.text} ASSISTANT:"
        )
        images = [[item.image, zoom_crop(item.image, box)]]
        inputs = processor(images=images, text=[prompt], return_tensors="pt")
        with torch.no_grad():
            output = model.generate(**inputs, max_new_tokens=4, do_sample=False)
        text = processor.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True).strip()
        asked, right = asked + 1, right + (text == item.question.answer)
    assert right / asked >= 0.6


def test_the_chat_template_gives_the_prompts_of_pretraining() -> None:
    processor = build_processor(build_tokenizer())
    question = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Where is the car?"}]}
    answer = {"role": "assistant", "content": [{"type": "text", "text": "nowhere"}]}
    text = processor.apply_chat_template([question, answer, question], tokenize=False)
    turn = "USER: <image>\nWhere is the car? ASSISTANT:"
    assert text == f"{turn} nowhere</s>{turn}"


def test_a_packed_question_gets_the_logits_that_it_gets_alone() -> None:
    tokenizer = build_tokenizer()
    model, encoder = build_model(tokenizer, layers=2).eval(), Encoder(tokenizer)
    sample = example(encoder, 5, Plan(dense=0.0, completions=0.0))
    pixels = torch.from_numpy((sample.image / 255.0 - 0.5) / 0.25).float().permute(2, 0, 1)[None]
    branches = [b for b in sample.branches if list(b.ids).count(encoder.image_id) == 0][:3]

    def logits(chosen: list) -> torch.Tensor:  # type: ignore[type-arg]
        packed = pack(encoder, [chosen])
        with torch.no_grad():
            return model(
                input_ids=packed.ids_B_L,
                pixel_values=pixels,
                attention_mask=packed.mask_B_1_L_L,
                position_ids=packed.positions_B_L,
            ).logits[0]

    together = logits(branches)
    at = len(encoder.prefix)
    for branch in branches:
        alone = logits([branch])[len(encoder.prefix) :]
        torch.testing.assert_close(together[at : at + len(branch)], alone, atol=2e-5, rtol=0)
        at += len(branch)


def test_pretraining_continues_where_it_stopped(tmp_path: Path) -> None:
    whole = Pretraining(SMALL)
    for _ in range(SMALL.warmup_steps + SMALL.steps):
        whole.advance()
    first = Pretraining(SMALL)
    for _ in range(3):
        first.advance()
    first.save(tmp_path)
    second = Pretraining(SMALL)
    assert second.load(tmp_path)
    while second.step < second.total_steps:
        second.advance()
    for a, b in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_masked_word_of_a_caption_is_one_token() -> None:
    tokenizer = build_mlm_tokenizer()
    assert all(len(tokenizer.encode(f" {kind}", add_special_tokens=False)) == 1 for kind in world.KINDS)


@pytest.mark.slow
def test_two_hundred_steps_of_the_recipe_learn(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    run = pretrain(Recipe(warmup_steps=100, steps=100, completion_steps=20, horizon=150, anneal_steps=60), tmp_path)
    losses = {h["step"]: h for h in run.history}
    assert losses[100]["patches"] < 8.0
    assert losses[200]["answers"] < 2.5
    load(tmp_path)


@pytest.mark.slow
def test_the_recipe_of_the_masked_model_learns(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    assert pretrain_mlm(tmp_path, steps=200) < 3.5
