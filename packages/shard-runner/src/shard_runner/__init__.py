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
    WorkerError,
)
from shard_runner.explaining import RowStep, explain, steps_to_text
from shard_runner.file_digests import file_digest
from shard_runner.folder import read_rows, stage_folder
from shard_runner.forecasting import StepForecast, dry_run, forecasts_to_text
from shard_runner.hub_datasets import dataset_source, rows_to_dataset
from shard_runner.outcomes import Done, Dropped, Failed, Outcome, StageFn
from shard_runner.placement import Placement
from shard_runner.plain import Row, row_seed
from shard_runner.retry import Retry, is_transient
from shard_runner.rows_so_far import rows_so_far
from shard_runner.runner import RunSummary, run
from shard_runner.sinks import write_rows
from shard_runner.stages import Source, Stage, Step, Task, TaskContext
from shard_runner.table_sources import table_source
from shard_runner.tables import iter_table, read_table

__all__ = [
    "Done",
    "Dropped",
    "Failed",
    "LedgerError",
    "Outcome",
    "PipelineError",
    "Placement",
    "Retry",
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
    "StepForecast",
    "TableError",
    "Task",
    "TaskContext",
    "TooManyFailed",
    "WorkerError",
    "accounts_to_text",
    "dataset_source",
    "dry_run",
    "explain",
    "file_digest",
    "forecasts_to_text",
    "is_transient",
    "iter_table",
    "read_rows",
    "read_table",
    "row_seed",
    "rows_so_far",
    "rows_to_dataset",
    "run",
    "stage_folder",
    "status",
    "steps_to_text",
    "table_source",
    "write_rows",
]
