"""How a task was asked: kept beside its answers, and never out of step with them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from shard_runner import stage_folder, status

from bench_eval.asking import Decoding
from bench_eval.errors import BenchEvalError, FileError
from bench_eval.whole_files import write_text_whole

REGIONS, RESPONSES, VERDICTS = "regions", "responses", "verdicts"
"""Steps that ask: where to look, the question, the judge. The rows of the last two hold answers."""


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """How one task was asked."""

    task: str
    """Its name."""
    model: str
    """As given: a folder, a hub id, or the name that a server serves."""
    identity: str
    """What tells the model's content apart; other answers are asked for when it changes."""
    decoding: Decoding
    """How answers were drawn."""
    limit: int | None = None
    """Only so many rows; None: all."""
    zoom: str = ""
    """Settings of questions in two turns, the second with a crop; empty: asked at once."""
    judge: str = ""
    """Model that judged the answers; empty: none did."""
    judge_rule: str = ""
    """Name, version and prompt's hash of what the judge was asked."""
    judge_runs: int = 1
    """Times that each answer was judged."""
    harness: str = ""
    """Whose prompts, pictures and decoding; empty: ours."""
    reference: str = ""
    """What `find_task` takes to find the task again; empty: its name."""
    answers: str = ""
    """Digest of the answers that all this is about; empty while they are asked for."""
    failed: int = 0
    """Rows that have no answer because the model, the judge or the row itself failed, or its id occurs twice."""
    tokens: int = 0
    """New tokens that the model wrote, as far as the sampler counts them."""

    @property
    def is_zoomed(self) -> bool:
        """Whether each question was asked in two turns."""
        return bool(self.zoom)

    @property
    def step(self) -> str:
        """The step whose rows hold the answers."""
        return VERDICTS if self.judge else RESPONSES

    def is_asked_like(self, other: TaskRecord) -> bool:
        """Whether saved answers of one serve the other: one model, decoding and way to ask."""
        return (self.identity, self.decoding, self.zoom) == (other.identity, other.decoding, other.zoom)


def begin_record(record: TaskRecord, run_dir: Path) -> None:
    """Note that a task is being asked; what is known of finished answers stays until others take their place.

    Raises:
        BenchEvalError: fewer rows are asked for than the run holds, so that the answers to the others would be lost.
    """
    old = find_record(run_dir, record.task)
    if old is not None and old.is_asked_like(record) and _is_less(record.limit, old.limit):
        raise BenchEvalError(
            f"{run_dir} was asked {old.limit or 'all'} rows of {record.task}; a limit of {record.limit} would throw "
            "answers away. Give another run folder."
        )
    if old is None or not old.answers:
        _save(record, run_dir)


def finish_record(record: TaskRecord, run_dir: Path) -> None:
    """Write how the answers were asked that now lie in the run's folder."""
    folder = run_dir / record.task
    accounts = {one.name: one for one in status(folder)}
    refused = [count for one in accounts.values() for count in (*one.failed.values(), *one.dropped.values())]
    tokens = sum(one.tokens for name, one in accounts.items() if name in (REGIONS, RESPONSES))
    _save(replace(record, answers=answers_digest(run_dir, record), failed=sum(refused), tokens=tokens), run_dir)


def answers_digest(run_dir: Path, record: TaskRecord) -> str:
    """Digest of what the ledger says about the answers; it changes with any of them.

    Raises:
        FileError: they aren't there.
    """
    path = stage_folder(run_dir / record.task, record.step) / "stage.json"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise FileError(f"{path} can't be read: {error}. Give the same command again.") from error


def find_record(run_dir: Path, task: str) -> TaskRecord | None:
    """Read how a task was asked; None where it was not, or where the file is torn and will be written anew."""
    try:
        return load_record(run_dir, task)
    except FileError:
        return None


def load_record(run_dir: Path, task: str) -> TaskRecord:
    """Read how a task was asked.

    Raises:
        FileError: the run has no such task, or the file is torn.
    """
    path = _record_file(run_dir, task)
    try:
        fields = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        decoding = Decoding(**fields.pop("decoding"))
        return TaskRecord(**fields, decoding=decoding)
    except FileNotFoundError:
        tasks = ", ".join(saved_tasks(run_dir)) or "none"
        raise FileError(f"{run_dir} holds no answers to {task}; it holds: {tasks}.") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, BenchEvalError) as error:
        raise FileError(f"{path} is no record of a task: {error}. Give the same command again.") from error


def saved_tasks(run_dir: Path) -> list[str]:
    """List the tasks that a run was asked, by name."""
    return sorted(path.name.removesuffix(_ENDING) for path in run_dir.glob(f"[!.]*{_ENDING}"))


_ENDING = ".task.json"


def _is_less(limit: int | None, than: int | None) -> bool:
    return limit is not None and (than is None or limit < than)


def _save(record: TaskRecord, run_dir: Path) -> None:
    write_text_whole(_record_file(run_dir, record.task), json.dumps(asdict(record), indent=1))


def _record_file(run_dir: Path, task: str) -> Path:
    return run_dir / f"{task}{_ENDING}"
