"""A whole evaluation in a folder: ask, save, grade; run again to go on or to grade anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_eval.asking import Decoding, Sampler
from bench_eval.grades import Grader
from bench_eval.stages import grading_stage, response_stage

if TYPE_CHECKING:
    from shard_runner import Row


def evaluate(
    rows: Iterable[Mapping[str, Any]],
    make_sampler: Callable[[], Sampler],
    grader: Grader,
    run_dir: str | Path,
    *,
    model: str,
    grader_name: str,
    decoding: Decoding | None = None,
    batch_size: int = 16,
    image_root: Path | None = None,
    seed: int = 0,
    progress: bool = False,
) -> list[Row]:
    """Ask a model about rows, save every response in `run_dir`, grade, and return the graded rows.

    After a kill the same call goes on where it stopped; no saved response is asked for twice. With another
    `grader_name` only grading runs again; with another `model`, `decoding` or `image_root` everything does. Rows that
    failed are not in the result; `shard_runner.status(run_dir)` counts them.

    Args:
        rows: with `id, messages, answer` and, where they have them, `image` or `images`, `task`, `cluster`.
        make_sampler: called when there is something to ask.
        grader: of answer text and row.
        run_dir: folder of the ledger.
        model: what identifies the model.
        grader_name: name and version of the grader.
        decoding: how to draw; greedy, one answer, by default.
        batch_size: rows asked at a time.
        image_root: folder that relative image paths start from; pictures are told by path, not by content.
        seed: of the run.
        progress: whether to show bars.
    """
    from shard_runner import Source, read_rows, run

    given = [dict(row) for row in rows]
    pipeline = [
        Source(name="rows", rows=lambda: given),
        response_stage(
            "responses",
            make_sampler,
            model=model,
            decoding=decoding,
            batch_size=batch_size,
            image_root=image_root,
        ),
        grading_stage("grades", grader, grader_name=grader_name),
    ]
    run(pipeline, Path(run_dir), seed=seed, shard_size=512, progress=progress)
    return list(read_rows(Path(run_dir), "grades"))
