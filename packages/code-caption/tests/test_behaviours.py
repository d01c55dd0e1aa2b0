"""What any reimplementation of World to Code should do."""

import pytest
from code_caption import (
    Candidate,
    Evidence,
    Interview,
    Rules,
    Said,
    Sighting,
    decide,
    evidence_to_dict,
    find_pairs,
    rank,
    read_yes_no,
    scene_to_code,
    to_units,
)
from code_caption.checks.answers import Answer

from .conftest import SIZE_WH, WORDING, ScriptedModel, hold_interview

LARGE = ((0.0, 0.0, 33.0, 60.0), (33.0, 0.0, 66.0, 60.0), (20.0, 60.0, 60.0, 100.0))


def test_b_three_large_adjacent_boxes_with_different_names_are_three_pairs():
    sightings = [Sighting(key, name, box) for key, (name, box) in enumerate(zip("abc", LARGE, strict=True))]
    pairs = find_pairs(to_units(sightings), SIZE_WH)
    assert [(a.label, b.label) for a, b in pairs] == [("0", "1"), ("0", "2"), ("1", "2")]


def test_c_three_chained_boxes_of_one_name_are_a_group_and_two_are_none():
    # The first and the third do not meet when scaled; the one between them links both.
    chained = [Sighting(key, "cup", (left, 0, left + 10, 10)) for key, left in enumerate((0, 24, 48))]
    assert [unit.keys for unit in to_units(chained)] == [(0, 1, 2)]
    assert [unit.keys for unit in to_units([chained[0], chained[2]])] == [(0,), (2,)]
    assert [unit.keys for unit in to_units(chained[:2])] == [(0,), (1,)]


NAMES = ("duck", "cup", "bee")
ANSWERS = {
    **{f"exists/{key}": True for key in range(6)},
    "at_least/cup/3": True,
    "at_least/cup/4": True,
    **{f"region/{key}": f"{name} on a table" for key, name in enumerate((*NAMES, "cup", "cup", "cup"))},
    **{f"read/{key}/{number}": f"SIGN {key}" for key in range(6) for number in range(2)},
    "pair/0/2": "a duck, a bee",
    "pair/0/1+3+4+5": "a duck, cups",
    "pair/1+3+4+5/2": "cups, a bee",
}


def interviewed(answers):
    boxes = (*LARGE, (33.0, 0.0, 50.0, 30.0), (50.0, 0.0, 66.0, 30.0), (40.0, 30.0, 60.0, 60.0))
    sightings = tuple(
        Sighting(key, name, box)
        for key, (name, box) in enumerate(zip((*NAMES, "cup", "cup", "cup"), boxes, strict=True))
    )
    model = ScriptedModel(answers)
    evidence = Evidence(SIZE_WH, sightings, (Said("a duck"),))
    return hold_interview(evidence, Interview(rules=(RULES,), wording=WORDING, least_read_px=0), model), model


RULES = Rules(claims_threshold=0)
"""Everything that is claimed passes: existence alone decides."""


def test_d_no_on_existence_removes_the_box_from_captions_texts_pairs_groups_and_code():
    evidence, _ = interviewed(ANSWERS)
    whole = decide(evidence, RULES).scene
    assert [element.name for element in whole.elements] == ["duck", "bee"]
    assert (whole.groups[0].count, len(whole.relations)) == (4, 3)
    assert "duck on a table" in scene_to_code(whole)
    evidence, model = interviewed(ANSWERS | {"exists/0": False, "exists/5": False})
    scene = decide(evidence, RULES).scene
    code = scene_to_code(scene)
    assert [element.name for element in scene.elements] == ["bee"]
    assert scene.groups[0].count == 3
    assert "name='duck'" not in code
    assert "SIGN 0" not in code
    assert "duck on" not in code
    assert all("duck" not in relation.caption for relation in scene.relations)
    # Nor is anything spent on it.
    spent = [key for key in model.keys if key.startswith(("region/0", "region/5", "read/0", "pair/0", "pair/1+3+4+5"))]
    assert spent == []


def test_e_reranking_picks_the_candidate_with_no_rejected_phrase():
    answers = {"red cup": Answer(0.9), "rim": Answer(0.2), "handle": Answer(0.8)}
    candidates = [Candidate("A red cup with a rim.", ("red cup", "rim")), Candidate("A red cup.", ("red cup",), -9.0)]
    assert rank(candidates, answers, threshold=0.5, strict=False).winner == 1
    assert rank([*candidates, Candidate("", ("red cup", "handle"))], answers, threshold=0.5, strict=False).winner == 2


def test_j_trailing_elements_without_phrases_keep_alignment():
    boxes = [(float(x), 0.0, x + 20.0, 20.0) for x in (0, 25, 50, 75)]
    names = ("duck", "cup", "bee", "hat")
    sightings = tuple(Sighting(key, name, box) for key, (name, box) in enumerate(zip(names, boxes, strict=True)))
    answers = {f"exists/{key}": True for key in range(4)}
    answers |= {"region/0": "duck, red duck", "region/1": "cup, old cup", "claims/1/old cup": True}
    answers |= {"region/2": "bee", "region/3": "hat"}
    evidence = hold_interview(Evidence(SIZE_WH, sightings), Interview(wording=WORDING), ScriptedModel(answers))
    elements = decide(evidence, Rules()).scene.elements
    assert [(one.name, one.caption) for one in elements] == [
        ("duck", ""),
        ("cup", "cup, old cup"),
        ("bee", "bee"),
        ("hat", "hat"),
    ]
    # Answers are filed by key and phrase; there is none for the last two.
    assert [row[:2] for row in evidence_to_dict(evidence)["claims"]] == [["0", "red duck"], ["1", "old cup"]]


@pytest.mark.parametrize(
    ("answer", "verdict"), [("Yes.", "yes"), (" yes,", "yes"), ("No, there is none.", "no"), ("unsure", "unknown")]
)
def test_k_answers_parse_to_yes_yes_no_unknown(answer, verdict):
    assert read_yes_no(answer) == verdict
