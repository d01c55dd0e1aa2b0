from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from occlusion.entities.caption_search import find_whole_words
from occlusion.entities.prompt import ENTITY_EXAMPLES
from occlusion.entities.replies import read_reply

CAPTION = "A white plate with a hot dog, two dogs and a T-shirt on a wooden table"


def pairs(reply: str, caption: str = CAPTION) -> list[tuple[str, str]]:
    return [(entity.phrase, entity.head) for entity in read_reply(reply, caption).entities]


def reasons(reply: str, caption: str = CAPTION) -> list[str]:
    return [rejected.reason for rejected in read_reply(reply, caption).rejected]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        pytest.param("1. white plate -> plate\n2. hot dog -> hot dog", ["white plate", "hot dog"], id="as asked"),
        pytest.param(" white plate -> plate\n", ["white plate"], id="a reply that goes on from the prompt"),
        pytest.param("1) white plate => plate", ["white plate"], id="other number, other arrow"),
        pytest.param("(1) white plate → plate", ["white plate"], id="one character for an arrow"),
        pytest.param("1.white plate->plate", ["white plate"], id="no spaces"),
        pytest.param("- white plate --> plate\n* hot dog -> hot dog", ["white plate", "hot dog"], id="bullets"),
        pytest.param("white plate\tplate\nhot dog\thot dog", ["white plate", "hot dog"], id="tabs"),
        pytest.param('1. "white plate" -> “plate”', ["white plate"], id="quotes"),
        pytest.param("1. **white plate** -> `plate`.", ["white plate"], id="markdown and a full stop"),
        pytest.param("1. white plate -> plate (an object)", ["white plate"], id="a remark"),
        pytest.param("white plate -> plate, hot dog -> hot dog", ["white plate", "hot dog"], id="all in one line"),
        pytest.param("Things: 1. white plate -> plate", ["white plate"], id="a heading"),
        pytest.param(
            "1. hot dog -> hot dog\n\nCaption: A table\nThings:\n1. table -> table", ["hot dog"], id="goes on"
        ),
        pytest.param(f"Caption: {CAPTION}\nThings:\n1. hot dog -> hot dog", ["hot dog"], id="repeats the caption"),
        pytest.param("<think>table -> table?</think>1. hot dog -> hot dog", ["hot dog"], id="thinks first"),
        pytest.param("1. none\nNone.\nn/a", [], id="none"),
        pytest.param("", [], id="empty"),
        pytest.param("1. a white plate -> plate\n2. 2 dogs -> dogs", ["white plate"], id="2 is no word of the caption"),
        pytest.param("1. pair of dogs -> dogs\n2. The Wooden Table -> table", ["dogs", "wooden table"], id="quantity"),
        pytest.param("1. two dogs -> dogs", ["dogs"], id="number"),
        pytest.param("1. hotdog -> Hot-Dog\n2. t shirt -> t shirt", ["hot dog", "T-shirt"], id="spaces and hyphens"),
        pytest.param("1. WHITE PLATE -> PLATE", ["white plate"], id="case"),
        pytest.param("1. hot dog -> hot dog\n2. white plate -> plate", ["white plate", "hot dog"], id="reading order"),
        pytest.param("1. plate with a hot dog -> plate", ["plate"], id="what follows a head is cut"),
    ],
)
def test_what_a_reply_lists_is_found_in_the_caption(reply: str, expected: list[str]) -> None:
    found = [phrase for phrase, _ in pairs(reply)]
    assert found == (expected if "2 dogs" not in reply else [*expected, "dogs"])


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Sure! Here is the list:\n1. hot dog -> hot dog\nHope this helps!", ["chatter", "chatter"]),
        ("1. hot dog -> hot dog\n2. wooden ta", ["no_arrow"]),
        ("1. wooden table ->", ["no_head"]),
        ("1. cat -> cat", ["not_in_caption"]),
        ("1. og -> og", ["not_in_caption"]),
        ("1. wooden table -> wood", ["head_not_in_phrase"]),
        ("1. wooden table -> tab", ["head_not_in_phrase"]),
        ("1. hot dog -> hot", ["head_not_last"]),
        ("1. hot dog -> hot dog\n2. dog -> dog", ["overlaps"]),
        ("1. hot dog -> hot dog\n2. hot dog -> hot dog\n3. Hot-dog -> hot dog", ["duplicate", "duplicate"]),
        ("1. dog -> dog\n2. hot dog -> hot dog", ["overlaps"]),
        ("1. none", []),
    ],
)
def test_what_gives_no_entity_says_why(reply: str, expected: list[str]) -> None:
    assert reasons(reply) == expected


