"""What stopped runs leave behind, and what the next one makes of it."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from shard_runner import Dropped, Failed, Outcome, Row, Source, Stage, read_rows, run, stage_folder, status
from shard_runner.folder import building_folder, journal_path, part_path
from shard_runner.ledger import ledger_path

from .run_files import run_files


def source(count: int) -> Source:
    return Source(name="source", rows=lambda: [{"id": f"r{i}", "x": i} for i in range(count)])


def stage(function: Callable[[Row], Outcome], seen: list[int], stop_at: int | None = None) -> Stage:
    def work(rows: list[Row]) -> list[Outcome]:
        if any(row["x"] == stop_at for row in rows):
            raise KeyboardInterrupt
        seen.extend(row["x"] for row in rows)
        return [function(row) for row in rows]

    return Stage(name="work", make=lambda: work, batch_size=1)


def thirds(row: Row) -> Outcome:
    return Dropped("third") if row["x"] % 3 == 0 else [row]


@pytest.mark.parametrize(("before", "after"), [(2, 100), (2, 5), (5, 2), (4, 6), (100, 3)])
def test_a_stopped_run_goes_on_with_shards_of_another_size(tmp_path: Path, before: int, after: int) -> None:
    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run([source(20), stage(thirds, seen, stop_at=13)], tmp_path / "run", seed=0, shard_size=before)
    assert seen == list(range(13))
    run([source(20), stage(thirds, seen)], tmp_path / "run", seed=0, shard_size=after)
    assert seen == list(range(20))  # none twice, and no shard of the old size is left
    run([source(20), stage(thirds, [])], tmp_path / "whole", seed=0, shard_size=after)
    assert run_files(tmp_path / "run") == run_files(tmp_path / "whole")
    assert all(account.adds_up for account in status(tmp_path / "run"))


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_kill_while_old_shards_are_put_aside_loses_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run([source(20), stage(thirds, seen, stop_at=9)], tmp_path / "run", seed=0, shard_size=4)
    rename, left = Path.rename, [moved]

    def die(self: Path, target: Path) -> Path:
        if "ledger" in self.parent.name or self.suffix == ".jsonl":
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", die)
        with pytest.raises(KeyboardInterrupt):
            run([source(20), stage(thirds, seen)], tmp_path / "run", seed=0, shard_size=6)
    run([source(20), stage(thirds, seen)], tmp_path / "run", seed=0, shard_size=6)
    assert sorted(seen) == list(range(20))
    run([source(20), stage(thirds, [])], tmp_path / "whole", seed=0, shard_size=6)
    assert run_files(tmp_path / "run") == run_files(tmp_path / "whole")


def test_a_reading_of_other_rows_that_was_killed_is_seen_by_nobody(tmp_path: Path) -> None:
    place = {"of": "here", "stop": False}

    def rows() -> list[Row]:
        made = [{"id": f"r{i}", "x": i, "of": place["of"]} for i in range(6)]
        return made if not place["stop"] else _stopping_after(made, 4)

    def pipeline(version: str, seen: list[int]) -> list[Source | Stage]:
        work = stage(lambda row: [row], seen)
        told = Source(name="source", rows=rows, fingerprint=lambda: str(place["of"]))
        return [told, Stage(name="work", make=work.make, version=version)]

    run(pipeline("1", []), tmp_path, seed=0, shard_size=2)
    place.update(of="elsewhere", stop=True)
    with pytest.raises(KeyboardInterrupt):
        run(pipeline("1", []), tmp_path, seed=0, shard_size=2)
    assert part_path(building_folder(tmp_path, "source"), 1).exists()
    place.update(of="here", stop=False)
    run(pipeline("2", []), tmp_path, seed=0, shard_size=2)
    assert {row["of"] for row in read_rows(tmp_path, "work")} == {"here"}
    assert not building_folder(tmp_path, "source").exists()


class _stopping_after(list[Row]):
    """Rows that end in a Ctrl-C."""

    def __init__(self, rows: list[Row], count: int) -> None:
        super().__init__(rows[:count])

    def __iter__(self):
        yield from super().__iter__()
        raise KeyboardInterrupt


def test_a_half_written_file_is_cleared_away(tmp_path: Path) -> None:
    seen: list[int] = []
    failing = stage(lambda row: Failed("busy") if row["x"] == 1 else [row], seen)
    run([source(4), failing], tmp_path / "run", seed=0)
    with pytest.raises(KeyboardInterrupt):
        run([source(4), stage(thirds, seen, stop_at=1)], tmp_path / "run", seed=0)
    (building_folder(tmp_path / "run", "work") / ".failed.parquet.tmp").write_bytes(b"half")  # as a kill would leave it
    run([source(4), stage(thirds, seen)], tmp_path / "run", seed=0)
    assert seen == [0, 1, 2, 3, 1]
    assert not list((tmp_path / "run").rglob("*.tmp"))
    assert not (stage_folder(tmp_path / "run", "work") / "failed.parquet").exists()


def test_a_folder_whose_deletion_was_killed_is_not_taken_for_output(tmp_path: Path) -> None:
    """Its record is deleted first: a ledger without it, or without its part, tells nothing."""
    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        run([source(8), stage(thirds, seen, stop_at=5)], tmp_path / "run", seed=0, shard_size=2)
    building = building_folder(tmp_path / "run", "work")
    part_path(building, 0).unlink()
    ledger_path(building, 1).unlink()
    assert journal_path(building, 2).exists()
    seen.clear()
    run([source(8), stage(thirds, seen)], tmp_path / "run", seed=0, shard_size=2)
    assert seen == [0, 1, 2, 3, 5, 6, 7]
    run([source(8), stage(thirds, [])], tmp_path / "whole", seed=0, shard_size=2)
    assert run_files(tmp_path / "run") == run_files(tmp_path / "whole")


def test_a_run_folder_that_vanishes_under_a_run_ends_it(tmp_path: Path) -> None:
    def delete(row: Row) -> Outcome:
        os.unlink(journal_path(building_folder(tmp_path, "work"), 0))
        return [row]

    from shard_runner.errors import ShardTaken

    with pytest.raises(ShardTaken, match="was taken over by another worker"):
        run([source(1), stage(delete, [])], tmp_path, seed=0)
