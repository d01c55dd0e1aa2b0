import copy
import pickle

import pytest
from code_caption.errors import SettingsError
from code_caption.rows.row_wording import AttributeKind, RowWording


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"grounding": ("Where is it?",)},
            "wording `grounding` must hold {phrase}; got 'Where is it?'.",
        ),
        (
            {"grounding": ("Where is the {phrase}?", "Where is {nmae}?")},
            "wording `grounding` knows {phrase}; got {nmae} in 'Where is {nmae}?'.",
        ),
        ({"caption": ("Describe {name}.",)}, "wording `caption` knows no places; got {name} in 'Describe {name}.'."),
        (
            {"count": ("How many {plural}, {name}?",)},
            "wording `count` must hold one of {name}, {plural}; got 'How many {plural}, {name}?'.",
        ),
        ({"text": "Read the {phrase}."}, "wording `text` must be a tuple of texts; got 'Read the {phrase}.'."),
        ({"code": ()}, "wording `code` must be a tuple of texts; got ()."),
        ({"code": ("<image> Code.",)}, "wording `code` must be a text without <image>; got '<image> Code.'."),
        ({"region": ("What is in {box!r}?",)}, "wording `region` must hold bare places such as {name}; got"),
        ({"region": ("What is in {box?",)}, "wording `region` must hold places in braces: "),
        ({"region": ("What is in {}?",)}, "wording `region` knows {box}; got {} in 'What is in {}?'."),
        ({"text_sentence": "It says {text}."}, "wording `text_sentence` must hold {phrase}; got 'It says {text}.'."),
        ({"exist_answers": ("yes", "yes")}, "exist_answers must be two different texts; got ('yes', 'yes')."),
        ({"numbers": "roman"}, "numbers must be words or digits; got 'roman'."),
    ],
)
def test_a_template_with_a_wrong_place_is_refused_when_it_is_made(settings, message):
    with pytest.raises(SettingsError) as caught:
        RowWording(**settings)
    assert message in str(caught.value)


def test_attribute_questions_are_checked_too():
    with pytest.raises(SettingsError, match=r"questions of attribute kind color` must hold \{phrase\}"):
        AttributeKind("color", ("red",), ("What color is it?",))
    with pytest.raises(SettingsError, match="attribute kind `color` must have words; got none"):
        AttributeKind("color", ())


def test_counts_are_words_up_to_twenty_or_digits():
    words, digits = RowWording(), RowWording(numbers="digits")
    assert [words.number(count) for count in (0, 2, 20, 21)] == ["zero", "two", "twenty", "21"]
    assert digits.several("cup", 2) == "2 cups"
    assert words.several_with_article("umbrella", 1) == "an umbrella"
    assert words.several_with_article("umbrella", 2) == "two umbrellas"


def test_a_wording_can_be_sent_to_another_process_and_copied():
    wording = RowWording()
    assert pickle.loads(pickle.dumps(wording)) == wording
    assert copy.deepcopy(wording) == wording
    assert hash(copy.deepcopy(wording)) == hash(wording)
