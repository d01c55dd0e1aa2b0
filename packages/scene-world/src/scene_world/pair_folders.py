"""Minimal pairs on disk: rows to train on, and questions in twos that are right together or not at all."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from scene_world.errors import SceneWorldError
from scene_world.folders import Row, saved
from scene_world.pairs import ASKED_CHANGES, CHANGES, MinimalPair, minimal_pair
from scene_world.render import render

_STATEMENT_REQUEST = "Describe the image."


def pair_rows(
    n: int,
    folder: Path,
    *,
    split: str = "train",
    seed: int = 0,
    changes: Sequence[str] = ASKED_CHANGES,
    statements: bool = False,
) -> Iterator[Row]:
    """Training rows of minimal pairs; the pictures go to `folder`.

    Each row: `id, image_a, image_b, question, text_x, text_y, category, changed_share, cluster`. Changes take turns;
    a coin decides which scene is a, so that x is `yes` as often as `no`.

    Args:
        n: number of rows, each of a scene of its own.
        folder: is made where missing.
        split: which scenes; `heldout` is for evaluation.
        seed: another seed, other scenes.
        changes: which changes, in turn.
        statements: x and y are sentences that describe what changed, after "Describe the image.", instead of short
            answers to a question; the background may change too then.

    Raises:
        SceneWorldError: there is no such change, or no known question fits it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for pair_id, scene_id, pair in _pairs(n, split, seed, changes, CHANGES if statements else ASKED_CHANGES):
        yield {
            "id": pair_id,
            "image_a": saved(render(pair.first), folder, f"{pair_id}/a"),
            "image_b": saved(render(pair.second), folder, f"{pair_id}/b"),
            "question": _STATEMENT_REQUEST if statements else pair.question,
            "text_x": pair.first_text if statements else pair.first_answer,
            "text_y": pair.second_text if statements else pair.second_answer,
            "category": pair.change,
            "changed_share": pair.changed_share,
            "cluster": scene_id,
        }


def pair_questions(
    n: int, folder: Path, *, split: str = "heldout", seed: int = 0, changes: Sequence[str] = ASKED_CHANGES
) -> Iterator[Row]:
    """Evaluation rows of `n` minimal pairs, two a pair: one question of both pictures, with different answers.

    A pair is right if both of its rows are (as MMVP counts), so that an answer without looking earns nothing.
    Each row: `id, pair, image, question, answer, task, cluster`; the pictures go to `folder`.

    Raises:
        SceneWorldError: there is no such change, or no known question fits it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for pair_id, scene_id, pair in _pairs(n, split, seed, changes, ASKED_CHANGES):
        for side, scene, answer in (("a", pair.first, pair.first_answer), ("b", pair.second, pair.second_answer)):
            row_id = f"{pair_id}/{side}"
            yield {
                "id": row_id,
                "pair": pair_id,
                "image": saved(render(scene), folder, row_id),
                "question": pair.question,
                "answer": answer,
                "task": f"pair-{pair.change}",
                "cluster": scene_id,
            }


class _Numbered(NamedTuple):
    id: str
    scene_id: str
    pair: MinimalPair


def _pairs(n: int, split: str, seed: int, changes: Sequence[str], known: Sequence[str]) -> Iterator[_Numbered]:
    """`n` pairs whose pictures differ, either side first."""
    unknown = [change for change in changes if change not in known]
    if unknown or not changes:
        raise SceneWorldError(f"changes must be some of {', '.join(known)}; got {', '.join(unknown) or 'none'}.")
    found, index = 0, 0
    while found < n:
        pair = minimal_pair(f"{split}/{seed}", index, changes[found % len(changes)])
        index += 1
        if render(pair.first).tobytes() == render(pair.second).tobytes():
            continue
        found += 1
        pair_id = f"pair-{pair.change}-{pair.first.id}"
        is_swapped = random.Random(pair_id).random() < 0.5
        yield _Numbered(pair_id, pair.first.id, pair.swapped() if is_swapped else pair)
