from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occlusion import OcclusionError, default_lexicon, is_plural, plural, singular, tells, write_question
from occlusion.questions.word_families import are_one_family
from occlusion.questions.wording import HIDERS, with_requests

NOUNS = sorted(default_lexicon())


@pytest.mark.parametrize(
    ("head", "stem"),
    [
        ("duck", "Gray blocks hide a bird in this image. What is it?"),
        ("Fire Trucks", "Gray blocks hide vehicles in this image. What are they?"),
        ("kettle", "Gray blocks hide an appliance in this image. What is it?"),
        ("sofas", "Gray blocks hide pieces of furniture in this image. What are they?"),
        ("pizzas", "Gray blocks hide food in this image. What is it?"),
        ("rails", "Gray blocks hide objects in this image. What are they?"),
        ("theremin", "Gray blocks hide an object in this image. What is it?"),
        ("women", "Gray blocks hide people in this image. What are they?"),
        ("bird", "Gray blocks hide an animal in this image. What is it?"),
        ("police vehicle", "Gray blocks hide an object in this image. What is it?"),
        ("person", "Gray blocks hide a living being in this image. What is it?"),
        ("tennis players", "Gray blocks hide athletes in this image. What are they?"),
        ("scissors", "Gray blocks hide a tool in this image. What is it?"),
        ("jeans", "Gray blocks hide a piece of clothing in this image. What is it?"),
        ("pair of jeans", "Gray blocks hide a piece of clothing in this image. What is it?"),
        ("pair of boots", "Gray blocks hide pieces of clothing in this image. What are they?"),
        ("snow", "Gray blocks hide a material in this image. What is it?"),
        ("coffee", "Gray blocks hide a drink in this image. What is it?"),
        ("rice", "Gray blocks hide food in this image. What is it?"),
        ("crowd", "Gray blocks hide a group of people in this image. What is it?"),
        ("Eiffel Tower", "Gray blocks hide a landmark in this image. What is it?"),
        ("elbows", "Gray blocks hide body parts in this image. What are they?"),
        ("lightning", "Gray blocks hide a part of nature in this image. What is it?"),
        ("jack-in-the-box", "Gray blocks hide a toy in this image. What is it?"),
    ],
)
def test_a_question_names_category_and_number(head: str, stem: str) -> None:
    question = write_question(head)
    assert question.stem == stem
    assert question.reasoning == f"{stem} Explain what is around the blocks, then give one answer."
    assert question.short == f"{stem} Answer with one word or phrase."
    assert (question.written_by, question.llm_refusal) == ("rules", "")


@pytest.mark.parametrize(
    ("hidden_by", "stem", "request_"),
    [
        ("blur", "A blurred area hides birds in this image. What are they?", "around the blurred area"),
        ("pixelate", "A pixelated area hides birds in this image. What are they?", "around the pixelated area"),
        ("fill", "A blank area hides birds in this image. What are they?", "around the blank area"),
    ],
)
def test_a_question_says_what_hides_the_thing(hidden_by: str, stem: str, request_: str) -> None:
    question = write_question("ducks", hidden_by=hidden_by)  # pyright: ignore[reportArgumentType]
    assert question.stem == stem
    assert question.reasoning == f"{stem} Explain what is {request_}, then give one answer."
    assert question.short == f"{stem} Answer with one word or phrase."


def test_another_way_of_hiding_is_an_error() -> None:
    with pytest.raises(OcclusionError, match="one of blocks, fill, blur, pixelate; got 'fog'") as caught:
        write_question("duck", hidden_by="fog")  # pyright: ignore[reportArgumentType]
    assert caught.value.reason == "hidden_by"


@given(st.sampled_from(NOUNS), st.booleans(), st.booleans(), st.sampled_from(sorted(HIDERS)))
def test_no_question_contains_a_word_of_its_entity(noun: str, several: bool, capital: bool, hidden_by: str) -> None:
    head = plural(noun) if several else noun
    head = head.upper() if capital else head
    question = write_question(head, hidden_by=hidden_by)  # pyright: ignore[reportArgumentType]
    assert set(words(question.reasoning)).isdisjoint(set(words(head)) - {"the", "in", "of", "a", "and"})
    assert question.plural == is_plural(head)
    assert not tells(question, head)


def test_no_question_of_the_whole_lexicon_tells() -> None:
    heads = [head for noun in NOUNS for head in (noun, plural(noun))]
    assert [head for head in heads if tells(write_question(head), head)] == []


@given(st.lists(st.sampled_from(NOUNS), min_size=2, max_size=3), st.booleans(), st.sampled_from([" ", "-"]))
def test_no_question_tells_a_compound(nouns: list[str], several: bool, joined_by: str) -> None:
    head = joined_by.join([*nouns[:-1], plural(nouns[-1]) if several else nouns[-1]])
    question = write_question(head)  # no noun of the lexicon is a word of every question
    assert not tells(question, head)
    assert set(words(question.short)).isdisjoint(set(words(head)) - {"the", "in", "of", "a", "and", "or"})


@given(st.text(max_size=40))
def test_any_text_gives_a_question_that_does_not_tell_or_a_refusal(head: str) -> None:
    refused = ""
    try:
        assert not tells(write_question(head), head)
    except OcclusionError as error:
        refused = error.reason
    assert refused in ("", "empty_entity", "question_tells")


