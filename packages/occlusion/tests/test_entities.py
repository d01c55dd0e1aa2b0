from __future__ import annotations

import itertools
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from occlusion import MissingExtraError, OcclusionError, SpacyEntities, blank_english, load_english
from spacy.tokens import Doc

extract = SpacyEntities(blank_english())


def found(caption: str) -> list[tuple[str, str]]:
    return [(entity.phrase, entity.head) for entity in extract([caption])[0]]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        pytest.param("A dog on a sofa.", [("dog", "dog"), ("sofa", "sofa")], id="articles are cut"),
        pytest.param("Two small dogs", [("small dogs", "dogs")], id="numbers are cut, adjectives stay"),
        pytest.param("a hot dog on a white plate", [("hot dog", "hot dog"), ("white plate", "plate")], id="compound"),
        pytest.param("a tennis player", [("tennis player", "tennis player")], id="longest match"),
        pytest.param("a table lamp", [("table lamp", "table lamp")], id="neighbouring nouns"),
        pytest.param(
            "an orange lamp and an orange", [("orange lamp", "lamp"), ("orange", "orange")], id="colour or fruit"
        ),
        pytest.param("a black-and-white cat", [("black-and-white cat", "cat")], id="joined by hyphens"),
        pytest.param("a tall, red and blue kite", [("tall, red and blue kite", "kite")], id="joined by comma and and"),
        pytest.param("a ball game", [], id="a noun before an abstract one"),
        pytest.param("the view of the mountain", [("mountain", "mountain")], id="abstract nouns are not things"),
        pytest.param("a group of people", [("people", "people")], id="collective nouns are cut"),
        pytest.param("A DUCK's nest", [("DUCK", "DUCK"), ("nest", "nest")], id="case and possessive"),
        pytest.param("a dog chases a dog", [("dog", "dog"), ("dog", "dog")], id="every mention"),
        pytest.param("three women in t-shirts", [("women", "women"), ("t-shirts", "t-shirts")], id="irregular, hyphen"),
        pytest.param("rails next to a train", [("rails", "rails"), ("train", "train")], id="plural only"),
        pytest.param("a pair of red shoes", [("red shoes", "shoes")], id="what counts another noun is no thing"),
        pytest.param("a ball of yarn, a ball", [("yarn", "yarn"), ("ball", "ball")], id="or a thing that measures"),
        pytest.param("a cup of coffee", [("cup", "cup"), ("coffee", "coffee")], id="a container is a thing"),
        pytest.param("A photo of a man", [("man", "man")], id="the picture itself is no thing"),
        pytest.param("a man holds a photo of a dog", [("man", "man"), ("photo", "photo"), ("dog", "dog")], id="print"),
        pytest.param("a glittery gold-plated ring", [("glittery gold-plated ring", "ring")], id="unknown adjectives"),
        pytest.param("a wombler holds cups", [("cups", "cups")], id="a subject and its verb are no adjectives"),
        pytest.param("a wombler wearing hats", [("hats", "hats")], id="nor are a subject and its participle"),
        pytest.param("", [], id="empty"),
        pytest.param("🙂 a bird \x00 كلب", [("bird", "bird")], id="emoji, NUL, right to left"),
    ],
)
def test_the_entities_of_a_caption(caption: str, expected: list[tuple[str, str]]) -> None:
    assert found(caption) == expected


@pytest.mark.parametrize(
    ("caption", "heads"),
    [
        pytest.param("People watch the train", ["People", "train"], id="a plural and its verb"),
        pytest.param("a man parks his car in the park", ["man", "car", "park"], id="a singular and its verb"),
        pytest.param("the swan ducks under the duck", ["swan", "duck"], id="animals act"),
        pytest.param("about to park next to parks", ["parks"], id="infinitive"),
        pytest.param("a dog next to water", ["dog", "water"], id="to a place"),
        pytest.param("he can fly and they swing", [], id="after auxiliaries and pronouns"),
        pytest.param("a woman sits and watches the ducks", ["woman", "ducks"], id="after and, with an object"),
        pytest.param("a wombler saws a box", ["box"], id="an unknown subject, with an object"),
        pytest.param("a man is painting a wall", ["man", "wall"], id="participle"),
        pytest.param("a painting on a building", ["painting", "building"], id="nouns that look like participles"),
        pytest.param("table lamps and dog houses", ["table lamps", "dog houses"], id="compounds"),
        pytest.param("a box and saws", ["box", "saws"], id="after and, without an object"),
        pytest.param("two watches and a watch", ["watches", "watch"], id="nouns"),
        pytest.param("a snow-covered bench", ["bench"], id="half a word is no noun"),
        pytest.param("A horse walks near a man flying a kite", ["horse", "man", "kite"], id="abstract nouns as verbs"),
    ],
)
def test_words_that_are_nouns_and_verbs_are_told_by_their_neighbours(caption: str, heads: list[str]) -> None:
    assert [head for _, head in found(caption)] == heads


