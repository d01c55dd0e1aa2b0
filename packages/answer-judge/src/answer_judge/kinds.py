"""Is one thing a kind of another? By a table, two steps down at most."""

from __future__ import annotations

from collections.abc import Mapping

from answer_judge.aliases import AliasTable
from answer_judge.everyday_kinds import EVERYDAY_KINDS


class KindTable:
    """Looks up whether one name is a kind of another; pure data, so it can be pickled and shared."""

    def __init__(self, names: AliasTable, kinds: Mapping[str, str] = EVERYDAY_KINDS) -> None:
        """Take general words, each with its kinds by commas; `names` brings both to one spelling."""
        self._above: dict[str, frozenset[str]] = {}
        for general, below in kinds.items():
            for kind in below.split(","):
                name = names.canonical(kind)
                self._above[name] = self._above.get(name, frozenset()) | {names.canonical(general)} - {name}

    def above(self, name: str) -> frozenset[str]:
        """Return the general words over a canonical name.

        >>> sorted(KindTable(AliasTable()).above("poodle"))
        ['animal', 'dog']
        """
        parents = self._above.get(name, frozenset())
        return parents.union(*(self._above.get(parent, frozenset()) for parent in parents)) - {name}

    def head_of(self, tokens: list[str]) -> str:
        """Return the longest known name at the end of some canonical tokens; empty if there is none."""
        names = (" ".join(tokens[start:]) for start in range(max(0, len(tokens) - 3), len(tokens)))
        return next((name for name in names if name in self._above), "")
