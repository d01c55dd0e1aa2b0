import pytest
from code_caption import Evidence, Interview, QuestionWording, SettingsError, Sighting, confirming_asks

from .conftest import SIZE_WH

HOSTILE = ('"{name}" {0} {}', "a\nb", "%s {{x}}", "x" * 5000, "'; --", "<b>/..\\")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"exists": "There?"}, "wording `exists` must hold at least one of {a_name}, {name}; got 'There?'."),
        ({"at_least": "Are there {plural}?"}, "wording `at_least` must hold {count}; got 'Are there {plural}?'."),
        ({"general": "What {name}?"}, "wording `general` knows no places; got {name} in 'What {name}?'."),
        ({"pair": "{a} {name}"}, "wording `pair` knows {a}, {b}, {box}; got {name} in '{a} {name}'."),
        ({"claims": "{phrase!r}?"}, "wording `claims` must hold bare places such as {name}; got '{phrase!r}?'."),
        ({"claims": "{phrase"}, "wording `claims` must hold places in braces: "),
        ({"claims": "{}"}, "wording `claims` knows {a_phrase}, {phrase}; got {} in '{}'."),
        ({"read": " "}, "wording `read` must be a text without <image>; got ' '."),
        ({"detailed": "<image> Describe."}, "wording `detailed` must be a text without <image>; got"),
        ({"detailed": None}, "wording `detailed` must be a text without <image>; got None."),
    ],
)
def test_a_question_with_a_wrong_place_is_refused_when_it_is_made(values, message):
    with pytest.raises(SettingsError) as caught:
        QuestionWording(**values)
    assert message in str(caught.value)


def test_a_question_may_name_a_thing_with_and_without_its_article():
    assert QuestionWording(exists="Is {a_name} there? A {name}, I mean.")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stands_in_its_question_as_it_is(name):
    sighting = Sighting(0, name, (0, 0, 50, 50))
    wording = QuestionWording(exists="[{name}]", region="[{name}]")
    evidence, interview = Evidence(SIZE_WH, (sighting,)), Interview(wording=wording)
    (ask,) = confirming_asks(evidence, interview)
    assert ask.text == f"[{name}]"
