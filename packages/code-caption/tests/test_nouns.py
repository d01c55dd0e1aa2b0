"""Singular and plural."""

from __future__ import annotations

import pytest
from code_caption.words.nouns import is_only_plural, plural, singular
from code_caption.words.word_lists import HYPERNYMS
from hypothesis import given
from hypothesis import strategies as st

ONE_AND_MANY = (
    # By rule.
    ("dog", "dogs"),
    ("glass", "glasses"),
    ("bench", "benches"),
    ("brush", "brushes"),
    ("box", "boxes"),
    ("berry", "berries"),
    ("toy", "toys"),
    ("house", "houses"),
    ("horse", "horses"),
    ("vase", "vases"),
    ("photo", "photos"),
    ("sofa", "sofas"),
    ("glove", "gloves"),
    ("olive", "olives"),
    ("tax", "taxes"),
    ("octopus", "octopuses"),
    ("blouse", "blouses"),
    ("fuse", "fuses"),
    # By exception.
    ("man", "men"),
    ("woman", "women"),
    ("snowman", "snowmen"),
    ("human", "humans"),
    ("person", "people"),
    ("child", "children"),
    ("knife", "knives"),
    ("bookshelf", "bookshelves"),
    ("bus", "buses"),
    ("minibus", "minibuses"),
    ("lens", "lenses"),
    ("cactus", "cacti"),
    ("potato", "potatoes"),
    ("shoe", "shoes"),
    ("snowshoe", "snowshoes"),
    ("axe", "axes"),
    ("cookie", "cookies"),
    ("tie", "ties"),
    ("ski", "skis"),
    ("menu", "menus"),
    ("mustache", "mustaches"),
    ("ox", "oxen"),
    ("goose", "geese"),
    ("mongoose", "mongooses"),
    ("gas", "gases"),
    ("circus", "circuses"),
    ("crocus", "crocuses"),
    ("excuse", "excuses"),
    ("rookie", "rookies"),
    ("walkie-talkie", "walkie-talkies"),
    ("fox", "foxes"),
    # The same in both.
    ("sheep", "sheep"),
    ("scissors", "scissors"),
    # The word that counts.
    ("tennis racket", "tennis rackets"),
    ("t-shirt", "t-shirts"),
    ("wine-glass", "wine-glasses"),
    ("sports car", "sports cars"),
    ("piece of cake", "pieces of cake"),
)


@pytest.mark.parametrize(("one", "many"), ONE_AND_MANY)
def test_singular_and_plural_lead_to_each_other_and_stay_what_they_are(one: str, many: str) -> None:
    assert (singular(many), plural(one)) == (one, many)
    assert (singular(one), plural(many)) == (one, many)


@pytest.mark.parametrize("word", ["tennis", "grass", "bus", "canvas", "chess", "his", "this", "gas", "specimen", ""])
def test_what_only_looks_like_a_plural_stays(word: str) -> None:
    assert singular(word) == word


def test_words_without_a_singular_are_known_in_compounds_too() -> None:
    assert is_only_plural("Ski pants")
    assert not is_only_plural("glasses")


def test_every_member_of_the_table_comes_back_from_its_plural() -> None:
    members = {member for group in HYPERNYMS.values() for member in group}
    assert {member: singular(plural(member)) for member in members} == {member: member for member in members}


@given(st.text(alphabet="aehimnosuvxyz -", max_size=12))
def test_the_singular_of_a_singular_is_the_same(noun: str) -> None:
    assert singular(singular(noun)) == singular(noun)
