import json
from dataclasses import asdict

import pytest
from code_caption.errors import SettingsError
from code_caption.rows.row_wording import RowWording
from code_caption.rows.wording_dicts import dict_to_row_wording


def test_a_wording_survives_the_way_through_json():
    assert dict_to_row_wording(json.loads(json.dumps(asdict(RowWording(numbers="digits"))))) == RowWording(
        numbers="digits"
    )


def test_what_is_not_given_is_our_own():
    wording = dict_to_row_wording({"count": ["Count the {plural}."], "exist_answers": ["yes", "no"]})
    assert wording == RowWording(count=("Count the {plural}.",), exist_answers=("yes", "no"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "a row wording must be a mapping of names to values; got list."),
        ({"cout": []}, "a row wording has the fields code, caption, region"),
        ({"cout": []}, "got 'cout'."),
        ({"attribute_kinds": "color"}, "attribute_kinds must be a list; got str."),
        ({"attribute_kinds": ["color"]}, "an attribute kind must be a mapping of names to values; got str."),
        ({"attribute_kinds": [{"name": "color"}]}, "an attribute kind must have name and words; got no words."),
        (
            {"attribute_kinds": [{"name": "color", "words": ["red"], "questions": ["?"]}]},
            "must hold {phrase}; got '?'.",
        ),
        ({"nouns": {"plural": {}}}, "nouns has the fields plurals, plural_only, uncountable; got 'plural'."),
        ({"count": "How many {plural}?"}, "wording `count` must be a tuple of texts; got 'How many {plural}?'."),
    ],
)
def test_values_that_are_no_wording_are_refused(values, message):
    with pytest.raises(SettingsError) as caught:
        dict_to_row_wording(values)
    assert message in str(caught.value)
