"""One grader for mixed short answers: what the row's own answer is decides how a reply is compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench_eval.choices import grade_choice
from bench_eval.grades import Grade
from bench_eval.located import box_grader, boxes_grader, text_to_box_xyxy
from bench_eval.words import grade_word, grade_yes_no, normalise

SHORT_ANSWER_GRADER = "boxes-options-yes-no-words-4"
"""Name and version of `grade_short_answer`; saved replies are graded again when it changes."""


def grade_short_answer(text: str, row: Mapping[str, Any]) -> Grade:
    """A letter or option where the row has options, yes or no by the first word, a box by IoU of 0.5, else all words.

    A row with `every_box` true wants all boxes of its answer and no others: F1 at an IoU of 0.5.

    >>> grade_short_answer("Three.", {"answer": "three"}).score, grade_short_answer("A.", {"answer": "A"}).score
    (1.0, 1.0)
    >>> grade_short_answer("No, it is not.", {"answer": "no"}).score
    1.0
    """
    if row.get("options"):
        return grade_choice(text, row)
    if normalise(str(row["answer"])) in ("yes", "no"):
        return grade_yes_no(text, row)
    if text_to_box_xyxy(str(row["answer"])):
        if row.get("every_box"):
            return boxes_grader(0.5)(text, row)
        return box_grader(0.5)(text, row)
    return grade_word(text, row)
