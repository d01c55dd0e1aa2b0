from __future__ import annotations

import time

import pytest
from answer_judge import NAMING_SHARE, SelectionError, named_concepts
from answer_judge.noun_groups import read_sentences
from hypothesis import given, settings
from hypothesis import strategies as st

NAMED = [
    ("its crown is red", "red crown"),
    ("It's got red, gray-tipped crowns.", "red crown"),
    ("Crown: red; tail: gray", "red crown"),
    ("a cactus with a red flower on its top", "a red flower on top"),
    ("On top there is a red flower.", "a red flower on top"),
    ("Its beak is long and black.", "long black beak"),
    ("a long, black beak", "long black beak"),
    ("a beak, long and black, and a red tail", "long black beak"),
    ("The beak, which is long and black, is sharp", "long black beak"),
    ("The tail is red, black and white.", "white tail"),
    ("The crown and tail are red.", "red crown"),
    ("red and gray crown", "red crown"),
    ("white bars on the wings", "white wing bars"),
    ("two white wing-bars", "white wing bars"),
    ("a red-crowned bird", "red crown"),
    ("The black and yellow striped abdomen", "yellow stripes"),
    ("a black head with a white stripe", "white stripe on black head"),
    ("a white stripe running across its black head", "white stripe on black head"),
    ("The spots on the crown are red.", "red spots"),
    ("the colour of the crown is red", "red crown"),
    ("a crown of deep red", "red crown"),
    ("The gray crown, which is red at the back", "red crown"),
    ("a bird with red eyes, a yellow beak and black wings", "yellow beak"),
    ("The red crown helps identify it.", "red crown"),
    ("bright red crown patch", "distinctive red crown patch"),
    ("GREY crowns", "gray crown"),
    ("The leaf shows brown spots with yellow halos", "brown spots with yellow halos"),
    ("two engines mounted under the wings", "two engines under the wings"),
    ("The white body contrasts with its black wings", "black wings"),
    ("not only a red crown but also a black tail", "red crown"),
    ("The coat is short and smooth, ears are long", "smooth coat"),
    ("opacity in the lower right lung", "opacity in lower lung"),
    ("white ring around the eye", "white eye ring"),
    ("red\ncrown", "red crown"),
    ("It lacks a crest.", "no crest"),
    ("There is no crest.", "absence of a crest"),
]
NOT_NAMED = [
    ("red tail and gray crown", "red crown"),
    ("A red tail, gray crown.", "red crown"),
    ("Crown: red; tail: gray", "red tail"),
    ("a red flower beside the pot on top", "a red flower on top"),
    ("a beak, long and black, and a red tail", "red beak"),
    ("a short black beak", "long black beak"),
    ("a black beak", "long black beak"),
    ("It has a beak and the wings are red.", "red beak"),
    ("With a hooked beak, the wings are red", "red beak"),
    ("white wing bars", "white wings"),
    ("white stripe on the wing and a black head", "white stripe on black head"),
    ("The spots on the crown are red.", "red crown"),
    ("a bird with red eyes, a yellow beak and black wings", "black eyes"),
    ("a bird with red eyes, a yellow beak and black wings", "black beak"),
    ("The leaf shows brown spots with yellow halos", "yellow spots"),
    ("four engines under the wings", "two engines under the wings"),
    ("The head is black and the body is white", "white head"),
    ("The white body contrasts with its black wings", "black body"),
    ("The crown is red, tail is gray", "gray crown"),
    ("The crown is red while its tail is gray", "gray crown"),
    ("The coat is short and smooth, ears are long", "short ears"),
    ("- Red tail\n- Gray crown", "red crown"),
    ("no red crown", "red crown"),
    ("the crown is not red", "red crown"),
    ("the crown isn't red", "red crown"),
    ("a red crown rather than a gray crown", "gray crown"),
    ("Unlike gulls with a red crown, it is gray", "red crown"),
    ("I see no opacity in the lower right lung", "opacity in lower lung"),
    ("Does it have a red crown?", "red crown"),
    ("It has a crest.", "no crest"),
    ("Is there no crest?", "no crest"),
    ("", "red crown"),
]


@pytest.mark.parametrize(("text", "concept"), NAMED)
def test_a_concept_is_named_in_whatever_order_its_words_stand(text: str, concept: str) -> None:
    assert [naming.concept for naming in named_concepts(text, [concept])] == [concept]


