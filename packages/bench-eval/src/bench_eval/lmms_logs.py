"""Sample logs of lmms-eval (`--log_samples`), read back as answered rows, to be graded again or compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from shard_runner import Row

from bench_eval.errors import FileError, PairingError, RowError
from bench_eval.json_files import read_json, read_json_lines
from bench_eval.words import normalise

_NAME = re.compile(r"samples_(.+)\.jsonl?$")
_MOST_SHOWN = 3


@dataclass(frozen=True)
class LmmsLog:
    """One sample log."""

    task: str
    """As lmms-eval calls it, from the file's name."""
    rows: list[Row]
    """`{id, doc_id, answer, asked, trials, metrics}` in the order of `doc_id`: the target as answer, the prompt where
    the log has it, each response as a trial; `metrics` holds the numbers that lmms-eval gave."""


def read_lmms_log(path: str | Path) -> LmmsLog:
    """Read a log: JSON lines as written since version 0.3, or the older JSON file with a list `logs`.

    Every response counts as one trial: as the model wrote it, where the log keeps that, else as lmms-eval filtered it.

    Raises:
        FileError: the file is missing or torn, its name names no task, or a `doc_id` occurs twice.
        RowError: a record has no `doc_id` or no response.
    """
    path = Path(path)
    named = _NAME.search(path.name)
    if named is None:
        raise FileError(f"{path} is no sample log of lmms-eval: its name must end as _samples_TASK.jsonl.")
    records = list(read_json_lines(path)) if path.suffix == ".jsonl" else _older(path)
    rows = sorted((_row(record, f"{path.name}, record {k}") for k, record in enumerate(records)), key=_doc_id)
    ids = [row["doc_id"] for row in rows]
    twice = sorted({doc_id for doc_id in ids if ids.count(doc_id) > 1}) if len(set(ids)) < len(ids) else []
    if twice:
        raise FileError(f"{path}: doc_id {twice[0]} occurs twice; two runs wrote into one file. Keep one of them.")
    return LmmsLog(named[1], rows)


def attach_log(log: LmmsLog, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Give a task's own rows the answers of a log, joined by position, so that any profile grades them.

    Position is what lmms-eval keeps (`doc_id`); that both sides mean the same questions is checked by their answers.
    Rows get the prompt of the log, which need not be the task's own.

    Raises:
        PairingError: the log has a row that the task lacks, or answers differ.

    >>> log = LmmsLog("t", [{"doc_id": 0, "answer": "B", "trials": [{"text": "b"}]}])
    >>> attach_log(log, [{"id": "q7", "answer": "B"}])
    [{'id': 'q7', 'answer': 'B', 'trials': [{'text': 'b'}]}]
    """
    beyond = [row["doc_id"] for row in log.rows if not 0 <= row["doc_id"] < len(rows)]
    if beyond:
        raise PairingError(f"log of {log.task}: doc_id {beyond[0]} has no row; the task has {len(rows)} rows.")
    joined = [(rows[row["doc_id"]], row) for row in log.rows]
    others = [
        (own["id"], own["answer"], row["answer"]) for own, row in joined if not _is_same(own["answer"], row["answer"])
    ]
    if others:
        shown = "; ".join(f"{row_id}: {own!r} and {logged!r}" for row_id, own, logged in others[:_MOST_SHOWN])
        raise PairingError(
            f"log of {log.task}: {len(others)} of {len(joined)} answers differ from the task's data ({shown}). "
            "Another version or order of the data was used."
        )
    return [{**own, **_asked(row), "trials": row["trials"]} for own, row in joined]


def _asked(row: Row) -> dict[str, Any]:
    asked = row.get("asked")
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": asked}]}]} if asked else {}


def score_by_metric(log: LmmsLog, metric: str) -> list[Row]:
    """Take lmms-eval's own number of each row as its score, to compare two logs without the benchmark's data.

    Raises:
        RowError: a row lacks it, or it is no number from 0 to 1.
    """
    return [_scored(row, metric) for row in log.rows]


def _scored(row: Row, metric: str) -> Row:
    value = row["metrics"].get(metric)
    if value is None or not 0 <= value <= 1:
        names = ", ".join(row["metrics"]) or "none"
        raise RowError(f"doc_id {row['doc_id']}: {metric} must be a number from 0 to 1; got {value!r}, of {names}.")
    trials = [{**trial, "answer": trial["text"], "score": value, "verdict": value == 1} for trial in row["trials"]]
    return {**row, "trials": trials}


def _older(path: Path) -> list[dict[str, Any]]:
    content = read_json(path)
    logs = cast("dict[str, Any]", content).get("logs") if isinstance(content, dict) else None
    if not isinstance(logs, list):
        raise FileError(f"{path} must hold an object with a list `logs`; got {type(content).__name__}.")
    return cast("list[dict[str, Any]]", logs)


def _row(record: Mapping[str, Any], where: str) -> Row:
    doc_id = record.get("doc_id")
    texts = _texts(record.get("resps")) or _texts(record.get("filtered_resps"))
    if not isinstance(doc_id, int) or not texts:
        raise RowError(f"{where}: a record needs doc_id and resps or filtered_resps; got {', '.join(record)}.")
    target = record.get("target")
    return {
        "id": str(doc_id),
        "doc_id": doc_id,
        "answer": target,
        "asked": asked if isinstance(asked := record.get("input"), str) else "",
        "trials": [{"text": text, "finish_reason": None} for text in texts],
        "metrics": {name: value for name, found in record.items() if (value := _number(found)) is not None},
    }


def _texts(value: Any) -> list[str]:
    """Responses of a record, however deeply they are nested."""
    if isinstance(value, str):
        return [value]
    return [text for inner in cast("list[Any]", value) for text in _texts(inner)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    """A metric that is a number, or a record with a `score`; `doc_id` and truth values of other fields do no harm."""
    if isinstance(value, dict):
        return _number(cast("dict[str, Any]", value).get("score"))
    return float(value) if isinstance(value, int | float) else None


def _is_same(own: Any, logged: Any) -> bool:
    """Whether a log's target, which is text, can mean the row's answer: equal words, a letter in brackets, a list."""
    if isinstance(own, list | tuple):
        inner = cast("Sequence[Any]", own)
        return str(logged) == str(list(inner)) or any(_is_same(one, logged) for one in inner)
    return normalise(str(own)) == normalise(str(logged))


def _doc_id(row: Row) -> int:
    return int(row["doc_id"])
