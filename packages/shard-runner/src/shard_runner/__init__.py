"""Row stages over shards: resumable, every row accounted for."""

from shard_runner.accounts import StageAccount, accounts_to_text, status
from shard_runner.errors import (
    LedgerError,
    PipelineError,
    RunFolderBusy,
    ShardRunnerError,
    StageError,
    TableError,
    TooManyFailed,
)
from shard_runner.explaining import RowStep, explain, steps_to_text
from shard_runner.folder import read_rows, stage_folder
from shard_runner.outcomes import Dropped, Failed, Outcome, StageFn
from shard_runner.plain import Row, row_seed
from shard_runner.runner import RunSummary, run
from shard_runner.stages import Source, Stage, Step, Task, TaskContext
from shard_runner.tables import read_table

__all__ = [
    "Dropped",
    "Failed",
    "LedgerError",
    "Outcome",
    "PipelineError",
    "Row",
    "RowStep",
    "RunFolderBusy",
    "RunSummary",
    "ShardRunnerError",
    "Source",
    "Stage",
    "StageAccount",
    "StageError",
    "StageFn",
    "Step",
    "TableError",
    "Task",
    "TaskContext",
    "TooManyFailed",
    "accounts_to_text",
    "explain",
    "read_rows",
    "read_table",
    "row_seed",
    "run",
    "stage_folder",
    "status",
    "steps_to_text",
]
