from __future__ import annotations

from collections.abc import Sequence

import pytest
from answer_judge import (
    DefinedMean,
    ExplanationQuality,
    LabelError,
    LabelSet,
    SelectionError,
    VerifierError,
    defined_mean,
    explanation_of,
    explanation_quality,
    mean_quality,
)
from answer_judge.explanations import without_labels
from hypothesis import given
from hypothesis import strategies as st

LABELS = LabelSet(["Western Gull", "California Gull", "Red-tailed Hawk"])
SELECTED = ["pink legs", "dark gray back", "white head", "yellow bill with a red spot"]
OTHERS = ["short tail", "black wing tips"]

BARE = [
    "",
    "Western Gull",
    "It's a Western Gull.",
    "The image shows a Western Gull.",
    "This bird is most likely a western-gull, a kind of gull.",
    "The answer is Western Gull, not California Gull.",
    "I am not sure, but it can be identified as a Western Gull because of its distinctive features.",
    "Red-tailed Hawk",
    "A beautiful Western Gull!",
    "I cannot tell.",
]
EXPLAINED = [
    "A Western Gull: pink legs.",
    "It has pink legs.",
    "The legs are pink, so it is a Western Gull.",
    "A Western Gull stands on a wet rock.",
    "It is no California Gull, since the legs are not yellow.",
    "A Red-tailed Hawk, for the tail is red.",
]


@pytest.mark.parametrize("answer", BARE)
def test_an_answer_that_only_names_its_label_explains_nothing(answer: str) -> None:
    assert not explanation_of(answer, LABELS, frame_words=["bird"]).exists


@pytest.mark.parametrize("answer", EXPLAINED)
def test_words_beyond_the_label_explain_something(answer: str) -> None:
    assert explanation_of(answer, LABELS).exists


def test_the_words_left_over_are_shown_and_how_many_are_needed_is_a_parameter() -> None:
    answer = "A Western Gull with pink, very pink legs on a rock."
    assert explanation_of(answer, LABELS).words == ("pink", "leg", "rock")
    assert explanation_of(answer, LABELS, at_least=3).exists
    assert not explanation_of(answer, LABELS, at_least=4).exists
    assert explanation_of(answer, LABELS, at_least=4, concepts=["pink legs"]).exists, "a named concept is enough"


def test_a_name_that_holds_a_feature_does_not_name_the_feature() -> None:
    assert explanation_of("A Red-tailed Hawk.", LABELS, concepts=["red tail"]).named == ()
    (naming,) = explanation_of("A Red-tailed Hawk: its tail is red.", LABELS, concepts=["red tail"]).named
    assert naming.span == (23, 34)


def test_labels_may_be_a_plain_list() -> None:
    assert not explanation_of("An Airbus A320.", ["Airbus A320"]).exists
    with pytest.raises(LabelError):
        explanation_of("A gull.", [])


@given(st.text(max_size=60), st.sampled_from(["Western Gull", "Red-tailed Hawk"]))
def test_blanking_out_labels_keeps_the_length_and_leaves_no_label(text: str, label: str) -> None:
    rest = without_labels(f"{text} {label}.", LABELS)
    assert len(rest) == len(f"{text} {label}.")
    assert LABELS.resolve(rest).mentions == ()


def quality(text: str, visible: object = None) -> ExplanationQuality:
    return explanation_quality(
        text, label_set=LABELS, label="western gull", selected=SELECTED, label_concepts=OTHERS, visible=visible
    )


def test_coverage_and_grounding_are_shares_worked_by_hand() -> None:
    text = "A Western Gull. Its legs are pink, its back dark gray, its tail short, and it has black wing tips."
    found = quality(text, {"pink legs", "dark gray back", "white head", "short tail"})
    assert [naming.concept for naming in found.named] == [
        "short tail",
        "black wing tips",
        "pink legs",
        "dark gray back",
    ]
    assert found.visible == (True, False, True, True)
    assert (found.coverage, found.grounding) == (2 / 4, 3 / 4)
    assert found.exists
    assert found.names_label


