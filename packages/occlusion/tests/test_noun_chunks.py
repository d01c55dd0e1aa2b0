from __future__ import annotations

from typing import Any

import pytest
import spacy
from occlusion import SpacyEntities
from spacy.tokens import Doc

VOCAB = spacy.blank("en").vocab


class Parsed:
    """A pipeline that gives every text one parse, written as `word/POS/dependency/place of the head` for each word."""

    pipe_names = ("parser",)

    def __init__(self, text: str) -> None:
        rows = [part.rsplit("/", 3) for part in text.split()]
        words, pos, deps, heads = zip(*rows, strict=True)
        glued = [word == "-" or (at + 1 < len(words) and words[at + 1] in ("-", "'s")) for at, word in enumerate(words)]
        spaces = [not no_space for no_space in glued]
        self.doc = Doc(
            VOCAB, words=list(words), spaces=spaces, pos=list(pos), deps=list(deps), heads=[int(head) for head in heads]
        )

    def pipe(self, texts: list[str], batch_size: int) -> list[Doc]:
        return [self.doc for _ in texts][:batch_size]


def found(parse: str) -> list[tuple[str, str]]:
    nlp: Any = Parsed(parse)
    return [(entity.phrase, entity.head) for entity in SpacyEntities(nlp)([""])[0]]


@pytest.mark.parametrize(
    ("parse", "expected"),
    [
        pytest.param(
            "a/DET/det/1 pair/NOUN/ROOT/1 of/ADP/prep/1 worn/ADJ/amod/5 leather/NOUN/compound/5 shoes/NOUN/pobj/2",
            [("worn leather shoes", "shoes")],
            id="a quantity is no thing, a material no part of the head",
        ),
        pytest.param(
            "group/NOUN/ROOT/0 of/ADP/prep/0 people/NOUN/pobj/1", [("people", "people")], id="a group of people"
        ),
        pytest.param(
            "a/DET/det/1 cup/NOUN/ROOT/1 of/ADP/prep/1 coffee/NOUN/pobj/2",
            [("cup", "cup"), ("coffee", "coffee")],
            id="a container is a thing",
        ),
        pytest.param(
            "a/DET/det/1 crowd/NOUN/nsubj/2 cheers/VERB/ROOT/2",
            [("crowd", "crowd")],
            id="a crowd on its own is a thing",
        ),
        pytest.param(
            "a/DET/det/1 photo/NOUN/ROOT/1 of/ADP/prep/1 a/DET/det/4 dog/NOUN/pobj/2",
            [("dog", "dog")],
            id="the picture itself is no thing",
        ),
        pytest.param(
            "dog/NOUN/ROOT/0 near/ADP/prep/0 a/DET/det/3 photo/NOUN/pobj/1 of/ADP/prep/3 a/DET/det/6 man/NOUN/pobj/4",
            [("dog", "dog"), ("photo", "photo"), ("man", "man")],
            id="a picture in the picture is one",
        ),
        pytest.param(
            "the/DET/det/2 old/ADJ/amod/2 man/NOUN/poss/5 's/PART/case/2 red/ADJ/amod/5 hat/NOUN/ROOT/5",
            [("old man", "man"), ("red hat", "hat")],
            id="a possessor is a thing of its own",
        ),
        pytest.param("his/PRON/poss/1 hat/NOUN/ROOT/1", [("hat", "hat")], id="a possessive pronoun is cut"),
        pytest.param(
            "the/DET/det/1 Statue/PROPN/ROOT/1 of/ADP/prep/1 Liberty/PROPN/pobj/2",
            [("Statue of Liberty", "Statue of Liberty")],
            id="a name with of",
        ),
        pytest.param(
            "streets/NOUN/ROOT/0 of/ADP/prep/0 Paris/PROPN/pobj/1",
            [("streets", "streets"), ("Paris", "Paris")],
            id="a thing of a named place",
        ),
        pytest.param(
            "a/DET/det/2 hot/ADJ/amod/2 dog/NOUN/ROOT/2", [("hot dog", "hot dog")], id="a known compound is kept whole"
        ),
        pytest.param(
            "a/DET/det/2 living/VERB/amod/2 room/NOUN/ROOT/2",
            [("living room", "living room")],
            id="of a participle too",
        ),
        pytest.param(
            "bright/ADJ/amod/2 orange/NOUN/compound/2 jacket/NOUN/ROOT/2",
            [("bright orange jacket", "jacket")],
            id="a colour is no part of the head",
        ),
        pytest.param(
            "a/DET/det/4 flat/ADJ/amod/3 -/PUNCT/punct/3 screen/NOUN/compound/4 tv/NOUN/ROOT/4",
            [("flat-screen tv", "tv")],
            id="a hyphened modifier stays whole",
        ),
        pytest.param(
            "a/DET/det/3 very/ADV/advmod/2 tall/ADJ/amod/3 man/NOUN/ROOT/3",
            [("very tall man", "man")],
            id="an adverb of an adjective stays",
        ),
        pytest.param(
            "about/ADV/advmod/1 ten/NUM/nummod/2 cats/NOUN/ROOT/2", [("cats", "cats")], id="an adverb of a number goes"
        ),
        pytest.param(
            "a/DET/det/2 crowd/NOUN/compound/2 cheers/NOUN/ROOT/2",
            [("crowd", "crowd")],
            id="no plural noun follows a: the parser took a verb for one",
        ),
        pytest.param(
            "a/DET/det/3 few/ADJ/amod/3 tennis/NOUN/compound/3 balls/NOUN/ROOT/3",
            [("tennis balls", "tennis balls")],
            id="but it follows a few",
        ),
        pytest.param(
            "a/DET/det/2 baseball/NOUN/compound/2 game/NOUN/ROOT/2",
            [],
            id="the last word of a compound may be abstract",
        ),
        pytest.param("IMG_20.jpg/NOUN/ROOT/0", [], id="file names are no nouns"),
        pytest.param("they/PRON/nsubj/1 run/VERB/ROOT/1", [], id="pronouns are no things"),
    ],
)
def test_noun_chunks_become_things(parse: str, expected: list[tuple[str, str]]) -> None:
    assert found(parse) == expected
