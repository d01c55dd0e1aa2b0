"""What judges write, and what each reading makes of it."""

from __future__ import annotations

import pytest
from bench_eval.judges import (
    read_correctness,
    read_correctness_official,
    read_correctness_vlmevalkit,
    read_rating,
    read_rating_official,
    read_rating_svco,
    read_score_pair,
    read_score_pair_lmms_eval,
    read_score_pair_official,
)

# reply, ours, official, vlmevalkit
CORRECTNESS = [
    ("0.8", "0.8", "0.8", "0.8"),
    (" 0.8\n", "0.8", None, "0.8"),  # official: nothing stands before the first blank
    ("1", "1", "1", "1"),
    (".5", "0.5", "0.5", "0.5"),
    ("0.8.", "0.8", None, None),
    ("0.8 because it names the dog", "0.8", "0.8", None),
    ("0.8\nIt names the dog.", "0.8", None, None),
    ("**0.8**", "0.8", None, None),
    ("**Score:** 0.8", "0.8", None, None),
    ("Correctness: 0.4, for one of two roots", "0.4", None, None),
    ("The score is 0.3.", "0.3", None, None),
    ("Score (0.0-1.0): 0.7", "0.7", None, None),
    ('{"score": 0.6}', "0.6", None, None),
    ("0.8/1.0", "0.8", None, None),
    ("0,8", "0.8", None, None),
    ('"How many?" | "3" | "4" | 0.0', "0", None, None),
    ("| 0.9 |", "0.9", None, None),
    ("<think>3 is not 4, so 0.1?</think>\n0.0", "0", None, None),
    ("<think>0.5", None, None, None),
    ("0.1?</think>0.2", "0.2", None, None),
    ("About half. <answer>0.5</answer>", "0.5", None, None),
    ("between 0.4 and 0.6", None, None, None),
    ("0.5 or 0.6", None, "0.5", None),
    ("80%", None, None, None),
    ("1.5", None, None, None),
    ("-0.5", None, None, None),
    ("8/10", None, None, None),
    ("nan", None, None, None),
    ("I can't grade this.", None, None, None),
    ("", None, None, None),
]

# reply, ours, official, svco
RATINGS = [
    ("Fine.\nRating: 5, very informative, no hallucination", "5", "5", "5"),
    ("rating: 0", "0", "0", "0"),
    ("**Rating:** 5", "5", None, None),
    ("**Rating**: 5", "5", None, "5"),
    ("**Rating: 5**", "5", "5", "5"),
    ("Rating:  5", "5", None, "5"),
    ("Rating 5", "5", None, "5"),
    ("Rating:\n5", "5", None, "5"),
    ("Rating = 4", "4", None, None),
    ("Rating (0-6): 4", "4", None, None),
    ("I give it a rating of 4 out of 6.", "4", None, None),
    ("Rating: 4/6", "4", "4", "4"),
    ("Rating: 5.0", "5", "5", "5"),
    ("6", "6", None, None),
    ('{"rating": 3}', "3", None, None),
    ("Rating: 5. A rating: 5 it is.", "5", "5", "5"),
    ("Rating: 5 at first, but rating: 2 in the end", None, None, "3.5"),
    ("Rating: 5 at first.\nFinal rating: 2", "2", None, "3.5"),
    ("<think>Rating: 5?</think>Rating: 2", "2", None, "3.5"),
    ("Rating: 10", None, "1", "1"),  # the originals see its first digit
    ("Rating: 3-4", None, "3", "3"),
    ("Rating: 7", None, None, None),
    ("Ratings go from 0 to 6.", None, None, None),
    ("No rating can be given.", None, None, None),
    ("I see 5 dogs.", None, None, None),
    ("", None, None, None),
]

# reply, ours, official, lmms-eval
PAIRS = [
    ("8 7", "8 7", "8 7", "8 7"),
    ("8 7\nBoth name the place; 2 of 3 details differ.", "8 7", "8 7", "8 7"),
    ("8.5 7", "8.5 7", "8.5 7", "8.5 7"),
    ("8,7", "8 7", "8 7", "8 7"),
    ("8, 7", "8 7", None, "8 7"),
    ("8  7", "8 7", None, "8 7"),
    ("8 7 ", "8 7", None, "8 7"),
    ("\n8 7", "8 7", None, "8 7"),
    ("8\t7", "8 7", None, "8 7"),
    ("8/10 7/10", "8 7", None, "8 10"),  # lmms-eval takes the first two numbers, whatever they are
    ("**8 7**", "8 7", None, "8 7"),
    ("Scores: 8 7", "8 7", None, "8 7"),
    ("8 and 7", "8 7", None, "8 7"),
    ("Assistant 1: 8, Assistant 2: 7", "8 7", None, "1 8"),
    ("**Assistant 1:** 8\n**Assistant 2:** 7", "8 7", None, "1 8"),
    ("Assistant 1's score: 8/10\nAssistant 2's score: 7/10\nWhy: ...", "8 7", None, "1 8"),
    ("Here are the scores.\n\n8 7", "8 7", None, None),
    ("<think>9 9</think>\n8 7", "8 7", None, "9 9"),
    ("10 0", "10 0", "10 0", "10 0"),
    ("8 7\nFinal:\n8 6", None, "8 7", "8 7"),
    ("8", None, None, None),
    ("8 7 6", None, None, "8 7"),
    ("11 7", None, None, None),
    ("-1 -1", None, None, None),
    ("Assistant 1 saw 3 dogs and Assistant 2 saw 4", None, None, "1 3"),
    ("nan nan", None, None, None),
    ("", None, None, None),
]


@pytest.mark.parametrize(("reply", "ours", "official", "vlmevalkit"), CORRECTNESS)
def test_correctness_is_read_as_each_profile_reads_it(
    reply: str, ours: str | None, official: str | None, vlmevalkit: str | None
) -> None:
    readings = (read_correctness, read_correctness_official, read_correctness_vlmevalkit)
    assert answers_of(readings, reply) == [ours, official, vlmevalkit]


@pytest.mark.parametrize(("reply", "ours", "official", "svco"), RATINGS)
def test_ratings_are_read_as_each_profile_reads_them(
    reply: str, ours: str | None, official: str | None, svco: str | None
) -> None:
    assert answers_of((read_rating, read_rating_official, read_rating_svco), reply) == [ours, official, svco]


@pytest.mark.parametrize(("reply", "ours", "official", "lmms_eval"), PAIRS)
def test_pairs_are_read_as_each_profile_reads_them(
    reply: str, ours: str | None, official: str | None, lmms_eval: str | None
) -> None:
    readings = (read_score_pair, read_score_pair_official, read_score_pair_lmms_eval)
    assert answers_of(readings, reply) == [ours, official, lmms_eval]


def test_scores_are_shares_of_the_best() -> None:
    assert read_correctness("0.4", {}).score == 0.4
    assert read_rating("Rating: 3", {}).score == 0.5
    assert read_score_pair("9 7", {}).score == 0.7


def answers_of(readings, reply: str) -> list[str | None]:
    grades = [read(reply, {}) for read in readings]
    return [grade and grade.answer for grade in grades]
