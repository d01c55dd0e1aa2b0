"""Teaches the tiny VLM to talk about creatures, from pictures and from notes; it learns no name of any.

    python -m scene_world.explainer --out checkpoints/tiny-explainer

It goes on from the tiny VLM with a few more words in its vocabulary. Every picture shows a creature of a species of its
own, and a name is told anew, at random, with each question that uses one: what is learned is to see parts and to use
notes, and no name means anything.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from scene_world.creature_pictures import draw_creature
from scene_world.creature_talk import (
    NAME_QUESTIONS,
    NOBODY,
    ask_name,
    ask_part,
    ask_to_say,
    ask_with_notes,
    describe,
    write_notes,
)
from scene_world.creatures import NAMES, Creature, random_creature
from scene_world.curriculum import Plan, example
from scene_world.packing import Branch, Encoder
from scene_world.pretrain import answer_loss
from scene_world.questions import Question
from scene_world.tiny_vlm import build_model, build_processor, build_tokenizer, tiny_vlm_path, world_text


@dataclass(frozen=True)
class ExplainerRecipe:
    """The shipped recipe; one run of it made the checkpoint in this package."""

    steps: int = 1_600
    images: int = 8
    """In a step."""
    world: int = 2
    """Of them, scenes with the tiny VLM's own questions, so that it forgets little."""
    learning_rate: float = 1.5e-3
    seed: int = 0


_ROW_TOKENS = 120
_NAME_TIMES = 200


def creature_text(count: int = 400) -> Iterator[str]:
    """What is said about creatures, and their names, for the tokenizer."""
    for _ in range(_NAME_TIMES):
        yield from (f" {name}" for name in NAMES)
    for index in range(count):
        creature, rng = random_creature("tokenizer", index), random.Random(f"explainer/text/{index}")
        asked = [describe(creature, rng), ask_part(creature, rng)]
        asked += [ask_name(creature, kind, rng) for kind in NAME_QUESTIONS]
        for question in asked:
            yield f"USER: \n{question.text} ASSISTANT: {question.answer}"
            yield "USER: \nSay"
            yield f"USER: \n{write_notes(NOBODY, [question.subject], question.text)}"


def explainer_tokenizer() -> Any:
    """The tiny VLM's tokenizer, with a token for each word about creatures and each of their names too."""
    return build_tokenizer([*world_text(), *creature_text()])


def creature_branches(encoder: Encoder, index: int) -> tuple[Creature, list[Branch]]:
    """Picture number `index` and as many questions about it as fit in a row."""
    creature, rng = random_creature("explainer", index), random.Random(f"explainer/{index}")
    branches: list[Branch] = []
    while sum(map(len, branches)) < _ROW_TOKENS:
        branches += [encoder.question(question) for question in _questions(creature, rng)]
    return creature, branches


def _questions(creature: Creature, rng: random.Random) -> list[Question]:
    kind = rng.choice(list(NAME_QUESTIONS))
    last = ask_with_notes(creature, kind, rng) if rng.random() < 0.75 else ask_name(creature, kind, rng)
    return [describe(creature, rng), ask_part(creature, rng), ask_to_say(rng), last]


def train_explainer(recipe: ExplainerRecipe, folder: Path) -> Path:
    """Runs a recipe and writes the checkpoint to `folder`; it has no state to go on from, as it takes minutes."""
    tokenizer = explainer_tokenizer()
    model, encoder = _wider(tokenizer, recipe.seed), Encoder(tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.0)
    history: list[dict[str, float]] = []
    start = time.time()
    model.train()
    for step in range(recipe.steps):
        images, branches = _batch(encoder, step, recipe)
        loss = answer_loss(model, encoder, images, branches)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _share(step, recipe.steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if (step + 1) % 100 == 0 or step + 1 == recipe.steps:
            history.append({"step": step + 1, "answers": loss.item()})
            print(f"{step + 1:6d} {loss.item():.4f} {(step + 1) / (time.time() - start):.2f} steps/s", flush=True)
    _export(model.eval(), tokenizer, recipe, history, folder)
    return folder


def _batch(encoder: Encoder, step: int, recipe: ExplainerRecipe) -> tuple[list[Any], list[list[Branch]]]:
    """Pictures, each scene's followed by its crops, and the branches of each."""
    images: list[list[Any]] = []
    branches: list[list[Branch]] = []
    for k in range(recipe.images - recipe.world):
        creature, asked = creature_branches(encoder, step * recipe.images + k)
        images.append([np.asarray(draw_creature(creature))])
        branches.append(asked)
    plan = Plan(dense=0.2, completions=0.3, is_late=True)
    for k in range(recipe.world):
        scene = example(encoder, 400_000 + step * recipe.images + k, plan)
        images.append([scene.image, *scene.crops])
        branches.append(scene.branches)
    return [image for group in images for image in group], branches


def _wider(tokenizer: Any, seed: int) -> Any:
    """The tiny VLM with the vocabulary of another tokenizer: known tokens keep their vectors.

    A new word begins as the mean of its old pieces, a name anywhere: means of names are nearly the same (cosine 0.99),
    and a model that cannot tell names apart does not learn to repeat one.
    """
    from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

    old: Any = LlavaForConditionalGeneration.from_pretrained(tiny_vlm_path(), dtype="float32")
    old_tokenizer: Any = PreTrainedTokenizerFast.from_pretrained(tiny_vlm_path())
    model: Any = build_model(tokenizer, layers=old.config.text_config.num_hidden_layers, seed=seed)
    weights = {name: value for name, value in old.state_dict().items() if "embed_tokens" not in name}
    left = model.load_state_dict({k: v for k, v in weights.items() if "lm_head" not in k}, strict=False)
    if left.unexpected_keys or any("embed_tokens" not in k and "lm_head" not in k for k in left.missing_keys):
        raise ValueError(f"the tiny VLM has other weights than expected: {left}")
    vectors, known = old.get_input_embeddings().weight.data, old_tokenizer.get_vocab()
    target = model.get_input_embeddings().weight.data
    for token, index in tokenizer.get_vocab().items():
        text = tokenizer.convert_tokens_to_string([token])
        pieces = [known[token]] if token in known else old_tokenizer.encode(text, add_special_tokens=False)
        is_name = text.strip() in NAMES
        target[index] = torch.randn(vectors.shape[1]) * vectors.std() if is_name else vectors[pieces].mean(0)
    model.tie_weights()
    return model


def _share(step: int, steps: int) -> float:
    share = (step + 1) / (steps + 1)
    return min(1.0, share / 0.04) * (1 - share)


def _export(model: Any, tokenizer: Any, recipe: ExplainerRecipe, history: list[Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    build_processor(tokenizer).save_pretrained(folder)
    versions = {name: version(name) for name in ("torch", "transformers", "tokenizers", "numpy", "pillow")}
    record = {"recipe": asdict(recipe), "versions": versions, "history": history}
    (folder / "training.json").write_text(json.dumps(record, indent=1) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scene_world.explainer", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--threads", type=int, default=1)
    for name, value in asdict(ExplainerRecipe()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    values = vars(parser.parse_args())
    out, threads = values.pop("out"), values.pop("threads")
    torch.set_num_threads(threads)
    train_explainer(ExplainerRecipe(**values), out)


if __name__ == "__main__":
    main()
