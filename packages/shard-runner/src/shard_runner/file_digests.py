"""What tells one version of a user's file from another, for fingerprints."""

from pathlib import Path

from shard_runner.errors import PipelineError
from shard_runner.streams import stream_digest


def file_digest(path: str | Path | None, *, error: type[Exception] = PipelineError) -> str | None:
    """Return a hash of a file's content for the `config` of a stage that reads it; None of no file.

    Args:
        path: Of the file.
        error: What is raised where it can't be read, such as an app's own.

    Raises:
        Exception: It can't be read; of the class `error`.
    """
    if path is None:
        return None
    try:
        with Path(path).open("rb") as file:
            return stream_digest(file)
    except OSError as cause:
        raise error(f"{path} can't be read: {cause.strerror or cause}.") from cause
