"""Mix rows of one's own with a base set, so that what the model could do is kept."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from llava_train.dialogue import Row
from llava_train.errors import SettingsError


def mix(
    own_rows: Sequence[Mapping[str, Any]], base_rows: Sequence[Mapping[str, Any]], *, ratio: float, seed: int
) -> list[Row]:
    """All own rows with `ratio` base rows for each, in an order that depends on ids and seed alone.

    `math.inf` takes every base row once. When more base rows are asked for than there are, whole passes over the base
    set are taken and the copies' ids get `#2`, `#3`... An id of both sets, or twice in one, is told apart likewise.

    >>> own = [{"id": "a"}, {"id": "b"}]
    >>> base = [{"id": f"base-{k}"} for k in range(9)]
    >>> mixed = mix(own, base, ratio=1.5, seed=0)
    >>> len(mixed), mixed == mix(own[::-1], base[::-1], ratio=1.5, seed=0)
    (5, True)

    Raises:
        SettingsError: the ratio is negative or not a number, or base rows are asked for and there are none.
    """
    if math.isnan(ratio) or ratio < 0:
        raise SettingsError(f"ratio must be 0 or more base rows for each own row; got {ratio!r}.")
    count = len(base_rows) if math.isinf(ratio) else round(ratio * len(own_rows))
    if count and not base_rows:
        raise SettingsError(f"ratio {ratio!r} asks for {count} base rows; the base set is empty.")
    ranked_base = ranked(base_rows, f"{seed}/base")
    chosen = [ranked_base[k % len(ranked_base)] for k in range(count)]
    unique = with_unique_ids([*ranked(own_rows, f"{seed}/own"), *chosen])
    return ranked(unique, f"{seed}/order")


def ranked(rows: Sequence[Mapping[str, Any]], salt: str) -> list[Row]:
    """Rows in the order of a hash of their ids; rows of one id keep their given order."""
    return [dict(row) for row in sorted(rows, key=lambda row: _rank(row, salt))]


def _rank(row: Mapping[str, Any], salt: str) -> bytes:
    return hashlib.sha256(f"{salt}/{row['id']}".encode("utf-8", "surrogatepass")).digest()


def with_unique_ids(rows: Sequence[Row]) -> list[Row]:
    """Rows of which those after the first with an id get `#2`, `#3`... behind it."""
    seen: Counter[str] = Counter()
    taken = {str(row["id"]) for row in rows}
    out: list[Row] = []
    for row in rows:
        row_id = str(row["id"])
        seen[row_id] += 1
        while seen[row_id] > 1 and f"{row_id}#{seen[row_id]}" in taken:
            seen[row_id] += 1
        out.append(row if seen[row_id] == 1 else {**row, "id": f"{row_id}#{seen[row_id]}"})
    return out
