"""The command line that all apps share (extra `shard-runner[cli]`): settings, stages, status, explain, report, demo."""

try:
    from shard_runner.cli.addresses import plain_address
    from shard_runner.cli.commands import make_cli
    from shard_runner.cli.data_files import write_json
    from shard_runner.cli.exits import OneLineGroup
    from shard_runner.cli.process import use_one_thread
    from shard_runner.cli.rounds import check_one_round, check_run_kind, rounds_above
    from shard_runner.cli.running import run_by_settings
    from shard_runner.cli.settings import RunSettings, read_settings
    from shard_runner.cli.studies import read_seeds, run_seeds
except ModuleNotFoundError as error:
    if error.name not in ("click", "pydantic", "yaml"):
        raise
    raise ImportError(f"{error.name} is missing; install it with: pip install 'shard-runner[cli]'") from error

__all__ = [
    "OneLineGroup",
    "RunSettings",
    "check_one_round",
    "check_run_kind",
    "make_cli",
    "plain_address",
    "read_seeds",
    "read_settings",
    "rounds_above",
    "run_by_settings",
    "run_seeds",
    "use_one_thread",
    "write_json",
]
