"""Precision and recall of entities against labels, matched by character span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from occlusion.entities.entity import Entity
from occlusion.entities.scores.labelled import LabelledCaption
from occlusion.errors import OcclusionError


@dataclass(frozen=True)
class MatchScore:
    """Counts over all captions, and what follows from them.

    >>> score = MatchScore(found_n=4, labelled_n=8, right_n=3)
    >>> score.precision, score.recall, score.f1
    (0.75, 0.375, 0.5)
    """

    found_n: int
    """Spans that the extractor gave."""

    labelled_n: int
    """Spans that the labels have."""

    right_n: int
    """Spans that both have."""

    @property
    def precision(self) -> float:
        """Share of the found spans that are labelled; 1 where nothing was found."""
        return self.right_n / self.found_n if self.found_n else 1.0

    @property
    def recall(self) -> float:
        """Share of the labelled spans that were found; 1 where nothing is labelled."""
        return self.right_n / self.labelled_n if self.labelled_n else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both; 1 where nothing was found and nothing is labelled."""
        either_n = self.found_n + self.labelled_n
        return 2 * self.right_n / either_n if either_n else 1.0


@dataclass(frozen=True)
class EntityScores:
    """Scores of one extractor on one set of captions."""

    captions_n: int

    heads: MatchScore
    """By the span of the noun alone."""

    phrases: MatchScore
    """By the span of the noun with its modifiers."""


def score_entities(found: Sequence[Sequence[Entity]], labelled: Sequence[LabelledCaption]) -> EntityScores:
    """Score the entities found in each labelled caption; an entity given twice is right once.

    Raises:
        OcclusionError: `lengths_differ`: not one list for each caption.
    """
    if len(found) != len(labelled):
        raise OcclusionError(
            "lengths_differ", f"found must have {len(labelled)} lists, one for each caption; got {len(found)}."
        )
    return EntityScores(
        len(labelled),
        _match([(_head_spans(ours), _head_spans(row.entities)) for ours, row in zip(found, labelled, strict=True)]),
        _match([(_phrase_spans(ours), _phrase_spans(row.entities)) for ours, row in zip(found, labelled, strict=True)]),
    )


def mistakes(found: Sequence[Entity], labelled: LabelledCaption) -> tuple[list[str], list[str]]:
    """Return what is too much and what is missing in one caption, as `phrase -> head`, both spans compared."""
    too_much = [_pair(one) for one in found if one not in labelled.entities]
    missing = [_pair(one) for one in labelled.entities if one not in found]
    return too_much, missing


def _match(spans: list[tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]]]) -> MatchScore:
    return MatchScore(
        found_n=sum(ours.total() for ours, _ in spans),
        labelled_n=sum(gold.total() for _, gold in spans),
        right_n=sum((ours & gold).total() for ours, gold in spans),
    )


def _head_spans(entities: Sequence[Entity]) -> Counter[tuple[int, int]]:
    return Counter((entity.head_start, entity.head_end) for entity in entities)


def _phrase_spans(entities: Sequence[Entity]) -> Counter[tuple[int, int]]:
    return Counter((entity.start, entity.end) for entity in entities)


def _pair(entity: Entity) -> str:
    return f"{entity.phrase} -> {entity.head}"
