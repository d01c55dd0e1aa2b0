"""Examines an explainer on held-out creatures: does it see parts, and does it use notes?

python -m scene_world.examine_explainer               # the shipped checkpoint, 200 creatures
python -m scene_world.examine_explainer --model DIR --n 50
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from scene_world.creature_pictures import draw_creature
from scene_world.creature_talk import NAME_QUESTIONS, NOBODY, ask_name, ask_part, ask_with_notes, describe, parts_named
from scene_world.creatures import NAMES, Creature, random_creature
from scene_world.examine import answers, load
from scene_world.questions import Question
from scene_world.tiny_vlm import tiny_explainer_path

_MAX_NEW_TOKENS = 48


class CreatureItem(NamedTuple):
    """One question about one creature."""

    creature: Creature
    image: Image.Image
    question: Question


def creature_exam(task: str, n: int, split: str = "heldout") -> list[CreatureItem]:
    """One question about each of the first `n` creatures of a split, every one of a species of its own.

    Args:
        task: `describe`, `part`, a kind of `NAME_QUESTIONS`, or such a kind with `-notes`.
        n: how many.
        split: name of the split.
    """
    creatures = [random_creature(split, index) for index in range(n)]
    return [
        CreatureItem(one, draw_creature(one), _ask(task, one, random.Random(f"exam/{task}/{one.id}")))
        for one in creatures
    ]


def told(model: Any, processor: Any, items: Sequence[CreatureItem]) -> list[str]:
    """Greedy answers, one to each item."""
    return [texts[0] for texts in answers(model, processor, items, max_new_tokens=_MAX_NEW_TOKENS)]


def examine_explainer(model: Any, processor: Any, n: int = 200) -> dict[str, float]:
    """Shares of the greedy answers over `n` held-out creatures.

    `describe/true`: of the parts that descriptions name, those in sight; `describe/complete`: of the parts in sight,
    those named; `part`: right answers to whether a part is there; for each kind of question `KIND-notes`: answers that
    use the name in the notes, and `KIND`: answers without notes that name no species.
    """
    items = creature_exam("describe", n)
    table = description_shares(items, told(model, processor, items))
    for task in ("part", *(f"{kind}{notes}" for kind in NAME_QUESTIONS for notes in ("-notes", ""))):
        items = creature_exam(task, n)
        marks = [is_as_asked(one, text) for one, text in zip(items, told(model, processor, items), strict=True)]
        table[task] = sum(marks) / n
    return table


def description_shares(items: Sequence[CreatureItem], texts: Sequence[str]) -> dict[str, float]:
    """How much of what descriptions say is there, and how much of what is there they say."""
    named = [set(parts_named(text)) for text in texts]
    visible = [set(item.creature.visible) for item in items]
    both = sum(len(said & seen) for said, seen in zip(named, visible, strict=True))
    return {
        "describe/true": both / max(1, sum(map(len, named))),
        "describe/complete": both / max(1, sum(map(len, visible))),
    }


def is_as_asked(item: CreatureItem, text: str) -> bool:
    """Whether an answer to `part` is right, or names what it should: the name in its notes; without them no species."""
    if item.question.task == "part":
        return text == item.question.answer
    return _names(text) == {item.question.subject or NOBODY}


def _names(text: str) -> set[str]:
    words = text.replace(",", " ").replace(".", " ").split()
    return {word for word in words if word in (*NAMES, NOBODY)}


def _ask(task: str, creature: Creature, rng: random.Random) -> Question:
    if task in ("describe", "part"):
        return (describe if task == "describe" else ask_part)(creature, rng)
    kind = task.removesuffix("-notes")
    return (ask_name if kind == task else ask_with_notes)(creature, kind, rng)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scene_world.examine_explainer", description=__doc__)
    parser.add_argument("--model", type=Path, default=tiny_explainer_path())
    parser.add_argument("--n", type=int, default=200, help="creatures for each skill")
    args = parser.parse_args()
    for name, value in examine_explainer(*load(args.model), args.n).items():
        print(f"{name:32s} {value:.3f}")


if __name__ == "__main__":
    main()
