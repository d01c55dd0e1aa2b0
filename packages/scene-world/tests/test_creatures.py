"""Creatures: species told apart by parts, pictures that show them, and words that name them."""

import random
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scene_world as world
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_world.creature_talk import answer_name, ask_name, ask_part, ask_with_notes, describe
from scene_world.creatures import LEAST_SEEN, random_creature


def test_species_come_in_twos_that_differ_in_two_parts_and_others_in_three_or_more() -> None:
    species = world.sample_species("any", 12)
    assert species == world.sample_species("any", 12)
    assert len({one.name for one in species}) == 12
    apart = {
        (a.name, b.name): sum(x != y for x, y in zip(a.parts, b.parts, strict=True))
        for a, b in combinations(species, 2)
    }
    twos = [apart.pop((a.name, b.name)) for a, b in zip(species[::2], species[1::2], strict=True)]
    assert twos == [2] * 6
    assert min(apart.values()) >= 3


def test_what_is_in_sight_tells_a_creature_from_every_other_species() -> None:
    species = world.sample_species("any", 8)
    for index in range(64):
        creature = world.sample_creature("train", index, species)
        assert creature.species is species[index % 8]
        assert len(creature.visible) >= LEAST_SEEN
        fits = [one for one in species if set(creature.visible) <= set(one.parts)]
        assert fits == [creature.species]


def test_splits_share_no_creature_and_the_same_arguments_give_the_same() -> None:
    species = world.sample_species("any", 4)
    train, test = ([world.sample_creature(split, k, species) for k in range(8)] for split in ("train", "test"))
    assert train == [world.sample_creature("train", k, species) for k in range(8)]
    assert not {(one.texture, one.light) for one in train} & {(one.texture, one.light) for one in test}


@pytest.mark.parametrize("place", ["head", "wings", "tail", "feet"])
def test_a_part_out_of_sight_is_not_drawn(place: str) -> None:
    species = world.sample_species("any", 1)[0]
    whole = replace(world.sample_creature("train", 0, (species,)), seen=(True,) * 5)
    without = replace(whole, seen=tuple(part.place != place for part in species.parts))
    changed = np.asarray(world.draw_creature(whole)) != np.asarray(world.draw_creature(without))
    assert 40 < changed.any(-1).sum() < 3000


def test_every_shape_in_every_colour_looks_different() -> None:
    base = replace(random_creature("looks", 0), seen=(True,) * 5)
    seen: set[bytes] = set()
    count = 0
    for number, (place, shapes) in enumerate(world.PARTS.items()):
        for shape in shapes:
            for color in world.COLORS:
                parts = list(base.species.parts)
                parts[number] = world.Part(place, shape, color)
                shown = replace(base, species=world.Species("x", tuple(parts)))
                seen.add(world.draw_creature(shown).tobytes())
                count += 1
    assert len(seen) == count - 4  # the base creature itself is drawn once for each place


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_said_of_a_creature_is_true(index: int) -> None:
    creature, rng = random_creature("talk", index), random.Random(index)
    visible = set(creature.visible)
    assert len(visible) >= LEAST_SEEN
    for question in (describe(creature, rng), ask_name(creature, "explain", rng), ask_with_notes(creature, "cot", rng)):
        named = world.parts_named(question.answer)
        assert len(named) >= 2
        assert set(named) <= visible
    asked = ask_part(creature, rng)
    assert (asked.answer == "yes") == (asked.subject in {part.phrase for part in visible})


def test_notes_tell_the_name_and_the_answer_uses_it() -> None:
    question = ask_with_notes(random_creature("talk", 3), "explain", random.Random(3))
    name = question.subject
    assert question.text.startswith(f"It is a {name}. It has:\n- ")
    assert question.answer.startswith(f"It is a {name}, because it has ")
    assert question.text.splitlines()[-1].removeprefix("Answer: ") in world.NAME_QUESTIONS["explain"]


def test_parts_are_named_only_with_their_own_colour() -> None:
    named = world.parts_named("It has red horns, a tail and blue pointed wings. RED horns again; green pointed.")
    assert [part.phrase for part in named] == ["red horns", "blue pointed wings"]
    assert answer_name("simple", "velk", []) == "It is a velk."
