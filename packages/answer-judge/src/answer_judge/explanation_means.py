"""The quality of many explanations, with the counts that each mean rests on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from answer_judge.explanation_quality import ExplanationQuality


@dataclass(frozen=True)
class DefinedMean:
    """A mean over the answers for which the quantity is defined."""

    mean: float | None
    """None if it is defined for none."""
    count: int
    """Answers in it."""
    undefined: int
    """Answers left out."""


@dataclass(frozen=True)
class MeanQuality:
    """The quality of many answers; every answer counts alike."""

    count: int
    """Answers."""
    existence: float | None
    """Share that explain anything; None without answers."""
    label_accuracy: float | None
    """Share that claim the right label alone; None without answers."""
    coverage: DefinedMean
    """Over the answers whose image has selected concepts."""
    grounding: DefinedMean
    """Over the answers that name a concept and whose image was asked."""


def mean_quality(qualities: Iterable[ExplanationQuality]) -> MeanQuality:
    """Return means with the counts that they rest on.

    Read grounding beside its count: an answer that names nothing has none, so that silence does not lower it.
    """
    every = list(qualities)
    return MeanQuality(
        count=len(every),
        existence=defined_mean(quality.exists for quality in every).mean,
        label_accuracy=defined_mean(quality.names_label for quality in every).mean,
        coverage=defined_mean(quality.coverage for quality in every),
        grounding=defined_mean(quality.grounding for quality in every),
    )


def defined_mean(values: Iterable[float | None]) -> DefinedMean:
    """Return the mean of the values that are not None.

    >>> defined_mean([1, None, 0.5])
    DefinedMean(mean=0.75, count=2, undefined=1)
    """
    every = list(values)
    defined = [value for value in every if value is not None]
    return DefinedMean(math.fsum(defined) / len(defined) if defined else None, len(defined), len(every) - len(defined))