def test_grounding_asks_about_the_named_concepts_in_one_call() -> None:
    calls: list[list[str]] = []

    def probability(concepts: Sequence[str]) -> list[float]:
        calls.append(list(concepts))
        return [0.9 if "pink" in concept else 0.5 for concept in concepts]

    assert quality("Pink legs, a white head.", probability).grounding == 0.5
    assert quality("A Western Gull.", probability).grounding is None
    assert calls == [["pink legs", "white head"]]


def test_what_is_not_defined_is_none() -> None:
    nothing_named = quality("A Western Gull.", {"pink legs"})
    assert (nothing_named.coverage, nothing_named.grounding, nothing_named.visible) == (0.0, None, ())
    not_asked = quality("Pink legs.")
    assert (not_asked.coverage, not_asked.grounding, not_asked.visible) == (0.25, None, None)
    nothing_selected = explanation_quality("Pink legs.", label_set=LABELS, label="Western Gull", selected=[])
    assert (nothing_selected.coverage, nothing_selected.exists) == (None, True)


@pytest.mark.parametrize(
    ("text", "names_label"),
    [
        ("A western-gull, for its pink legs", True),
        ("A California Gull with pink legs", False),
        ("A Western Gull or a California Gull", False),
        ("pink legs", False),
    ],
)
def test_the_label_counts_only_when_it_is_claimed_alone(text: str, names_label: bool) -> None:
    assert quality(text).names_label is names_label


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(VerifierError, match="visible must return 1 numbers, one a concept; got 0"):
        quality("Pink legs.", lambda concepts: [])
    with pytest.raises(VerifierError, match=r"visible must return numbers in \[0, 1\]; got nan for 'pink legs'"):
        quality("Pink legs.", lambda concepts: [float("nan")])
    with pytest.raises(SelectionError, match="selected must be a list of phrases; got the string 'pink legs'"):
        explanation_quality("a", label_set=LABELS, label="Western Gull", selected="pink legs")
    with pytest.raises(LabelError, match="no label of the set is called 'Eagle'"):
        explanation_quality("a", label_set=LABELS, label="Eagle", selected=[])


def test_means_show_how_many_answers_they_rest_on() -> None:
    mean = mean_quality(
        [
            quality("A Western Gull: pink legs.", {"pink legs"}),
            quality("A California Gull: pink legs, a white head.", {"pink legs"}),
            quality("A Western Gull.", {"pink legs"}),
            explanation_quality("Pink legs.", label_set=LABELS, label="Western Gull", selected=[]),
        ]
    )
    assert (mean.count, mean.existence, mean.label_accuracy) == (4, 0.75, 0.5)
    assert mean.coverage == DefinedMean(0.25, 3, 1)
    assert mean.grounding == DefinedMean(0.75, 2, 2)


def test_a_mean_of_nothing_is_none() -> None:
    mean = mean_quality([])
    assert (mean.count, mean.existence, mean.label_accuracy, mean.coverage) == (0, None, None, DefinedMean(None, 0, 0))
    assert defined_mean([None]) == DefinedMean(None, 0, 1)


@given(st.lists(st.sampled_from([*SELECTED, *OTHERS]), unique=True), st.sets(st.sampled_from([*SELECTED, *OTHERS])))
def test_naming_more_never_lowers_coverage(said: list[str], visible: set[str]) -> None:
    found = [quality("It has " + "; ".join(said[:count]) + ".", visible) for count in range(len(said) + 1)]
    coverages = [one.coverage or 0.0 for one in found]
    assert coverages == sorted(coverages)
    assert coverages[-1] == len(set(said) & set(SELECTED)) / 4
    if said:
        assert found[-1].grounding == len(set(said) & visible) / len(said)
