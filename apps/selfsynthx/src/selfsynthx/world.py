"""The embedded world as a user's folder: creatures of made-up species, what each looks like, and rows to mix."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from shard_runner import Row
from shard_runner.cli import write_json

from selfsynthx.embedding import MINILM
from selfsynthx.settings import LABELS, TINY, SynthSettings


@dataclass(frozen=True, kw_only=True)
class WorldSize:
    """How much of the world to draw, and how long to train on it."""

    species: int
    """Kinds of creatures; every two of them differ in two parts of five."""
    pictures: int
    """Pictures to learn from."""
    validation: int
    """Pictures to choose the best round on."""
    held_out: int
    """Pictures never looked at before the end."""
    rounds: int
    """Rounds of training."""
    steps: int
    """Optimiser steps of a round."""


DEMO = WorldSize(species=12, pictures=96, validation=96, held_out=240, rounds=2, steps=60)
FAST = WorldSize(species=4, pictures=8, validation=4, held_out=8, rounds=2, steps=2)


def write_world(folder: Path, size: WorldSize, seed: int) -> None:
    """Draw a world into a folder; a folder that is complete is left as it is.

    `labels.json` holds the labelled pictures, `concepts.json` what each species looks like, `truth.json` what can be
    seen in each picture, `creatures.yaml` prompts and questions in the words that the tiny model knows, `base.json`
    ordinary rows to mix in.
    """
    import scene_world
    from llava_train import write_rooted_rows

    record, wanted = folder / "world.json", {**vars(size), "seed": seed}
    if record.is_file() and json.loads(record.read_text(encoding="utf-8")) == wanted:
        return
    folder.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)  # what a kill leaves of another world is no complete one
    species = scene_world.sample_species(str(seed), size.species)
    write_json(folder / "concepts.json", {one.name: _features(one, species) for one in species})
    rows = list(_pictures(folder, size, seed, species))
    write_json(folder / "labels.json", [{k: v for k, v in row.items() if k != "visible"} for row in rows])
    write_json(folder / "truth.json", {row["id"]: row["visible"] for row in rows})
    spec = yaml.safe_dump(_spec(), sort_keys=False, allow_unicode=True)
    (folder / "creatures.yaml").write_text(spec, encoding="utf-8")
    write_rooted_rows(scene_world.base_rows(size.pictures, folder / "base", seed=seed), folder / "base.json")
    write_json(record, wanted)


def world_settings(folder: Path, size: WorldSize, seed: int, **changes: Any) -> SynthSettings:
    """Settings that run the method on a drawn world with the tiny model; `changes` are settings that differ."""
    values: dict[str, Any] = {
        "seed": seed,
        "data": folder / "labels.json",
        "dataset": str(folder / "creatures.yaml"),
        "concepts": folder / "concepts.json",
        "truth": folder / "truth.json",
        "model": TINY,
        "device": "cpu",
        "prompts_per_batch": 32,
        "embedder": MINILM,
        "descriptions": 3,
        "description_tokens": 48,
        "teacher_tokens": 64,
        "answer_tokens": 64,
        "eval_tokens": 64,
        "rounds": size.rounds,
        "lora_r": 32,
        "lora_alpha": 64,
        "lora_dropout": 0.0,
        "learning_rate": 3e-3,
        "max_steps": size.steps,
        "batch_size": 16,
        # sentences of thirty tokens would drown the names
        "length_weighting": 0.5,
        "gradient_checkpointing": False,
        "mix": folder / "base.json",
        "mix_ratio": 0.25,
        "controls": [LABELS],
    }
    return SynthSettings(**(values | changes))


def _features(species: Any, every: Any) -> list[str]:
    """The parts of a species, and two of its cousin that it does not have: lists of features are never quite right."""
    own = [part.phrase for part in species.parts]
    place = every.index(species)
    cousin = every[place ^ 1] if place ^ 1 < len(every) else every[0]
    return [*own, *(part.phrase for part in cousin.parts if part.phrase not in own)]


def _pictures(folder: Path, size: WorldSize, seed: int, species: Any) -> Iterator[Row]:
    import scene_world

    counts = {"train": size.pictures, "validation": size.validation, "test": size.held_out}
    for split, count in counts.items():
        (folder / split).mkdir(exist_ok=True)
        for index in range(count):
            creature = scene_world.sample_creature(f"{split}-{seed}", index, species)
            name = f"{split}/{index:05d}.png"
            scene_world.draw_creature(creature).save(folder / name)
            visible = [part.phrase for part in creature.visible]
            label = creature.species.name
            yield {"id": creature.id, "image": name, "label": label, "split": split, "visible": visible}


def _spec() -> dict[str, Any]:
    """Prompts and questions as the tiny model has seen them."""
    import scene_world

    questions = {kind: list(texts) for kind, texts in scene_world.NAME_QUESTIONS.items()}
    notes = scene_world.NOTES_PROMPT.format(label="{label}", concepts="{concepts}", question="{question}")
    return {
        "extends": "generic",
        "title": "Creatures",
        "noun": "creature",
        "descriptions": list(scene_world.DESCRIBE_CREATURE),
        "questions": questions,
        "teacher": notes,
        "visible_question": "Does the {noun} have {feature}?",
        "augmentation": "none",
    }
