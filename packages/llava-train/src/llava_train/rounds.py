"""Training in rounds: a model makes rows, learns from them, is asked again, and makes better ones."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from llava_train.collapse import Collapse, measure_collapse
from llava_train.dialogue import Row
from llava_train.errors import FolderError, SettingsError
from llava_train.mixing import mix
from llava_train.round_folders import ROUNDS_FILE, load_rounds, save_rounds
from llava_train.round_records import Evaluation, RoundRecord, Rounds
from llava_train.settings import SftSettings
from llava_train.training import train


@dataclass(frozen=True)
class MadeRows:
    """What a model made, and what was kept of it."""

    rows: Sequence[Row]
    """Rows to learn from, judged."""
    answers: Sequence[Sequence[str]] = ()
    """Everything that the model answered, question by question; the collapse metrics are taken on it."""
    counts: Mapping[str, int] = field(default_factory=lambda: dict[str, int]())
    """What became of the answers, such as `{"accepted": 80, "fallback": 12}`."""
    collapse: Collapse | None = None
    """Metrics, where they are known; then `answers` is not looked at."""


class RoundWork(Protocol):
    """The parts of a round; each must go on where it was when it is called again after a kill."""

    def evaluate(self, model: str, number: int) -> Evaluation:
        """Measure a model; number 0 is the base model."""
        ...

    def make_rows(self, model: str, number: int) -> MadeRows:
        """Let a model make rows, and judge them."""
        ...

    def train(self, model: str, made: MadeRows, number: int) -> str:
        """Mix, train on top of a model, merge, and return the folder of the next model."""
        ...


@dataclass(frozen=True, kw_only=True)
class RoundSettings:
    """How many rounds, and when to stop before."""

    rounds: int = 4
    """Most rounds. SelfSynthX: 4."""
    patience: int | None = None
    """Stop after so many rounds without a better validation score; None for never."""
    least_gain: float = 0.0
    """By how much a validation score must be better to count."""
    least_distinct: float = 0.0
    """Stop when a smaller share than this of a round's answers is distinct, before it is trained on."""

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            SettingsError: a value lies outside its range.
        """
        for name, least in (("rounds", 1), ("patience", 1), ("least_gain", 0), ("least_distinct", 0)):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= least):
                raise SettingsError(f"{name} must be {least} or more; got {value!r}.")


def run_rounds(
    work: RoundWork, model: str, settings: RoundSettings, *, folder: str | os.PathLike[str] | None = None
) -> Rounds:
    """Evaluate the base model; then generate, judge, train, merge and evaluate, round by round, until a rule stops it.

    Each round starts from the model of the round before: with LoRA, a fresh adapter on the merged weights.

    Args:
        work: the parts of a round.
        model: the base model.
        settings: number of rounds and stop rules.
        folder: keeps `rounds.json`; rounds finished there are not worked on again. None: every part is called again,
            and is to know by itself what it has done.

    Source: arXiv 2502.14044, which evaluates rounds on the test set alone and the base model not at all; validation and
    stop rules are ours.

    Raises:
        FolderError: the folder holds rounds from another model.
    """
    run = None if folder is None else Path(folder)
    records = _earlier(run, model) or [RoundRecord(0, model, work.evaluate(model, 0))]
    _keep(run, records)
    while not (stopped := why_stop(records, settings)):
        number, before = len(records), records[-1].model
        made = work.make_rows(before, number)
        collapse = made.collapse or (measure_collapse(made.answers) if made.answers else None)
        if collapse is not None and collapse.distinct_share < settings.least_distinct:
            stopped = f"round {number} collapsed: {100 * collapse.distinct_share:.1f} % of its answers are distinct."
            break
        after = work.train(before, made, number)
        evaluation = work.evaluate(after, number)
        records = [*records, RoundRecord(number, after, evaluation, len(made.rows), dict(made.counts), collapse)]
        _keep(run, records)
    return _keep(run, records, stopped)


def _earlier(run: Path | None, model: str) -> list[RoundRecord]:
    """Rounds that the folder has from a call before."""
    found = None if run is None else load_rounds(run)
    if found is None:
        return []
    base = found.records[0].model
    if base != model:
        raise FolderError(f"{ROUNDS_FILE} of {run} holds rounds from {base}; use a new folder for {model}.")
    return list(found.records)


def _keep(run: Path | None, records: Sequence[RoundRecord], stopped: str = "") -> Rounds:
    found = Rounds(tuple(records), stopped)
    if run is not None:
        save_rounds(found, run)
    return found


def why_stop(records: Sequence[RoundRecord], settings: RoundSettings) -> str:
    """Why no further round is to be made, or nothing.

    >>> base = RoundRecord(0, "base", Evaluation(0.5))
    >>> why_stop([base, RoundRecord(1, "a", Evaluation(0.5))], RoundSettings(patience=1))
    'the validation score has not risen for 1 round.'
    """
    if len(records) > settings.rounds:
        return f"all {settings.rounds} rounds are done."
    best, since = records[0].evaluation.score, 0
    for record in records[1:]:
        since = 0 if record.evaluation.score > best + settings.least_gain else since + 1
        best = max(best, record.evaluation.score)
    if settings.patience is not None and since >= settings.patience:
        return f"the validation score has not risen for {since} round{'s' * (since > 1)}."
    return ""


def train_round(
    settings: SftSettings,
    model: str,
    made: MadeRows,
    folder: str | os.PathLike[str],
    *,
    base_rows: Sequence[Mapping[str, Any]] = (),
    ratio: float = 0.0,
) -> str:
    """The usual `train` of a round: mix base rows in, train, merge; returns the folder of the model.

    Args:
        settings: of every round; their `model` is not looked at.
        model: that the round starts from.
        made: rows of the round.
        folder: of this round's training alone.
        base_rows: rows that keep what the model could do.
        ratio: base rows for each row of the round.

    Raises:
        LlavaTrainError: as `train`.
    """
    rows = mix(made.rows, base_rows, ratio=ratio, seed=settings.seed)
    return str(train(replace(settings, model=model), rows, folder).model_folder)
