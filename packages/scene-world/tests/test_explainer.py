"""The shipped explainer sees parts and uses notes; its recipe runs."""

from pathlib import Path
from typing import Any

import pytest
import scene_world as world
import torch
from scene_world.creatures import NAMES
from scene_world.examine import load
from scene_world.examine_explainer import creature_exam, description_shares, is_as_asked, told
from scene_world.explainer import ExplainerRecipe, explainer_tokenizer, train_explainer

COUNT, SPLIT = 24, "checkpoint-test"


@pytest.fixture(scope="module")
def shipped() -> tuple[Any, Any]:
    torch.set_num_threads(1)
    return load(world.tiny_explainer_path())


def test_it_names_parts_that_are_there(shipped: tuple[Any, Any]) -> None:
    items = creature_exam("describe", COUNT, SPLIT)
    texts = told(*shipped, items)
    assert sum(len(world.parts_named(text)) for text in texts) >= 2 * COUNT
    shares = description_shares(items, texts)
    assert shares["describe/true"] >= 0.9
    assert shares["describe/complete"] >= 0.6


@pytest.mark.parametrize("kind", ["simple", "explain", "cot"])
def test_it_uses_the_name_in_the_notes_and_knows_none_without(shipped: tuple[Any, Any], kind: str) -> None:
    noted, plain = creature_exam(f"{kind}-notes", COUNT, SPLIT), creature_exam(kind, COUNT, SPLIT)
    names = [item.question.subject for item in noted]
    assert set(names) <= set(NAMES)
    texts = told(*shipped, noted)
    assert sum(name in text for name, text in zip(names, texts, strict=True)) >= 0.9 * COUNT
    assert sum(map(is_as_asked, noted, texts)) >= 0.9 * COUNT
    texts = told(*shipped, plain)
    assert not any(name in text for name in NAMES for text in texts)
    assert all("creature" in text for text in texts)
    assert all(map(is_as_asked, plain, texts))


def test_the_examination_marks_by_what_is_there_and_by_the_name_in_the_notes() -> None:
    item = creature_exam("describe", 1, SPLIT)[0]
    first, *others = item.creature.visible
    absent = next(part for part in item.creature.species.parts if part not in item.creature.visible)
    shares = description_shares([item], [f"It has {first.phrase} and {absent.phrase}."])
    assert shares == {"describe/true": 0.5, "describe/complete": 1 / (1 + len(others))}
    noted = creature_exam("simple-notes", 1, SPLIT)[0]
    name = noted.question.subject
    other = next(one for one in NAMES if one != name)
    texts = [f"It is a {name}.", f"It is a {other}.", f"It is a {name} or a {other}.", "It is a creature.", ""]
    assert [is_as_asked(noted, text) for text in texts] == [True, False, False, False, False]
    plain = creature_exam("simple", 1, SPLIT)[0]
    assert [is_as_asked(plain, text) for text in texts] == [False, False, False, True, False]
    part = creature_exam("part", 1, SPLIT)[0]
    assert [is_as_asked(part, text) for text in ("yes", "no", "")] == [
        part.question.answer == "yes", part.question.answer == "no", False,
    ]  # fmt: skip


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
