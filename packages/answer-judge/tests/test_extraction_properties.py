from __future__ import annotations

from answer_judge import UNKNOWN, extract_answer
from hypothesis import given, settings
from hypothesis import strategies as st

PHRASES = (
    *("it is", "a cat", "the answer is", "answer:", "not", "or", "and", ",", ".", "?", "\n", "the gray blocks", "hide"),
    *(
        "unlikely",
        "no, wait",
        "{",
        "}",
        '"answer": "',
        '"',
        "\\boxed{",
        "<answer>",
        "such as",
        "rather than",
        "could be",
    ),
    *(
        "whether",
        "I think",
        "more precisely",
        "'",
        "(",
        "is",
        "kitchen area",
        "neither",
        "nor",
        "tennis",
        "racket",
        "[",
    ),
)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_gives_an_answer_of_one_line(text: str) -> None:
    answer = extract_answer(text)
    assert answer
    assert "\n" not in answer
    assert answer == answer.lower()


@given(st.lists(st.sampled_from(PHRASES), max_size=30).map(" ".join))
@settings(max_examples=200, deadline=None)
def test_any_order_of_telling_words_gives_an_answer(text: str) -> None:
    assert extract_answer(text)


@given(st.sampled_from(["lamp", "old anchor", "paper kite", "zebra", "ice rink"]), st.integers(0, 5))
@settings(deadline=None)
def test_a_labelled_answer_survives_any_reasoning_before_it(noun: str, hedges: int) -> None:
    reasoning = "It could be a spade. " * hedges + "The blocks are next to a bench. "
    assert extract_answer(f"{reasoning}\nAnswer: {noun}") == noun
    assert extract_answer(f'{reasoning}{{"answer": "{noun}"}}') == noun


@given(st.sampled_from(["lamp", "anchor", "kite", "zebra"]))
@settings(deadline=None)
def test_what_is_only_denied_is_never_the_answer(noun: str) -> None:
    assert extract_answer(f"It may be a {noun}. No, it is not a {noun}.") == UNKNOWN
