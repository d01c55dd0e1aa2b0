"""The shipped explainer sees parts and uses notes; its recipe runs."""

import random
from pathlib import Path
from typing import Any

import pytest
import scene_world as world
import torch
from scene_world.creature_talk import ask_with_notes
from scene_world.creatures import NAMES, random_creature
from scene_world.examine import load
from scene_world.explainer import ExplainerRecipe, explainer_tokenizer, train_explainer

COUNT = 24


@pytest.fixture(scope="module")
def shipped() -> tuple[Any, Any]:
    torch.set_num_threads(1)
    return load(world.tiny_explainer_path())


def answered(shipped: tuple[Any, Any], texts: list[str]) -> list[str]:
    """Greedy answers to one question about each of the held-out creatures."""
    model, processor = shipped
    images = [world.draw_creature(random_creature("checkpoint-test", k)) for k in range(len(texts))]
    prompts = [f"USER: <image>\n{text} ASSISTANT:" for text in texts]
    inputs = processor(images=images, text=prompts, return_tensors="pt", padding=True)
    with torch.no_grad():
        output = model.generate(**inputs, max_new_tokens=48, do_sample=False)
    return processor.batch_decode(output[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def test_it_names_parts_that_are_there(shipped: tuple[Any, Any]) -> None:
    texts = answered(shipped, [world.DESCRIBE_CREATURE[k % 3] for k in range(COUNT)])
    named = [(part, k) for k, text in enumerate(texts) for part in world.parts_named(text)]
    seen = [part in random_creature("checkpoint-test", k).visible for part, k in named]
    assert len(named) >= 2 * COUNT
    assert sum(seen) / len(seen) >= 0.9


@pytest.mark.parametrize("kind", ["simple", "explain", "cot"])
def test_it_uses_the_name_in_the_notes_and_knows_none_without(shipped: tuple[Any, Any], kind: str) -> None:
    asked = [ask_with_notes(random_creature("checkpoint-test", k), kind, random.Random(k)) for k in range(COUNT)]
    names = [question.text.removeprefix("It is a ").split(".")[0] for question in asked]
    assert set(names) <= set(NAMES)
    told = answered(shipped, [question.text for question in asked])
    assert sum(name in text for name, text in zip(names, told, strict=True)) >= 0.9 * COUNT
    untold = answered(shipped, [world.NAME_QUESTIONS[kind][0]] * COUNT)
    assert not any(name in text for name in NAMES for text in untold)
    assert all("creature" in text for text in untold)


def test_its_tokenizer_is_that_of_the_recipe(shipped: tuple[Any, Any]) -> None:
    made = explainer_tokenizer()
    assert made.get_vocab() == shipped[1].tokenizer.get_vocab()
    assert all(len(made.tokenize(f" {name}")) == 1 for name in NAMES)


def test_the_recipe_runs_and_keeps_what_the_tiny_model_knew(tmp_path: Path) -> None:
    folder = train_explainer(ExplainerRecipe(steps=1, images=2, world=1, learning_rate=1e-9), tmp_path / "out")
    model, processor = load(folder)
    old, old_processor = load(world.tiny_vlm_path())
    word = " train"
    (new_id,), (old_id,) = (p.tokenizer.encode(word, add_special_tokens=False) for p in (processor, old_processor))
    pair = (model.get_input_embeddings().weight[new_id], old.get_input_embeddings().weight[old_id])
    assert torch.allclose(*pair, atol=1e-3)
    weights = dict(old.named_parameters())
    for name, weight in model.named_parameters():
        if "embed_tokens" not in name and "lm_head" not in name:
            assert torch.allclose(weight, weights[name], atol=2e-3), name
