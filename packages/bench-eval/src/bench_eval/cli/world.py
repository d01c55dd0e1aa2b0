"""`bench-eval world`: a benchmark that is drawn here, for a first try without downloads."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bench_eval.errors import BenchEvalError
from bench_eval.whole_files import write_text_whole

_KEPT = ("id", "task", "cluster", "image", "question", "answer")


@click.command("world", short_help="Draw a small benchmark for a first try.")
@click.argument("data", type=click.Path(path_type=Path, file_okay=False))
@click.option("--n", type=click.IntRange(min=1), default=20, show_default=True, help="Questions of each kind.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, other scenes.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
def world_command(data: Path, n: int, seed: int) -> None:
    """Draw scenes with questions into DATA/world, as the data of task `world`.

    `bench-eval run --model tiny --tasks world --data DATA --out RUN` then asks the tiny model that comes with them.
    """
    try:
        import scene_world
    except ModuleNotFoundError as error:
        raise BenchEvalError("drawing needs scene-world; install it with: pip install 'bench-eval[world]'") from error
    folder = data / "world"
    rows = list(scene_world.task_rows(n, folder / "pictures", seed=seed))
    shown = [
        {name: row[name] for name in _KEPT} | {"image": Path(row["image"]).relative_to(folder).as_posix()}
        for row in rows
    ]
    path = write_text_whole(folder / "questions.json", json.dumps(shown, indent=1))
    click.echo(f"{len(shown)} questions -> {path}")
