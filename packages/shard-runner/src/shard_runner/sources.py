"""Reading a source into shards."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from shard_runner import garbage
from shard_runner.context import RunContext
from shard_runner.disk import remove_folder, write_record
from shard_runner.errors import Stopped, TooManyFailed
from shard_runner.finishing import finish_folder
from shard_runner.folder import (
    PLAN_RECORD,
    building_folder,
    recover_swap,
    stage_folder,
    swap_in,
    write_part,
)
from shard_runner.ledger import read_head, refused_entries, write_ledger
from shard_runner.plain import Row, digest_of, to_json
from shard_runner.progress import progress_bar
from shard_runner.provenance import is_current, whole_record
from shard_runner.seen_ids import SeenIds
from shard_runner.stages import Source
from shard_runner.times import Stopwatch
from shard_runner.verdicts import Verdict, repeated_id, to_verdict


def read_source(context: RunContext, source: Source) -> None:
    """Read a source anew, unless its fingerprint says that it is the same; equal rows leave the old output in place.

    Raises:
        TooManyFailed: more rows are unfit than may be.
        Stopped: the run was asked to stop.
    """
    run_dir, name = context.run_dir, source.name
    recover_swap(run_dir, name)
    told = source_mark(source, context.shard_size, context.limit)
    made_from = {**context.made_from(name), "fingerprint": told}
    building, folder = building_folder(run_dir, name), stage_folder(run_dir, name)
    remove_folder(building)  # of a run that was killed; whoever reads the source must not find it
    old = whole_record(folder)
    if told and is_current(old, made_from):
        return
    with Stopwatch(run_dir, name, context.plan.recipes[name], anew=True):
        building.mkdir()
        write_record(building / PLAN_RECORD, made_from)
        rows, shards = _read_shards(context, source, building)
        _check_share(context, source, building, rows, shards)  # before its record makes the folder a whole one
        new = finish_folder(building, shards, rows_in=rows, made_from=made_from)
    if new == old:
        remove_folder(building)
    else:
        swap_in(run_dir, name)


def _check_share(context: RunContext, source: Source, building: Path, rows: int, shards: int) -> None:
    heads = (read_head(building, index) for index in range(shards))
    failed = sum(head.failed for head in heads if head is not None)
    if failed > context.max_failed_share * rows:
        worst = next(refused_entries(building, shards, "failed"))[0]
        raise TooManyFailed(f"source {source.name!r}: {failed} of {rows} rows are unfit; first: {worst.detail}")


def source_mark(source: Source, shard_size: int, limit: int | None) -> str:
    """Return what tells whether a source has to be read again; empty where only reading it would."""
    return digest_of([source.fingerprint(), shard_size, limit]) if source.fingerprint else ""


def _read_shards(context: RunContext, source: Source, building: Path) -> tuple[int, int]:
    rows, seen = islice(source.rows(), context.limit), SeenIds()
    total, count = 0, 0
    with progress_bar(source.name, context.limit, shown=context.progress) as tick:
        while batch := list(islice(rows, context.shard_size)):
            with garbage.paused():
                _write_shard(building, count, batch, _verdicts(batch, seen, total))
            total, count = total + len(batch), count + 1
            tick(len(batch))
            if context.stopping():
                raise Stopped
    return total, count


def _verdicts(batch: Sequence[Row], seen: SeenIds, first: int) -> list[Verdict]:
    verdicts = [to_verdict([row]) for row in batch]
    for position, verdict in enumerate(verdicts):
        if verdict.state == "failed":
            verdicts[position] = verdict._replace(detail=f"row {first + position}: {verdict.detail}")
    fit = [position for position, verdict in enumerate(verdicts) if verdict.state == "done"]
    for repeated in seen.repeated([verdicts[position].rows[0]["id"] for position in fit]):
        verdicts[fit[repeated]] = repeated_id(verdicts[fit[repeated]].rows[0]["id"])
    return verdicts


def _write_shard(folder: Path, index: int, rows: Sequence[Row], verdicts: Sequence[Verdict]) -> None:
    ids = [row_id if isinstance(row_id := row.get("id"), str) else "" for row in rows]
    shown = [
        to_json({str(key): repr(value) for key, value in row.items()}) if verdict.state == "failed" else None
        for row, verdict in zip(rows, verdicts, strict=True)
    ]
    made = [row for verdict in verdicts for row in verdict.rows]
    write_part(folder, index, made)
    write_ledger(
        folder,
        index,
        "",
        ids=ids,
        keys=[f"{position:032x}" for position in range(len(ids))],
        verdicts=verdicts,
        failed_rows=shown,
    )
