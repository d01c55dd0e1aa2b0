from math import inf

import pytest
from code_caption import Ask, Decoding, SettingsError
from code_caption.checks.asks import key_of
from hypothesis import given
from hypothesis import strategies as st

PARTS = st.lists(st.text(alphabet="a/%2F", max_size=4), min_size=1, max_size=3).map(tuple)


@given(PARTS, PARTS)
def test_two_questions_have_one_key_only_if_they_are_about_the_same(one, two):
    assert (key_of(one) == key_of(two)) == (one == two)


def test_a_slash_in_a_name_does_not_part_it():
    assert Ask(("at_least", "cup/3", "2"), "").key != Ask(("at_least", "cup", "3/2"), "").key
    assert Ask(("exists", "3"), "").key == "exists/3"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n": 0}, "n and max_new_tokens must be at least 1, and drawn at least n; got 0, 256 and None."),
        ({"n": 4, "drawn": 2}, "n and max_new_tokens must be at least 1, and drawn at least n; got 4, 256 and 2."),
        ({"max_new_tokens": 0}, "got 1, 0 and None."),
        ({"temperature": -1}, "temperature must be at least 0, and top_p above 0 and at most 1; got -1 and 1.0."),
        ({"temperature": inf}, "got inf and 1.0."),
        ({"top_p": 0}, "got 0.0 and 0."),
    ],
)
def test_a_decoding_out_of_range_is_refused(values, message):
    with pytest.raises(SettingsError) as caught:
        Decoding(**values)
    assert message in str(caught.value)
