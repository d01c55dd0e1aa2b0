"""Sources, stages and tasks: what a pipeline is made of."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from shard_runner.errors import PipelineError
from shard_runner.outcomes import StageFn
from shard_runner.plain import Row, digest_of
from shard_runner.retry import Retry

LAYOUT = 2
"""Version of the files in a run folder; a run of another one is done again."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where rows come in; it is read anew by every run, and only what changed is worked on again."""

    name: str
    """Folder name in the run folder: lower-case letters, digits, `-` and `_`."""
    rows: Callable[[], Iterable[Row]]
    """Yields the rows; each needs an `id`, unique and stable."""
    config: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    """Plain values that say how the rows were made; changing one re-runs everything after it."""
    fingerprint: Callable[[], str] | None = None
    """Says cheaply whether the rows are the same as last time (a digest of the files that they come from): while its
    text stays the same, the source is not read again. By default every run reads it."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A step that works row by row, in batches."""

    name: str
    """Folder name in the run folder: lower-case letters, digits, `-` and `_`."""
    make: Callable[[], StageFn]
    """Makes the function, once per worker and only when there is work: heavy objects are loaded here."""
    config: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    """Plain values that the outcome depends on; changing one re-runs this stage and those after it."""
    version: str = "1"
    """Version of the stage's code; changing it re-runs this stage and those after it."""
    inputs: tuple[str, ...] = ()
    """Names of sources and stages whose rows come in, in order, and of tasks to wait for; default: the one before."""
    batch_size: int = 16
    """Rows given to the function at once, and journalled as one record."""
    samples: int | None = None
    """So many samples of each row are units of their own: the function gets `row#0`, `row#1`, ..., each with its number
    as `sample`. Raising it pays for the new ones only."""
    retry: Retry = field(default_factory=Retry)
    """What is done about errors that pass, such as a lost connection."""
    whole_input: bool = False
    """One batch holds all rows (to deduplicate, to mix); an exception then stops the run."""
    schema: pa.Schema | None = None
    """Arrow types of some columns, to be used instead of inferred ones."""
    workers: int | None = None
    """Worker processes or actors; default: what the run says. A cheap stage may well have one."""
    num_cpus: float = 1.0
    """Cores that each worker asks a cluster for."""
    num_gpus: float | None = None
    """GPUs of each worker, a fraction to share one; default: what the run says. 0 for a stage that needs none."""


@dataclass(frozen=True)
class TaskContext:
    """What a task is given."""

    name: str
    folder: Path
    """The task's own folder; it survives kills, so that the task can resume; a changed fingerprint empties it."""
    inputs: Mapping[str, Path]
    """Folder of each input, finished."""
    seed: int
    """The run's seed."""
    read_rows: Callable[[str], Iterator[Row]]
    """Yields the rows of an input, given its name."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A step that is not row by row: training, a report."""

    name: str
    """Folder name in the run folder: lower-case letters, digits, `-` and `_`."""
    run: Callable[[TaskContext], None]
    """Does the work; returning means that it is finished."""
    config: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    """Plain values that the result depends on; changing one empties the folder and runs the task again."""
    version: str = "1"
    """Version of the task's code; changing it empties the folder and runs the task again."""
    inputs: tuple[str, ...] = ()
    """Names of the sources, stages and tasks that it needs; default: the one before."""


Step = Source | Stage | Task


@dataclass(frozen=True)
class Plan:
    """A pipeline whose names are checked and whose inputs are spelled out, in order."""

    steps: tuple[Step, ...]
    inputs: Mapping[str, tuple[str, ...]]
    """Inputs of each step, by name."""
    recipes: Mapping[str, str]
    """Fingerprint of each step without its rows: name, configuration, version, seed and those of its inputs."""

    def samples(self, name: str) -> int | None:
        """Return how many samples of each row a stage works on; None for a step that works on rows."""
        return next((step.samples for step in self.steps if step.name == name and isinstance(step, Stage)), None)

    def row_inputs(self, name: str) -> tuple[str, ...]:
        """Return the inputs of a step that have rows."""
        tasks = {step.name for step in self.steps if isinstance(step, Task)}
        return tuple(other for other in self.inputs[name] if other not in tasks)


