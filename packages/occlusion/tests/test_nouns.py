from __future__ import annotations

import pytest
from occlusion import default_lexicon, is_plural, look_up, plural, singular
from occlusion.words.nouns import with_article


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("men", "man"),
        ("firemen", "fireman"),
        ("people", "person"),
        ("salespeople", "salesperson"),
        ("grandchildren", "grandchild"),
        ("knives", "knife"),
        ("bookshelves", "bookshelf"),
        ("gloves", "glove"),
        ("buses", "bus"),
        ("minibuses", "minibus"),
        ("houses", "house"),
        ("boxes", "box"),
        ("beaches", "beach"),
        ("mustaches", "mustache"),
        ("peaches", "peach"),
        ("glasses", "glass"),
        ("cookies", "cookie"),
        ("cherries", "cherry"),
        ("shoes", "shoe"),
        ("tomatoes", "tomato"),
        ("sweet potatoes", "sweet potato"),
        ("taxis", "taxi"),
        ("menus", "menu"),
        ("octopi", "octopus"),
        ("mongooses", "mongoose"),
        ("Hot Dogs", "hot dog"),
        ("bowls of apples", "bowl of apples"),
    ],
)
def test_plurals_are_taken_back(many: str, one: str) -> None:
    assert singular(many) == one
    assert is_plural(many)


@pytest.mark.parametrize(
    "noun", ["bus", "glass", "tennis", "grass", "cactus", "sheep", "lens", "canvas", "human", "specimen", "walrus"]
)
def test_singulars_stay(noun: str) -> None:
    assert singular(noun) == noun
    assert not is_plural(noun)


@pytest.mark.parametrize("noun", ["scissors", "jeans", "swim trunks", "ski goggles", "woods", "pair of jeans"])
def test_one_thing_in_the_plural_is_its_own_lemma(noun: str) -> None:
    assert singular(noun) == noun
    assert not is_plural(noun)
    assert " of " in noun or plural(noun) == noun


def test_tree_trunks_are_several_although_swim_trunks_are_one_thing() -> None:
    assert singular("tree trunks") == "tree trunk"


@pytest.mark.parametrize(
    ("one", "many"),
    [("goldfish", "goldfish"), ("bookshelf", "bookshelves"), ("fireman", "firemen"), ("human", "humans")],
)
def test_plurals_are_made(one: str, many: str) -> None:
    assert plural(one) == many


def test_every_noun_of_the_lexicon_but_names_survives_the_plural() -> None:
    lexicon = default_lexicon()
    nouns = [noun for noun, category in lexicon.items() if category != "landmark"]
    assert [noun for noun in nouns if look_up(plural(noun), lexicon) != lexicon[noun]] == ["wood"]  # woods are a place
    assert [noun for noun in nouns if singular(plural(noun)) != noun] == ["wood"]


@pytest.mark.parametrize("category", sorted(set(default_lexicon().values())))
def test_every_category_is_a_singular_noun_with_an_article(category: str) -> None:
    assert singular(category) == category
    assert with_article(category).startswith("an " if category[0] in "aeiou" else "a ")
    assert singular(plural(category)) == category
