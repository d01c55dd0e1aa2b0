"""Asking and grading as stages of shard-runner: responses are saved as they come, and graded again without asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_eval.asking import Decoding, Sampler
from bench_eval.grades import Grader

if TYPE_CHECKING:
    from shard_runner import Stage, StageFn


def response_stage(
    name: str,
    make_sampler: Callable[[], Sampler],
    *,
    model: str,
    decoding: Decoding | None = None,
    batch_size: int = 16,
    image_root: Path | None = None,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Ask a model about every row and save what it says: `trials` holds n records `{text, finish_reason}`.

    A row is told by what is in it: a picture that is changed in place is asked about again where the row has a column
    that changes with it, such as `box_space.image_stamp` gives, and is not where the row has its path alone.

    A row for which the sampler reports an error fails alone and is asked again by the next run; so does one with any
    other number of texts than n. The tokens that the model wrote are the cost of the row, as the sampler counts them.

    Args:
        name: of the stage, unique in its pipeline.
        make_sampler: called once per worker.
        model: what identifies the model; other responses are asked for when it changes.
        decoding: how to draw; greedy, one answer, by default.
        batch_size: rows asked at a time.
        image_root: folder that relative image paths start from; other responses are asked for when it changes.
        inputs: stages or sources to read; the one before by default.
    """
    from shard_runner import Stage

    drawn = decoding or Decoding()

    def make() -> StageFn:
        from bench_eval.row_outcomes import ask_rows

        sampler = make_sampler()
        return lambda rows: ask_rows(rows, sampler, drawn, image_root)

    config: dict[str, Any] = {"model": model, "decoding": asdict(drawn)}
    if image_root is not None:
        config["image_root"] = str(image_root)
    return Stage(name=name, make=make, config=config, version="2", inputs=inputs, batch_size=batch_size)


def grading_stage(
    name: str,
    grader: Grader,
    *,
    grader_name: str,
    batch_size: int = 256,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Grade saved responses: each record of `trials` gains `answer, score, reason, verdict`.

    Args:
        name: of the stage, unique in its pipeline.
        grader: pure; called for every response.
        grader_name: name and version of the grader; responses are graded again when it changes.
        batch_size: rows at a time.
        inputs: stages to read; the one before by default.
    """

    from shard_runner import Stage

    def make() -> StageFn:
        from bench_eval.row_outcomes import grade_to_outcome

        return lambda rows: [grade_to_outcome(row, grader) for row in rows]

    return Stage(
        name=name, make=make, config={"grader": grader_name}, version="1", inputs=inputs, batch_size=batch_size
    )


def evaluation_stage(
    name: str,
    make_sampler: Callable[[], Sampler],
    grader: Grader,
    *,
    model: str,
    grader_name: str,
    decoding: Decoding | None = None,
    batch_size: int = 16,
    image_root: Path | None = None,
    inputs: tuple[str, ...] = (),
) -> Stage:
    """Ask and grade in one stage; with another `grader_name` it asks again, which the two stages above do not."""
    from shard_runner import Stage

    ask = response_stage(
        name,
        make_sampler,
        model=model,
        decoding=decoding,
        batch_size=batch_size,
        image_root=image_root,
        inputs=inputs,
    )

    def make() -> StageFn:
        from bench_eval.row_outcomes import grade_outcome

        asked = ask.make()
        return lambda rows: [grade_outcome(outcome, grader) for outcome in asked(rows)]

    config = {**ask.config, "grader": grader_name}
    return Stage(name=name, make=make, config=config, version="2", inputs=inputs, batch_size=batch_size)
