"""What a run would do, and why, without doing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from shard_runner.disk import read_record
from shard_runner.folder import PLAN_RECORD, STAGE_RECORD, TASK_RECORD, building_folder, is_whole, stage_folder
from shard_runner.plain import to_json
from shard_runner.provenance import content_of
from shard_runner.record import RUN_RECORD
from shard_runner.runner import check_sizes
from shard_runner.sources import source_mark
from shard_runner.stages import Plan, Source, Stage, Step, Task, plan_pipeline, schema_text

Will = Literal["keep", "read", "run", "go on", "depends"]
"""`keep` the output as it is; `read` the source, which says whether the rest has work; `run` anew; `go on` where an
earlier run stopped; `depends` on whether the inputs come out changed."""


_TORN = "files of it are missing or were cut off"
_NONE = "(none)"


@dataclass(frozen=True)
class StepForecast:
    """What a run would do about one step."""

    name: str
    will: Will
    why: str


def dry_run(
    pipeline: Sequence[Step],
    run_dir: str | Path,
    *,
    seed: int,
    only: Sequence[str] | None = None,
    shard_size: int = 1000,
    limit: int | None = None,
) -> list[StepForecast]:
    """Return what `run` with the same arguments would do about each step, and why; nothing is written or read anew.

    Raises:
        PipelineError: the pipeline or the arguments make no sense.
        LedgerError: a record in the folder is damaged.
        Exception: what a source's `fingerprint` raises comes as it is.
    """
    check_sizes(shard_size, limit)
    plan = plan_pipeline(pipeline, seed=seed, only=only)
    run_dir = Path(run_dir)
    last = read_record(run_dir / RUN_RECORD) or {}
    before = {step["name"]: step for step in last.get("pipeline", [])}
    forecasts: dict[str, StepForecast] = {}
    for step in plan.steps:
        inputs = [forecasts[name] for name in plan.inputs[step.name]]
        told = _Told(plan, run_dir, before.get(step.name), last.get("seed"), seed)
        if isinstance(step, Source):
            will, why = told.of_source(step, source_mark(step, shard_size, limit))
        else:
            will, why = told.of_step(step, inputs)
        forecasts[step.name] = StepForecast(step.name, will, why)
    return list(forecasts.values())


@dataclass(frozen=True)
class _Told:
    """What the run folder tells about one step."""

    plan: Plan
    run_dir: Path
    before: Mapping[str, Any] | None
    """The step in the last `run.json`."""
    seed_before: int | None
    seed: int

    def of_source(self, source: Source, mark: str) -> tuple[Will, str]:
        record = self._record(source)
        if record is None:
            return "read", "it was not read yet"
        if record["recipe"] != self.plan.recipes[source.name]:
            return "read", self._changed(source)
        if not is_whole(stage_folder(self.run_dir, source.name), record):
            return "read", _TORN
        if mark and record.get("fingerprint") == mark and not record["failed"]:
            return "keep", f"its fingerprint is the same: {record['rows_out']} rows"
        if mark and record.get("fingerprint") != mark:
            return "read", "its fingerprint has changed"
        return "read", "only reading it tells whether its rows are the same"

    def of_step(self, step: Stage | Task, inputs: Sequence[StepForecast]) -> tuple[Will, str]:
        record, growing = self._record(step), read_record(building_folder(self.run_dir, step.name) / PLAN_RECORD)
        recipe = self.plan.recipes[step.name]
        if growing and growing["recipe"] == recipe:
            return "go on", "it is not finished; what is there is kept"
        if record is None:
            return "run", "it has no output yet"
        if record["recipe"] != recipe:
            return "run", self._changed(step)
        if isinstance(step, Task) and not record.get("finished"):
            return "go on", "an earlier run was stopped"
        sure = self._own_reason(step, record)
        if sure:
            return "run", sure
        again = [forecast.name for forecast in inputs if forecast.will in ("run", "go on")]
        if again:
            return "depends", f"{_listed(again)} will be worked on; equal rows are kept, others are worked on"
        unread = [forecast.name for forecast in inputs if forecast.will in ("read", "depends")]
        if unread:
            return "depends", f"rows of {_listed(unread)} may have changed; equal rows are kept"
        contents = {name: content_of(self.run_dir, name) for name in self.plan.inputs[step.name]}
        changed = [name for name, content in contents.items() if record["inputs"].get(name) != content]
        if changed:
            return "run", f"rows of {_listed(changed)} have changed since; equal rows are kept"
        return "keep", "nothing has changed"

    def _own_reason(self, step: Stage | Task, record: Mapping[str, Any]) -> str:
        """Say what the step has to do whatever its inputs hold; nothing, if nothing."""
        before, now = record.get("samples"), self.plan.samples(step.name)
        if before != now:
            return f"samples: {before} -> {now}; those that are there are kept"
        if isinstance(step, Task):
            return ""
        if not is_whole(stage_folder(self.run_dir, step.name), record):
            return _TORN
        failed = sum(record["failed"].values())
        return f"{failed} failed rows are tried again" if failed else ""

    def _record(self, step: Step) -> dict[str, Any] | None:
        name = TASK_RECORD if isinstance(step, Task) else STAGE_RECORD
        return read_record(stage_folder(self.run_dir, step.name) / name)

    def _changed(self, step: Step) -> str:
        """Say what made the recipe another one."""
        if self.before is None or self.before["recipe"] == self.plan.recipes[step.name]:
            return "its recipe has changed, and no run with the new one got so far"
        inputs = self.plan.inputs[step.name]
        found = [*_outer_differences(self.before, step, inputs), *_differences(self.before["config"], step.config)]
        if found:
            return "; ".join(found)
        if self.seed_before != self.seed:
            return f"seed: {self.seed_before} -> {self.seed}"
        return f"what {_listed(inputs)} is made from has changed" if inputs else "run folders are laid out anew"


def _outer_differences(before: Mapping[str, Any], step: Step, inputs: Sequence[str]) -> list[str]:
    """What differs of a step beside its configuration."""
    schemas = [", ".join(text.splitlines()) for text in (before.get("schema", ""), schema_text(step))]
    pairs = {
        "version": (before["version"], "" if isinstance(step, Source) else step.version),
        "inputs": (_listed(before["inputs"]), _listed(inputs)),
        "schema": (schemas[0], schemas[1]),
    }
    return [
        f"{key}: {_short(old or _NONE)} -> {_short(new or _NONE)}" for key, (old, new) in pairs.items() if old != new
    ]


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    pairs = [(key, _text(before, key), _text(now, key)) for key in sorted({*before, *now})]
    return [f"{key}: {_short(old)} -> {_short(new)}" for key, old, new in pairs if old != new]


def _text(values: Mapping[str, Any], key: str) -> str:
    return to_json(values[key], sort_keys=True) if key in values else _NONE


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def forecasts_to_text(forecasts: Sequence[StepForecast]) -> str:
    """Return what a run would do as lines of plain text.

    >>> print(forecasts_to_text([StepForecast("judge", "run", 'threshold: 0.5 -> 0.6')]))
    judge  run  threshold: 0.5 -> 0.6
    """
    name, will = (max((len(getattr(f, key)) for f in forecasts), default=0) for key in ("name", "will"))
    return "\n".join(f"{f.name.ljust(name)}  {f.will.ljust(will)}  {f.why}" for f in forecasts)
