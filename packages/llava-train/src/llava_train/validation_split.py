"""Rows that a model never learns from, in two: some choose the best round, the others tell what it is worth."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

RowT = TypeVar("RowT", bound=Mapping[str, Any])


def is_validation(cluster: str, *, share: float | None, seed: int) -> bool:
    """Whether a cluster of rows (an image, a scene) is for validation: decided by its name and the seed alone.

    Args:
        cluster: its rows stay together.
        share: of the clusters, 0 to 1; None for none.
        seed: another one gives another split.

    >>> [is_validation(name, share=0.5, seed=0) for name in ("a", "b", "c", "d")]
    [False, True, False, True]
    """
    digest = hashlib.blake2b(f"validation/{seed}/{cluster}".encode(), digest_size=8).digest()
    return share is not None and int.from_bytes(digest, "big") / 2**64 < share


def split_rows(rows: Iterable[RowT], *, share: float | None, seed: int) -> dict[str, list[RowT]]:
    """Rows of `validation` and of `test`, by their `cluster`."""
    found: dict[str, list[RowT]] = {"validation": [], "test": []}
    for row in rows:
        found["validation" if is_validation(row["cluster"], share=share, seed=seed) else "test"].append(row)
    return found
