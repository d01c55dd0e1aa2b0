"""What a detector is asked to find."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from code_caption.errors import SettingsError
from code_caption.words.concepts import Concepts, find_concepts
from code_caption.words.names import is_name, normal_name
from code_caption.words.nouns import plural, singular
from code_caption.words.word_lists import HYPERNYMS, STOP_WORDS
from hypothesis import given
from hypothesis import strategies as st

THINGS = ("dog", "cat", "bus", "tennis racket", "animal", "animals", "vehicle", "scene", "lens", "bookshelves", "sky")


@dataclass(frozen=True)
class Noun:
    """A noun phrase of a caption that is a list of nouns."""

    phrase: str
    head: str
    lemma: str


def comma_nouns(captions: Sequence[str]) -> list[list[Noun]]:
    """Every item of `a dog, cat` is a phrase, its last word (or the two of a racket) the head."""
    return [[_noun(phrase) for phrase in caption.split(", ") if phrase] for caption in captions]


def _noun(phrase: str) -> Noun:
    words = phrase.split(" ")
    head = " ".join(words[-2:] if words[-1].lower().startswith("racket") else words[-1:])
    return Noun(phrase, head, singular(head))


def find(*captions: str, **settings: object) -> Concepts:
    return find_concepts(captions, comma_nouns, **settings)  # pyright: ignore[reportArgumentType]


def reasons(concepts: Concepts) -> dict[str, str]:
    return {dropped.name: dropped.reason for dropped in concepts.dropped}


def test_stop_words_one_behind_the_other_are_all_dropped() -> None:
    concepts = find("scene, background, dog, image, object, area, cat")
    assert concepts.names == ("dog", "cat")
    assert reasons(concepts) == dict.fromkeys(("scene", "background", "image", "object", "area"), "stop_word")


@given(st.permutations(["scene", "backgrounds", "dog", "Image", "objects", "area", "cat"]))
def test_stop_words_never_reach_the_detector_wherever_they_sit(nouns: list[str]) -> None:
    assert set(find(", ".join(nouns)).names) == {"dog", "cat"}


def test_adjectives_are_no_part_of_a_concept_and_compounds_are() -> None:
    assert find("a red dog, two old Tennis Rackets").names == ("dog", "tennis racket")


def test_names_of_more_captions_come_first_then_the_first_mentioned() -> None:
    captions = ("cups, lake, cup, cup", "boats, a big tree, lake", "a dog, trees, boat")
    assert find(*captions).names == ("lake", "boat", "tree", "cup", "dog")


@pytest.mark.parametrize("key", ["animal", "animals", "ANIMALS"])
@pytest.mark.parametrize("mention", ["animal", "animals", "Animals"])
def test_a_generic_word_in_any_number_goes_where_a_member_in_any_number_is_named(key: str, mention: str) -> None:
    assert find(f"two {mention}, dogs, pond", hypernyms={key: ["Dogs"]}).names == ("dog", "pond")


def test_a_generic_word_stays_where_no_member_is_named() -> None:
    assert find("two animals, a car").names == ("animal", "car")
    assert reasons(find("two animals, a vehicle, a dog")) == {"animal": "generic"}


def test_a_stop_word_is_no_member_that_drops_a_generic_word() -> None:
    assert find("animals, dog", stop_words=["dogs"]).names == ("animal",)


def test_a_generic_word_that_is_its_own_member_stays() -> None:
    assert find("dogs, cat", hypernyms={"dog": ["dog"]}).names == ("dog", "cat")


def test_a_compound_counts_as_what_its_last_word_says_unless_the_table_knows_it() -> None:
    table = {"animal": ["dog"], "food": ["hot dog"], "equipment": ["racket"]}
    assert find("animals, equipment, a tennis racket", hypernyms=table).names == ("animal", "tennis racket")

    def whole(captions: Sequence[str]) -> list[list[Noun]]:
        return [[Noun(noun, noun, noun) for noun in caption.split(", ")] for caption in captions]

    concepts = find_concepts(["animal, food, hot dog"], whole, hypernyms=table)
    assert concepts.names == ("animal", "hot dog")


def test_own_lists_replace_the_built_in_ones() -> None:
    concepts = find("scene, animal, dog, lake", hypernyms={}, stop_words=["lakes"])
    assert concepts.names == ("scene", "animal", "dog")


def test_what_is_beyond_the_cap_is_dropped_with_a_reason() -> None:
    captions = [", ".join(f"kind{letter}" for letter in "abcdefgh"), "kindh"]
    concepts = find(*captions, most=3)
    assert concepts.names == ("kindh", "kinda", "kindb")
    assert reasons(concepts) == dict.fromkeys(("kindc", "kindd", "kinde", "kindf", "kindg"), "over_cap")


def test_dropped_names_do_not_count_towards_the_cap() -> None:
    assert find("scene, animal, image, dog, cat", most=2).names == ("dog", "cat")


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        ("dog\x00", r"dog\x00"),
        ("do\u200bg", r"do\u200bg"),
        ("\ud800", r"\ud800"),
        ("x" * 61, "x" * 60 + "…"),
        ("!?", "!?"),
        ("42", "42"),
    ],
)
def test_what_is_no_text_is_dropped_and_can_be_shown(head: str, shown: str) -> None:
    concepts = find_concepts([""], lambda captions: [[Noun(head, head, head)] for _ in captions])
    assert concepts.names == ()
    assert reasons(concepts) == {shown: "not_text"}
    assert shown.isprintable()


@pytest.mark.parametrize("head", ["Tennis\nRackets", "tennis_racket", " tennis  racket ", "**tennis racket.**"])
def test_names_are_one_line_of_plain_words(head: str) -> None:
    assert find_concepts(["x"], lambda captions: [[Noun(head, head, head)]]).names == ("tennis racket",)


def test_what_has_no_singular_is_named_as_the_caption_has_it_whatever_the_lemma() -> None:
    nouns = [[Noun("blue shorts", "shorts", "short"), Noun("scissors", "scissors", "scissor")]]
    assert find_concepts(["x"], lambda captions: nouns).names == ("shorts", "scissors")


def test_a_lemma_that_no_rule_gives_is_taken() -> None:
    assert find_concepts(["x"], lambda captions: [[Noun("loci", "loci", "locus")]]).names == ("locus",)


def test_captions_without_nouns_have_no_concepts() -> None:
    assert find() == find("", "") == Concepts((), ())


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SettingsError, match="most must be at least 1 name; got 0"):
        find("dog", most=0)
    with pytest.raises(SettingsError, match=r"captions must be several texts; got 'a dog'\. Put it in a list\."):
        find_concepts("a dog", comma_nouns)
    with pytest.raises(SettingsError, match="stop_words must be several texts"):
        find("dog", stop_words="scene")
    with pytest.raises(SettingsError, match="hypernyms must be several texts"):
        find("dog", hypernyms={"animal": "dog"})
    with pytest.raises(SettingsError, match="extract must return 2 lists, one a caption; got 1"):
        find_concepts(["a dog", "a cat"], lambda captions: [[]])


CAPTIONS = st.lists(st.lists(st.sampled_from(THINGS), max_size=6).map(", ".join), max_size=5)


@given(CAPTIONS, st.integers(1, 4))
def test_every_name_is_kept_or_dropped_once_and_the_cap_holds(captions: list[str], most: int) -> None:
    concepts = find(*captions, most=most)
    everything = [*concepts.names, *(dropped.name for dropped in concepts.dropped)]
    assert len(concepts.names) <= most
    assert sorted(everything) == sorted(
        {normal_name(noun) for caption in captions for noun in caption.split(", ")} - {""}
    )


@given(CAPTIONS)
def test_concepts_of_concepts_are_the_same(captions: list[str]) -> None:
    names = find(*captions).names
    assert find(", ".join(names)) == Concepts(names, ())


@given(CAPTIONS, st.data())
def test_the_order_of_captions_changes_the_order_of_equally_frequent_names_only(
    captions: list[str], data: st.DataObject
) -> None:
    before, after = find(*captions).names, find(*data.draw(st.permutations(captions))).names

    def count(name: str) -> int:
        return sum(name in [normal_name(noun) for noun in caption.split(", ")] for caption in captions)

    assert sorted(before) == sorted(after)
    assert [count(name) for name in before] == [count(name) for name in after]


@given(st.text(max_size=80))
def test_any_head_becomes_a_name_or_a_drop_that_can_be_written(head: str) -> None:
    concepts = find_concepts(["x"], lambda captions: [[Noun(head, head, head)]])
    assert all(is_name(name) for name in concepts.names)
    for dropped in concepts.dropped:
        assert dropped.name.isprintable()
        dropped.name.encode("utf-8")


SCRIPT = """
from types import SimpleNamespace
from code_caption.words.concepts import find_concepts
def extract(captions):
    return [[SimpleNamespace(phrase=w, head=w, lemma=w) for w in caption.split()] for caption in captions]
