"""The claims of a caption, and what it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from code_caption.errors import SettingsError
from code_caption.words.nouns import plural, singular
from code_caption.words.phrases import mentions, mentions_several, phrases_of, split_attributes
from hypothesis import given
from hypothesis import strategies as st


@dataclass(frozen=True)
class Noun:
    """A noun phrase of a caption that is a list of phrases."""

    phrase: str
    head: str

    @property
    def lemma(self) -> str:
        return singular(self.head)


class CommaPhrases:
    """Every item of `a red chair, dog` is a phrase, its last word the head; counts its calls."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, captions: Sequence[str]) -> list[list[Noun]]:
        self.calls.append(list(captions))
        return [[Noun(phrase, phrase.split(" ")[-1]) for phrase in text.split(", ") if phrase] for text in captions]


def phrases(text: str, **settings: object) -> tuple[str, ...]:
    return phrases_of([text], CommaPhrases(), **settings)[0]  # pyright: ignore[reportArgumentType]


def test_adjectives_stay_and_the_case_goes() -> None:
    assert phrases("A Red Wooden chair, small ducks") == ("red wooden chair", "small ducks")


@pytest.mark.parametrize(
    "phrase",
    [
        "The red hat",
        "her red hat",
        "the man's red hat",
        "the man’s red hat",
        "3 red hat",
        "all of these red hat",
        "red hat",
    ],
)
def test_articles_owners_and_numbers_before_a_phrase_go(phrase: str) -> None:
    assert phrases(phrase) == ("red hat",)


@pytest.mark.parametrize("phrase", ["one", "dozen", "its"])
def test_a_head_that_looks_like_a_number_or_an_owner_is_not_cut(phrase: str) -> None:
    assert phrases(phrase, stop_words=()) == (phrase,)


def test_a_phrase_stands_once_in_order_of_mention() -> None:
    assert phrases("a red chair, the dog, my red chair, red dog") == ("red chair", "dog", "red dog")


def test_the_stop_list_is_held_against_the_head_and_not_its_adjectives() -> None:
    assert phrases("the dark background, an object, top shelf, two sides, it, dog") == ("top shelf", "dog")
    assert phrases("a dog, scenes", stop_words=["Dogs"]) == ("scenes",)


@pytest.mark.parametrize("name", ["chair", "Chairs", "CHAIR", "chair_(furniture)", "stool/chair", "seat; chair"])
def test_a_vocabulary_name_is_found_in_any_case_number_and_style(name: str) -> None:
    assert phrases("a red chair, red chairs, a table", vocabulary=[name]) == ("red chair", "red chairs")


@pytest.mark.parametrize("name", ["tennis_racket", "Tennis rackets", "tennis-racket (sport)"])
def test_vocabulary_names_of_several_words_match_as_a_whole(name: str) -> None:
    assert phrases("old tennis rackets, tennis net, racket", vocabulary={name}) == ("old tennis rackets",)


def test_what_stands_in_brackets_is_no_name() -> None:
    assert phrases("white ribbon, bow", vocabulary=["bow_(decorative_ribbons)"]) == ("bow",)
    assert phrases("white ribbon, bow", vocabulary=["(ribbon)"]) == ()


def test_an_empty_vocabulary_keeps_nothing_and_none_keeps_all() -> None:
    assert phrases("a dog, a cat", vocabulary=()) == ()
    assert phrases("a dog, a cat", vocabulary=None) == ("dog", "cat")


def test_many_texts_are_extracted_in_one_call_and_stay_apart() -> None:
    extract = CommaPhrases()
    texts = ["a dog, cat", "", "the dog"]
    assert phrases_of(texts, extract) == [("dog", "cat"), (), ("dog",)]
    assert extract.calls == [texts]


def test_marks_and_lines_cannot_enter_a_question() -> None:
    assert phrases("a <image>\nred chair\x00") == ("image red chair",)


def test_one_text_for_many_is_refused() -> None:
    with pytest.raises(SettingsError, match="captions must be several texts; got 'a dog'"):
        phrases_of("a dog", CommaPhrases())
    with pytest.raises(SettingsError, match="vocabulary must be several texts; got 'dog'"):
        phrases("a dog", vocabulary="dog")


@given(st.lists(st.sampled_from(["a red dog", "the man's hat", "two 3 cats", "one", "scene", "it", "big lens"])))
def test_phrases_of_phrases_are_the_same(items: list[str]) -> None:
    found = phrases(", ".join(items))
    assert phrases(", ".join(found)) == found