@pytest.mark.parametrize("head", ["object", "Objects", "image", "gray block", "answer"])
def test_an_entity_that_no_wording_can_avoid_is_refused(head: str) -> None:
    with pytest.raises(OcclusionError, match="without a word of it") as caught:
        write_question(head)
    assert caught.value.reason == "question_tells"


def test_blocks_can_be_asked_for_where_no_blocks_hide_them() -> None:
    assert write_question("cinder block", hidden_by="blur").category == "object"


@pytest.mark.parametrize("head", [" - ", "", "the", "of a"])
def test_an_empty_entity_is_refused(head: str) -> None:
    with pytest.raises(OcclusionError) as caught:
        write_question(head)
    assert caught.value.reason == "empty_entity"


def test_the_lexicon_can_be_replaced() -> None:
    assert write_question("Kettles", lexicon={"kettle": "machine"}).category == "machine"


@pytest.mark.parametrize(
    ("head", "category"),
    [
        pytest.param("clothes", "object", id="derived: piece of clothing"),
        pytest.param("electronics", "object", id="derived: electronic device"),
        pytest.param("musical box", "container", id="not derived from its own category"),
        pytest.param("musician", "professional", id="musical instrument is not its category"),
        pytest.param("baker", "professional", id="bakery is none of its categories"),
        pytest.param("bakery", "building", id="nor is baker"),
        pytest.param("goldfish", "animal", id="joined: fish"),
        pytest.param("hummingbirds", "animal", id="joined: bird"),
        pytest.param("houseplant", "object", id="joined: plant"),
        pytest.param("toy train", "object", id="a word of it: toy"),
    ],
)
def test_a_category_that_gives_the_thing_away_is_broadened(head: str, category: str) -> None:
    assert write_question(head).category == category


@pytest.mark.parametrize(
    ("head", "phrase", "category"),
    [
        ("bear", "stuffed bear", "toy"),
        ("giraffe", "toy giraffe", "object"),
        ("giraffe", "tall giraffe", "animal"),
        ("dog", "gray dog", "animal"),
        ("costume", "piece of clothing costume", "object"),
        ("stand", "plant stand", "object"),
        ("rose", "plant-like rose", "object"),
    ],
)
def test_the_phrase_counts(head: str, phrase: str, category: str) -> None:
    assert write_question(head, phrase=phrase).category == category


@pytest.mark.parametrize(
    ("stem", "head", "is_told"),
    [
        ("Gray blocks hide a bird. What is it?", "bird", True),
        ("Gray blocks hide a bird. What is it?", "Birds", True),
        ("Gray blocks hide a bird. What is it?", "eagle", False),
        ("Gray blocks hide a songbird. What is it?", "bird", True),
        ("Gray blocks hide a professional who sells bakery goods. Who is it?", "baker", True),
        ("Gray blocks hide what is near the tree. What is it?", "ring of the street", False),
        ("Gray blocks hide an object in this image. What is it?", "blockhouse", False),
        ("Gray blocks hide an object in this image. What is it?", "blocks", True),
    ],
)
def test_what_tells(stem: str, head: str, is_told: bool) -> None:
    question = with_requests(stem, "object", several=False, hidden_by="blocks")
    assert tells(question, head) == is_told


@pytest.mark.parametrize(
    ("word", "other", "are_family"),
    [
        ("baker", "bakery", True),
        ("musical", "musician", True),
        ("machine", "machinery", True),
        ("athlete", "athletic", True),
        ("fish", "goldfish", True),
        ("plant", "houseplant", True),
        ("toy", "toyshop", True),
        ("ant", "plant", False),
        ("place", "plate", False),
        ("plane", "plant", False),
        ("car", "card", False),
        ("animal", "animation", False),
        ("person", "persimmon", False),
        ("bed", "bedroom", True),
    ],
)
def test_words_of_one_family(word: str, other: str, are_family: bool) -> None:
    assert are_one_family(word, other) == are_family
    assert are_one_family(other, word) == are_family


SCENE_WORLD = {
    "rails": "object", "train": "vehicle", "lock": "object", "key": "object", "nest": "object", "bird": "animal",
    "flower": "object", "bee": "animal", "goal": "object", "ball": "object", "bone": "object", "dog": "animal",
    "pond": "object", "duck": "animal", "penguin": "animal", "pole": "object", "umbrella": "object", "flag": "object",
    "plate": "object", "fork": "object", "table": "object", "kettle": "object", "cup": "object", "clock": "object",
    "book": "object", "tree": "object", "house": "object", "car": "vehicle", "star": "object", "rock": "object",
    "sign": "object",
}  # fmt: skip
"""The closed world that the published tiny models were trained on, in exactly this wording."""
ONE = {"object": "an object", "vehicle": "a vehicle", "animal": "an animal"}


@pytest.mark.parametrize("head", SCENE_WORLD)
def test_the_wording_that_models_were_trained_on_stays_to_the_letter(head: str) -> None:
    category = SCENE_WORLD[head]
    one = f"Gray blocks hide {ONE[category]} in this image. What is it?"
    many = f"Gray blocks hide {category}s in this image. What are they?"
    question = write_question(head, lexicon=SCENE_WORLD)
    assert question.stem == (many if head == "rails" else one)
    assert question.reasoning == f"{question.stem} Explain what is around the blocks, then give one answer."
    assert question.short == f"{question.stem} Answer with one word or phrase."
    assert write_question(plural(head), lexicon=SCENE_WORLD).stem == many


def words(text: str) -> list[str]:
    return [form for word in re.findall(r"\w+", text.lower()) for form in (word, singular(word))]
