import pytest
from code_caption import RowWording, read_number
from code_caption.words.number_words import number_word
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("There are 12 cups.", 12),
        ("1,200", 1200),
        ("Seventeen", 17),
        ("thirty", 30),
        ("forty two cups", 42),
        ("Twenty-one.", 21),
        ("There are no cups, but two plates.", 0),
        ("none", 0),
        ("A stone", None),
        ("ones", None),
        ("x3", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_the_first_number_of_a_text_is_read(text, number):
    assert read_number(text) == number


@given(st.integers(0, 10**9))
def test_a_number_reads_back_however_it_is_written(number):
    assert read_number(str(number)) == read_number(f"{number:,}") == read_number(number_word(number)) == number


def test_rows_and_answers_share_their_words():
    assert [read_number(RowWording().number(count)) for count in range(30)] == list(range(30))
