"""Which consistency rules are applied, and how strictly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from code_caption.checks.geometry import LEAST_MEMBERS, LEAST_PAIR_SHARE, LINK_SCALE, PAIR_GROWTH
from code_caption.errors import SettingsError

_WHOLE_NUMBERS = ("least_elements", "least_members", "most_pairs")
_CHOICES = {"counting": ("off", "drop", "shrink"), "pair_claims": ("whole", "crop")}


@dataclass(frozen=True)
class Rules:
    """The rules of one way of filtering. The published code asks all questions and decides nothing: these are ours.

    >>> Rules(existence_threshold=50)
    Traceback (most recent call last):
    ...
    code_caption.errors.SettingsError: existence_threshold must lie between 0 and 1; got 50.

    Raises:
        SettingsError: a number is out of range, or a choice is unknown.
    """

    existence: bool = True
    """A box whose name the model does not confirm is dropped, with all that was said of it."""
    existence_threshold: float = 0.5
    """Least p(yes)."""
    control: bool = True
    """A box must be at least as likely as a name that is certainly not there, asked of the same image."""
    counting: Literal["off", "drop", "shrink"] = "shrink"
    """Several boxes of one name that the model does not count: drop them, or keep those with the highest scores."""
    counting_threshold: float = 0.5
    """Least p(yes)."""
    reranking: bool = True
    """Of several captions, the one whose phrases are confirmed best; off: the one with the highest log-probability."""
    strict: bool = True
    """A caption without a rejected phrase goes first (one that claims nothing after those that do), and a best one with
    a rejected phrase is dropped (its box stays). Off: it is dropped only if no fewer are rejected than confirmed. Pairs
    are always strict."""
    claims_threshold: float = 0.5
    """Least p(yes) of a phrase."""
    pair_claims: Literal["whole", "crop"] = "whole"
    """Phrases about a pair are checked in the whole image (published), where pairs and the image's caption share
    answers, or in the cut around both, framed as `Interview.pair_view`."""
    check_captions: bool = True
    """Captions of the whole image compete as well, those that claim something (absent in the published code); off: the
    likeliest is kept."""
    reading: bool = True
    """Text is kept if two readings agree, and belongs to the smallest box around it."""
    reading_similarity: float = 0.8
    """Least similarity of two readings, 1 - edits / length of the longer."""
    least_elements: int = 1
    """An image with fewer elements and members of groups left is dropped."""
    link_scale: float = LINK_SCALE
    """Boxes of one name group together if they meet once scaled by this."""
    least_members: int = LEAST_MEMBERS
    """Fewer are no group."""
    least_pair_share: float = LEAST_PAIR_SHARE
    """Each of a pair covers more than this share of the image."""
    pair_growth: float = PAIR_GROWTH
    """A pair meets once both grow by this share on every side."""
    most_pairs: int | None = None
    """Of an image, those with the smallest box around both. None: all."""

    def __post_init__(self) -> None:
        for name in _WHOLE_NUMBERS:
            if type(getattr(self, name)) is not int and not (name == "most_pairs" and self.most_pairs is None):
                raise SettingsError("rules", f"{name} must be a whole number; got {getattr(self, name)!r}.")
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name.endswith(("threshold", "similarity", "share")) and not 0 <= value <= 1:
                raise SettingsError("rules", f"{one.name} must lie between 0 and 1; got {value}.")
        for name, known in _CHOICES.items():
            if getattr(self, name) not in known:
                raise SettingsError("rules", f"{name} must be one of {', '.join(known)}; got {getattr(self, name)!r}.")
        for name, least in (("least_elements", 0), ("least_members", 2), ("link_scale", 1), ("pair_growth", 0)):
            if not getattr(self, name) >= least:
                raise SettingsError("rules", f"{name} must be at least {least}; got {getattr(self, name)}.")
        if self.most_pairs is not None and self.most_pairs < 0:
            raise SettingsError("rules", f"most_pairs must be None or at least 0; got {self.most_pairs}.")


UNFILTERED = Rules(existence=False, control=False, counting="off", reranking=False, reading=False, least_elements=0)
"""Everything as it was generated, whatever it names or claims: the control. Only captions and texts that were cut off
at the longest length are left out, under these rules as under all others."""
