"""How good is an explanation: does it name the label, how much of what is visible, and is what it names visible?"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from answer_judge.concept_naming import NAMING_SHARE, Naming
from answer_judge.errors import SelectionError, VerifierError
from answer_judge.explanations import explanation_of
from answer_judge.labels import LabelSet


class ConceptVisibility(Protocol):
    """Tells what one image shows: a vision-language model asked about each concept, for example."""

    def __call__(self, concepts: Sequence[str], /) -> Sequence[float]:
        """Return for each concept the probability in [0, 1] that the image shows it."""
        ...


@dataclass(frozen=True)
class ExplanationQuality:
    """What the rules find in one answer about one image."""

    exists: bool
    """Whether it explains anything; see `explanation_of`."""
    names_label: bool
    """Whether it claims the image's label and no other of the set."""
    coverage: float | None
    """Share of the image's selected concepts that it names; None if none is selected."""
    grounding: float | None
    """Share of the label's concepts it names that the image shows; None if it names none or nobody was asked."""
    named: tuple[Naming, ...]
    """The label's concepts that it names, in the order of `label_concepts`, then of `selected`."""
    visible: tuple[bool, ...] | None
    """For each of `named`, whether the image shows it; None if nobody was asked."""
    words: tuple[str, ...]
    """The distinct words that are left without the label and empty words."""


def explanation_quality(
    text: str,
    *,
    label_set: LabelSet,
    label: str,
    selected: Sequence[str],
    label_concepts: Sequence[str] = (),
    visible: Collection[str] | ConceptVisibility | None = None,
    visible_above: float = 0.5,
    share: float = NAMING_SHARE,
    synonyms: Iterable[Iterable[str]] = (),
    frame_words: Iterable[str] = (),
) -> ExplanationQuality:
    """Return how well an answer explains an image's label by the label's concepts.

    Concepts are looked for outside the label's own name: `Red-tailed Hawk` does not name a red tail.

    Args:
        text: the answer.
        label_set: all labels.
        label: the image's; any of its names.
        selected: the concepts that stand out in this image (`select_concepts`): coverage is of these.
        label_concepts: all concepts of the label, of which the named ones are checked, like the `selected` ones.
        visible: the concepts known to be in the image, or a callable that is given those named, in one call.
        visible_above: the probability to exceed.
        share: as in `named_concepts`, like `synonyms`.
        synonyms: groups of words to read as one.
        frame_words: as in `explanation_of`.

    >>> gulls = LabelSet(["Western Gull", "California Gull"])
    >>> quality = explanation_quality("A Western Gull: it has pink legs and a red crown.", label_set=gulls,
    ...     label="Western Gull", selected=["pink legs", "dark gray wings"], label_concepts=["red crown"],
    ...     visible={"pink legs"})
    >>> quality.coverage, quality.grounding, quality.names_label
    (0.5, 0.5, True)

    Raises:
        LabelError: no label of the set has this name.
        SelectionError: what `named_concepts` refuses, or a string in the place of a list.
        VerifierError: `visible` returned another number of probabilities, or one outside [0, 1].

    Source: our own measures; arXiv 2502.14044 has a language model judge explanations (`CognitionJudge`).
    """
    for name, value in (("selected", selected), ("label_concepts", label_concepts), ("visible", visible)):
        if isinstance(value, str):
            raise SelectionError(f"{name} must be a list of phrases; got the string {value!r}")
    chosen = list(dict.fromkeys(selected))
    asked = list(dict.fromkeys([*label_concepts, *chosen]))
    found = explanation_of(text, label_set, concepts=asked, share=share, synonyms=synonyms, frame_words=frame_words)
    named = [naming.concept for naming in found.named]
    shown = None if visible is None else _shown(named, visible, visible_above)
    return ExplanationQuality(
        exists=found.exists,
        names_label=label_set.accepts(text, label),
        coverage=len(set(named) & set(chosen)) / len(chosen) if chosen else None,
        grounding=sum(shown) / len(shown) if shown else None,
        named=found.named,
        visible=shown,
        words=found.words,
    )


def _shown(named: list[str], visible: Collection[str] | ConceptVisibility, above: float) -> tuple[bool, ...]:
    if not callable(visible):
        return tuple(concept in visible for concept in named)
    probabilities = [float(probability) for probability in visible(named)] if named else []
    if len(probabilities) != len(named):
        raise VerifierError(f"visible must return {len(named)} numbers, one a concept; got {len(probabilities)}")
    for concept, probability in zip(named, probabilities, strict=True):
        if not (math.isfinite(probability) and 0 <= probability <= 1):
            raise VerifierError(f"visible must return numbers in [0, 1]; got {probability} for {concept!r}")
    return tuple(probability > above for probability in probabilities)
