"""Adaptive trials against the full draw, on real instances: uv run python tools/bench/adaptive.py

The tiny VLM of scene_world guesses what is hidden in the causal instances that `cvc` makes of drawn scenes, 16 times
each, and `cvc`'s judge says which guesses are right. Both sides include judging. Three rules, in groups of 4:

- the exact one of CVC (no suffix): leave an instance once it is certain not to have 1 to 4 right guesses, the range
  that CVC trains on;
- `_hopeless_8`: also give it up when its first 8 guesses are all wrong, which changes decisions;
- `_one_accepted`: stop at the first right guess, as rejection sampling may; the decision is which guess that is.

`agree`: the adaptive trials are the first of the full ones, and the exact rules decide as the full draw does.
`time_ratio` is the median over rounds of processor time, full over adaptive, where both sides take turns. It lies below
what the saved trials promise, since an adaptive draw decodes fewer trials side by side. `memory_ratio` is null: sampler
and batch size are the same on both sides. The last line is one JSON object.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded: threads of a tiny model wait for each other

from cvc.engines import Judge, load_model_sampler
from cvc.examples import MixRule
from cvc.pipeline import build_pipeline
from cvc.settings import CvcSettings
from cvc.trials import references, trial_request
from cvc.world import WorldSize, world_settings, write_world
from shard_runner import read_rows, run
from trial_sampler import (
    AdaptiveResult,
    Request,
    Rule,
    Sampler,
    SampleResult,
    Trial,
    either,
    none_right_of,
    one_accepted,
    replay,
    sample_adaptively,
    within,
)

SIZE = WorldSize(scenes=26, base=1, completion=1, per_task=1, steps=1)
ROUNDS = 3
TRAINED = MixRule()

Verdicts = Sequence[bool]
Accept = Callable[[Sequence[tuple[str, Trial]]], list[bool]]


def trained_on(verdicts: Verdicts) -> list[int]:
    """The trials that CVC makes rationale examples of."""
    right = [k for k, verdict in enumerate(verdicts) if verdict]
    return right if TRAINED.is_hard_but_solvable(len(right)) else []


def first_right(verdicts: Verdicts) -> int | None:
    """The trial that rejection sampling takes."""
    return next((k for k, verdict in enumerate(verdicts) if verdict), None)


@dataclass
class Case:
    """A rule, the decision that it is for, and what was measured."""

    suffix: str
    rule: Rule
    decide: Callable[[Verdicts], object]
    is_exact: bool
    ratios: list[float] = field(default_factory=list[float])
    results: list[AdaptiveResult] = field(default_factory=list[AdaptiveResult])


EXACT = within(TRAINED.min_right, TRAINED.max_right)
CASES = (
    Case("", EXACT, trained_on, is_exact=True),
    Case("_hopeless_8", either(EXACT, none_right_of(8)), trained_on, is_exact=False),
    Case("_one_accepted", one_accepted(), first_right, is_exact=True),
)


@dataclass(frozen=True)
class Draws:
    """The instances, the model that guesses and the judge."""

    sampler: Sampler
    requests: list[Request]
    accept: Accept

    def full(self, n: int = 16) -> list[tuple[SampleResult, list[bool]]]:
        """Draw and judge n trials of each request, all in one call."""
        results = self.sampler.sample([replace(request, n=n) for request in self.requests])
        verdicts = iter(self.accept([(result.id, trial) for result in results for trial in result.trials]))
        return [(result, [next(verdicts) for _ in result.trials]) for result in results]

    def adaptive(self, rule: Rule) -> list[AdaptiveResult]:
        """Draw and judge in groups."""
        return sample_adaptively(self.sampler, self.requests, self.accept, rule)


def instances(folder: Path) -> tuple[CvcSettings, list[dict[str, Any]]]:
    """Settings and the causal instances of drawn scenes, each with an occluded image and a question."""
    write_world(folder / "world", SIZE, 0)
    settings = world_settings(folder / "world", SIZE, 0)
    run(build_pipeline(settings, folder), folder, seed=0, only=["question"], progress=False)
    return settings, list(read_rows(folder, "question"))


def draws_of(folder: Path) -> Draws:
    """Instances with the tiny model and the app's judge."""
    settings, rows = instances(folder)
    judge, expected = Judge(settings), {row["id"]: references(row) for row in rows}

    def accept(asked: Sequence[tuple[str, Trial]]) -> list[bool]:
        return [one["verdict"] for one in judge.judge_many([({"text": t.text}, expected[name]) for name, t in asked])]

    sampler = load_model_sampler(settings, settings.needed("model", "the tiny model"))
    return Draws(sampler, [trial_request(row, settings, folder) for row in rows], accept)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Processor seconds of a call, and what it returns."""
    start = time.process_time()
    value = call()
    return time.process_time() - start, value


def different(case: Case, full: Sequence[tuple[SampleResult, list[bool]]]) -> list[str]:
    """Ids whose adaptive trials or verdicts are not the first of the full ones, or that an exact rule decides anew."""

    def said(trials: Sequence[Trial]) -> list[tuple[str, int]]:
        return [(trial.text, trial.seed) for trial in trials]

    return [
        part.id
        for (whole, verdicts), part in zip(full, case.results, strict=True)
        if said(part.trials) != said(whole.trials[: part.drawn])
        or list(part.verdicts) != verdicts[: part.drawn]
        or (case.is_exact and case.decide(part.verdicts) != case.decide(verdicts))
    ]


def main() -> None:
    """Measure, compare, print."""
    with tempfile.TemporaryDirectory() as name:
        draws = draws_of(Path(name))
        draws.full(1)  # warm up
        for _ in range(ROUNDS):
            full_s, full = timed(draws.full)
            for case in CASES:
                part_s, case.results = timed(lambda case=case: draws.adaptive(case.rule))
                case.ratios.append(full_s / part_s)
    wrong = [f"{case.suffix or 'exact'}: {name}" for case in CASES for name in different(case, full)]
    line: dict[str, Any] = {"name": "adaptive", "time_ratio": None, "memory_ratio": None, "agree": not wrong}
    print(f"{len(full)} instances, 16 trials each")
    for case in CASES:
        measured = replay([verdicts for _, verdicts in full], case.rule, case.decide)
        line |= {
            f"time_ratio{case.suffix}": round(statistics.median(case.ratios), 2),
            f"samples_saved_share{case.suffix}": round(measured.saved_share, 3),
            f"changed_decisions_share{case.suffix}": round(measured.changed_share, 3),
        }
        print(f"{case.suffix or 'exact':14} time ratios {[round(ratio, 2) for ratio in case.ratios]}")
    print("\n".join(wrong) or "trials and exact decisions are those of the full draw")
    print(json.dumps(line | {"instances": len(full)}))


if __name__ == "__main__":
    main()
