from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occlusion import OcclusionError, default_lexicon, is_plural, look_up, plural, singular, tells, write_question


@pytest.mark.parametrize(
    ("head", "stem"),
    [
        ("duck", "Gray blocks hide a bird in this image. What is it?"),
        ("Fire Trucks", "Gray blocks hide vehicles in this image. What are they?"),
        ("kettle", "Gray blocks hide an appliance in this image. What is it?"),
        ("sofas", "Gray blocks hide pieces of furniture in this image. What are they?"),
        ("pizzas", "Gray blocks hide food in this image. What is it?"),
        ("rails", "Gray blocks hide objects in this image. What are they?"),
        ("xylophone", "Gray blocks hide an object in this image. What is it?"),
        ("women", "Gray blocks hide people in this image. What are they?"),
        ("bird", "Gray blocks hide an animal in this image. What is it?"),
        ("police vehicle", "Gray blocks hide an object in this image. What is it?"),
        ("person", "Gray blocks hide a living being in this image. What is it?"),
    ],
)
def test_a_question_names_category_and_number(head: str, stem: str) -> None:
    question = write_question(head)
    assert question.stem == stem
    assert question.reasoning == f"{stem} Explain what is around the blocks, then give one answer."
    assert question.short == f"{stem} Answer with one word or phrase."


@given(st.sampled_from(sorted(set(default_lexicon()) - {"object"})), st.booleans(), st.booleans())
def test_no_question_contains_a_word_of_its_entity(noun: str, several: bool, capital: bool) -> None:
    head = plural(noun) if several else noun
    head = head.upper() if capital else head
    question = write_question(head)
    asked = {form for word in re.findall(r"\w+", question.reasoning.lower()) for form in (word, singular(word))}
    assert asked.isdisjoint(re.findall(r"\w+", singular(head)))
    assert question.plural == is_plural(head)
    assert not tells(question, head)


@pytest.mark.parametrize("head", ["object", "Objects", "image", "gray block", "answer"])
def test_an_entity_that_no_wording_can_avoid_is_refused(head: str) -> None:
    with pytest.raises(OcclusionError, match="without a word of it") as caught:
        write_question(head)
    assert caught.value.reason == "question_tells"


def test_an_empty_entity_is_refused() -> None:
    with pytest.raises(OcclusionError) as caught:
        write_question(" - ")
    assert caught.value.reason == "empty_entity"


def test_the_lexicon_can_be_replaced() -> None:
    assert write_question("Kettles", lexicon={"kettle": "machine"}).category == "machine"


@given(st.sampled_from(sorted(default_lexicon())))
def test_every_noun_of_the_lexicon_survives_the_plural(noun: str) -> None:
    if not is_plural(noun):
        assert singular(plural(noun)) == noun
    assert look_up(plural(noun), default_lexicon()) == look_up(noun, default_lexicon())


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("men", "man"),
        ("firemen", "fireman"),
        ("people", "person"),
        ("knives", "knife"),
        ("gloves", "glove"),
        ("buses", "bus"),
        ("houses", "house"),
        ("boxes", "box"),
        ("beaches", "beach"),
        ("glasses", "glass"),
        ("cookies", "cookie"),
        ("cherries", "cherry"),
        ("shoes", "shoe"),
        ("tomatoes", "tomato"),
        ("taxis", "taxi"),
        ("Hot Dogs", "hot dog"),
        ("bowls of apples", "bowl of apples"),
    ],
)
def test_plurals_are_taken_back(many: str, one: str) -> None:
    assert singular(many) == one


@pytest.mark.parametrize("noun", ["bus", "glass", "tennis", "grass", "cactus", "sheep", "lens", "canvas"])
def test_singulars_stay(noun: str) -> None:
    assert singular(noun) == noun
