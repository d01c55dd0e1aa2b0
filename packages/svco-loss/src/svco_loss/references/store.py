"""Reference log-probabilities on disk: computed once, one Parquet row a pair, refused when stale."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svco_loss.errors import StaleReferenceError, StoredReferenceError
from svco_loss.references.fingerprints import PairKey, ReferenceSource

if TYPE_CHECKING:
    from svco_loss.logps import PairLogps

SixLogps = tuple[float, float, float, float, float, float]
"""Of one pair, in the order of the fields of `PairLogps`."""

FIELDS = ("x_given_a", "x_given_b", "x_given_none", "y_given_b", "y_given_a", "y_given_none")
_KEYS = (*PairKey._fields, *ReferenceSource._fields)


class ReferenceStore:
    """Stored log-probabilities of pairs under one frozen model.

    A file may hold rows of several models; those of another model or template than `source` are never given out. Rows
    live in memory (about 300 bytes a pair) and reach the file by `save`, whole or not at all.

    >>> store = ReferenceStore(ReferenceSource("weights", "template", "float32"))
    >>> key = PairKey("a", "b", "text")
    >>> store.put([key], [(-1.0, -2.0, -3.0, -1.0, -2.0, -3.0)])
    >>> store.missing([key, PairKey("a", "c", "text")])
    [PairKey(pixels_a='a', pixels_b='c', text='text')]
    """

    def __init__(self, source: ReferenceSource, path: str | os.PathLike[str] | None = None) -> None:
        """Open a store, and the file at `path` where there is one.

        Raises:
            StoredReferenceError: the file is no such store.
        """
        self.source = source
        self.path = None if path is None else Path(path)
        self._rows: dict[PairKey, SixLogps] = {}
        self._others: dict[tuple[PairKey, ReferenceSource], SixLogps] = {}
        if self.path is not None and self.path.exists():
            self._read(self.path)

    def __len__(self) -> int:
        """Return the number of pairs with values of this source."""
        return len(self._rows)

    def missing(self, keys: Iterable[PairKey]) -> list[PairKey]:
        """Return the keys that have no values of this source, each once, in order."""
        return [key for key in dict.fromkeys(keys) if key not in self._rows]

    def stale(self, keys: Iterable[PairKey]) -> int:
        """Count the keys that have values of another model, template or number type alone."""
        others = {key for key, _ in self._others}
        return sum(key in others for key in self.missing(keys))

    def put(self, keys: Sequence[PairKey], logps_B_6: Sequence[Sequence[float]]) -> None:
        """Add the values of pairs; earlier ones of the same key are replaced.

        Raises:
            StoredReferenceError: numbers of keys and rows differ, or a row is not six finite numbers.
        """
        if len(keys) != len(logps_B_6):
            raise StoredReferenceError(f"each key must have its row of values; got {len(keys)} and {len(logps_B_6)}.")
        for key, values in zip(keys, logps_B_6, strict=True):
            self._rows[key] = _six(key, values)

    def take(self, other: ReferenceStore) -> None:
        """Add the values of another store of the same source.

        Raises:
            StaleReferenceError: it has another source.
        """
        if other.source != self.source:
            raise StaleReferenceError(_differences(other.source, self.source))
        self._rows |= other._rows

    def get(self, key: PairKey) -> SixLogps:
        """Return the six values of a pair.

        Raises:
            StaleReferenceError: the pair has values of another model or template alone.
            StoredReferenceError: it has none.
        """
        if key in self._rows:
            return self._rows[key]
        stale = [source for other, source in self._others if other == key]
        if stale:
            raise StaleReferenceError(_differences(stale[0], self.source))
        raise StoredReferenceError(f"no reference is stored for the pair {key}; compute it before training.")

    def logps(self, keys: Sequence[PairKey]) -> PairLogps:
        """Return the values of pairs as float32 tensors on the CPU.

        Raises:
            StoredReferenceError: as `get`.
        """
        import torch

        from svco_loss.logps import PairLogps

        return PairLogps.of_stacked(torch.tensor([self.get(key) for key in keys], dtype=torch.float32).T)

    def save(self) -> None:
        """Write the file, whole or not at all; rows of other sources that it held stay in it.

        Raises:
            StoredReferenceError: the store was opened without a path.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self.path is None:
            raise StoredReferenceError("this store has no file; open it with a path to save it.")
        rows = {(key, self.source): values for key, values in self._rows.items()} | self._others
        columns: dict[str, list[Any]] = {name: [] for name in (*_KEYS, *FIELDS)}
        for (key, source), values in rows.items():
            for name, value in zip((*_KEYS, *FIELDS), (*key, *source, *values), strict=True):
                columns[name].append(value)
        types = {name: pa.string() for name in _KEYS} | {name: pa.float64() for name in FIELDS}
        table = pa.table({name: pa.array(column, types[name]) for name, column in columns.items()})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(self.path.name + ".part")
        pq.write_table(table, beside)
        beside.replace(self.path)

    def _read(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            rows: list[Mapping[str, Any]] = pq.read_table(path, columns=[*_KEYS, *FIELDS]).to_pylist()
        except (OSError, pa.ArrowInvalid) as error:
            raise StoredReferenceError(f"{path} is no store of references: {str(error).splitlines()[0]}") from error
        for row in rows:
            key = PairKey(*(row[name] for name in PairKey._fields))
            source = ReferenceSource(*(row[name] for name in ReferenceSource._fields))
            values = _six(key, [row[name] for name in FIELDS])
            if source == self.source:
                self._rows[key] = values
            else:
                self._others[key, source] = values


def _six(key: PairKey, values: Sequence[float]) -> SixLogps:
    import math

    found = tuple(map(float, values))
    if len(found) != len(FIELDS) or not all(map(math.isfinite, found)):
        raise StoredReferenceError(f"a pair must have {len(FIELDS)} finite values; got {found} for {key}.")
    return found  # pyright: ignore[reportReturnType]


def _differences(stored: ReferenceSource, wanted: ReferenceSource) -> str:
    parts = [
        f"{name} {theirs[:12]} instead of {ours[:12]}"
        for name, theirs, ours in zip(ReferenceSource._fields, stored, wanted, strict=True)
        if theirs != ours
    ]
    return (
        f"stored references are stale: {', '.join(parts)}. Compute them anew with the model that training begins with."
    )
