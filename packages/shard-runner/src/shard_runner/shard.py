"""A shard: input rows of a stage that are worked on together, and where they lie."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from shard_runner.columns import column_to_list, table_to_rows
from shard_runner.disk import load_rows, load_table
from shard_runner.folder import building_folder, part_path, stage_folder
from shard_runner.ledger import read_digests
from shard_runner.plain import Row, digest_of

T = TypeVar("T")


@dataclass(frozen=True)
class Slice:
    """Rows `start` to `stop` of a finished part of a source or stage."""

    step: str
    part: int
    start: int
    stop: int

    def load(self, run_dir: Path) -> pa.Table:
        """Return the rows as a table."""
        return self._look(run_dir, lambda folder: load_rows(part_path(folder, self.part), self.start, self.stop))

    def read_ids(self, run_dir: Path) -> list[str]:
        """Return the id of each row."""
        part = self.part
        table = self._look(run_dir, lambda folder: load_table(part_path(folder, part), ["id"]))
        return column_to_list(table, "id")[self.start : self.stop]

    def read_digests(self, run_dir: Path) -> list[str]:
        """Return the digest of each row, 32 hex digits."""
        joined = self._look(run_dir, lambda folder: read_digests(folder, self.part))
        text = joined[16 * self.start : 16 * self.stop].hex()
        return [text[at : at + 32] for at in range(0, len(text), 32)]

    def _look(self, run_dir: Path, read: Callable[[Path], T]) -> T:
        """Read where the part lies: while its stage is at work, in the folder that grows."""
        for folder in (building_folder(run_dir, self.step), stage_folder(run_dir, self.step)):
            try:
                return read(folder)
            except FileNotFoundError:
                continue
        return read(stage_folder(run_dir, self.step))  # its stage has finished in between, or its folder is gone


@dataclass(frozen=True)
class Shard:
    """Input rows of a stage that are worked on together."""

    index: int
    slices: tuple[Slice, ...]
    duplicates: frozenset[int]
    """Positions of input rows whose id came before, in this shard or an earlier one."""
    digest: str
    """Fingerprint of the units' place and content."""
    samples: int | None = None
    """Units of each row, where the stage works on samples."""

    def load(self, run_dir: Path) -> list[pa.Table]:
        """Return the input rows as tables, one for each slice."""
        return [piece.load(run_dir) for piece in self.slices]

    def units_of(self, tables: Sequence[pa.Table], start: int, stop: int) -> list[Row]:
        """Return units `start` to `stop` of the loaded tables, fresh: the input rows, or samples of them."""
        each = self.samples or 1
        first, last = start // each, -(-stop // each)
        rows: list[Row] = []
        for table in tables:
            if first < table.num_rows and last > 0:
                rows += table_to_rows(table.slice(max(first, 0), min(last, table.num_rows) - max(first, 0)))
            first, last = first - table.num_rows, last - table.num_rows
        if self.samples is None:
            return rows
        units = [{**row, "id": f"{row['id']}#{k}", "sample": k} for row in rows for k in range(each)]
        skipped = start - start // each * each
        return units[skipped : skipped + stop - start]

    def read_keys(self, run_dir: Path) -> list[str]:
        """Return a fingerprint of each unit, 32 hex digits."""
        digests = [digest for piece in self.slices for digest in piece.read_digests(run_dir)]
        if self.samples is None:
            return digests
        return [digest_of([digest, k]) for digest in digests for k in range(self.samples)]

    @property
    def units(self) -> int:
        """Number of units."""
        return sum(piece.stop - piece.start for piece in self.slices) * (self.samples or 1)

    @property
    def duplicate_units(self) -> list[int]:
        """Positions of the units of rows whose id came before, in order."""
        each = self.samples or 1
        return [position * each + k for position in sorted(self.duplicates) for k in range(each)]
