"""Profiles of the benchmarks that ten people answered; who scores which by what is for each task to say."""

from __future__ import annotations

from collections.abc import Mapping

from bench_eval.grades import Grader
from bench_eval.measures import Measure
from bench_eval.rules.soft_accuracy import (
    grade_m4c,
    grade_m4c_any_number,
    grade_vlmevalkit,
    grade_vqa_script,
    grade_vqa_upload,
)
from bench_eval.tasks.task import Profile

_RULES: dict[Grader, str] = {
    grade_m4c: "VQA accuracy over exactly ten people, both sides in the normal form of M4C.",
    grade_m4c_any_number: "VQA accuracy over however many people answered, both sides in the normal form of M4C.",
    grade_vlmevalkit: "VQA accuracy, both sides in the normal form of the VQA script, but periods behind digits stay.",
    grade_vqa_script: "VQA accuracy in the normal form of the VQA script, but texts as they stand, with capitals and "
    "periods, where all people said the same.",
    grade_vqa_upload: "The answer in the normal form of M4C, as it is uploaded, then the VQA script; a gold such as "
    "`john's` that all people gave is out of reach.",
}


def soft_accuracy_profiles(measure: Measure, graders: Mapping[str, Grader]) -> tuple[Profile, ...]:
    """Make a profile of each name, with the sentence of its grader; names may share one.

    >>> from bench_eval.measures import mean_measure
    >>> [profile.name for profile in soft_accuracy_profiles(mean_measure(), {"official": grade_m4c})]
    ['official']
    """
    return tuple(
        Profile(name=name, grader=grader, measure=measure, rule=_RULES[grader]) for name, grader in graders.items()
    )
