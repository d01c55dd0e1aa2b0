from __future__ import annotations

import math

import numpy as np
import pytest
from answer_judge import (
    LEAK_PHRASES,
    ConceptBank,
    LabelSet,
    ScoredAnswer,
    SelectionCounts,
    SelectionError,
    count_selections,
    find_leak,
    select_answers,
)

GULLS = LabelSet(["Western Gull", "California Gull"])
RIGHT, WRONG = "It is a Western Gull.", "It is a California Gull."


def is_western(text: str) -> bool:
    return GULLS.accepts(text, "Western Gull")


def answers(*texts_and_scores: tuple[str, float]) -> list[ScoredAnswer]:
    return [ScoredAnswer(text, score) for text, score in texts_and_scores]


def test_each_question_yields_its_best_answer_if_that_is_right() -> None:
    groups = [answers((WRONG, -9.0), (RIGHT, -1.0), (RIGHT, -2.0)), answers((RIGHT, -5.0))]
    first, second = select_answers(groups, is_western)
    assert (first.group, first.index, first.score, first.fell_back) == (0, 1, -1.0, False)
    assert (second.group, second.index, second.reason) == (1, 0, "the best answer is accepted")


@pytest.mark.parametrize(
    ("order", "index", "reason", "rejected"),
    [
        ("rank_then_check", None, "the best answer is not accepted", (2,)),
        ("check_then_rank", 0, "the best accepted answer, rank 2", (2,)),
    ],
)
def test_when_the_best_answer_is_wrong_the_order_decides(
    order: str, index: int | None, reason: str, rejected: tuple[int, ...]
) -> None:
    group = answers((RIGHT, -2.0), (RIGHT, -3.0), (WRONG, -1.0))
    (one,) = select_answers([group], is_western, order=order)  # type: ignore[arg-type]
    assert (one.index, one.reason, one.rejected) == (index, reason, rejected)
    assert one.score == (None if index is None else -2.0)


@pytest.mark.parametrize("order", ["rank_then_check", "check_then_rank"])
def test_there_is_exactly_one_selection_for_each_question_in_order(order: str) -> None:
    groups = [answers((WRONG, -1.0)), [], answers((RIGHT, -1.0)), answers((WRONG, -1.0), (WRONG, -2.0))]
    every = select_answers(groups, is_western, order=order)  # type: ignore[arg-type]
    assert [one.group for one in every] == [0, 1, 2, 3]
    assert [one.fell_back for one in every] == [True, True, False, True]
    assert every[1].reason == "no answer is left"


def test_checking_first_falls_back_only_when_no_answer_is_right() -> None:
    (one,) = select_answers([answers((WRONG, -1.0), (WRONG, -2.0))], is_western, order="check_then_rank")
    assert (one.index, one.reason, one.rejected) == (None, "no answer is accepted", (0, 1))


def test_ranking_first_checks_the_best_answer_only() -> None:
    checked: list[str] = []
    select_answers([answers(("a", -2.0), ("b", -1.0))], lambda text: bool(checked.append(text)))
    assert checked == ["b"]


def test_of_equal_scores_the_first_answer_is_taken() -> None:
    assert select_answers([answers((RIGHT, -1.0), (RIGHT, -1.0))], is_western)[0].index == 0


def test_cut_off_answers_are_left_out_before_the_ranking_unless_kept() -> None:
    group = [ScoredAnswer(RIGHT, -1.0, truncated=True), ScoredAnswer(RIGHT, -2.0)]
    (one,) = select_answers([group], is_western)
    assert (one.index, one.truncated) == (1, (0,))
    (kept,) = select_answers([group], is_western, keep_truncated=True)
    assert (kept.index, kept.truncated) == (0, ())


def test_leaking_answers_are_left_out_before_the_ranking_unless_kept() -> None:
    group = answers((f"Based on the provided features, {RIGHT}", -1.0), (RIGHT, -2.0))
    (one,) = select_answers([group], is_western)
    assert (one.index, one.leaked) == (1, (0,))
    assert select_answers([group], is_western, leak=None)[0].index == 0


def test_a_run_is_counted() -> None:
    groups = [
        answers((RIGHT, -1.0), (WRONG, -2.0)),
        answers((WRONG, -1.0), (WRONG, -2.0), ("As you mentioned, it is.", 0.0)),
        [ScoredAnswer(RIGHT, -1.0, truncated=True)],
    ]
    counts = count_selections(select_answers(groups, is_western, order="check_then_rank"))
    assert counts == SelectionCounts(groups=3, accepted=1, fallback=2, rejected=2, leaked=1, truncated=1)
    assert count_selections([]) == SelectionCounts(0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("group", "order", "message"),
    [
        (answers(("a", 0.0), ("b", math.nan)), "rank_then_check", "answer 1 of question 0 has nan"),
        ([], "best", "order must be 'rank_then_check' or 'check_then_rank'; got 'best'"),
    ],
)
def test_scores_and_orders_that_are_none_are_errors(group: list[ScoredAnswer], order: str, message: str) -> None:
    with pytest.raises(SelectionError, match=message):
        select_answers([group], is_western, order=order)  # type: ignore[arg-type]


def test_the_answer_that_speaks_of_the_images_concepts_wins() -> None:
    words = ["pink", "legs", "dark", "back", "crest", "red", "green"]

    def embed(texts: list[str]) -> np.ndarray:
        return np.array([[1e-3 + text.lower().count(word) for word in words] for text in texts])

    concepts = ["pink legs", "dark back", "red crest", "green crest"]
    texts = [f"{RIGHT} It has a red crest.", f"{RIGHT} It has pink legs and a dark back.", f"{RIGHT} It has legs."]
    scores = ConceptBank(concepts, embed(concepts)).score_answers(embed(texts), ["pink legs", "dark back"])
    group = [ScoredAnswer(text, float(score)) for text, score in zip(texts, scores, strict=True)]
    assert select_answers([group], is_western)[0].index == 1


LEAKS = {
    "the provided features": ["Based on the provided features, it is one.", "given the listed visual characteristics"],
    "the features provided": [
        "The information provided says so.",
        "the features that were listed",
        "features you mentioned",
    ],
    "as mentioned in the list": [
        "As mentioned in the list, it is red.",
        "The legs are pink, as described in the prompt.",
    ],
    "according to the list": ["According to the list, it is red.", "This matches the label."],
    "the correct label": ["The correct label is gull.", "its true class"],
    "you mentioned": ["As you mentioned, it is red.", "the legs that you've listed"],
    "I was told": ["I was told that it is a gull.", "I am given its name"],
    "bullet points": ["as the bullet points say"],
}


def test_every_leak_phrase_has_examples() -> None:
    assert list(LEAKS) == [name for name, _ in LEAK_PHRASES]


@pytest.mark.parametrize("text", [text for texts in LEAKS.values() for text in texts] + ["THE  PROVIDED\nFEATURES"])
def test_an_answer_that_betrays_privileged_information_is_found(text: str) -> None:
    assert find_leak(text) in " ".join(text.lower().split())
    assert find_leak(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The features visible in the image tell that it is a gull.",
        "Based on the details provided in the image, it is a gull.",
        "The information given by the chest X-ray is clear.",
        "In the given image, the bird stands on a rock.",
        "The distinctive features are a red bill and the white head mentioned before.",
        "It has a list of colours on its wings.",
        "The bird has given birth.",
        "As described above, the legs are pink.",
        "The engines are listed to one side.",
    ],
)
def test_an_answer_about_the_image_betrays_nothing(text: str) -> None:
    assert find_leak(text) == ""
