"""Minimal pairs: the same as ever, one change, and a question that each scene answers in its own way."""

import hashlib
import random
import re

import pytest
import scene_world as world
from scene_world.language import NUMBERS, noun_phrase, plural
from scene_world.scene import are_neighbours

PAIRS_OF = {change: [world.minimal_pair("heldout", i, change) for i in range(60)] for change in world.ASKED_CHANGES}
PAIRS = [pair for pairs in PAIRS_OF.values() for pair in pairs]


def answer_from_the_scene(question: str, scene: world.Scene) -> str:
    """Reads a question and answers it from the data; written apart from the code that makes pairs."""

    def the(kind: str) -> world.Thing:
        (thing,) = [t for t in scene.things if t.kind == kind]
        return thing

    kinds = [t.kind for t in scene.things]
    if m := re.fullmatch(r"(?:Is there|Does the image show)(?: an?)? (\w+)(?: in the image)?\?", question):
        return "yes" if m[1] in kinds else "no"
    if m := re.fullmatch(r"(?:What color is the (\w+)|Which color does the (\w+) have)\?", question):
        return the(m[1] or m[2]).color
    if m := re.fullmatch(r"(?:How many (\w+) are there\?|Count the (\w+)\.)", question):
        return NUMBERS[sum(plural(k) == (m[1] or m[2]) for k in kinds)]
    if m := re.fullmatch(r"Is the (\w+) left or right of the (\w+)\?", question):
        return "left" if the(m[1]).x_px // 24 < the(m[2]).x_px // 24 else "right"
    if m := re.fullmatch(
        r"(?:Is the (\w+) on the left or right side|Which side is the (\w+) on, left or right)\?", question
    ):
        return "left" if world.box_xyxy_px(the(m[1] or m[2]))[0] < 48 else "right"
    if m := re.fullmatch(r"Is the (\w+) next to the (\w+)\?", question):
        return "yes" if are_neighbours(the(m[1]).cell, the(m[2]).cell) else "no"
    if m := re.fullmatch(r"What is (left of|right of|above|below) the (\w+)\?", question):
        dx, dy = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}[m[1]]
        x, y = the(m[2]).cell
        return next((noun_phrase(t) for t in scene.things if t.cell == (x + dx, y + dy)), "nothing")
    raise AssertionError(question)


def without_kinds(text: str) -> str:
    """A question with its kinds and articles struck out: its wording."""
    names = "|".join(sorted((k for kind in world.KINDS for k in (kind, plural(kind))), key=len, reverse=True))
    return re.sub(rf"\b(?:an? )?(?:{names})\b", "_", text)


@pytest.mark.parametrize("change", world.ASKED_CHANGES)
def test_each_answer_is_true_of_its_own_scene_and_false_of_the_other(change: str) -> None:
    for pair in PAIRS_OF[change]:
        assert answer_from_the_scene(pair.question, pair.first) == pair.first_answer
        assert answer_from_the_scene(pair.question, pair.second) == pair.second_answer
        assert pair.first_answer != pair.second_answer


def test_the_scenes_of_the_older_changes_are_the_same_as_ever() -> None:
    digest = hashlib.sha256()
    for change in ("kind", "color", "place", "presence", "background"):
        for index in range(60):
            pair = world.minimal_pair("train", index, change)
            digest.update(repr((change, pair.first, pair.second, pair.first_text, pair.second_text)).encode())
    assert digest.hexdigest()[:16] == "0fa89c62f99d9a84"


@pytest.mark.parametrize("change", world.ASKED_CHANGES)
def test_a_changed_scene_is_still_a_scene(change: str) -> None:
    for scene in (scene for pair in PAIRS_OF[change] for scene in (pair.first, pair.second)):
        assert len({t.cell for t in scene.things}) == len(scene.things) <= 6
        for thing in scene.things:
            x0, y0, x1, y1 = world.box_xyxy_px(thing)
            assert thing.cell[0] * 24 <= x0 < x1 <= thing.cell[0] * 24 + 24
            assert thing.cell[1] * 24 <= y0 < y1 <= thing.cell[1] * 24 + 24


def test_questions_have_the_wordings_of_the_exam() -> None:
    rng = random.Random(0)
    known: set[tuple[str, str]] = set()
    for index in range(150):
        view = world.View(world.sample_scene("train", index))
        for task in world.EXAM_TASKS:
            if question := world.ask(task, view, rng):
                known.add((task, without_kinds(question.text)))
    assert {(pair.task, without_kinds(pair.question)) for pair in PAIRS} <= known


def test_counting_goes_up_and_down_and_reaches_crowds() -> None:
    counts = PAIRS_OF["count"]
    steps = {NUMBERS.index(p.second_answer) - NUMBERS.index(p.first_answer) for p in counts}
    assert steps == {-1, 1}
    assert max(NUMBERS.index(p.first_answer) for p in counts) >= 4
    assert {p.first.id.endswith("c") for p in counts} == {True, False}


@pytest.mark.parametrize(("change", "answers"), [("near", {"yes", "no"}), ("relation", {"left", "right"})])
def test_either_answer_can_come_first(change: str, answers: set[str]) -> None:
    assert {p.first_answer for p in PAIRS_OF[change]} == answers


def test_the_neighbour_turns_into_another_or_leaves_nothing() -> None:
    answers = [p.second_answer for p in PAIRS_OF["beside"]]
    assert 0.3 < answers.count("nothing") / len(answers) < 0.7


def test_no_question_fits_the_background() -> None:
    pair = world.minimal_pair("heldout", 0, "background")
    assert (pair.task, pair.question, pair.first_answer, pair.second_answer) == ("", "", "", "")
    assert {*world.CHANGES} - {*world.ASKED_CHANGES} == {"background"}


@pytest.mark.parametrize("change", world.CHANGES)
def test_a_swapped_pair_is_the_same_pair_from_the_other_side(change: str) -> None:
    pair = world.minimal_pair("heldout", 3, change)
    assert pair.swapped().first == pair.second
    assert pair.swapped().first_answer == pair.second_answer
    assert pair.swapped().swapped() == pair


def test_an_unknown_change_is_refused_by_name() -> None:
    with pytest.raises(world.SceneWorldError, match=r"change must be one of kind, .*, background; got 'size'"):
        world.minimal_pair("heldout", 0, "size")
