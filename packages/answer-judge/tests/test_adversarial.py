"""Ceilings on what the ladder may get wrong; they only ever go down."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from answer_judge import default_ladder
from answer_judge.adversarial import AdversarialReport, adversarial_set, main, measure, split_of

MOST_FALSE_REJECTS = {"dev": 12, "test": 10}
KINDS_OF_MEANING = {"paraphrase", "swap"}
"""What rules alone cannot know."""


def report(split: str) -> AdversarialReport:
    return measure(default_ladder(), [case for case in adversarial_set() if case.split == split])


def test_the_set_is_large_mixed_and_without_doubles() -> None:
    cases = adversarial_set()
    assert len({(case.answer, case.reference, case.options) for case in cases}) == len(cases) >= 300
    rights = Counter((case.kind, case.right) for case in cases)
    for kind in {case.kind for case in cases}:
        assert rights[kind, True] >= 4
        assert rights[kind, False] >= 5
    assert all(case.note for case in cases)


def test_the_held_out_third_is_chosen_by_hash() -> None:
    assert all(split_of(case) == case.split for case in adversarial_set())
    share = sum(case.split == "test" for case in adversarial_set()) / len(adversarial_set())
    assert 0.28 < share < 0.38


@pytest.mark.parametrize("split", ["dev", "test"])
def test_rules_alone_accept_no_wrong_answer(split: str) -> None:
    assert [tally for tally in report(split).by_rung if tally.false_accepts] == []


@pytest.mark.parametrize("split", ["dev", "test"])
def test_rules_alone_reject_few_right_answers(split: str) -> None:
    measured = report(split)
    assert measured.total.false_rejects <= MOST_FALSE_REJECTS[split]
    rejects = {tally.name: tally.false_rejects for tally in measured.by_rung}
    assert all(count <= 1 for rung, count in rejects.items() if rung != "none"), rejects


def test_the_tallies_of_rungs_and_kinds_add_up() -> None:
    measured = report("dev")
    for tallies in (measured.by_rung, measured.by_kind):
        for field in ("right", "wrong", "false_accepts", "false_rejects", "decided"):
            assert sum(getattr(tally, field) for tally in tallies) == getattr(measured.total, field)


def test_the_command_prints_tables_and_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    lines = capsys.readouterr().out.splitlines()
    assert "| rung | decided | false accepts | false rejects |" in lines
    summary = json.loads(lines[-1])
    assert summary["cases"] == len(adversarial_set())
    assert summary["rules"]["test"]["false_accepts"] == 0


def test_a_ladder_that_accepts_everything_is_found_out() -> None:
    from answer_judge import Ladder, Opinion

    class Yes:
        name = "yes"

        def __call__(self, pairs: object) -> list[Opinion]:
            return [Opinion(True, 1.0, "") for _ in pairs]  # type: ignore[attr-defined]

    measured = measure(Ladder([Yes()]), adversarial_set())
    assert measured.total.false_accepts == measured.total.wrong > 150
