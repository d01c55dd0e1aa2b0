"""Rationales that LLaVA-1.5-7B really gave; their hidden entity is the last part of the image's file name."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from answer_judge import default_ladder, extract_answer
from answer_judge.measure_rationales import (
    ORACLE_FORMS,
    Acceptance,
    Rationale,
    acceptance,
    failure_kinds,
    load_rationales,
    oracle_acceptance,
    swapped,
)


@pytest.fixture(scope="module")
def rationales() -> list[Rationale]:
    folder = os.environ.get("SELFSIGHT_DATA")
    if not folder:
        pytest.skip("set SELFSIGHT_DATA to the folder that holds cvc-rationales")
    return load_rationales(Path(folder))


@pytest.fixture(scope="module")
def accepted(rationales: list[Rationale]) -> Acceptance:
    return acceptance(rationales, [extract_answer(one.text) for one in rationales], default_ladder())


def test_most_long_rationales_yield_their_entity_by_rules_alone(accepted: Acceptance) -> None:
    assert accepted.development >= 0.80
    assert accepted.held_out >= 0.72


def test_most_short_answers_are_accepted_by_rules_alone(accepted: Acceptance) -> None:
    assert accepted.short >= 0.75


def test_hardly_any_answer_is_accepted_for_another_files_entity(accepted: Acceptance) -> None:
    assert accepted.swapped <= 0.01


def test_nearly_all_pairs_are_swapped(rationales: list[Rationale]) -> None:
    pairs = [(one.entity, one.entity) for one in rationales if one.is_long]
    assert 700 < len(swapped(pairs, default_ladder())) <= 750


def test_prompt_and_parser_lose_no_right_reply(rationales: list[Rationale]) -> None:
    shares = oracle_acceptance([one for one in rationales if one.is_long], must_be_mentioned=False)
    assert shares == dict.fromkeys(ORACLE_FORMS, 1.0)


def test_the_halves_the_short_answers_and_the_swapped_pairs_are_told_apart() -> None:
    rows = [Rationale("", entity, True) for entity in ("cat", "dog", "owl", "ant")] + [Rationale("", "cup", False)]
    shares = acceptance(rows, ["cat", "owl", "bee", "ant", "mug"], default_ladder())
    assert shares.development == 0.5  # cat, not bee
    assert shares.held_out == 0.5  # ant, not owl
    assert shares.short == 0.0
    # Shifts 7, 60, 125 of 4 rows: 3, 0, 1. Of 8 swapped pairs only (owl, owl) is accepted.
    assert shares.swapped == 0.125


def test_failures_are_told_by_kind() -> None:
    rows = [Rationale("", "cup", True)] * 5
    kinds = failure_kinds(rows, ["cup", "unknown", "vase", "vase, cup", "vase, pot"], default_ladder())
    assert kinds == {
        "no answer found": 1,
        "another answer": 1,
        "a list that holds the right answer": 1,
        "another list": 1,
    }


def test_an_oracle_measures_what_the_reply_loses() -> None:
    rows = [Rationale("A beak, so a penguin.", "penguin", True), Rationale("Wings.", "owl", True)]
    assert set(oracle_acceptance(rows, must_be_mentioned=False).values()) == {1.0}
    assert set(oracle_acceptance(rows, must_be_mentioned=True).values()) == {0.5}


def test_rows_are_read_from_a_file_in_llavas_layout(tmp_path: Path) -> None:
    turns = [{"from": "human", "value": "?"}, {"from": "gpt", "value": "A cat."}]
    rows = [{"id": f"7-cat-{kind}-0", "image": "a/7-cat.jpg", "conversations": turns} for kind in ("cot", "answer")]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    expected = [Rationale("A cat.", "cat", True), Rationale("A cat.", "cat", False)]
    assert load_rationales(tmp_path / "rows.json") == expected
