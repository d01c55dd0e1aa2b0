"""Which ids came before: exact for all that matters, in 20 bytes for each: a digest and a number."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_SMALL = 1 << 18  # sorted runs of up to so many ids are merged; larger ones only where they are a small part of all

Digests = npt.NDArray[np.bytes_]
"""(N,) of dtype S16: 128-bit digests."""


class SortedDigests:
    """128-bit digests, to be looked up by bisection in a few sorted runs; each may carry a number."""

    def __init__(self) -> None:
        self._runs: list[tuple[Digests, npt.NDArray[np.uint32]]] = []

    def add(self, digests: Digests, numbers: npt.NDArray[np.uint32]) -> None:
        """Take in digests and the number of each, `(N,)` both; of equal ones the first stays where they are merged."""
        order = np.argsort(digests, kind="stable")
        self._runs.append((digests[order], numbers[order]))
        total = sum(len(run) for run, _ in self._runs)
        while len(self._runs) > 1 and self._worth_merging(total):
            (first, first_numbers), (second, second_numbers) = self._runs[-2:]
            joined = np.concatenate([first, second])
            order = np.argsort(joined, kind="stable")
            self._runs[-2:] = [(joined[order], np.concatenate([first_numbers, second_numbers])[order])]

    def _worth_merging(self, total: int) -> bool:
        before, last = len(self._runs[-2][0]), len(self._runs[-1][0])
        return before < 2 * last and before + last <= max(_SMALL, total // 8)

    def find(self, digests: Digests) -> npt.NDArray[np.int64]:
        """Return the number of each digest, `(N,)`; -1 for one that is not there."""
        found = np.full(len(digests), -1, dtype=np.int64)
        for run, numbers in reversed(self._runs):
            at = np.minimum(np.searchsorted(run, digests), len(run) - 1)
            hit = run[at] == digests
            found[hit] = numbers[at[hit]]
        return found


class SeenIds:
    """Tells of each id whether it came before."""

    def __init__(self) -> None:
        self._digests = SortedDigests()

    def repeated(self, ids: Sequence[str]) -> list[int]:
        """Return the positions of ids that came before, in an earlier call or in this one, and remember all.

        >>> seen = SeenIds()
        >>> seen.repeated(["a", "b", "a"]), seen.repeated(["c", "b"])
        ([2], [1])
        """
        if not ids:
            return []
        digests = _digests(ids)
        first_places = np.unique(digests, return_index=True)[1]
        again = self._digests.find(digests) >= 0
        repeated = np.ones(len(ids), dtype=bool)
        repeated[first_places] = again[first_places]
        fresh = digests[~repeated]
        if len(fresh):
            self._digests.add(fresh, np.zeros(len(fresh), dtype=np.uint32))
        return np.flatnonzero(repeated).tolist()


def _digests(ids: Sequence[str]) -> Digests:
    """Return 128 bits of each id, `(N,)`, good in this process only: Python's own hash of it, and of a longer text."""
    halves = np.empty((len(ids), 2), dtype=np.int64)
    halves[:, 0] = [hash(row_id) for row_id in ids]
    halves[:, 1] = [hash(row_id + "\0") for row_id in ids]
    return halves.view("S16")[:, 0]
