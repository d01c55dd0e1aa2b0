"""One row's way through the stages of a run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shard_runner.accounts import RUN_RECORD
from shard_runner.disk import read_json
from shard_runner.errors import LedgerError
from shard_runner.folder import STAGE_RECORD, Entry, part_path, read_entries, read_parquet, stage_folder
from shard_runner.outcomes import State


@dataclass(frozen=True)
class RowStep:
    """What became of one row in one stage."""

    stage: str
    id: str
    """Id of the row that came in."""
    state: State
    reason: str
    detail: str
    ids_out: tuple[str, ...]
    """Ids of the rows that were made of it."""


def explain(run_dir: str | Path, row_id: str) -> list[RowStep]:
    """Return the way of a row through the finished stages: what it was made from, what was made of it.

    Raises:
        LedgerError: when the folder holds no run, or no finished stage has such a row.
    """
    run_dir = Path(run_dir)
    record = read_json(run_dir / RUN_RECORD)
    if record is None:
        raise LedgerError(f"{run_dir} holds no run: there is no {RUN_RECORD} in it")
    names = [step["name"] for step in record["pipeline"]]
    inputs = {step["name"]: step["inputs"] for step in record["pipeline"]}
    before = _ancestors(run_dir, names, row_id)
    steps: list[RowStep] = []
    made: dict[str, set[str]] = {}  # by stage: ids that were made of the row
    for name in names:
        wanted = {row_id}.union(*(made[other] for other in inputs[name]))
        after = [step for step in _steps(run_dir, name) if step.id in wanted]
        made[name] = {out for step in after for out in step.ids_out}
        steps += [step for step in before if step.stage == name and step not in after] + after
    if not steps:
        raise LedgerError(f"no finished stage of {run_dir} has a row with the id {row_id!r}")
    return steps


def _ancestors(run_dir: Path, names: Sequence[str], row_id: str) -> list[RowStep]:
    wanted, found = {row_id}, list[RowStep]()
    for name in reversed(names):
        for step in _steps(run_dir, name):
            if wanted.intersection(step.ids_out):
                found.append(step)
                wanted.add(step.id)
    return found


def _steps(run_dir: Path, name: str) -> Iterator[RowStep]:
    folder = stage_folder(run_dir, name)
    record = read_json(folder / STAGE_RECORD)
    for index in range(len(record["shards"]) if record else 0):
        entries = read_entries(folder, index)
        columns = ["id"] if any(entry.rows_out for entry in entries) else []
        ids = iter([row["id"] for row in read_parquet(part_path(folder, index), columns)] if columns else [])
        for entry in entries:
            yield _step(name, entry, tuple(next(ids) for _ in range(entry.rows_out)))


def _step(name: str, entry: Entry, ids_out: tuple[str, ...]) -> RowStep:
    return RowStep(name, entry.id, entry.state, entry.reason, entry.detail, ids_out)


def steps_to_text(steps: Sequence[RowStep]) -> str:
    """Return a row's way as lines of plain text.

    >>> print(steps_to_text([RowStep("judge", "a/duck", "dropped", "empty", "no answer", ())]))
    judge  a/duck  dropped: empty (no answer)
    """
    wide = max((len(step.stage) for step in steps), default=0)
    return "\n".join(f"{step.stage.ljust(wide)}  {step.id}  {_verdict(step)}" for step in steps)


def _verdict(step: RowStep) -> str:
    if step.state == "done":
        return "done -> " + (", ".join(step.ids_out) or "no rows")
    return f"{step.state}: {step.reason}" + (f" ({step.detail})" if step.detail else "")