WORDS = ["a", "the", "two", "red", "small", "dog", "hot dog", "trains", "table", "lamp", "joy", "and", ",", ".", "🙂"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_spans_hold_what_they_say_and_do_not_overlap(caption: str) -> None:
    entities = extract([caption])[0]
    for entity in entities:
        assert caption[entity.start : entity.end] == entity.phrase
        assert caption[entity.head_start : entity.head_end] == entity.head
        assert entity.start <= entity.head_start < entity.head_end == entity.end
    assert all(left.end <= right.start for left, right in itertools.pairwise(entities))


def test_a_closed_world_knows_only_its_own_nouns() -> None:
    closed = SpacyEntities(blank_english({"rails": "object", "train": "vehicle"}))
    heads = [
        [entity.head for entity in of_one] for of_one in closed(["A Train next to rails, and a dog", "two trains"])
    ]
    assert heads == [["Train", "rails"], ["trains"]]


def test_the_lemma_is_one_for_every_mention() -> None:
    assert {entity.lemma for entity in extract(["Dogs and a dog and a DOG"])[0]} == {"dog"}


class Parsed:
    """A pipeline that gives every text the same parse: word, part of speech, dependency, head."""

    pipe_names = ("parser",)

    def __init__(self, rows: list[tuple[str, str, str, int]]) -> None:
        words, pos, deps, heads = (list(column) for column in zip(*rows, strict=True))
        self.doc = Doc(spacy.blank("en").vocab, words=words, pos=pos, deps=deps, heads=heads)

    def pipe(self, texts: list[str], batch_size: int) -> list[Doc]:
        return [self.doc for _ in texts][:batch_size]


def parsed(rows: list[tuple[str, str, str, int]]) -> Any:
    return Parsed(rows)


def test_noun_chunks_of_a_parse_lose_determiners_numbers_and_pronouns() -> None:
    nlp = parsed(
        [
            ("Two", "NUM", "nummod", 3),
            ("young", "ADJ", "amod", 3),
            ("tennis", "NOUN", "compound", 3),
            ("players", "NOUN", "nsubj", 4),
            ("hit", "VERB", "ROOT", 4),
            ("his", "PRON", "poss", 7),
            ("yellow", "ADJ", "amod", 7),
            ("ball", "NOUN", "dobj", 4),
            ("with", "ADP", "prep", 4),
            ("joy", "NOUN", "pobj", 8),
            ("while", "SCONJ", "mark", 12),
            ("they", "PRON", "nsubj", 12),
            ("run", "VERB", "advcl", 4),
        ]
    )
    entities = SpacyEntities(nlp)([""])[0]
    assert [(e.phrase, e.head) for e in entities] == [
        ("young tennis players", "tennis players"),
        ("yellow ball", "ball"),
    ]


def test_the_stop_list_can_be_replaced() -> None:
    nlp = parsed([("dogs", "NOUN", "nsubj", 1), ("love", "VERB", "ROOT", 1), ("joy", "NOUN", "dobj", 1)])
    heads = [entity.head for entity in SpacyEntities(nlp, abstract=frozenset({"dog"}))([""])[0]]
    assert heads == ["joy"]


def test_a_pipeline_that_cannot_parse_is_refused_with_what_to_do() -> None:
    with pytest.raises(OcclusionError, match=r"must parse.*load_english") as caught:
        SpacyEntities(spacy.blank("en"))(["a dog"])
    assert caught.value.reason == "no_parser"


def test_a_missing_pipeline_gives_the_install_command() -> None:
    with pytest.raises(MissingExtraError, match="python -m spacy download en_nowhere"):
        load_english("en_nowhere")


def test_nouns_of_ones_own_are_things_even_where_the_built_in_list_calls_them_abstract() -> None:
    extract = SpacyEntities(blank_english({"shadow": "object", "game": "toy", "wall": "thing"}))
    heads = [entity.head for entity in extract(["A shadow on a wall next to a game"])[0]]
    assert heads == ["shadow", "wall", "game"]


def test_text_that_utf8_cannot_carry_has_no_entities_and_leaves_its_neighbours_alone() -> None:
    found = SpacyEntities(blank_english({"wall": "thing"}))(["A wall", "bad \ud800 wall", "walls"])
    assert [[entity.head for entity in entities] for entities in found] == [["wall"], [], ["walls"]]