words = " ".join(f"{a}{b}oo" for a in "bcdfg" for b in "klmnp")
print(find_concepts([words, "gpoo scene animal dog"], extract, most=9))
"""


def test_hash_seeds_do_not_matter() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4711")
    }
    assert len(outputs) == 1
    assert "names=('gpoo', 'bkoo', 'bloo'" in outputs.pop()


def test_the_built_in_lists_are_in_the_singular_and_do_not_contradict_each_other() -> None:
    members = set[str]().union(*HYPERNYMS.values())
    for word in {*HYPERNYMS, *members, *STOP_WORDS}:
        assert is_name(word), word
    assert not STOP_WORDS & (members | set(HYPERNYMS))
    assert not members & set(HYPERNYMS)


def test_the_built_in_table_has_eighteen_categories_of_ten_members_and_more() -> None:
    assert len(HYPERNYMS) == 18
    assert min(map(len, HYPERNYMS.values())) >= 10


@pytest.mark.parametrize("generic", sorted(HYPERNYMS))
def test_each_category_of_the_table_works_in_both_numbers(generic: str) -> None:
    member = sorted(HYPERNYMS[generic])[0]
    for word in (generic, plural(generic)):
        nouns = [[Noun(noun, noun, singular(noun)) for noun in (word, plural(member))]]
        assert find_concepts(["x"], lambda captions, nouns=nouns: nouns).names == (member,)


def test_spacy_entities_of_a_closed_world_serve_as_they_are() -> None:
    occlusion = pytest.importorskip("occlusion")
    pytest.importorskip("spacy")
    lexicon = {"dog": "animal", "animal": "animal", "tennis racket": "tool", "pond": "place", "scissors": "tool"}
    extract = occlusion.SpacyEntities(occlusion.blank_english(lexicon))
    captions = ["Two small dogs near a pond.", "Animals and red tennis rackets at the pond, with scissors."]
    concepts = find_concepts(captions, extract)
    assert concepts.names == ("pond", "dog", "tennis racket", "scissors")
    assert reasons(concepts) == {"animal": "generic"}
