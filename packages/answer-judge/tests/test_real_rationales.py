"""Rationales that LLaVA-1.5-7B really gave; their hidden entity is the last part of the image's file name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple

import pytest
from answer_judge import default_ladder, extract_answer


class Rationale(NamedTuple):
    text: str
    entity: str


@pytest.fixture(scope="module")
def rationales() -> list[Rationale]:
    folder = os.environ.get("SELFSIGHT_DATA")
    if not folder:
        pytest.skip("set SELFSIGHT_DATA to the folder that holds cvc-rationales")
    rows = json.loads((Path(folder) / "cvc-rationales" / "llava-1.5-7b.json").read_text())
    return [Rationale(row["conversations"][1]["value"], Path(row["image"]).stem.rsplit("-", 1)[-1]) for row in rows]


def test_most_long_rationales_yield_their_entity_by_rules_alone(rationales: list[Rationale]) -> None:
    pairs = [(extract_answer(one.text), one.entity) for one in rationales[:250]]
    assert sum(map(bool, default_ladder().judge_many(pairs))) / 250 >= 0.70


def test_most_short_answers_are_accepted_by_rules_alone(rationales: list[Rationale]) -> None:
    pairs = [(extract_answer(one.text), one.entity) for one in rationales[250:]]
    assert sum(map(bool, default_ladder().judge_many(pairs))) / 250 >= 0.75


@pytest.mark.parametrize("shift", [7, 60, 125])
def test_hardly_any_answer_is_accepted_for_another_files_entity(rationales: list[Rationale], shift: int) -> None:
    ladder = default_ladder()
    swapped = [(one, rationales[(index + shift) % 250]) for index, one in enumerate(rationales[:250])]
    pairs = [
        (extract_answer(one.text), other.entity) for one, other in swapped if not ladder.judge(one.entity, other.entity)
    ]
    assert len(pairs) > 200
    assert sum(map(bool, ladder.judge_many(pairs))) / len(pairs) <= 0.03
