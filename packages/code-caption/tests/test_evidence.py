import json

import pytest
from code_caption import Answer, Evidence, Said, SceneError, Sighting, dict_to_evidence, evidence_to_dict
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import BOX, SIZE_WH

TEXTS = st.text(max_size=12)
SHARES = st.floats(0, 1)
KEYS = st.integers(0, 99)
ANSWERS = st.builds(Answer, SHARES, st.booleans())
SAID = st.lists(st.builds(Said, TEXTS, st.floats(-50, 0), st.booleans()), max_size=3).map(tuple)
SIGHTINGS = st.dictionaries(KEYS, st.tuples(st.sampled_from(["cup", 'a "b"/c|d']), SHARES), max_size=4).map(
    lambda of_key: tuple(Sighting(key, name, BOX, score) for key, (name, score) in of_key.items())
)


@st.composite
def evidences(draw):
    return Evidence(
        SIZE_WH,
        draw(SIGHTINGS),
        draw(SAID),
        draw(st.none() | st.tuples(TEXTS, SHARES)),
        exists=draw(st.dictionaries(KEYS, ANSWERS, max_size=3)),
        counts=draw(st.dictionaries(st.tuples(TEXTS, KEYS), ANSWERS, max_size=3)),
        region_captions=draw(st.dictionaries(KEYS, SAID, max_size=3)),
        readings=draw(st.dictionaries(KEYS, st.lists(TEXTS, max_size=2).map(tuple), max_size=3)),
        pair_captions=draw(st.dictionaries(st.tuples(TEXTS, TEXTS), SAID, max_size=3)),
        claims=draw(st.dictionaries(st.tuples(TEXTS, TEXTS), ANSWERS, max_size=3)),
        phrases=draw(st.dictionaries(TEXTS, st.lists(TEXTS, max_size=3).map(tuple), max_size=3)),
        errors=draw(st.dictionaries(TEXTS, TEXTS, max_size=3)),
    )


@settings(max_examples=25)
@given(evidences())
def test_evidence_comes_back_from_plain_values_and_from_json(evidence):
    assert dict_to_evidence(evidence_to_dict(evidence)) == evidence
    assert dict_to_evidence(json.loads(json.dumps(evidence_to_dict(evidence)))) == evidence


@settings(max_examples=15)
@given(evidences())
def test_what_was_filed_in_another_order_is_written_the_same(evidence):
    turned = dict_to_evidence(evidence_to_dict(evidence))
    turned.claims = dict(reversed(evidence.claims.items()))
    turned.exists = dict(reversed(evidence.exists.items()))
    turned.errors = dict(reversed(evidence.errors.items()))
    assert json.dumps(evidence_to_dict(turned)) == json.dumps(evidence_to_dict(evidence))


def test_two_sightings_under_one_key_are_refused():
    with pytest.raises(SceneError, match=r"each sighting must have a key of its own; got \[4, 4\]\."):
        Evidence(SIZE_WH, (Sighting(4, "cup", BOX), Sighting(4, "bee", BOX)))


def test_a_sighting_outside_of_the_image_is_refused_before_anything_is_asked():
    with pytest.raises(SceneError, match=r"a box must overlap the image of \(100, 100\); got"):
        Evidence(SIZE_WH, (Sighting(0, "cup", (200, 0, 220, 20)),))


def test_an_error_is_found_by_what_the_question_is_about():
    evidence = Evidence(SIZE_WH, errors={"claims//w%2Fo": "lost: no reply"})
    assert evidence.error("claims", "", "w/o") == "lost: no reply"
    assert evidence.error("claims", "", "w", "o") == ""
