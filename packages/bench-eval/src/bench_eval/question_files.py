"""Questions about images in a file of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench_eval.errors import BenchEvalError, RowError
from bench_eval.json_files import read_json_list

if TYPE_CHECKING:
    from shard_runner import Row

NEEDED = ("id", "image", "question", "answer")
"""What every row must have."""


def read_question_file(path: str | Path, *, default_task: str = "all") -> Iterator[Row]:
    """Yield rows `{id, task, cluster, image, question, answer}` of a JSON list, and what else they hold, as it stands.

    These six come as text; `image` is made absolute from the file's folder, and no picture is opened. Rows about one
    image form one cluster unless they name theirs.

    Args:
        path: a JSON list of `{id, image, question, answer}` with, where they have them, `task`, `cluster` and more.
        default_task: of rows that name none.

    Raises:
        FileError: (at the first row) the file is missing, torn or holds no list.
        RowError: (at that row) something is missing, or is neither text nor a number.
    """
    path = Path(path)
    for k, item in enumerate(read_json_list(path)):
        row = _checked(item, f"{path.name}, row {k}")
        known = {
            "id": str(row["id"]),
            "task": _named(row, "task", default_task),
            "cluster": _named(row, "cluster", row["image"]),
            "image": str((path.parent / row["image"]).absolute()),
            "question": str(row["question"]),
            "answer": str(row["answer"]),
        }
        yield known | {name: value for name, value in row.items() if name not in known}


def check_question_file(path: str | Path | None, *, flag: str, error: type[Exception]) -> None:
    """Make sure, before the hours of training that come first, that a file of questions can be read to its end.

    Args:
        path: of the file; no file is fine.
        flag: that names it, for the message.
        error: what is raised, such as an app's own.

    Raises:
        Exception: it is missing, torn, or a row of it is; of the class `error`.
    """
    try:
        for _ in [] if path is None else read_question_file(path):
            pass
    except BenchEvalError as cause:
        raise error(f"{flag} {cause}") from cause


def _checked(item: Any, where: str) -> Mapping[str, Any]:
    row = cast("Mapping[str, Any]", item if isinstance(item, dict) else {})
    missing = [name for name in NEEDED if row.get(name) is None]
    if missing:
        raise RowError(f"{where}: {', '.join(missing)} missing.")
    odd = [name for name in NEEDED if not isinstance(row[name], str if name == "image" else str | int | float)]
    if odd:
        expected = "the path of a file" if odd[0] == "image" else "text or a number"
        raise RowError(f"{where}: {odd[0]} must be {expected}; got {row[odd[0]]!r}.")
    return row


def _named(row: Mapping[str, Any], name: str, default: str) -> str:
    value = row.get(name)
    return default if value is None or value == "" else str(value)
