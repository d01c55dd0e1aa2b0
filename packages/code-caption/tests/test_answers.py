from math import nan

import pytest
from code_caption import Answer, CodeCaptionError, read_yes_no, texts_to_answer


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("yes", "yes"),
        ("'Yes'", "yes"),
        ("\n YES!", "yes"),
        ("1. Yes", "yes"),
        ("no", "no"),
        ("**No**, it is a cup", "no"),
        ("nope", "unknown"),
        ("Yesterday", "unknown"),
        ("It is. Yes", "unknown"),
        ("...", "unknown"),
        ("7", "unknown"),
    ],
)
def test_the_first_word_of_an_answer_decides(text, verdict):
    assert read_yes_no(text) == verdict


def test_an_unknown_answer_counts_as_no_and_is_marked():
    assert texts_to_answer(["unsure"]) == Answer(0.0, is_known=False)
    assert texts_to_answer([]) == Answer(0.0, is_known=False)
    assert texts_to_answer(["yes", "unsure"]) == Answer(0.5, is_known=False)
    assert texts_to_answer(["yes", "no", "no", "Yes."]) == Answer(0.5)


def test_an_answer_at_the_threshold_passes():
    assert Answer(0.5).is_yes()
    assert not Answer(0.5).is_yes(0.51)


@pytest.mark.parametrize("p_yes", [-0.1, 1.1, nan])
def test_an_answer_that_is_no_probability_is_refused(p_yes):
    with pytest.raises(CodeCaptionError, match=r"p_yes must be a probability, 0 to 1; got"):
        Answer(p_yes)
