"""Features out of replies, files of features, and whether they are enough."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selfsynthx.datasets import check_concepts, parse_features, read_concepts, write_concepts
from selfsynthx.errors import InputError

GULL = ("pink legs", "white head", "grey back")


@pytest.mark.parametrize("mark", ["-", "*", "+", "•", "–", "—", "·", "1.", "12)", "(3)", "a)", "  -", "\t*", "--"])
def test_bullets_of_any_style_are_read(mark: str) -> None:
    assert parse_features(f"Features:\n\n{mark} pink legs\n{mark} white head.\n\nThat is all.") == [
        "pink legs",
        "white head",
    ]


def test_a_feature_comes_once_and_empty_ones_not_at_all() -> None:
    reply = "- Pink legs\n-\n- **\n- the pink leg.\n* white head\n- ---\n---\n- White-head;"
    assert parse_features(reply) == ["Pink legs", "white head"]


def test_numbers_that_are_no_bullets_stay() -> None:
    assert parse_features("- 3 white bars\n2. 2.5 cm bill\n-5 degrees\n1.5 m wings") == ["3 white bars", "2.5 cm bill"]


def test_headings_are_put_before_what_they_head() -> None:
    reply = "- **Head:**\n    - white crown\n    - dark eye\n- *Legs*: pink\n1. Tail:\n   * round\n   * short"
    assert parse_features(reply) == ["Head: white crown", "Head: dark eye", "Legs: pink", "Tail: round", "Tail: short"]


def test_a_wrapped_feature_is_one() -> None:
    assert parse_features("- a long bill that\n  bends down\n\n  not this\n- pink legs") == [
        "a long bill that bends down", "pink legs",
    ]  # fmt: skip


def test_a_reply_without_bullets_lists_nothing() -> None:
    assert parse_features("It has pink legs and a white head.") == []
    assert parse_features("") == []


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="-*•1.) :\nabAB", max_size=60))
def test_any_reply_gives_clean_features(reply: str) -> None:
    features = parse_features(reply)
    assert all(feature == feature.strip() and any(char.isalnum() for char in feature) for feature in features)
    assert parse_features("\n".join(f"- {feature}" for feature in features)) is not None
    assert len(set(features)) == len(features)


# files


CONCEPTS = {"Tern": ("red bill", "forked tail", "black cap"), "Gull é": GULL}


def test_features_that_are_written_read_the_same(tmp_path: Path) -> None:
    write_concepts(CONCEPTS, tmp_path / "out" / "features.json")
    assert read_concepts(tmp_path / "out" / "features.json") == CONCEPTS
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["features.json"]


def test_features_may_stand_right_behind_their_labels(tmp_path: Path) -> None:
    (tmp_path / "features.json").write_text(json.dumps(CONCEPTS))
    assert read_concepts(tmp_path / "features.json") == CONCEPTS


def test_the_originals_form_is_numbered_from_one_by_label(tmp_path: Path) -> None:
    write_concepts({"Tern": ["red bill"], "Gull": GULL}, tmp_path / "f.json")
    assert json.loads((tmp_path / "f.json").read_text()) == {
        "1": {"name": "Gull", "visual_features": list(GULL)},
        "2": {"name": "Tern", "visual_features": ["red bill"]},
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[1]", "must hold features by label"),
        ("{}", "must hold features by label"),
        ("{", "can't be read"),
        ('{"Gull": "pink legs"}', "'Gull' must hold a label and a list of texts"),
        ('{"Gull": [1]}', "'Gull' must hold a label and a list of texts"),
        ('{"1": {"name": "Gull"}}', "'1' must hold a label and a list of texts"),
        ('{"1": {"name": 3, "visual_features": ["a"]}}', "'1' must hold a label and a list of texts"),
        ('{"Gull": ["a"], "Gull": ["b"]}', "must have each label once; 'Gull' comes twice"),
        ('{"1": {"name": "Gull", "visual_features": ["a"]}, "Gull": ["b"]}', "'Gull' comes twice"),
    ],
)
def test_files_of_another_form_are_refused(text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(text)
    with pytest.raises(InputError, match=fault):
        read_concepts(tmp_path / "f.json")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"f\.json can't be read: No such file"):
        read_concepts(tmp_path / "f.json")


# whether they are enough


def test_features_are_brought_to_the_labels_of_the_set() -> None:
    check = check_concepts({"herring_gull": [*GULL, "Pink leg.", " "], "Puffin": GULL}, ["Herring-Gull"])
    assert check.required() == {"Herring-Gull": GULL}
    assert check.unknown == ("Puffin",)
    assert check.leaks == ()


def test_labels_without_enough_features_are_named() -> None:
    check = check_concepts(
        {"Gull": GULL, "Tern": ["red bill", "red bills"], "Auk": ["-"]}, ["Gull", "Tern", "Auk", "Skua"]
    )
    assert (check.missing, check.too_few) == (("Auk", "Skua"), ("Tern",))
    with pytest.raises(InputError, match="each label must have 3 features or more; 'Auk', 'Skua' has none"):
        check.required()
    few = check_concepts({"Gull": GULL, "Tern": ["red bill"], "Turn": GULL}, ["Gull", "Tern"])
    with pytest.raises(InputError, match=r"'Tern' has fewer. Add them .* also has 'Turn'"):
        few.required()
    assert check_concepts({"Gull": GULL, "Tern": ["red bill"]}, ["Gull", "Tern"], least=1).required()["Tern"] == (
        "red bill",
    )


def test_features_that_name_a_label_are_flagged() -> None:
    concepts = {
        "Gull": [*GULL, "larger than a tern"],
        "Tern": ["tern-like wings", "red bill", "not a gull, nor a tern"],
    }
    leaks = [(leak.label, leak.feature, leak.named) for leak in check_concepts(concepts, ["Gull", "Tern"]).leaks]
    assert leaks == [
        ("Gull", "larger than a tern", "Tern"),
        ("Tern", "tern-like wings", "Tern"),
        ("Tern", "not a gull, nor a tern", "Gull"),
        ("Tern", "not a gull, nor a tern", "Tern"),
    ]


def test_one_label_under_two_names_is_refused() -> None:
    with pytest.raises(InputError, match="'herring gull' is 'Herring Gull' again"):
        check_concepts({"Herring Gull": GULL, "herring gull": GULL}, ["Herring Gull", "Tern"])
