from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from occlusion import OcclusionError, default_lexicon, look_up, read_lexicon, singular, write_question
from occlusion.words.lexicon import english_words, thing_of

LEXICON = default_lexicon()

AT_LEAST = {
    "person": 100,
    "athlete": 80,
    "professional": 150,
    "relative": 30,
    "group of people": 20,
    "animal": 150,
    "bird": 60,
    "fish": 25,
    "insect": 25,
    "dog": 40,
    "vehicle": 120,
    "appliance": 50,
    "machine": 40,
    "electronic device": 80,
    "piece of furniture": 70,
    "piece of clothing": 120,
    "food": 150,
    "fruit": 35,
    "vegetable": 40,
    "condiment": 30,
    "drink": 35,
    "musical instrument": 40,
    "tool": 50,
    "toy": 30,
    "plant": 50,
    "piece of sports equipment": 60,
    "container": 80,
    "body part": 60,
    "part of nature": 50,
    "building": 100,
    "place": 150,
    "landmark": 30,
    "material": 50,
    "object": 400,
    "living being": 3,
}
"""Nouns that each category has at least; together far more than 600."""


def test_the_lexicon_has_thousands_of_nouns_in_these_categories() -> None:
    counts = Counter(LEXICON.values())
    assert set(counts) == set(AT_LEAST)
    assert {category: counts[category] for category in AT_LEAST if counts[category] < AT_LEAST[category]} == {}
    assert len(LEXICON) > 3000


def test_no_noun_stands_twice_in_the_file() -> None:
    raw = json.loads((files("occlusion") / "words" / "words.json").read_text(encoding="utf-8"))
    counts = Counter(noun for nouns in raw["categories"].values() for noun in nouns)
    assert [noun for noun, count in counts.items() if count > 1] == []


def test_every_noun_is_a_lower_case_singular() -> None:
    assert [noun for noun in LEXICON if noun != singular(noun) or noun != noun.strip()] == []


def test_no_noun_is_told_by_its_category() -> None:
    assert {noun: category for noun, category in LEXICON.items() if write_question(noun).category != category} == {}


def test_no_noun_is_abstract_too() -> None:
    assert english_words().abstract.isdisjoint(LEXICON)


def test_broader_categories_end_in_the_broadest() -> None:
    broader = english_words().broader
    assert set(broader) < set(AT_LEAST)
    for category in broader:
        seen = [category]
        while seen[-1] in broader:
            seen.append(broader[seen[-1]])
        assert len(seen) == len(set(seen))
        assert seen[-1] in ("living being", "food", "place", "object")


@pytest.mark.parametrize(
    ("noun", "category"),
    [
        pytest.param("guide dog", "animal", id="unknown compound: its last word"),
        pytest.param("rescue boats", "vehicle", id="the same, plural"),
        pytest.param("hot dogs", "food", id="no dog"),
        pytest.param("sea horse", "fish", id="no horse"),
        pytest.param("prairie dog", "animal", id="no dog either, but an animal"),
        pytest.param("rocking-horse", "toy", id="hyphen"),
        pytest.param("fire hydrant", "object", id="no fire"),
        pytest.param("fire engine", "vehicle", id="no engine"),
        pytest.param("computer mouse", "electronic device", id="no animal"),
        pytest.param("power plant", "building", id="no plant"),
        pytest.param("flower bed", "place", id="no furniture"),
        pytest.param("horse shoe", "object", id="no clothing"),
        pytest.param("seat belt", "object", id="nor this"),
        pytest.param("sand castle", "object", id="no building"),
        pytest.param("toy giraffe", None, id="only looks like one"),
        pytest.param("stuffed bear", "toy", id="only looks like one, and is known"),
        pytest.param("tennis players", "athlete", id="people by what they do"),
        pytest.param("Eiffel Tower", "landmark", id="a name"),
        pytest.param("Willis Tower", "building", id="an unknown name, by its last word"),
        pytest.param("pair of scissors", "tool", id="a pair of one thing"),
        pytest.param("slices of pizza", "food", id="a measure"),
        pytest.param("bowl of apples", "object", id="a container is the thing"),
        pytest.param("cup of coffee", "object", id="as is a cup"),
        pytest.param("statue of a horse", "object", id="a picture of a thing"),
        pytest.param("Statue of Liberty", "landmark", id="a name with of"),
        pytest.param("two dogs", "animal", id="a number before it"),
        pytest.param("dodecahedron", None, id="unknown"),
        pytest.param("of", None, id="no noun"),
        pytest.param("", None, id="empty"),
    ],
)
def test_the_category_of_a_noun(noun: str, category: str | None) -> None:
    assert look_up(noun, LEXICON) == category


def test_a_closed_lexicon_goes_by_last_words_too() -> None:
    assert look_up("Tennis Balls", {"ball": "thing"}) == "thing"
    assert look_up("toy ball", {"ball": "thing"}) is None
    assert look_up("toy ball", {"toy ball": "thing"}) == "thing"


@pytest.mark.parametrize(
    ("noun", "thing"),
    [
        ("group of people", "people"),
        ("two pairs of boots", "boots"),
        ("pair of slices of bread", "bread"),
        ("leg of a table", "leg"),
        ("table", "table"),
        (" of ", ""),
    ],
)
def test_what_a_noun_with_of_is(noun: str, thing: str) -> None:
    assert thing_of(noun) == thing


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: .*No such file"),
        (b"{", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[1]", "must be a JSON object {noun: category} of texts"),
        (b'{"duck": 1}', "must be a JSON object"),
        (b"[" * 100_000, "cannot be read"),
    ],
)
def test_a_file_that_holds_no_lexicon_is_told_in_one_line(content: bytes | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "nouns.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OcclusionError, match=f"^nouns.json {words}") as refused:
        read_lexicon(path)
    assert refused.value.reason == "bad_lexicon"
    assert "\n" not in str(refused.value)


def test_a_lexicon_of_ones_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "nouns.json").write_text('{"duck": "animal", "café": "place"}', encoding="utf-8")
    assert read_lexicon(str(tmp_path / "nouns.json")) == {"duck": "animal", "café": "place"}
