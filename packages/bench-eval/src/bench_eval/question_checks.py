"""A file of questions looked at before any work: it is read for good only after hours of training."""

from __future__ import annotations

from pathlib import Path

from bench_eval.errors import BenchEvalError
from bench_eval.question_files import read_question_file


def check_question_file(path: str | Path | None, *, flag: str, error: type[Exception]) -> None:
    """Make sure that a file of questions can be read to its end; no file is fine.

    Args:
        path: of the file.
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
