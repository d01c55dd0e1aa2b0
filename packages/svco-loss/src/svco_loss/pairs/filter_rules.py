"""The rule by which pairs are kept or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.mvc import ImagePair, RefusedPair


class PairSimilarity(NamedTuple):
    """How alike the images of a pair are, as cosines in [-1, 1]; the same for either order of the images."""

    semantic: float
    """What they show (CLIP, SigLIP)."""
    visual: float
    """How they look (DINO)."""


@dataclass(frozen=True)
class PairFilter:
    """Which pairs are kept. Source: arXiv 2502.13928, whose values are the defaults.

    >>> rule = PairFilter(visual_below=0.6)
    >>> rule.refusal(ImagePair("What?", "a.png", "b.png", "A cup.", "A mug.", row=7), PairSimilarity(0.9, 0.8))
    RefusedPair(row=7, reason='too_alike', detail='visual similarity 0.8000 must lie below 0.6')
    """

    semantic_above: float = 0.7
    """Pairs at or under this cosine are refused as `not_alike`: they differ in more than one thing."""
    visual_below: float = 0.5
    """Pairs at or over this cosine are refused as `too_alike`: no model could see the difference."""
    exempt: frozenset[str] = frozenset({"left_right"})
    """Categories that are kept whatever their similarity: mirrored images are alike to every embedder."""
    dropped: frozenset[str] = frozenset({"order"})
    """Categories that are refused as `dropped_category`."""

    def __post_init__(self) -> None:
        for name in ("semantic_above", "visual_below"):
            if not -1 <= getattr(self, name) <= 1:
                raise SvcoLossError(f"{name} must lie in [-1, 1] (a cosine); got {getattr(self, name)}")
        if both := sorted(self.exempt & self.dropped):
            raise SvcoLossError(f"a category is either exempt or dropped; {both[0]!r} is both")

    def refusal(self, pair: ImagePair, similarity: PairSimilarity | None) -> RefusedPair | None:
        """Return why a pair is refused, None if it is kept; exempt and dropped ones need no similarity.

        Raises:
            SvcoLossError: a pair that must be judged has no similarity.
        """
        if pair.category in self.dropped:
            return RefusedPair(pair.row, "dropped_category", f"pairs of category {pair.category!r} are dropped")
        if pair.category in self.exempt:
            return None
        if similarity is None:
            raise SvcoLossError(f"row {pair.row} of category {pair.category!r} needs a similarity to be judged")
        if not similarity.semantic > self.semantic_above:
            detail = f"semantic similarity {similarity.semantic:.4f} must lie above {self.semantic_above}"
            return RefusedPair(pair.row, "not_alike", detail)
        if not similarity.visual < self.visual_below:
            detail = f"visual similarity {similarity.visual:.4f} must lie below {self.visual_below}"
            return RefusedPair(pair.row, "too_alike", detail)
        return None
