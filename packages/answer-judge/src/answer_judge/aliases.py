"""Look phrases up in groups of different names for one thing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from answer_judge.everyday_names import EVERYDAY_ALIASES
from answer_judge.normalising import normalise


class AliasTable:
    """Looks phrases up in groups of names.

    >>> AliasTable([("sofa", "couch")]).canonical("the red couches")
    'red sofa'
    """

    def __init__(self, groups: Iterable[Sequence[str]] = EVERYDAY_ALIASES) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        for group in groups:
            first = normalise(group[0])
            self._names.update({tuple(normalise(name).split()): self._names.get((first,), first) for name in group})
        self._longest = max(map(len, self._names), default=0)
        self.canonical = lru_cache(maxsize=65536)(self._canonical)

    def __getstate__(self) -> dict[tuple[str, ...], str]:
        return self._names  # a cache cannot be pickled

    def __setstate__(self, names: dict[tuple[str, ...], str]) -> None:
        self._names, self._longest = names, max(map(len, names), default=0)
        self.canonical = lru_cache(maxsize=65536)(self._canonical)

    def _canonical(self, phrase: str) -> str:
        """Return the normalised phrase with every name replaced by the first of its group; longest names win."""
        tokens, found, start = tuple(normalise(phrase).split()), list[str](), 0
        while start < len(tokens):
            for length in range(min(self._longest, len(tokens) - start), 0, -1):
                name = self._names.get(tokens[start : start + length])
                if name is not None or length == 1:
                    found.append(name or tokens[start])
                    start += length
                    break
        return " ".join(found)
