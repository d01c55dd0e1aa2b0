"""What a run saved for one task, read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shard_runner import Row, read_rows

from bench_eval.errors import FileError
from bench_eval.runs.task_records import TaskRecord, answers_digest, load_record


@dataclass(frozen=True)
class SavedAnswers:
    """One task of a run, read back."""

    record: TaskRecord
    """Which model was asked, and how."""
    rows: list[Row]
    """Rows with `trials`, as they were answered."""

    @property
    def n_failed(self) -> int:
        """Rows that have no answer; the same command tries them again."""
        return self.record.failed

    @property
    def tokens(self) -> int:
        """New tokens that the model wrote, as far as the sampler counts them."""
        return self.record.tokens

    @property
    def prompt_hash(self) -> str:
        """Digest of every question as it was put, so that two runs can be told to have asked the same."""
        return hash_prompts(self.rows)


def load_answers(run_dir: Path, task: str) -> SavedAnswers:
    """Read the answers of one task back.

    Raises:
        FileError: the run has no such task, or has not finished asking it.
        shard_runner.LedgerError: a file is damaged.
    """
    record = load_record(run_dir, task)
    if not record.answers:
        raise FileError(f"{run_dir} has not finished asking {task}; the same command goes on where it stopped.")
    if record.answers != answers_digest(run_dir, record):
        raise FileError(
            f"{run_dir} was stopped while its answers to {task} were replaced; give the last command again: it asks "
            "for nothing twice."
        )
    return SavedAnswers(record, list(read_rows(run_dir / task, record.step)))


def hash_prompts(rows: Iterable[Mapping[str, Any]]) -> str:
    """Digest ids and chat turns, whatever their order.

    >>> hash_prompts([{"id": "b", "messages": []}, {"id": "a", "messages": []}]) == hash_prompts(
    ...     [{"id": "a", "messages": []}, {"id": "b", "messages": []}])
    True
    """
    lines = sorted(json.dumps([row["id"], row["messages"]], sort_keys=True) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
