"""Negative controls: names that are certainly not in the image, and what they say of the judge."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import floor, inf, nextafter

from code_caption.words.hypernyms import HYPERNYMS
from code_caption.words.names import names_among, names_one_of, spelling
from code_caption.words.phrases import mentions


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
    near = {spelling(concept) for concept in concepts}
    groups = [{spelling(name) for name in (broad, *members)} for broad, members in hypernyms.items()]
    there = {name for text in texts for name in names_among(text, frozenset[str]().union(*groups))}
    near = near.union(*(group for group in groups if group & there))
    return next((name for name in order if not _might_be_there(name, texts, near)), "")


def _might_be_there(name: str, texts: Sequence[str], near: Collection[str]) -> bool:
    return names_one_of(name, near) or any(mentions(text, name) for text in texts)


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


def calibrate(p_yes: Sequence[float], *, threshold: float = 0.5, most_accepted: float = 0.05) -> Calibration:
    """Count false acceptances, and say which threshold would allow no more than a share of them.

    Args:
        p_yes: of controls, one for each image.
        threshold: the one in use.
        most_accepted: share of controls that may pass the threshold that is returned.

    >>> calibrate([0.1, 0.2, 0.9, 0.3], most_accepted=0.25)
    Calibration(controls=4, accepted=1, threshold=0.5)
    >>> round(calibrate([0.1, 0.7, 0.9, 0.3], most_accepted=0.25).threshold, 6)
    0.7
    """
    ordered = sorted(p_yes)
    if not ordered:
        return Calibration(0, 0, threshold)
    accepted = sum(p >= threshold for p in ordered)
    # Next to a whole number, the product of two floats may fall below it.
    refused = ordered[: len(ordered) - floor(len(ordered) * most_accepted + 1e-9)]
    least = nextafter(refused[-1], inf) if refused else 0.0
    return Calibration(len(ordered), accepted, inf if least > 1 else max(0.5, least))
