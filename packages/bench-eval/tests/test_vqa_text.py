"""Normal forms of short answers and VQA accuracy, against hand-worked answers and a slow step-by-step reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from bench_eval import RowError
from bench_eval.grades import Grader
from bench_eval.rules.soft_accuracy import (
    grade_m4c,
    grade_m4c_any_number,
    grade_vlmevalkit,
    grade_vqa_script,
    grade_vqa_upload,
    soft_accuracy,
)
from bench_eval.rules.vqa_text import normalise_m4c, normalise_vlmevalkit, normalise_vqa
from bench_eval.rules.vqa_words import ARTICLES, CONTRACTIONS, NUMBERS
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "m4c", "vqa", "vlmevalkit"),
    [
        ("Dakota Digital", *["dakota digital"] * 3),
        ("John's", "john 's", "john's", "john's"),
        ("U.S.A.", *["usa"] * 3),
        ("7-up", *["7 up"] * 3),
        ("-5", *["5"] * 3),
        ("3:30 p.m.", *["3:30 pm"] * 3),
        ("5.", "5", "5", "5."),
        ("3.14", *["3.14"] * 3),
        (".5", *[".5"] * 3),
        ("$5.00", *["$5.00"] * 3),
        ("1,000", *["1000"] * 3),
        ("red,blue", "redblue", "red blue", "red blue"),
        ("red, blue", *["red blue"] * 3),
        ("1,000 - 2/3", "1000 2 3", "1000 23", "1000 23"),
        ("a - b/c", "b c", "b c", "b c"),
        ("The an A", *[""] * 3),
        ("none", *["0"] * 3),
        ("Ten", *["10"] * 3),
        ("eleven", *["eleven"] * 3),
        ("dont", *["don't"] * 3),
        ("Im", *["im"] * 3),
        ("somebody'd", *["somebodyd"] * 3),
        ("yes?!", *["yes"] * 3),
        ("is it ? yes", *["is it yes"] * 3),
        ("line\none\ttwo", *["line 1 2"] * 3),
        ("100% #1 *&", *["100% #1 *&"] * 3),
        ("x" + "." * 40, *["x" + "." * 8] * 3),
        ("", *[""] * 3),
    ],
)
def test_each_normal_form_is_as_published(text: str, m4c: str, vqa: str, vlmevalkit: str) -> None:
    assert (normalise_m4c(text), normalise_vqa(text), normalise_vlmevalkit(text)) == (m4c, vqa, vlmevalkit)


def _step_by_step(text: str, *, splits: bool, period: str) -> str:
    """The published order of steps, a mark at a time."""
    if splits:
        text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    came = text.replace("\n", " ").replace("\t", " ").strip()
    out = came
    for mark in ';/[]"{}()=+\\_-><@`,?!':
        beside = mark + " " in came or " " + mark in came or re.search(r"(\d)(,)(\d)", came)
        out = out.replace(mark, "" if beside else " ")
    out = re.sub(period, "", out, count=32)
    words = [NUMBERS.get(word, word) for word in out.lower().split()]
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES)


_TEXTS = st.text(alphabet="aA tenone's1234,.;/-?!()\n\t\"’`_:$", max_size=30)
_MISTYPED = r"(?!<=\d)(\.)(?!\d)"


@given(_TEXTS)
def test_the_normal_forms_agree_with_the_steps_taken_one_by_one(text: str) -> None:
    assert normalise_m4c(text) == _step_by_step(text, splits=True, period=_MISTYPED)
    assert normalise_vqa(text) == _step_by_step(text, splits=False, period=_MISTYPED)
    assert normalise_vlmevalkit(text) == _step_by_step(text, splits=False, period=r"(?<!\d)(\.)(?!\d)")


def test_there_are_120_contractions_of_which_three_never_fire() -> None:
    assert len(CONTRACTIONS) == 120
    assert [word for word in CONTRACTIONS if word != word.lower()] == ["Id've", "I'dve", "Im", "Ive"]


def test_full_credit_needs_four_of_ten() -> None:
    scores = [soft_accuracy("x", ["x"] * n + ["y"] * (10 - n)) for n in range(11)]
    assert scores == [0.0, 0.3, 0.6, 0.9, *[1.0] * 7]


@given(st.lists(st.sampled_from("xyz"), min_size=1, max_size=12))
def test_each_gold_is_left_out_by_its_position(golds: list[str]) -> None:
    shares = [min(Fraction(1), Fraction([*golds[:i], *golds[i + 1 :]].count("x"), 3)) for i in range(len(golds))]
    assert soft_accuracy("x", golds) == float(sum(shares) / len(golds))


_SAME = ["red"] * 10
_MOST = ["red"] * 4 + ["dark red"] * 6
_FIVE = ["5"] * 10
_OWNER = ["john's"] * 10


@pytest.mark.parametrize(
    ("text", "golds", "scores"),
    [  # M4C, lmms-eval, VLMEvalKit, VQA script, uploads
        ("red", _SAME, [1, 1, 1, 1, 1]),
        ("Red", _SAME, [1, 1, 1, 0, 1]),
        ("red.", _SAME, [1, 1, 1, 0, 1]),
        (" red\n", _SAME, [1, 1, 1, 1, 1]),
        ("Red.", _MOST, [1, 1, 1, 1, 1]),
        ("the red", _MOST, [1, 1, 1, 1, 1]),
        ("dark  red", _MOST, [1, 1, 1, 1, 1]),
        ("It is red", _SAME, [0, 0, 0, 0, 0]),
        ("<think>red</think> red", _SAME, [0, 0, 0, 0, 0]),
        ("I can't answer that.", _SAME, [0, 0, 0, 0, 0]),
        ("5.", _FIVE, [1, 1, 0, 0, 1]),
        ("five", _FIVE, [1, 1, 1, 0, 1]),
        ("John's", _OWNER, [1, 1, 1, 0, 0]),
        ("", _SAME, [0, 0, 0, 0, 0]),
    ],
)
def test_profiles_differ_where_their_originals_do(text: str, golds: list[str], scores: list[int]) -> None:
    graders: list[Grader] = [grade_m4c, grade_m4c_any_number, grade_vlmevalkit, grade_vqa_script, grade_vqa_upload]
    row: dict[str, Any] = {"id": "q", "answer": golds}
    assert [_score(grader, text, row) for grader in graders] == scores


def _score(grader: Grader, text: str, row: dict[str, Any]) -> float:
    grade = grader(text, row)
    assert not isinstance(grade, float)
    return grade.score


@pytest.mark.parametrize("grader", [grade_m4c, grade_m4c_any_number, grade_vlmevalkit])
def test_a_text_without_words_is_no_answer_but_a_bare_article_is_one(grader: Callable[..., Any]) -> None:
    row = {"id": "q", "answer": ["red"] * 9 + ["pink"]}
    assert [grader(text, row).answer for text in ("", " \n", ".", "...", "The", "A red.")] == [
        "",
        "",
        "",
        "",
        "The",
        "red",
    ]


def test_m4c_wants_ten_people_and_every_rule_wants_texts() -> None:
    with pytest.raises(RowError, match="row 'q' needs the answers of 10 people; got 3"):
        grade_m4c("red", {"id": "q", "answer": ["red"] * 3})
    with pytest.raises(RowError, match="row 'q' needs an answer, a text or a list of texts; got None"):
        grade_vqa_script("red", {"id": "q"})
    with pytest.raises(RowError, match=r"got \[1\]"):
        grade_vlmevalkit("red", {"id": "q", "answer": [1]})
