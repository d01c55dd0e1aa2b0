"""Question/answer rows about a scene: what the tiny VLM learns, and what it is examined on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from occlusion import REASONING_REQUEST, SHORT_REQUEST, write_question

from scene_world.language import (
    BLOCKS,
    NUMBERS,
    box_text,
    in_reading_order,
    list_caption,
    noun_phrase,
    plural,
    rationale,
    with_article,
)
from scene_world.render import box_xyxy_px
from scene_world.rules import NEUTRAL, RULES
from scene_world.scene import GRID, Scene, Thing, are_neighbours
from scene_world.things import COLORS, KINDS, LEXICON, UNCOLORED


@dataclass(frozen=True)
class Question:
    """One question about one scene."""

    task: str
    text: str
    answer: str
    subject: str = ""
    """The kind that is asked about."""
    subset: str = ""
    """A finer label: for `exist`, `seen`, `absent` or `expected` (absent although its cue is there); in an exam, for
    `count`, `ordinary` or `crowded`; for hidden things, the rule."""
    box_xyxy_px: tuple[int, int, int, int] | None = None
    """The box that the question or the answer names."""


@dataclass(frozen=True)
class View:
    """What can be seen of a scene: everything, or everything but one hidden thing."""

    scene: Scene
    hidden: int | None = None

    @property
    def visible(self) -> list[Thing]:
        """The things in sight."""
        return [t for i, t in enumerate(self.scene.things) if i != self.hidden]

    @property
    def kinds(self) -> list[str]:
        """Their kinds, with repetitions."""
        return [t.kind for t in self.visible]

    @property
    def singles(self) -> list[Thing]:
        """Things whose kind is in sight once, so that `the train` means one thing."""
        kinds = self.kinds
        return [t for t in self.visible if kinds.count(t.kind) == 1]


Maker = Callable[[View, random.Random], Question | None]


def ask(task: str, view: View, rng: random.Random) -> Question | None:
    """Makes one question of a task, or None where the scene has no such question."""
    return _MAKERS[task](view, rng)


@cache
def hidden_stem(kind: str) -> str:
    """The question about a hidden thing, as `occlusion` writes it: names its category and number, never the thing.

    >>> hidden_stem("duck")
    'Gray blocks hide an animal in this image. What is it?'
    """
    return write_question(kind, lexicon=LEXICON).stem


def _caption(view: View, rng: random.Random) -> Question:
    text = rng.choice(("Describe the image.", "What do you see?", "Write a caption for the image."))
    return Question("caption", text, list_caption(view.visible, view.scene.background))


def _list(view: View, rng: random.Random) -> Question:
    text = rng.choice(("List the objects with boxes.", "List all objects and where they are."))
    parts = [f"{box_text(box_xyxy_px(t))} {noun_phrase(t, color=True)}" for t in in_reading_order(view.visible)]
    return Question("list", text, ", ".join(parts) + ".")


def _exist(view: View, rng: random.Random) -> Question:
    kinds = view.kinds
    text = rng.choice(("Is there {} in the image?", "Does the image show {}?"))
    if rng.random() < 0.5:
        kind, answer, subset = rng.choice(kinds), "yes", "seen"
    else:
        expected = [
            r.effect for r in RULES if r.effect not in kinds and _is_licensed(r.cue, r.background, r.second, view)
        ]
        if expected and rng.random() < 0.6:
            kind, answer, subset = rng.choice(expected), "no", "expected"
        else:
            kind, answer, subset = rng.choice([k for k in KINDS if k not in kinds]), "no", "absent"
    return Question("exist", text.format(with_article(kind)), answer, kind, subset)


def _is_licensed(cue: str, background: str | None, second: str | None, view: View) -> bool:
    kinds = view.kinds
    return cue in kinds and background in (None, view.scene.background) and (second is None or second in kinds)


def _attribute(view: View, rng: random.Random) -> Question | None:
    things = [t for t in view.singles if t.kind not in UNCOLORED]
    if not things:
        return None
    thing = rng.choice(things)
    is_true = rng.random() < 0.5
    color = thing.color if is_true else rng.choice([c for c in COLORS if c != thing.color])
    return Question("attribute", f"Is the {thing.kind} {color}?", "yes" if is_true else "no", thing.kind)


def _color(view: View, rng: random.Random) -> Question | None:
    things = [t for t in view.singles if t.kind not in UNCOLORED]
    if not things:
        return None
    thing = rng.choice(things)
    text = rng.choice(("What color is the {}?", "Which color does the {} have?"))
    return Question("color", text.format(thing.kind), thing.color, thing.kind)


def _count(view: View, rng: random.Random) -> Question:
    kinds = view.kinds
    many = sorted({k for k in kinds if kinds.count(k) > 1})
    draw = rng.random()
    kind = rng.choice(many) if many and draw < 0.6 else rng.choice(kinds if draw < 0.85 else NEUTRAL)
    text = rng.choice(("How many {} are there?", "Count the {}."))
    return Question("count", text.format(plural(kind)), NUMBERS[kinds.count(kind)], kind)


def _side(view: View, rng: random.Random) -> Question | None:
    if not view.singles:
        return None
    thing = rng.choice(view.singles)
    text = rng.choice(("Is the {} on the left or right side?", "Which side is the {} on, left or right?"))
    return Question("side", text.format(thing.kind), "left" if thing.cell[0] < GRID // 2 else "right", thing.kind)


def _level(view: View, rng: random.Random) -> Question | None:
    if not view.singles:
        return None
    thing = rng.choice(view.singles)
    return Question(
        "level",
        f"Is the {thing.kind} in the top or bottom half?",
        "top" if thing.cell[1] < GRID // 2 else "bottom",
        thing.kind,
    )


def _relation(view: View, rng: random.Random) -> Question | None:
    pairs = [(a, b) for a in view.singles for b in view.singles if a.cell[0] != b.cell[0]]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    answer = "left" if a.cell[0] < b.cell[0] else "right"
    return Question("relation", f"Is the {a.kind} left or right of the {b.kind}?", answer, a.kind)


def _above(view: View, rng: random.Random) -> Question | None:
    pairs = [(a, b) for a in view.singles for b in view.singles if a.cell[1] != b.cell[1]]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    answer = "above" if a.cell[1] < b.cell[1] else "below"
    return Question("above", f"Is the {a.kind} above or below the {b.kind}?", answer, a.kind)


def _near(view: View, rng: random.Random) -> Question | None:
    pairs = [(a, b) for a in view.singles for b in view.singles if a is not b]
    wanted = rng.random() < 0.5
    pairs = [(a, b) for a, b in pairs if are_neighbours(a.cell, b.cell) == wanted]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    return Question("near", f"Is the {a.kind} next to the {b.kind}?", "yes" if wanted else "no", a.kind)


def _beside(view: View, rng: random.Random) -> Question | None:
    """What stands in the neighbouring cell on one side; asked of the gray blocks where there are some."""
    anchors = [(t.kind, t.cell) for t in view.singles]
    if view.hidden is not None and (not anchors or rng.random() < 0.6):
        anchors = [(BLOCKS, view.scene.things[view.hidden].cell)]
    if not anchors:
        return None
    name, (x, y) = rng.choice(anchors)
    sides = {"left of": (x - 1, y), "right of": (x + 1, y), "above": (x, y - 1), "below": (x, y + 1)}
    there = {t.cell: t for t in view.visible}
    full = [s for s, cell in sides.items() if cell in there]
    side = rng.choice(full if full and rng.random() < 0.7 else list(sides))
    thing = there.get(sides[side])
    return Question("beside", f"What is {side} the {name}?", noun_phrase(thing) if thing else "nothing", name)


def _region(view: View, rng: random.Random) -> Question | None:
    thing = rng.choice(view.visible)
    text = rng.choice(("What is in the box {}?", "Name the object in {}."))
    box = box_xyxy_px(thing)
    return Question("region", text.format(box_text(box)), noun_phrase(thing, color=True), thing.kind, "", box)


def _ground(view: View, rng: random.Random) -> Question | None:
    if not view.singles:
        return None
    thing = rng.choice(view.singles)
    text = rng.choice(("Where is the {}?", "Give the box of the {}."))
    box = box_xyxy_px(thing)
    return Question("ground", text.format(thing.kind), box_text(box), thing.kind, "", box)


def _sign(view: View, rng: random.Random) -> Question | None:
    signs = [t for t in view.singles if t.text]
    if not signs:
        return None
    text = rng.choice(("What does the sign say?", "Read the sign."))
    return Question("sign", text, signs[0].text, "sign", "", box_xyxy_px(signs[0]))


def _hidden(view: View, rng: random.Random) -> Question | None:
    if view.hidden is None:
        return None
    thing = view.scene.things[view.hidden]
    text = f"{hidden_stem(thing.kind)} {REASONING_REQUEST}"
    return Question("hidden", text, rationale(view.scene, view.hidden), thing.kind, thing.rule or "")


def _hidden_short(view: View, rng: random.Random) -> Question | None:
    if view.hidden is None:
        return None
    thing = view.scene.things[view.hidden]
    return Question(
        "hidden-short", f"{hidden_stem(thing.kind)} {SHORT_REQUEST}", thing.kind, thing.kind, thing.rule or ""
    )


_MAKERS: dict[str, Maker] = {
    "caption": _caption,
    "list": _list,
    "exist": _exist,
    "attribute": _attribute,
    "color": _color,
    "count": _count,
    "side": _side,
    "level": _level,
    "relation": _relation,
    "above": _above,
    "near": _near,
    "beside": _beside,
    "region": _region,
    "ground": _ground,
    "sign": _sign,
    "hidden": _hidden,
    "hidden-short": _hidden_short,
}
TASKS: tuple[str, ...] = tuple(_MAKERS)
"""Names of all question tasks."""
