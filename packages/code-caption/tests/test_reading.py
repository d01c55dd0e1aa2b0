import pytest
from code_caption import Sighting, agree, read_text, similarity
from hypothesis import given
from hypothesis import strategies as st

SHIP, HULL, SIGN = (
    Sighting(0, "ship", (0, 0, 100, 100)),
    Sighting(1, "hull", (0, 50, 100, 100)),
    Sighting(2, "sign", (40, 60, 60, 70)),
)


@pytest.mark.parametrize(
    "reply",
    [
        *("no", "No.", " NONE ", "none!", "", "''", "N/A", "No text", '"No text."', "...", "Nothing."),
        "No text is visible.",
        "No visible text",
        "No text in the image.",
        "There is no text in this image.",
        "There's no readable text visible here.",
        "There are no words on this picture.",
        "There is not any writing.",
        "The image does not contain any text.",
        "This picture has no visible text.",
        "Nothing is written here.",
        "No, there is no text.",
        "There isn't any text on the red sign.",
        "There does not appear to be any writing.",
        "No text can be seen.",
        "No text is written on it.",
        "I cannot see any text in this image.",
        "The sign has no text.",
        "There is nothing written here.",
        "The text is illegible.",
    ],
)
def test_what_says_that_nothing_is_written_is_no_text(reply):
    assert read_text(reply) == ""


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("“OPEN”", "OPEN"),
        ('"OPEN".', "OPEN"),
        ("NO PARKING", "NO PARKING"),
        ("No. 5", "No. 5"),
        (' MV\n  TERN "II" ', 'MV TERN "II"'),
        ("Dogs'", "Dogs'"),
        ('"EXIT" and "ENTER"', '"EXIT" and "ENTER"'),
        ("'EXIT' and 'ENTER'.", "'EXIT' and 'ENTER'."),
        ("“EXIT”, “ENTER”", "“EXIT”, “ENTER”"),
        ("'Joe's diner'", "Joe's diner"),
        ('"Joe\'s"', "Joe's"),
        ("“The 'A' team”", "The 'A' team"),
        ("No text messaging", "No text messaging"),
        ("NO WRITING ON THIS WALL", "NO WRITING ON THIS WALL"),
        ("There is no place like home", "There is no place like home"),
        ("No entry", "No entry"),
        ("NOTHING IS FREE", "NOTHING IS FREE"),
        ("No text found wanting", "No text found wanting"),
        ("I cannot see any ships", "I cannot see any ships"),
        ("No. 1 text", "No. 1 text"),
    ],
)
def test_text_keeps_all_but_the_marks_and_spaces_around_it(reply, text):
    assert read_text(reply) == text


def test_similarity_is_one_less_the_edits_over_the_longer_length():
    # One of four letters, and two missing of four.
    assert similarity("TERN", "TURN") == 0.75
    assert similarity("TERN", "TE") == 0.5
    assert similarity("TERN", "") == 0.0
    assert similarity("", "!") == 1.0
    assert similarity("T-E_R.N", "t e r n") == 1.0


@given(st.text(alphabet="ab ", max_size=8), st.text(alphabet="ab ", max_size=8))
def test_similarity_is_a_share_the_same_both_ways_and_one_of_equals_only(a, b):
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == similarity(b, a)
    assert (similarity(a, b) == 1) == (a.split() == b.split())


def reasons(drops):
    return {drop.what: drop.reason for drop in drops}


def test_a_text_stays_if_it_was_read_twice_alike_and_the_first_reading_counts():
    texts, drops = agree(
        [SHIP, HULL, SIGN], {0: ("MV TERN", "MV TURN"), 1: ("OPEN", "OVEN"), 2: ("A", "A")}, least_similarity=0.8
    )
    assert texts == {0: "MV TERN", 2: "A"}
    assert reasons(drops) == {"hull": "disagree"}


def test_a_text_at_the_least_similarity_stays():
    assert agree([SHIP], {0: ("TERN", "TURN")}, least_similarity=0.75)[0] == {0: "TERN"}
    assert agree([SHIP], {0: ("TERN", "TURN")}, least_similarity=0.76)[0] == {}


def test_one_reading_is_not_enough_and_nothing_read_is_no_loss():
    texts, drops = agree([SHIP, HULL, SIGN], {0: ("TERN",), 1: ("",), 2: ("TERN", "")}, least_similarity=0.8)
    assert texts == {}
    assert reasons(drops) == {"ship": "read_once", "sign": "disagree"}


def test_a_text_belongs_to_the_smallest_box_around_it_in_any_order():
    readings = dict.fromkeys((0, 1, 2), ("MV Tern", "MV Tern"))
    for order in ([SHIP, HULL, SIGN], [SIGN, HULL, SHIP]):
        texts, drops = agree(order, readings, least_similarity=0.8)
        assert texts == {2: "MV Tern"}
        assert reasons(drops) == {"ship": "nested", "hull": "nested"}


def test_another_text_or_a_box_beside_it_is_not_nested():
    beside = Sighting(3, "sign", (100, 0, 120, 20))
    assert len(agree([SHIP, beside], {0: ("TERN", "TERN"), 3: ("TERN", "TERN")}, least_similarity=0.8)[0]) == 2
    assert len(agree([SHIP, SIGN], {0: ("MV TERN", "MV TERN"), 2: ("TERN", "TERN")}, least_similarity=0.8)[0]) == 2
