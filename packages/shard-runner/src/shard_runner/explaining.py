"""One row's way through the stages of a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner.columns import column_to_list
from shard_runner.disk import load_schema, load_table
from shard_runner.errors import LedgerError
from shard_runner.folder import is_closed, part_path, shards_in
from shard_runner.ledger import Entry, ledger_path, read_entries, traceback_hash
from shard_runner.outcomes import State
from shard_runner.provenance import output_under
from shard_runner.record import run_record
from shard_runner.verdicts import sound


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
    tokens: int = 0
    attempts: int = 1
    traceback: str = ""
    """Where an error came from, frame by frame."""


def explain(run_dir: str | Path, row_id: str) -> list[RowStep]:
    """Return the way of a row through the stages: what it was made from, what was made of it.

    Works while the run is under way, over the shards that are finished.

    Raises:
        LedgerError: when the folder holds no run, or no finished shard has such a row.
    """
    run_dir = Path(run_dir)
    pipeline: list[dict[str, Any]] = run_record(run_dir)["pipeline"]
    before = _ancestors(run_dir, pipeline, row_id)
    steps: list[RowStep] = []
    made: dict[str, set[str]] = {}  # by stage: ids that were made of the row
    for told in pipeline:
        name, samples = told["name"], told.get("samples") or 0
        wanted = {row_id}.union(*(made[other] for other in told["inputs"]))
        wanted |= {f"{one}#{k}" for one in wanted for k in range(samples)}
        after = [step for step in _steps(run_dir, told, wanted) if step.id in wanted]
        made[name] = {out for step in after for out in step.ids_out}
        steps += [step for step in before if step.stage == name and step not in after] + after
    if not steps:
        raise LedgerError(f"no finished shard of {run_dir} has a row with the id {row_id!r}")
    return steps


def _ancestors(run_dir: Path, pipeline: Sequence[Mapping[str, Any]], row_id: str) -> list[RowStep]:
    wanted, found = {row_id}, list[RowStep]()
    for told in reversed(pipeline):
        for step in _steps(run_dir, told, wanted):
            if wanted.intersection(step.ids_out):
                found.append(step)
                wanted.add(step.id)
                wanted.add(step.id.rpartition("#")[0] or step.id)  # a sample is of the row that came in
    return found


def _steps(run_dir: Path, told: Mapping[str, Any], wanted: set[str]) -> Iterator[RowStep]:
    """Yield what became of rows in the shards of a stage in which a wanted id came in or went out."""
    name, folder = told["name"], output_under(run_dir, told["name"], told["recipe"])[0]
    shown = {sound(row_id) for row_id in wanted}  # as the ledger has them
    for index in shards_in(folder):
        if not is_closed(folder, index):
            continue
        ids_out = _ids(part_path(folder, index))
        if wanted.isdisjoint(ids_out) and shown.isdisjoint(_ids(ledger_path(folder, index))):
            continue
        ids, original = iter(ids_out), {sound(row_id): row_id for row_id in wanted}
        for entry in read_entries(folder, index):
            out = tuple(next(ids) for _ in range(entry.rows_out))
            yield _step(name, entry, original.get(entry.id, entry.id), out)


def _ids(path: Path) -> list[str]:
    return column_to_list(load_table(path, ["id"]), "id") if "id" in load_schema(path).names else []


def _step(name: str, entry: Entry, row_id: str, ids_out: tuple[str, ...]) -> RowStep:
    numbers = (entry.tokens, entry.attempts, entry.traceback)
    return RowStep(name, row_id, entry.state, entry.reason, entry.detail, ids_out, *numbers)


def steps_to_text(steps: Sequence[RowStep]) -> str:
    """Return a row's way as lines of plain text.

    >>> print(steps_to_text([RowStep("judge", "a/duck", "dropped", "empty", "no answer", ())]))
    judge  a/duck  dropped: empty (no answer)
    """
    wide = max((len(step.stage) for step in steps), default=0)
    return "\n".join(f"{step.stage.ljust(wide)}  {step.id}  {_verdict(step)}" for step in steps)


def _verdict(step: RowStep) -> str:
    cost = f"  [{step.tokens} tokens]" if step.tokens else ""
    if step.state == "done":
        return "done -> " + (", ".join(step.ids_out) or "no rows") + cost
    tries = f"{step.attempts} attempts" if step.attempts > 1 else ""
    said = ", ".join(filter(None, [step.detail, tries]))
    where = f"  [traceback {traceback_hash(step.traceback)}]" if step.traceback else ""
    frames = "".join(f"\n    {line}" for line in step.traceback.splitlines())
    return f"{step.state}: {step.reason}" + (f" ({said})" if said else "") + cost + where + frames
