"""Guess in groups, judge on the way, and stop where an instance is certain to be too easy."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shard_runner import Failed, Row

from cvc.engines import Judge, Trial, new_tokens
from cvc.settings import CvcSettings

if TYPE_CHECKING:
    from trial_sampler import Request, Rule, Sampler

BATCHES = 4
"""Batches of prompts in one call, so that new instances can take the place of those that leave."""


def stopping_rule(settings: CvcSettings) -> "Rule":
    """When an instance needs no further trial.

    Instances that may still end within the bounds are drawn to the end, since all their right rationales are used. With
    answer examples the lower bound is one right trial whatever `min_right` says: a single right trial gives an example.
    """
    from trial_sampler import either, none_right_of, within

    rule = within(1 if settings.answer_examples else settings.min_right, settings.max_right)
    return rule if settings.hopeless_after is None else either(rule, none_right_of(settings.hopeless_after))


def guess_adaptively(
    requests: Sequence["Request"],
    references: Mapping[str, Sequence[str]],
    sampler: "Sampler",
    judge: Judge,
    settings: CvcSettings,
) -> dict[str, Row | Failed]:
    """For each request by its id, the columns of its instance, or why there are none.

    The columns are the judged `trials`, what `difficulty` says of them, and `settled_by`.
    """
    from trial_sampler import sample_adaptively

    judged: dict[str, list[Trial]] = {request.id: [] for request in requests}

    def accept(asked: Sequence[tuple[str, Any]]) -> list[bool]:
        records = judge.judge_many([(asdict(trial), references[name]) for name, trial in asked])
        for (name, _), record in zip(asked, records, strict=True):
            judged[name].append(record)
        return [record["verdict"] for record in records]

    rule, group = stopping_rule(settings), settings.adaptive_group
    return {
        result.id: Failed(result.error.reason, result.error.detail, new_tokens(judged[result.id]))
        if result.error
        else {**difficulty(judged[result.id]), "settled_by": result.settled_by}
        for result in sample_adaptively(sampler, requests, accept, rule, group=group)
    }


def difficulty(trials: Sequence[Trial]) -> Row:
    """Judged trials and what they say of an instance: `trials, right, drawn, pass_rate, pass_interval` (95 %, Wilson).

    Where a draw stopped early, rate and interval are biased: see `trial_sampler.AdaptiveResult`.

    >>> row = difficulty([{"verdict": True}, {"verdict": False}, {"verdict": False}, {"verdict": False}])
    >>> row["right"], row["drawn"], row["pass_rate"], [round(end, 2) for end in row["pass_interval"]]
    (1, 4, 0.25, [0.05, 0.7])
    """
    from trial_sampler import wilson_interval

    right, drawn = sum(trial["verdict"] for trial in trials), len(trials)
    interval = list(wilson_interval(right, drawn))
    return {
        "trials": list(trials),
        "right": right,
        "drawn": drawn,
        "pass_rate": right / drawn,
        "pass_interval": interval,
    }
