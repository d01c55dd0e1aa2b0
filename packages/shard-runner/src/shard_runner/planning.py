"""Cutting the input of a stage into shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shard_runner.folder import finished_record, part_path, read_parquet, stage_folder
from shard_runner.plain import digest_of
from shard_runner.shard import Shard, Slice


@dataclass(frozen=True)
class _Part:
    path: Path
    rows: int
    content: str


def plan_shards(run_dir: Path, inputs: Sequence[str], *, shard_size: int, whole_input: bool) -> list[Shard]:
    """Cut the rows of finished inputs, one after the other, into shards of `shard_size` rows; one for a whole input."""
    parts = [part for name in inputs for part in _parts(run_dir, name)]
    total = sum(part.rows for part in parts)
    size = max(total, 1) if whole_input else shard_size
    duplicates = _duplicates(parts)
    shards: list[Shard] = []
    for index, start in enumerate(range(0, total, size)):
        stop = min(start + size, total)
        own = frozenset(position - start for position in duplicates if start <= position < stop)
        pieces = list(_pieces(parts, start, stop))
        digest = digest_of([[[part.content, piece.start, piece.stop] for part, piece in pieces], sorted(own)])
        shards.append(Shard(index, tuple(piece for _, piece in pieces), own, digest))
    return shards


def _parts(run_dir: Path, name: str) -> Iterator[_Part]:
    folder = stage_folder(run_dir, name)
    for index, shard in enumerate(finished_record(run_dir, name)["shards"]):
        if shard["rows"]:
            yield _Part(part_path(folder, index), shard["rows"], shard["content"])


def _pieces(parts: Sequence[_Part], start: int, stop: int) -> Iterator[tuple[_Part, Slice]]:
    before = 0
    for part in parts:
        first, last = max(start - before, 0), min(stop - before, part.rows)
        if first < last:
            yield part, Slice(part.path, first, last)
        before += part.rows


def _duplicates(parts: Sequence[_Part]) -> list[int]:
    seen: set[str] = set()
    repeated: list[int] = []
    ids = (row["id"] for part in parts for row in read_parquet(part.path, columns=["id"]))
    for position, row_id in enumerate(ids):
        if row_id in seen:
            repeated.append(position)
        seen.add(row_id)
    return repeated
