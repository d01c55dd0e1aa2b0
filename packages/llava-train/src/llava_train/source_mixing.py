"""Mix rows of several sources by exact counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llava_train.dialogue import Row
from llava_train.errors import SettingsError
from llava_train.mixing import ranked, with_unique_ids


@dataclass(frozen=True)
class Mixed:
    """Rows of several sources in one order."""

    rows: tuple[Row, ...]
    """In an order of ids and seed."""
    counts: dict[str, int]
    """Rows of each source, repetitions counted."""
    repeats: dict[str, int]
    """Of these, the rows that had been taken before."""


def mix_sources(sources: Mapping[str, Sequence[Mapping[str, Any]]], *, counts: Mapping[str, float], seed: int) -> Mixed:
    """Take `counts[name]` rows of each source, in an order that depends on names, ids and seed alone.

    A whole number is a count. A fraction between 0 and 1 is a share of the whole mix, the rest of which the counts
    make up: counts of 300 and 100 with a share of 0.2 make 500 rows, 100 of them of that source; shares are rounded to
    whole rows. `math.inf` takes every row once. Where more rows are asked for than a source has, whole passes are
    taken and the copies' ids get `#2`, `#3`... as by `mix`.

    >>> own, general, replay = ([{"id": f"{name}{k}"} for k in range(9)] for name in "ogr")
    >>> mixed = mix_sources({"own": own, "general": general, "replay": replay},
    ...     counts={"own": math.inf, "general": 18, "replay": 0.1}, seed=0)
    >>> mixed.counts, mixed.repeats["general"]
    ({'own': 9, 'general': 18, 'replay': 3}, 9)

    Raises:
        SettingsError: sources and counts have different names, a count is of no kind above, shares add up to 1 or more
            or have no count beside them, or rows are asked for of an empty source.
    """
    if set(sources) != set(counts) or not sources:
        raise SettingsError(f"counts must name the sources {sorted(sources)}; got {sorted(counts)}.")
    whole = _whole_counts(sources, counts)
    chosen: list[Row] = []
    for name in sorted(sources):
        if whole[name] and not sources[name]:
            raise SettingsError(f"counts asks for {whole[name]} rows of {name!r}, which is empty.")
        in_order = ranked(sources[name], f"{seed}/{name}")
        chosen += [in_order[k % len(in_order)] for k in range(whole[name])]
    repeats = {name: max(0, whole[name] - len(sources[name])) for name in sources}
    return Mixed(tuple(ranked(with_unique_ids(chosen), f"{seed}/order")), whole, repeats)


def _whole_counts(sources: Mapping[str, Sequence[Any]], counts: Mapping[str, float]) -> dict[str, int]:
    shares = {name: count for name, count in counts.items() if 0 < count < 1}
    whole = {name: len(sources[name]) if count == math.inf else count for name, count in counts.items()}
    for name, count in whole.items():
        if name not in shares and not (count >= 0 and float(count).is_integer()):
            raise SettingsError(f"counts must be whole numbers, shares below 1 or inf; got {count!r} for {name!r}.")
    rest, given = 1 - math.fsum(shares.values()), sum(int(whole[name]) for name in whole if name not in shares)
    if shares and (rest <= 0 or not given):
        raise SettingsError(f"shares must add up to below 1 beside a count; got {shares} beside {given} rows.")
    return {name: round(given * shares[name] / rest) if name in shares else int(whole[name]) for name in counts}
