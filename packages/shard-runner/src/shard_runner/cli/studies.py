"""A study over several seeds, as apps run it on their embedded input."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from shard_runner.cli.data_files import write_json
from shard_runner.cli.process import use_one_thread
from shard_runner.disk import write_whole

Result = dict[str, Any]
"""What a study of one seed found, as plain values."""


def run_seeds(
    out: Path,
    seeds: Sequence[int],
    study_seed: Callable[[int], Result],
    to_markdown: Callable[[Sequence[Result]], str],
    *,
    record: Result,
) -> list[Result]:
    """Study several seeds on one thread, and write `study.json` and `study.md` after each.

    Args:
        out: Folder of the study.
        seeds: In order.
        study_seed: Studies one seed; finished work must not be repeated, so that the same call goes on after a kill.
        to_markdown: Tables of all results so far.
        record: What `study.json` holds beside `results`.
    """
    use_one_thread()
    results: list[Result] = []
    for seed in seeds:
        results.append(study_seed(seed))
        table = to_markdown(results) + "\n"
        write_json(out / "study.json", {**record, "results": results}, indent=1)
        write_whole(out / "study.md", lambda path, table=table: path.write_text(table, encoding="utf-8"))
    return results


def read_seeds(text: str) -> list[int]:
    """Return the seeds of a flag.

    >>> read_seeds("0,1,2")
    [0, 1, 2]

    Raises:
        click.UsageError: It is not a list of whole numbers.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise click.UsageError(f"--seeds must be whole numbers with commas between; got {text!r}.") from None
