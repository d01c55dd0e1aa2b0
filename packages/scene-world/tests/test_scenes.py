"""Scenes: the same for the same seed, one thing a cell, causes where the rules put them."""

import random

import numpy as np
import pytest
import scene_world as world
from hypothesis import given
from hypothesis import strategies as st
from scene_world.rules import RULE_BY_NAME
from scene_world.scene import are_neighbours

SCENES = [world.sample_scene("train", i) for i in range(400)]


@given(st.integers(0, 10**6), st.booleans())
def test_a_scene_is_a_function_of_its_split_and_index(index: int, crowd: bool) -> None:
    assert world.sample_scene("train", index, crowd=crowd) == world.sample_scene("train", index, crowd=crowd)


def test_splits_share_no_scene() -> None:
    held_out = {world.sample_scene("heldout", i).things for i in range(400)}
    assert not held_out & {scene.things for scene in SCENES}


def test_every_thing_has_a_cell_of_its_own_and_stays_inside_it() -> None:
    for scene in SCENES:
        assert 3 <= len(scene.things) <= 6
        assert len({t.cell for t in scene.things}) == len(scene.things)
        for thing in scene.things:
            x0, y0, x1, y1 = world.box_xyxy_px(thing)
            assert thing.cell[0] * 24 <= x0 < x1 <= thing.cell[0] * 24 + 24
            assert thing.cell[1] * 24 <= y0 < y1 <= thing.cell[1] * 24 + 24


def test_an_effect_stands_beside_its_cue_under_the_condition_of_its_rule() -> None:
    for scene in SCENES:
        for index in world.caused_things(scene):
            thing = scene.things[index]
            rule = RULE_BY_NAME[thing.rule or ""]
            cue = scene.things[thing.causes[0]]
            assert (cue.kind, thing.kind) == (rule.cue, rule.effect)
            assert are_neighbours(cue.cell, thing.cell)
            assert rule.background in (None, scene.background)
            if rule.second:
                assert scene.things[thing.causes[1]].kind == rule.second
            if rule.same_color:
                assert thing.color == cue.color


def test_rules_hold_nine_times_in_ten() -> None:
    cues = [(s, t) for s in SCENES for t in s.things if t.kind == "rails"]
    held = [any(are_neighbours(t.cell, o.cell) and o.kind == "train" for o in s.things) for s, t in cues]
    assert 0.85 < np.mean(held) < 0.98


def test_neutral_things_say_nothing_about_each_other() -> None:
    """How often a neutral thing has a twin is what independent draws give, not more."""
    fillers = [[t.kind for t in s.things if t.kind in world.NEUTRAL] for s in SCENES]
    pairs = [kinds[0] == kinds[1] for kinds in fillers if len(kinds) >= 2]
    expected = 1 / len(world.NEUTRAL)
    assert abs(np.mean(pairs) - expected) < 4 * np.sqrt(expected * (1 - expected) / len(pairs))


def test_the_mask_is_where_the_picture_changes_without_the_thing() -> None:
    for scene in SCENES[:40]:
        index = len(scene.things) - 1
        changed = (np.asarray(world.render(scene)) != np.asarray(world.render(scene, without=[index]))).any(-1)
        mask = world.mask_hw(scene.things[index])
        x0, y0, x1, y1 = world.box_xyxy_px(scene.things[index])
        assert mask.any()
        assert mask.sum() == mask[y0:y1, x0:x1].sum()
        assert (changed & mask).sum() > 0.6 * mask.sum()
        left, top = scene.things[index].cell[0] * 24, scene.things[index].cell[1] * 24
        assert changed.sum() == changed[top : top + 24, left : left + 24].sum()


def test_a_hidden_thing_leaves_no_pixel_of_its_box_in_sight() -> None:
    for scene in SCENES[:40]:
        hidden = world.pick_hidden(scene, random.Random(0))
        x0, y0, x1, y1 = world.box_xyxy_px(scene.things[hidden])
        pixels = np.asarray(world.render_hidden(scene, hidden, seed=1).image)[y0:y1, x0:x1]
        assert (pixels == (123, 116, 103)).all()


@pytest.mark.parametrize("change", world.CHANGES)
def test_a_minimal_pair_differs_in_one_respect(change: str) -> None:
    pair = world.minimal_pair("heldout", 7, change)
    assert pair.first_text != pair.second_text
    assert pair.first != pair.second
    common = {*pair.first.things} & {*pair.second.things}
    assert len(common) >= len(pair.first.things) - (2 if change == "relation" else 1)
    assert 0 < pair.changed_share <= 1
    if change == "background":
        assert pair.first.things == pair.second.things


def read_by_rules(scene: world.Scene, hidden: int, *, anywhere: bool, minds_what_is_seen: bool) -> float:
    """Chance that a reader of the rules names the hidden thing, from the cues beside it or from all cues.

    Who minds what is seen does not name an effect that is in sight, unless all are.
    """
    others = [t for i, t in enumerate(scene.things) if i != hidden]
    cues = [t.kind for t in others if anywhere or are_neighbours(t.cell, scene.things[hidden].cell)]
    seen = [t.kind for t in others]
    said = [
        r.effect
        for r in world.RULES
        if r.cue in cues and r.background in (None, scene.background) and (r.second is None or r.second in seen)
    ]
    if minds_what_is_seen:
        said = [kind for kind in said if kind not in seen] or said
    return said.count(scene.things[hidden].kind) / max(1, len(said))


def test_readers_of_the_rules_are_as_often_right_as_the_readme_says() -> None:
    instances = [
        (s, i) for k in range(2000) for s in [world.sample_scene("heldout", k)] for i in world.caused_things(s)
    ]

    def share(**reader: bool) -> float:
        return float(np.mean([read_by_rules(s, i, **reader) for s, i in instances]))

    figures = (
        share(anywhere=False, minds_what_is_seen=True),
        share(anywhere=True, minds_what_is_seen=True),
        share(anywhere=True, minds_what_is_seen=False),
    )
    assert figures == pytest.approx((0.996, 0.972, 0.684), abs=0.001)
