"""Creatures as words: descriptions, questions about parts, names, and answers from notes."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from scene_world.creatures import PARTS, Creature, Part, sample_name, sample_part
from scene_world.language import joined
from scene_world.questions import Question
from scene_world.things import COLORS

DESCRIBE_CREATURE: tuple[str, ...] = (
    "Describe the creature.",
    "What does the creature look like?",
    "Which parts of the creature do you see?",
)
NAME_QUESTIONS: dict[str, tuple[str, ...]] = {
    "simple": ("What is the creature called?", "Name the creature.", "Which creature is it?"),
    "explain": (
        "Which creature is it, and why?",
        "Name the creature and say why.",
        "What is the creature called, and which parts show it?",
    ),
    "cot": (
        "Describe the creature, and then name it.",
        "Which parts of the creature do you see, and what is it called?",
        "Look at the parts first. Which creature is it?",
    ),
}
"""Questions by kind: for the name alone, for name and reason, for the reason first."""

NOTES_PROMPT = "It is a {label}. It has:\n{concepts}\nAnswer: {question}"
"""Notes that say what the picture shows, in front of a question."""

NOBODY = "creature"
"""What the model that knows no species calls every one."""

_SHAPES = sorted({shape for shapes in PARTS.values() for shape in shapes}, key=len, reverse=True)
_PHRASE = re.compile(rf"\b({'|'.join(COLORS)}) ({'|'.join(_SHAPES)})\b")
_PLACES = {shape: place for place, shapes in PARTS.items() for shape in shapes}


def describe(creature: Creature, rng: random.Random) -> Question:
    """A description of what is in sight, in any order, now and then without a part."""
    return Question("describe", rng.choice(DESCRIBE_CREATURE), f"It has {joined(_some(creature, rng))}.")


def ask_part(creature: Creature, rng: random.Random) -> Question:
    """Whether a part is there: as many that are not, most of them nearly right."""
    part, is_there = rng.choice(creature.visible), rng.random() < 0.5
    while not is_there and part in creature.visible:
        part = _changed(part, rng)
    return Question("part", f"Does the creature have {part.phrase}?", "yes" if is_there else "no", part.phrase)


def ask_name(creature: Creature, kind: str, rng: random.Random, *, label: str = NOBODY) -> Question:
    """A question for the name, answered with one."""
    return Question(kind, rng.choice(NAME_QUESTIONS[kind]), answer_name(kind, label, _some(creature, rng)))


def ask_with_notes(creature: Creature, kind: str, rng: random.Random) -> Question:
    """The same with notes in front: a name drawn for this one question, its subject, and parts that are in sight."""
    label, phrases = sample_name(rng), _some(creature, rng)
    text = write_notes(label, phrases, rng.choice(NAME_QUESTIONS[kind]))
    return Question(f"{kind}-notes", text, answer_name(kind, label, phrases), label)


def ask_to_say(rng: random.Random) -> Question:
    """A name to repeat: practice in using one that is only told."""
    name = sample_name(rng)
    return Question("say", f"Say {name}.", name)


def write_notes(label: str, phrases: Sequence[str], question: str) -> str:
    """A question behind notes, one phrase on a line.

    >>> print(write_notes("velk", ["red horns"], "Name the creature."))
    It is a velk. It has:
    - red horns
    Answer: Name the creature.
    """
    return NOTES_PROMPT.format(label=label, concepts="\n".join(f"- {phrase}" for phrase in phrases), question=question)


def answer_name(kind: str, label: str, phrases: Sequence[str]) -> str:
    """An answer to a question of a kind.

    >>> answer_name("explain", "velk", ["red horns", "long legs"])
    'It is a velk, because it has red horns and long legs.'
    """
    if kind == "simple":
        return f"It is a {label}."
    parts = joined(list(phrases))
    return f"It is a {label}, because it has {parts}." if kind == "explain" else f"It has {parts}, so it is a {label}."


def parts_named(text: str) -> tuple[Part, ...]:
    """The parts that a text names, each once, in order.

    >>> [part.phrase for part in parts_named("It has red horns and a blue striped body, so it is a velk.")]
    ['red horns', 'a blue striped body']
    """
    found = [Part(_PLACES[shape], shape, color) for color, shape in _PHRASE.findall(text.lower())]
    return tuple(dict.fromkeys(found))


def _some(creature: Creature, rng: random.Random) -> list[str]:
    """Phrases of most parts in sight, at least two, in any order."""
    phrases = [part.phrase for part in creature.visible]
    rng.shuffle(phrases)
    kept = [phrase for phrase in phrases if rng.random() < 0.8]
    return kept if len(kept) >= 2 else phrases[:2]


def _changed(part: Part, rng: random.Random) -> Part:
    """A part of another colour, of another shape, or somewhere else."""
    draw = rng.random()
    if draw < 0.4:
        return Part(part.place, part.shape, rng.choice(list(COLORS)))
    if draw < 0.7:
        return Part(part.place, rng.choice(PARTS[part.place]), part.color)
    return sample_part(rng.choice(list(PARTS)), rng)
