"""What apps do on an embedded world: a demo in one command, and a study over several seeds."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from shard_runner.cli.data_files import write_json
from shard_runner.cli.process import use_one_thread
from shard_runner.disk import write_whole
from shard_runner.runner import RunSummary

Result = dict[str, Any]
"""What a study of one seed found, as plain values."""


def world_demo_command(app: str, run_demo: Callable[..., RunSummary], headline: Callable[[Path], str]) -> click.Command:
    """Return the command `demo` of an app: fast or in full, any seed, the few lines that it is about at the end.

    Args:
        app: Name of the app; the run folder is `APP-demo` unless told otherwise.
        run_demo: `(out, *, fast, seed)`: Draws the world, runs everything and writes `report.html`.
        headline: The lines of a finished run.
    """

    @click.command("demo", help="Do everything on the embedded world with the tiny models, in minutes.")
    @click.option("--fast", is_flag=True, help="The smallest run that shows every step, about a minute.")
    @click.option(
        "--out", type=click.Path(path_type=Path), default=f"{app}-demo", show_default=True, help="Run folder."
    )
    @click.option(
        "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Another seed, another world."
    )
    @click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of a failure.")
    def command(fast: bool, out: Path, seed: int) -> None:
        start = time.monotonic()
        summary = run_demo(out, fast=fast, seed=seed)
        click.echo(summary)
        click.echo(f"\n{headline(out)}\n\n{time.monotonic() - start:.0f} s; report: {out / 'report.html'}")

    return command


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