@pytest.mark.parametrize(
    ("phrase", "head", "attributes"),
    [
        ("red wooden chair", "chair", ("red", "wooden")),
        ("The Red chair", "chair", ("red",)),
        ("chair", "chair", ()),
        ("two old tennis rackets", "tennis rackets", ("old",)),
        ("black and white, very old cat", "cat", ("black", "white", "old")),
        ("the man's red hat", "hat", ("red",)),
        ("long-haired red-white cat", "cat", ("long-haired", "red-white")),
        ("red-chair", "chair", ("red",)),
        ("orange orange", "orange", ("orange",)),
        ("red, red ball", "ball", ("red",)),
        ("car-shaped blue car", "car", ("car-shaped", "blue")),
    ],
)
def test_attributes_are_the_words_before_the_head(phrase: str, head: str, attributes: tuple[str, ...]) -> None:
    assert split_attributes(phrase, head) == attributes


@pytest.mark.parametrize(("phrase", "head"), [("red wooden chairs", "chair"), ("red wooden Chair", "CHAIRS")])
def test_the_head_may_stand_in_another_number_and_case(phrase: str, head: str) -> None:
    assert split_attributes(phrase, head) == ("red", "wooden")


@pytest.mark.parametrize("head", ["table", "chair", "", " ", "eg"])
def test_a_phrase_about_another_thing_says_nothing_of_this_one(head: str) -> None:
    assert split_attributes("red chair leg", head) == ()


@pytest.mark.parametrize(
    ("caption", "name"),
    [
        ("Two dogs play.", "dog"),
        ("A DOG plays.", "dogs"),
        ("People wait.", "person"),
        ("The dog's tail", "dog"),
        ("The dogs’ bowl", "dog"),
        ("A tennis racket", "tennis racket"),
        ("Tennis rackets", "Tennis_racket"),
        ("A tennis racket", "racket"),
        ("A fire-truck", "fire truck"),
        ("a firetruck", "fire truck"),
        ("fire trucks", "firetruck"),
        ("A T-shirt", "t shirt"),
        ("Red,blue;car", "car"),
        ("in blue jeans", "jeans"),
        ("two sports cars", "sports car"),
        ("a glass of water", "glasses"),
    ],
)
def test_a_caption_names_a_thing(caption: str, name: str) -> None:
    assert mentions(caption, name)


@pytest.mark.parametrize(
    ("caption", "name"),
    [
        ("A cart", "car"),
        ("A scar", "car"),
        ("tennis with a racket", "tennis racket"),
        ("tennis, racket", "tennis racket"),
        ("A corn field", "acorn"),
        ("a dog, the house", "doghouse"),
        ("a racket", "tennis racket"),
        ("a short man", "shorts"),
        ("anything", ""),
        ("a - b", "-"),
        ("", "dog"),
    ],
)
def test_a_caption_does_not_name_a_thing(caption: str, name: str) -> None:
    assert not mentions(caption, name)


@given(
    st.sampled_from(["dog", "tennis racket", "bus", "knife", "berry", "scissors", "glass", "t-shirt"]),
    st.sampled_from(["", "a ", "the red ", "two, "]),
    st.sampled_from(["", ".", " and a tree", "'s top"]),
)
def test_both_numbers_are_named_wherever_they_stand(name: str, before: str, after: str) -> None:
    for form in (name, plural(name), name.upper(), name.title()):
        assert mentions(f"{before}{form}{after}", name)
        assert mentions(f"{before}{name}{after}", form)


@pytest.mark.parametrize(
    ("caption", "name", "is_several"),
    [
        ("A dog beside a sleeping dog.", "dog", True),
        ("Two Dogs on a rug.", "Dog", True),
        ("A dog on a rug.", "dog", False),
        ("A dog's bowl.", "dog", False),
        ("Two cats and a dog.", "dog", False),
        ("Fire-trucks in a row.", "firetruck", True),
        ("A sports car.", "sports car", False),
        ("Two sports cars.", "sports car", True),
        ("Pieces of cake.", "piece of cake", True),
        ("Two white sheep.", "sheep", True),
        ("A white sheep.", "sheep", False),
        ("Blue jeans.", "jeans", False),
        ("Nothing at all.", "...", False),
    ],
)
def test_more_than_one_is_named_in_the_plural_or_more_than_once(caption: str, name: str, is_several: bool) -> None:
    assert mentions_several(caption, name) is is_several


def test_spacy_entities_of_a_closed_world_serve_as_they_are() -> None:
    occlusion = pytest.importorskip("occlusion")
    pytest.importorskip("spacy")
    extract = occlusion.SpacyEntities(occlusion.blank_english({"chair": "furniture", "duck": "animal"}))
    text = "Two red wooden chairs near the small yellow duck, and a chair."
    assert phrases_of([text], extract)[0] == ("red wooden chairs", "small yellow duck", "chair")
    nouns = extract([text])[0]
    assert [split_attributes(noun.phrase, noun.head) for noun in nouns] == [
        ("red", "wooden"),
        ("small", "yellow"),
        (),
    ]
