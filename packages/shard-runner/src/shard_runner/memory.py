"""What earlier attempts at a stage found out, so that no row is paid for twice when its neighbours changed."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from shard_runner.disk import ends_as_parquet, link_or_copy, write_whole
from shard_runner.folder import (
    PLAN_RECORD,
    is_closed,
    journal_path,
    next_aside,
    part_path,
    read_verdicts,
    shards_in,
)
from shard_runner.journal import read_journal, shard_record, to_record
from shard_runner.ledger import ledger_path, read_entries, read_head
from shard_runner.processing import keys_of
from shard_runner.seen_ids import Digests, SortedDigests
from shard_runner.shard import Shard
from shard_runner.stages import Stage
from shard_runner.verdicts import Verdict


def is_finished(folder: Path, shard: Shard) -> bool:
    """Tell whether this very shard was finished in a folder."""
    head = read_head(folder, shard.index)
    return head is not None and head.input == shard.digest and is_closed(folder, shard.index)


def failed_in(folder: Path, index: int) -> int:
    """Return how many rows of a finished shard failed."""
    head = read_head(folder, index)
    return 0 if head is None else head.failed


def reopen(folder: Path, index: int) -> None:
    """Turn a finished shard back into a journal of what did not fail, so that the rest is worked on again."""
    head = read_head(folder, index)
    assert head is not None, "only a finished shard is opened again"
    write_journal(folder, index, _remembered(folder, index), head.input)
    ledger_path(folder, index).unlink()


def write_journal(folder: Path, index: int, verdicts: dict[str, Verdict], shard_digest: str) -> None:
    """Write verdicts as the journal of a shard that is to be worked on, whole or not at all."""
    text = shard_record(shard_digest) + to_record(verdicts)
    write_whole(journal_path(folder, index), lambda path: path.write_bytes(text))


def belongs_to(folder: Path, shard: Shard) -> bool:
    """Tell whether what a folder holds at a shard's place, finished or open, is of this very shard, or nothing is."""
    journal = journal_path(folder, shard.index)
    if journal.exists():
        return read_journal(journal).shard in (shard.digest, None)
    head = read_head(folder, shard.index)
    return head is None or head.input == shard.digest


class Memory:
    """Verdicts of earlier attempts at a stage under the same recipe, found by row key."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = list(folders)
        self._places = [(folder, index) for folder in folders for index in shards_in(folder)]
        self._read = lru_cache(maxsize=4)(_remembered)  # shards keep their order, so few are open at a time
        self._aside: Path | None = None

    @cached_property
    def _index(self) -> SortedDigests:
        index = SortedDigests()
        for number in range(len(self._places)):
            self._learn(index, number)
        return index

    def _learn(self, index: SortedDigests, number: int) -> None:
        keys = _remembered_keys(*self._places[number])
        if keys:
            index.add(_to_digests(keys), np.full(len(keys), number, dtype=np.uint32))

    def retire(self, run_dir: Path, building: Path, first: int) -> None:
        """Take what a folder that grows holds from a place on, since the shards are other ones now.

        Their rows may be in any of the new shards. A shard that is the same after all is adopted again. The first one
        goes last: as long as it is there, a run that comes after a kill takes the others as well.
        """
        if self._aside is None:
            self._aside = next_aside(run_dir, building.stem)
            self._aside.mkdir()
            write_whole(self._aside / PLAN_RECORD, lambda path: shutil.copyfile(building / PLAN_RECORD, path))
            (self._aside / "ledger").mkdir()
            self.folders.append(self._aside)
        known = self._index
        for index in sorted((index for index in shards_in(building) if index >= first), reverse=True):
            _move_shard(building, self._aside, index)
            self._places.append((self._aside, index))
            self._learn(known, len(self._places) - 1)

    def adopt(self, shard: Shard, building: Path) -> bool:
        """Take over an earlier attempt's shard as it is, where its input is the same and nothing in it failed."""
        if journal_path(building, shard.index).exists():
            return False
        for folder in self.folders:
            whole = is_finished(folder, shard) and ends_as_parquet(part_path(folder, shard.index))
            if whole and not failed_in(folder, shard.index):
                (building / "ledger").mkdir(exist_ok=True)
                link_or_copy(part_path(folder, shard.index), part_path(building, shard.index))
                link_or_copy(ledger_path(folder, shard.index), ledger_path(building, shard.index))
                return True
        return False

    def carry_over(self, stage: Stage, shard: Shard, run_dir: Path, building: Path) -> bool:
        """Put what is known of a shard's rows into its journal, and tell whether that is all of them.

        Failed rows are not known, so that they are tried again; a whole input is known as a whole or not at all.
        """
        if not self._places or journal_path(building, shard.index).exists():
            return False
        keys, repeated = keys_of(shard, run_dir, whole_input=stage.whole_input), set(shard.duplicate_units)
        wanted = [key for position, key in enumerate(keys) if position not in repeated]
        known = self.verdicts(wanted)
        if known:
            write_journal(building, shard.index, known, shard.digest)
        return all(key in known for key in wanted)

    def verdicts(self, keys: Sequence[str]) -> dict[str, Verdict]:
        """Return what is remembered of rows, by key."""
        places = self._index.find(_to_digests(keys)) if keys else ()
        by_place: dict[int, list[str]] = defaultdict(list)
        for key, place in zip(keys, places, strict=True):
            if place >= 0:
                by_place[int(place)].append(key)
        found: dict[str, Verdict] = {}
        for place, wanted in by_place.items():
            there = self._read(*self._places[place])
            found.update((key, there[key]) for key in wanted)
        return found


def _move_shard(source: Path, target: Path, index: int) -> None:
    """Move what a folder holds at a place; a kill in between leaves each verdict in one of them at least."""
    if part_path(source, index).exists():
        link_or_copy(part_path(source, index), part_path(target, index))
    for place in (ledger_path, journal_path):
        if place(source, index).exists():
            place(source, index).rename(place(target, index))
    part_path(source, index).unlink(missing_ok=True)


def _to_digests(keys: Sequence[str]) -> Digests:
    return np.array([bytes.fromhex(key) for key in keys], dtype="S16")


def _remembered(folder: Path, index: int) -> dict[str, Verdict]:
    closed = is_closed(folder, index)
    verdicts = read_verdicts(folder, index) if closed else read_journal(journal_path(folder, index)).verdicts
    return {key: verdict for key, verdict in verdicts.items() if verdict.state != "failed"}


def _remembered_keys(folder: Path, index: int) -> list[str]:
    if not is_closed(folder, index):
        return list(_remembered(folder, index))
    return [entry.key for entry in read_entries(folder, index) if entry.state != "failed"]
