"""Cutting the input of a stage into shards, part by part, as the inputs finish them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shard_runner import garbage
from shard_runner.content import Content
from shard_runner.plain import digest_of
from shard_runner.seen_ids import SeenIds
from shard_runner.shard import Shard, Slice
from shard_runner.stages import Stage


@dataclass(frozen=True)
class Part:
    """A finished part of an input: the output of one of its shards."""

    step: str
    index: int
    content: Content

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.content.rows


class ShardPlanner:
    """Cuts the rows of a stage's inputs, one after the other, into shards.

    The cuts depend on the rows alone, not on when their parts were finished. Ids that came before are found on the way.
    """

    def __init__(self, stage: Stage, run_dir: Path, shard_size: int) -> None:
        self._run_dir = run_dir
        self._samples = stage.samples
        self._size = None if stage.whole_input else shard_size
        self._seen = SeenIds()
        self._waiting: list[tuple[Part, Slice]] = []
        self._rows = 0  # waiting
        self._repeated: set[int] = set()  # positions among the waiting rows
        self._shards = 0

    def add(self, part: Part) -> Iterator[Shard]:
        """Take in the next part, in order, and yield the shards that it fills."""
        if not part.rows:
            return
        whole = Slice(part.step, part.index, 0, part.rows)
        with garbage.paused():
            ids = whole.read_ids(self._run_dir)
        self._repeated.update(self._rows + position for position in self._seen.repeated(ids))
        self._waiting.append((part, whole))
        self._rows += part.rows
        while self._size is not None and self._rows >= self._size:
            yield self._cut(self._size)

    def finish(self) -> Iterator[Shard]:
        """Yield the shard of what is left, if anything is."""
        if self._rows:
            yield self._cut(self._rows)

    def _cut(self, rows: int) -> Shard:
        pieces = list(self._take(rows))
        own = sorted(position for position in self._repeated if position < rows)
        self._repeated = {position - rows for position in self._repeated if position >= rows}
        told = [[str(part.content), piece.start, piece.stop] for part, piece in pieces]
        digest = digest_of([told, own, self._samples])
        self._shards += 1
        slices = tuple(piece for _, piece in pieces)
        return Shard(self._shards - 1, slices, frozenset(own), digest, self._samples)

    def _take(self, rows: int) -> Iterator[tuple[Part, Slice]]:
        self._rows -= rows
        while rows:
            part, piece = self._waiting.pop(0)
            stop = min(piece.stop, piece.start + rows)
            yield part, Slice(piece.step, piece.part, piece.start, stop)
            rows -= stop - piece.start
            if stop < piece.stop:
                self._waiting.insert(0, (part, Slice(piece.step, piece.part, stop, piece.stop)))
