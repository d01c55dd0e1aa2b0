from typing import Any

import pytest
from cvc.examples import MixRule, training_examples
from cvc.trials import preference_pairs


def judged(id: str, answers: list[tuple[str, bool]]) -> dict[str, Any]:
    trials = [
        {"text": f"Reason {k}, so it is a {answer}.", "answer": answer, "verdict": right}
        for k, (answer, right) in enumerate(answers)
    ]
    asked = {"reasoning": "What is it? Explain.", "short": "What is it? One word."}
    right = sum(right for _, right in answers)
    return {"id": id, "occluded": f"occluded/{id}.png", "trials": trials, "right": right, **asked}


def with_right(right: int, n: int = 16) -> dict[str, Any]:
    return judged("a", [("duck", True)] * right + [("car", False)] * (n - right))


@pytest.mark.parametrize(
    ("right", "rationales", "answers"),
    [
        (0, 0, 0),  # unsolvable: nothing
        (1, 1, 1),
        (4, 4, 1),
        (5, 0, 1),  # too easy for rationales, but its answer is kept
        (16, 0, 1),
    ],
)
def test_one_to_four_right_trials_of_sixteen_give_rationales(right: int, rationales: int, answers: int) -> None:
    rows = training_examples(with_right(right), MixRule())
    assert [row["kind"] for row in rows] == ["rationale"] * rationales + ["answer"] * answers


def test_bounds_are_settings() -> None:
    rule = MixRule(min_right=3, max_right=16, answer_examples=False)
    assert [len(training_examples(with_right(right), rule)) for right in (2, 3, 16)] == [0, 3, 16]


def test_rationales_are_asked_with_the_reasoning_request_and_answers_with_the_short_one() -> None:
    rationale, answer = training_examples(with_right(1), MixRule())
    assert rationale["messages"][0]["content"] == [{"type": "image"}, {"type": "text", "text": "What is it? Explain."}]
    assert rationale["messages"][1]["content"][0]["text"] == "Reason 0, so it is a duck."
    assert answer["messages"][0]["content"][1]["text"] == "What is it? One word."
    assert answer["messages"][1]["content"][0]["text"] == "duck"


def test_each_distinct_right_answer_occurs_once_whatever_its_case_and_spacing() -> None:
    instance = judged(
        "a", [("Hot dog", True), ("hot  dog", True), ("sausage", True), ("car", False), ("hot dog", True)]
    )
    rows = training_examples(instance, MixRule(rationale_examples=False))
    assert [row["answer"] for row in rows] == ["Hot dog", "sausage"]
    assert len({row["id"] for row in rows}) == 2


def test_a_rationale_that_was_given_twice_is_learned_once() -> None:
    instance = judged("a", [("duck", True), ("duck", True)])
    instance["trials"][1]["text"] = instance["trials"][0]["text"] + " "
    assert [row["kind"] for row in training_examples(instance, MixRule())] == ["rationale", "answer"]


def said(turns: list[dict[str, Any]]) -> str:
    """The text of the only turn."""
    [turn] = turns
    return turn["content"][-1]["text"]


def test_preference_pairs_set_a_right_rationale_against_a_wrong_one_of_the_same_instance() -> None:
    instance = judged("a", [("duck", True), ("duck", True), ("car", False)])
    [first, second] = preference_pairs(training_examples(instance, MixRule()), [instance])
    assert said(first["chosen"]) == "Reason 0, so it is a duck."
    assert said(first["rejected"]) == said(second["rejected"]) == "Reason 2, so it is a car."
    assert (first["images"], said(first["prompt"])) == (["occluded/a.png"], "What is it? Explain.")


def test_an_instance_without_a_wrong_trial_gives_no_pair() -> None:
    instance = judged("a", [("duck", True), ("", False)])
    instance["trials"][1]["text"] = ""  # nothing was said
    assert preference_pairs(training_examples(instance, MixRule()), [instance]) == []
