"""Negative controls: names that are certainly not in the image, and what they say of the judge."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import floor, inf, nextafter

from code_caption.errors import EvidenceError, SettingsError
from code_caption.words.nearness import might_be_there, near_spellings
from code_caption.words.word_lists import HYPERNYMS


def pick_control(
    names: Sequence[str],
    captions: Sequence[str],
    concepts: Collection[str],
    *,
    seed: str,
    hypernyms: Mapping[str, Collection[str]] = HYPERNYMS,
) -> str:
    """Draw a name that no caption holds and no box has; empty where every name might be there.

    Left out is also what might be there under another name: a part or a kind of it (`car wheel`, `sports car` beside a
    `car`), broad words for it, and what shares a broad word with it (`officer` beside a `man`).

    Args:
        names: what to draw from.
        captions: all that was said of the image.
        concepts: what was looked for in it.
        seed: decides the draw; the id of the image, so that neighbours do not matter.
        hypernyms: broad word to its members, both in the singular.

    >>> pick_control(["duck", "cup"], ["A duck on a pond."], ["duck"], seed="scene-17")
    'cup'
    """
    order = list(names)
    random.Random(f"control/{seed}").shuffle(order)
    texts = (*captions, *concepts)
    near = near_spellings(concepts, texts, hypernyms)
    return next((name for name in order if not might_be_there(name, texts, near)), "")


@dataclass(frozen=True)
class Calibration:
    """What controls say of a judge."""

    controls: int
    """How many were asked."""
    accepted: int
    """How many passed the threshold: false acceptances."""
    threshold: float
    """Least p(yes) that lets no more than the wished share of controls pass; 0.5 at least, infinite where p(yes) is 1
    too often."""

    @property
    def accepted_share(self) -> float | None:
        """Share of controls that passed; None: none was asked."""
        return self.accepted / self.controls if self.controls else None


def calibrate(p_yes: Sequence[float], *, threshold: float, most_accepted: float = 0.05) -> Calibration:
    """Count false acceptances, and say which threshold would allow no more than a share of them.

    Args:
        p_yes: of controls, one for each image.
        threshold: the one in use.
        most_accepted: share of controls that may pass the threshold that is returned.

    Raises:
        SettingsError: `most_accepted` or `threshold` does not lie between 0 and 1.
        EvidenceError: `answer`: one of `p_yes` is no probability.

    >>> calibrate([0.1, 0.2, 0.9, 0.3], threshold=0.5, most_accepted=0.25)
    Calibration(controls=4, accepted=1, threshold=0.5)
    >>> round(calibrate([0.1, 0.7, 0.9, 0.3], threshold=0.5, most_accepted=0.25).threshold, 6)
    0.7
    """
    for name, value in (("most_accepted", most_accepted), ("threshold", threshold)):
        if not 0 <= value <= 1:
            raise SettingsError(name, f"{name} must lie between 0 and 1; got {value}.")
    if odd := [p for p in p_yes if not 0 <= p <= 1]:
        raise EvidenceError("answer", f"p_yes must be probabilities, 0 to 1; got {odd[0]}.")
    ordered = sorted(p_yes)
    if not ordered:
        return Calibration(0, 0, threshold)
    accepted = sum(p >= threshold for p in ordered)
    # Next to a whole number, the product of two floats may fall below it.
    refused = ordered[: len(ordered) - floor(len(ordered) * most_accepted + 1e-9)]
    least = nextafter(refused[-1], inf) if refused else 0.0
    return Calibration(len(ordered), accepted, inf if least > 1 else max(0.5, least))
