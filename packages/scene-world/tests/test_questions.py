"""Questions: answers that follow from the scene, worked out a second way here."""

import random

import pytest
import scene_world as world
from hypothesis import given
from hypothesis import strategies as st
from scene_world.language import BLOCKS, box_text

indices = st.integers(0, 100_000)


def question(task: str, index: int, hidden: bool = False) -> tuple[world.View, world.Question | None]:
    scene = world.sample_scene("train", index)
    rng = random.Random(index)
    view = world.View(scene, world.pick_hidden(scene, rng) if hidden else None)
    return view, world.ask(task, view, rng)


@pytest.mark.parametrize("task", world.TASKS)
def test_every_task_is_asked_and_answered_in_some_scene(task: str) -> None:
    asked = [question(task, i, hidden=task.startswith("hidden"))[1] for i in range(60)]
    assert any(asked)
    assert all(q.text and q.answer for q in asked if q)


@given(indices)
def test_existence_is_true_of_what_is_in_sight(index: int) -> None:
    view, q = question("exist", index, hidden=True)
    assert q is not None
    assert (q.answer == "yes") == (q.subject in view.kinds)


def test_existence_is_balanced_and_asks_for_what_should_be_there() -> None:
    subsets = [q.subset for i in range(2000) for _, q in [question("exist", i)] if q]
    assert 0.45 < subsets.count("seen") / len(subsets) < 0.55
    assert subsets.count("expected") > 20


@given(indices)
def test_left_and_right_follow_the_boxes(index: int) -> None:
    view, q = question("relation", index)
    if q is None:
        return
    first, second = (
        next(t for t in view.visible if t.kind == k) for k in (q.subject, q.text.removesuffix("?").rsplit(" ", 1)[1])
    )
    assert (q.answer == "left") == (world.box_xyxy_px(first)[0] < world.box_xyxy_px(second)[0])


@given(indices)
def test_what_is_beside_the_blocks_is_the_neighbour_on_that_side(index: int) -> None:
    view, q = question("beside", index, hidden=True)
    if q is None or q.subject != BLOCKS or view.hidden is None:
        return
    x, y = view.scene.things[view.hidden].cell
    steps = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}
    step = next(s for name, s in steps.items() if name in q.text)
    there = [t.kind for t in view.visible if t.cell == (x + step[0], y + step[1])]
    assert q.answer.split(" ")[-1] == (there[0] if there else "nothing")


@given(indices)
def test_a_box_in_text_is_the_true_one_rounded_to_a_twentieth(index: int) -> None:
    _, q = question("ground", index)
    if q is None or q.box_xyxy_px is None:
        return
    told = world.parse_box(q.answer)
    assert told is not None
    assert all(abs(a - b) <= 96 / 40 + 1e-6 for a, b in zip(told, q.box_xyxy_px, strict=True))
    assert not world.is_right(q, "[0.00, 0.00, 0.01, 0.01]")
    assert not world.is_right(q, "somewhere")


def test_rounding_costs_a_true_box_its_mark_only_where_the_thing_is_thin() -> None:
    asked = [q for i in range(500) if (q := question("ground", i)[1]) and q.box_xyxy_px]
    lost = [q for q in asked if not world.is_right(q, q.answer)]
    assert len(lost) <= 0.02 * len(asked)
    for q in lost:
        x0, y0, x1, y1 = q.box_xyxy_px or (0, 0, 0, 0)
        assert min(x1 - x0, y1 - y0) <= 10


@given(st.sampled_from(world.KINDS))
def test_a_stem_never_names_the_hidden_thing(kind: str) -> None:
    words = world.hidden_stem(kind).lower().replace(".", " ").replace("?", " ").split()
    assert kind not in words
    assert kind.removesuffix("s") not in words


@given(indices)
def test_a_true_rationale_is_true_and_with_a_wrong_direction_it_is_not(index: int) -> None:
    scene = world.sample_scene("train", index)
    for hidden in world.caused_things(scene):
        view = world.View(scene, hidden)
        text = world.rationale(scene, hidden)
        assert world.is_reason_true(text, view)
        assert text.endswith(f"{scene.things[hidden].kind}.")
        reason = world.parse_reason(text)
        assert reason is not None
        opposite = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}[reason.direction]
        wrong = text.replace(reason.direction, opposite, 1)
        x, y = scene.things[hidden].cell
        step = {"left of": (1, 0), "right of": (-1, 0), "above": (0, 1), "below": (0, -1)}[opposite]
        other = [t.kind for t in view.visible if t.cell == (x + step[0], y + step[1])]
        assert world.is_reason_true(wrong, view) == (reason.cue in other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It is a train.",
        "Nothing near the blocks explains it, so I guess a car.",
        "The blocks are beside rails, so it is a train.",
        "The blocks are left of rails, so it is a dragon.",
    ],
)
def test_no_reason_is_not_a_true_reason(text: str) -> None:
    scene = world.sample_scene("train", 0)
    assert not world.is_reason_true(text, world.View(scene, 0))


def test_box_text_has_the_shape_that_llava_reads() -> None:
    assert box_text((0, 24, 48, 96)) == "[0.00, 0.25, 0.50, 1.00]"
    assert world.parse_box("It is at [0.00, 0.25, 0.50, 1.00].") == (0.0, 24.0, 48.0, 96.0)


@given(indices, st.sampled_from(world.CAPTION_STYLES))
def test_a_caption_names_every_thing(index: int, style: str) -> None:
    scene = world.sample_scene("train", index)
    words = world.caption(scene, style).lower().replace(",", " ").replace(".", " ").split()
    for thing in scene.things:
        assert words.count(thing.kind) == [t.kind for t in scene.things].count(thing.kind)
    assert scene.background in words


@given(indices)
def test_the_crop_of_a_zoom_shows_what_the_box_holds(index: int) -> None:
    view = world.View(world.sample_scene("train", index))
    zoom = world.make_zoom(view, random.Random(index))
    if zoom is None:
        return
    crop = world.zoom_crop(world.render(view.scene), zoom.box_xyxy_px)
    assert crop.size == (world.SIZE_PX, world.SIZE_PX)
    assert zoom.question in zoom.where
