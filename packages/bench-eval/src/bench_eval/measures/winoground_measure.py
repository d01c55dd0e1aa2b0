"""Winoground's figures: the right caption for both pictures, the right picture for both captions, and both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench_eval.errors import RowError
from bench_eval.measures.mean_measures import kinds_of
from bench_eval.measures.measured import Measured, Metric, ratio
from bench_eval.pairs import cluster_of, mean_score

_FIGURES = ("group score", "text score", "image score")


def measure_winoground(rows: Sequence[Mapping[str, Any]]) -> Measured:
    """Measure rows with `item`, `side` (`text` or `image`) and `tag`; an item is two rows of each side, and a unit.

    The group score is also given for each tag. With several trials, the k-th of each row belong together.

    >>> names = {"text": ("a", "b"), "image": ("c", "d")}
    >>> rows = [
    ...     {"id": one, "item": "0", "side": side, "tag": "Object", "trials": [{"score": float(one != "d")}]}
    ...     for side, ids in names.items()
    ...     for one in ids
    ... ]
    >>> measure_winoground(rows).values()
    [0.0, 1.0, 0.0, 0.0]

    Raises:
        RowError: an item has more than two rows of a side, a side is unknown, or no item is complete.

    Source: Thrush et al. 2022, section 3.
    """
    items: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        items.setdefault(str(row.get("item")), []).append(row)
    sides = {item: _sides(item, members) for item, members in items.items()}
    whole = {item: both for item, both in sides.items() if _is_whole(both)}
    if not whole:
        raise RowError(f"none of {len(items)} items has its four questions with a score.")
    tags = [tag for _, tag in kinds_of(rows, ["tag"])]
    metrics = [Metric(name=name, formula=ratio(k, len(_FIGURES))) for k, name in enumerate(_FIGURES)]
    first = len(_FIGURES) + 1
    metrics += [
        Metric(name=f"group score tag={tag}", formula=ratio(first + 2 * k, first + 2 * k + 1))
        for k, tag in enumerate(tags)
    ]
    return Measured(
        ids=list(whole),
        clusters=[cluster_of(both["text"][0], item) for item, both in whole.items()],
        columns=np.array([_line(both, tags) for both in whole.values()]),
        metrics=tuple(metrics),
        left_out=len(rows) - 4 * len(whole),
    )


def _sides(item: str, members: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    sides: dict[str, list[Mapping[str, Any]]] = {"text": [], "image": []}
    for row in members:
        if row.get("side") not in sides:
            raise RowError(f"row {row.get('id')!r} needs text or image as side; got {row.get('side')!r}.")
        sides[str(row["side"])].append(row)
    if any(len(rows) > 2 for rows in sides.values()):
        raise RowError(f"item {item!r} must have two rows of a side; got {[str(row['id']) for row in members]}.")
    return sides


def _is_whole(sides: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    return all(len(rows) == 2 and all(mean_score(row) is not None for row in rows) for rows in sides.values())


def _line(sides: Mapping[str, Sequence[Mapping[str, Any]]], tags: Sequence[str]) -> list[float]:
    text, image = (
        np.prod([[float(trial["score"]) for trial in row["trials"]] for row in sides[side]], axis=0)
        for side in ("text", "image")
    )
    group = float(np.mean(text * image))
    own = str(sides["text"][0].get("tag"))
    by_tag = [cell for tag in tags for cell in ([group, 1.0] if tag == own else [0.0, 0.0])]
    return [group, float(np.mean(text)), float(np.mean(image)), 1.0, *by_tag]
