"""Scenes as words: noun phrases, captions of several styles, box texts and rationales."""

from __future__ import annotations

import random
from collections.abc import Iterable

from scene_world.rules import RULE_BY_NAME
from scene_world.scene import SIZE_PX, Cell, Scene, Thing, are_neighbours
from scene_world.things import PLURAL_ONLY, UNCOLORED

NUMBERS: tuple[str, ...] = ("zero", "one", "two", "three", "four", "five", "six")
CAPTION_STYLES: tuple[str, ...] = ("list", "pairs", "sentences")
DIRECTIONS: dict[tuple[int, int], str] = {(1, 0): "right of", (-1, 0): "left of", (0, 1): "below", (0, -1): "above"}
BLOCKS = "gray blocks"
NO_REASON = "Nothing near the blocks explains it"


def with_article(words: str) -> str:
    """Puts the right indefinite article before a noun phrase; plural-only nouns get none.

    >>> with_article("red umbrella"), with_article("umbrella"), with_article("rails")
    ('a red umbrella', 'an umbrella', 'rails')
    """
    if words.rsplit(" ", 1)[-1] in PLURAL_ONLY:
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def plural(kind: str) -> str:
    """The plural of a kind.

    >>> plural("key"), plural("rails"), plural("cup")
    ('keys', 'rails', 'cups')
    """
    return kind if kind in PLURAL_ONLY else kind + "s"


def noun_phrase(thing: Thing, *, size: bool = False, color: bool = False) -> str:
    """Names a thing, with its size and colour words where asked and where its kind has them."""
    words = [thing.size] * size + [thing.color] * (color and thing.kind not in UNCOLORED) + [thing.kind]
    return with_article(" ".join(words))


def box_text(box: tuple[int, int, int, int]) -> str:
    """A box as LLaVA writes it, fractions of the image, rounded to 0.05 (the world's resolution).

    >>> box_text((0, 24, 48, 96))
    '[0.00, 0.25, 0.50, 1.00]'
    """
    return "[" + ", ".join(f"{round(v / SIZE_PX * 20) / 20:.2f}" for v in box) + "]"


def in_reading_order(things: Iterable[Thing]) -> list[Thing]:
    """Row by row from the top, left to right."""
    return sorted(things, key=lambda t: (t.cell[1], t.cell[0]))


def joined(parts: list[str]) -> str:
    """Joins phrases as English does.

    >>> joined(["a cup", "a car", "rails"])
    'a cup, a car and rails'
    """
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def direction(here: Cell, there: Cell) -> str:
    """Where `here` lies, seen from the neighbouring cell `there`: `left of`, `right of`, `above` or `below`."""
    return DIRECTIONS[here[0] - there[0], here[1] - there[1]]


def list_caption(things: list[Thing], background: str) -> str:
    """Every thing with size and colour in reading order; the style that the tiny VLM writes."""
    return f"{joined([noun_phrase(t, size=True, color=True) for t in in_reading_order(things)])} on {background}."


def caption(scene: Scene, style: str, seed: str = "") -> str:
    """A caption as a person might write it.

    Args:
        scene: the scene.
        style: one of `CAPTION_STYLES`: a plain list; neighbours told as pairs ("a train next to rails"); sentences.
        seed: decides which attributes and which chance neighbours are told.
    """
    if style == "list":
        return _capital(list_caption(list(scene.things), scene.background))
    rng = random.Random(f"caption/{scene.id}/{style}/{seed}")
    parts = _pair_phrases(scene, rng)
    if style == "pairs":
        return _capital(f"{joined(parts)} on {scene.background}.")
    verb = "are" if parts[0].split(" ")[0] in PLURAL_ONLY else "is"
    rest = f" There {'are' if len(parts) > 2 else 'is'} also {joined(parts[1:])}." if len(parts) > 1 else ""
    return f"There {verb} {parts[0]}.{rest} The ground is {scene.background}."


def _pair_phrases(scene: Scene, rng: random.Random) -> list[str]:
    """Every thing once; an effect with its cue, and half of the chance neighbours, as `X next to Y`."""
    told: set[int] = set()
    parts: list[str] = []

    def name(i: int) -> str:
        told.add(i)
        return noun_phrase(scene.things[i], size=rng.random() < 0.3, color=rng.random() < 0.5)

    order = sorted(range(len(scene.things)), key=lambda i: (not scene.things[i].causes, rng.random()))
    for i in order:
        thing = scene.things[i]
        if i in told or any(i in t.causes[:1] for t in scene.things):
            continue
        near = [j for j in order if j not in told and j != i and are_neighbours(thing.cell, scene.things[j].cell)]
        if thing.causes and thing.causes[0] not in told:
            parts.append(f"{name(i)} next to {name(thing.causes[0])}")
        elif near and rng.random() < 0.5:
            parts.append(f"{name(i)} next to {name(near[0])}")
        else:
            parts.append(name(i))
    parts += [name(i) for i in order if i not in told]
    rng.shuffle(parts)
    return parts


def rationale(scene: Scene, hidden: int) -> str:
    """The true reason for what is hidden, ending in the answer.

    A thing that a rule put there is explained by its cue; a cue by the effect beside it; anything else by nothing.
    """
    thing = scene.things[hidden]
    answer = noun_phrase(thing)
    closing = f"so they are {answer}." if thing.kind in PLURAL_ONLY else f"so it is {answer}."
    if thing.causes:
        rule = RULE_BY_NAME[thing.rule or ""]
        cue = scene.things[thing.causes[0]]
        reason = f"The blocks are {direction(thing.cell, cue.cell)} {noun_phrase(cue)}"
        if rule.background:
            reason += f" on {rule.background}"
        if rule.second:
            reason += f" and there is {with_article(rule.second)}"
        return f"{reason}, {closing}"
    for effect in scene.things:
        if effect.causes[:1] == (hidden,):
            return f"The blocks are {direction(thing.cell, effect.cell)} {noun_phrase(effect)}, {closing}"
    return f"{NO_REASON}, so I guess {answer}."


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
