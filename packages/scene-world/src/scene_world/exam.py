"""Held-out questions with known answers, and how to mark them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from box_space import BoxTextError, Fraction, OriginalPixels, iou, llava_text_to_box
from PIL import Image

from scene_world.hiding import caused_things, cue_things
from scene_world.questions import Question, View, ask
from scene_world.render import render, render_hidden
from scene_world.scene import SIZE_PX, sample_scene

EXAM_TASKS: tuple[str, ...] = (
    "exist",
    "attribute",
    "color",
    "count",
    "side",
    "level",
    "relation",
    "above",
    "near",
    "beside",
    "region",
    "ground",
    "sign",
)
_PICTURE = OriginalPixels(SIZE_PX, SIZE_PX)


class ExamItem(NamedTuple):
    """One question about one picture."""

    view: View
    image: Image.Image
    question: Question


def exam(task: str, n: int, split: str = "heldout") -> Iterator[ExamItem]:
    """The first `n` questions of a task over a split: one for each scene that has one.

    Counting is asked of crowded scenes in one case of three; the subset of its questions says which.
    """
    rng = random.Random(f"exam/{task}/{split}")
    found, index = 0, 0
    while found < n:
        is_crowded = task == "count" and index % 3 == 0
        view = View(sample_scene(split, index, crowd=is_crowded))
        index += 1
        question = ask(task, view, rng)
        if question and task == "count":
            question = replace(question, subset="crowded" if is_crowded else "ordinary")
        if question:
            found += 1
            yield ExamItem(view, render(view.scene), question)


def hidden_exam(n: int, split: str = "heldout", *, causal: bool = True, short: bool = False) -> Iterator[ExamItem]:
    """The first `n` completion questions over a split, one for each scene.

    Args:
        n: how many.
        split: name of the split.
        causal: hide a thing that a rule put there; otherwise one that nothing implies.
        short: ask for the answer alone instead of the reason.
    """
    found, index = 0, 0
    while found < n:
        scene = sample_scene(split, index)
        rng = random.Random(f"hidden-exam/{split}/{index}")
        caused = caused_things(scene)
        things = caused if causal else sorted({*range(len(scene.things))} - {*caused} - {*cue_things(scene)})
        index += 1
        if not things:
            continue
        view = View(scene, rng.choice(things))
        question = ask("hidden-short" if short else "hidden", view, rng)
        if question and view.hidden is not None:
            found += 1
            yield ExamItem(view, render_hidden(scene, view.hidden, seed=index).image, question)


def is_right(question: Question, answer: str) -> bool:
    """Marks an answer: a box by IoU of at least 0.5, everything else word by word, without case and final stop."""
    if question.task == "ground":
        box = parse_box(answer)
        if box is None or question.box_xyxy_px is None:
            return False
        return float(iou([box], [question.box_xyxy_px])[0, 0]) >= 0.5
    return _plain(answer) == _plain(question.answer)


def parse_box(text: str) -> tuple[float, float, float, float] | None:
    """Reads the one box of four fractions in a text, in pixels of the 96 x 96 image; None if there is not one."""
    try:
        return llava_text_to_box(text, Fraction(_PICTURE)).to(_PICTURE).xyxy
    except BoxTextError:
        return None


def _plain(text: str) -> str:
    return text.strip().rstrip(".").lower()