def plan_pipeline(pipeline: Sequence[Step], *, seed: int, only: Sequence[str] | None = None) -> Plan:
    """Check a pipeline and fingerprint its steps; with `only`, keep those steps and what they need.

    Raises:
        PipelineError: names that are unfit, repeated or unknown, inputs that come later, a stage without rows.
    """
    inputs: dict[str, tuple[str, ...]] = {}
    recipes: dict[str, str] = {}
    kinds: dict[str, Step] = {}
    for position, step in enumerate(pipeline):
        _check_name(step.name, inputs)
        inputs[step.name] = _inputs_of(step, pipeline[position - 1] if position else None, kinds)
        recipes[step.name] = _recipe(step, seed, {name: recipes[name] for name in inputs[step.name]})
        kinds[step.name] = step
    kept = _closure(only, inputs) if only is not None else set(inputs)
    return Plan(tuple(step for step in pipeline if step.name in kept), inputs, recipes)


def _check_name(name: str, seen: Mapping[str, Any]) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise PipelineError(f"a step's name must be lower-case letters, digits, '-' and '_'; got {name!r}")
    if name in seen:
        raise PipelineError(f"each step needs a name of its own; {name!r} occurs twice")


def _inputs_of(step: Step, before: Step | None, kinds: Mapping[str, Step]) -> tuple[str, ...]:
    if isinstance(step, Source):
        return ()
    inputs = step.inputs or ((before.name,) if before else ())
    if len(set(inputs)) < len(inputs):
        raise PipelineError(f"inputs of {step.name!r} name one twice: {list(inputs)}")
    for name in inputs:
        if name not in kinds:
            raise PipelineError(
                f"{step.name!r} needs {name!r}, which does not come before it; before it: {list(kinds)}"
            )
    if isinstance(step, Stage):
        if all(isinstance(kinds[name], Task) for name in inputs):
            raise PipelineError(f"stage {step.name!r} has no rows to work on; name a source or stage in its inputs")
        _check_amounts(step)
    return inputs


def _check_amounts(stage: Stage) -> None:
    for key, least, unset in (
        ("batch_size", 1, ""),
        ("samples", 1, ", or None"),
        ("workers", 1, ", or None"),
        ("num_cpus", 0, ""),
        ("num_gpus", 0, ", or None"),
    ):
        amount: float | None = getattr(stage, key)
        is_fit = bool(unset) if amount is None else amount >= least
        if not is_fit:
            raise PipelineError(f"{key} of stage {stage.name!r} must be at least {least}{unset}; got {amount}")


def schema_text(step: Step) -> str:
    """Return the Arrow types that a stage was given for some columns, as text; empty where there are none."""
    return str(step.schema) if isinstance(step, Stage) and step.schema is not None else ""


def _recipe(step: Step, seed: int, inputs: Mapping[str, str]) -> str:
    version, schema = "" if isinstance(step, Source) else step.version, schema_text(step)
    kind = type(step).__name__.lower()
    try:
        return digest_of([LAYOUT, kind, step.name, step.config, version, schema, seed, list(inputs.items())])
    except (TypeError, ValueError, RecursionError) as error:
        why = "it contains itself, or is nested too deep" if isinstance(error, RecursionError) else error
        raise PipelineError(
            f"config of {step.name!r} must be plain values, so that it can be fingerprinted: {why}"
        ) from error


def _closure(only: Sequence[str], inputs: Mapping[str, tuple[str, ...]]) -> set[str]:
    for name in only:
        if name not in inputs:
            raise PipelineError(f"no step is called {name!r}; the pipeline has {list(inputs)}")
    kept, todo = set[str](), list(only)
    while todo:
        name = todo.pop()
        if name not in kept:
            kept.add(name)
            todo.extend(inputs[name])
    return kept