@pytest.mark.parametrize(("text", "concept"), NOT_NAMED)
def test_words_said_of_another_thing_or_denied_name_no_concept(text: str, concept: str) -> None:
    assert named_concepts(text, [concept]) == []


def test_a_naming_shows_its_place_and_how_complete_it_is() -> None:
    text = "A gull. It has a big, hooked yellow beak with a spot."
    (most,) = named_concepts(text, ["strong hooked yellow beak"])
    assert (text[slice(*most.span)], most.how) == ("hooked yellow beak", "most words")
    (whole,) = named_concepts(text, ["hooked yellow beak"])
    assert (text[slice(*whole.span)], whole.how) == ("hooked yellow beak", "all words")


def test_the_share_of_words_is_a_parameter_and_the_thing_itself_is_always_needed() -> None:
    assert NAMING_SHARE == 0.75
    assert named_concepts("a black beak", ["long black beak"], share=0.6)[0].how == "most words"
    assert named_concepts("a long black tail", ["long black beak"], share=0.6) == []
    assert named_concepts("a long, red beak", ["long black beak"], share=0.6) == [], "another colour contradicts"
    assert named_concepts("two black beaks", ["3 black beaks"], share=0.6) == [], "another number too"


def test_the_fullest_naming_counts_when_there_are_several() -> None:
    text = "A black beak. Yes, a long black beak."
    (naming,) = named_concepts(text, ["long black beak"], share=0.5)
    assert (text[slice(*naming.span)], naming.how) == ("long black beak", "all words")


def test_concepts_come_in_their_own_order_each_once() -> None:
    namings = named_concepts("red crown, gray tail", ["gray tail", "red crown", "gray tail", "blue eye"])
    assert [naming.concept for naming in namings] == ["gray tail", "red crown"]


def test_synonyms_are_read_as_one_word() -> None:
    assert named_concepts("a hooked bill", ["hooked beak"]) == []
    assert len(named_concepts("hooked bills", ["hooked beak"], synonyms=[("beak", "bill")])) == 1


def test_wrong_arguments_are_refused_with_what_to_do() -> None:
    with pytest.raises(SelectionError, match=r"share must be in \(0, 1\]; got 0"):
        named_concepts("a", ["crown"], share=0)
    with pytest.raises(SelectionError, match="a concept needs a word that says something; 'the very' has none"):
        named_concepts("a", ["the very"])
    with pytest.raises(SelectionError, match="synonyms must be single words; got 'eye ring'"):
        named_concepts("a", ["crown"], synonyms=[("eye ring", "ring")])


WORDS = st.sampled_from(
    [
        "red",
        "gray",
        "crown",
        "tail",
        "beak",
        "and",
        ",",
        ".",
        "is",
        "with",
        "on",
        "the",
        "no",
        "not",
        "which",
        ":",
        "\n",
        "?",
    ]
)


@given(st.lists(WORDS, max_size=30).map(" ".join), st.sampled_from(["red crown", "long gray tail", "bars on the beak"]))
@settings(max_examples=100, deadline=None)
def test_a_named_concept_has_its_thing_inside_its_span(text: str, concept: str) -> None:
    for naming in named_concepts(text, [concept]):
        start, end = naming.span
        assert 0 <= start < end <= len(text)
        assert concept.split()[0 if concept.startswith("bars") else -1] in text[start:end]


@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_and_names_itself_nowhere_by_accident(text: str) -> None:
    assert named_concepts(text, ["zyxwvut crown"]) == []


@given(st.permutations(["the crown is red", "a gray tail", "wings with white bars"]))
def test_clauses_in_any_order_name_the_same_concepts(clauses: list[str]) -> None:
    concepts = ["red crown", "gray tail", "white bars on the wings", "red tail", "gray crown", "white tail"]
    found = named_concepts("; ".join(clauses) + ".", concepts)
    assert [naming.concept for naming in found] == concepts[:3]


def test_groups_keep_every_word_that_says_something_once() -> None:
    (sentence,) = read_sentences("Its beak, long and black, is on a red, rather small head.")
    words = sorted(token.norm for group in sentence.groups for token in group.tokens)
    assert words == ["beak", "black", "head", "long", "red", "small"]


@pytest.mark.parametrize("piece", ["red crown and ", "red, ", "crown ", "no red ", "crown on the ", "is red "])
def test_time_stays_near_linear_in_the_length_of_a_text(piece: str) -> None:
    started = time.process_time()
    named_concepts(piece * (6_000 // len(piece)), ["red crown", "gray crown on head"])
    assert time.process_time() - started < 3