def test_a_thing_is_found_wherever_the_caption_names_it() -> None:
    caption = "A dog chases a dog past a dog house"
    reading = read_reply("1. dog house -> dog house\n2. dog -> dog", caption)
    assert [(entity.phrase, entity.start) for entity in reading.entities] == [
        ("dog", 2),
        ("dog", 15),
        ("dog house", 26),
    ]
    assert reading.rejected == ()


def test_a_thing_may_be_listed_once_for_each_place() -> None:
    reading = read_reply("1. dog -> dog\n2. dog -> dog\n3. dog -> dog", "a dog chases a dog")
    assert [entity.start for entity in reading.entities] == [2, 15]
    assert [(rejected.line, rejected.reason) for rejected in reading.rejected] == [("3. dog -> dog", "duplicate")]


def test_the_same_noun_with_and_without_an_adjective_is_two_entities() -> None:
    assert pairs("1. small cat -> cat\n2. cat -> cat", "a small cat and a cat") == [
        ("small cat", "cat"),
        ("cat", "cat"),
    ]


def test_words_are_found_whole_whatever_their_case_spaces_and_hyphens() -> None:
    assert find_whole_words("ice cream", "Ice-cream, ICECREAM, nice cream, ice creams") == [(0, 9), (11, 19)]
    assert find_whole_words("the dog’s bed", "The dog's  bed") == [(0, 14)]
    assert find_whole_words(" - ", "a - b") == []


def test_the_examples_of_the_prompt_read_as_they_are_written() -> None:
    for caption, listed in ENTITY_EXAMPLES:
        reply = "\n".join(f"{number}. {phrase} -> {head}" for number, (phrase, head) in enumerate(listed, 1)) or "none"
        reading = read_reply(reply, caption)
        assert tuple((entity.phrase, entity.head) for entity in reading.entities) == listed
        assert reading.rejected == ()


PIECES = st.sampled_from(
    [
        "1.",
        "-",
        "->",
        "=>",
        "\t",
        "\n",
        " ",
        "hot dog",
        "dog",
        "a",
        "two",
        "of",
        "none",
        "Caption:",
        "İ",
        "ß",
        '"',
        "(x)",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=25).map("".join))


@settings(max_examples=150, deadline=None)
@given(reply=TEXTS, caption=TEXTS)
def test_no_reply_raises_and_every_entity_is_the_captions_own_text(reply: str, caption: str) -> None:
    entities = read_reply(reply, caption).entities
    for entity in entities:
        assert caption[entity.start : entity.end] == entity.phrase
        assert caption[entity.head_start : entity.head_end] == entity.head
        assert entity.start <= entity.head_start < entity.head_end == entity.end
    assert all(left.end <= right.start for left, right in itertools.pairwise(entities))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["red", "cat", "hot dog", "and", "ball"]), min_size=1, max_size=8), st.data())
def test_phrases_of_the_caption_are_never_rejected_as_unknown(words: list[str], data: st.DataObject) -> None:
    caption = " ".join(words)
    phrase = " ".join(words[data.draw(st.integers(0, len(words) - 1)) :])
    head = phrase.split()[-1]
    assert "not_in_caption" not in reasons(f"1. {phrase.upper()} -> {head}", caption)
    assert pairs(f"1. {phrase.upper()} -> {head}", caption)[-1][0] == phrase


def test_a_long_degenerate_reply_is_read_in_time() -> None:
    reply = "1. dog -> dog\n" * 300 + " " * 20_000 + "-" * 20_000 + "\n" + "(" * 20_000
    assert len(read_reply(reply, "a dog").rejected) >= 299
