"""What can go wrong, as one tree."""

from collections.abc import Sequence
from typing import Any


class ShardRunnerError(Exception):
    """Base of every error that this package raises on purpose.

    ```
    ShardRunnerError
    ├── PipelineError     the pipeline or its settings make no sense; raised before any work
    ├── StageError        a stage broke its contract, or a whole-input stage raised
    │   └── TooManyFailed more rows of a stage failed than max_failed_share allows
    ├── WorkerError       worker processes can't be started, or end again and again
    ├── ShardTaken        a worker that was thought dead finds its shard in other hands
    ├── LedgerError       a run folder is damaged, its disk takes no more, or what is asked for is not there yet
    ├── RunFolderBusy     another process is working on the run folder
    └── TableError        a file of rows can't be read or written
    ```
    """


class PipelineError(ShardRunnerError):
    """The pipeline or its settings make no sense; raised before any work is done."""


class StageError(ShardRunnerError):
    """A stage broke its contract (wrong number or kind of outcomes), or a whole-input stage raised."""


class TooManyFailed(StageError):
    """More rows of a stage failed than `max_failed_share` allows; finished rows are kept."""


class WorkerError(ShardRunnerError):
    """Worker processes can't be started, or end again and again."""


class ShardTaken(ShardRunnerError):
    """A worker that was thought dead, and is not, finds that another has taken its shard; it writes nothing more."""


class LedgerError(ShardRunnerError):
    """A run folder is damaged, its disk is full or can't be written to, or what is asked for is not there yet."""


class RunFolderBusy(ShardRunnerError):
    """Another process is working on the run folder; the message names its pid and host."""


class TableError(ShardRunnerError):
    """A file of rows can't be read or written: missing, truncated, or not a table."""


class Stopped(BaseException):
    """The run was asked to stop, and did after the batch under way: all that was finished is in the journal.

    Args:
        finished: verdicts of the first rows of a batch that was stopped between attempts, to be journalled yet.
    """

    def __init__(self, finished: Sequence[Any] = ()) -> None:
        super().__init__()
        self.finished = list(finished)
