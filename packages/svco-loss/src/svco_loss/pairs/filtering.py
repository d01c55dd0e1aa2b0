"""Hard but meaningful pairs: images that show nearly the same and still look different."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.embedded_files import embed_files
from svco_loss.pairs.filter_rules import PairFilter, PairSimilarity
from svco_loss.pairs.mvc import ImagePair, RefusedPair, told_apart
from svco_loss.pairs.similarity import ImageEmbedder
from svco_loss.pairs.vectors import cosine

if TYPE_CHECKING:
    from box_space import ImageError


@dataclass(frozen=True)
class FilteredPairs:
    """What a filter kept, what it refused, and by which figures."""

    pairs: tuple[ImagePair, ...]
    """In order."""
    refused: tuple[RefusedPair, ...]
    """In order; reasons are `not_alike`, `too_alike`, `dropped_category`, `too_narrow` or those of
    `box_space.ImageError`."""
    similarities: Mapping[int, PairSimilarity]
    """By row, of all pairs that were judged: a rule with other thresholds needs no new embeddings."""

    @property
    def counts(self) -> dict[str, int]:
        """Pairs that were `kept`, and refused ones by reason."""
        return {"kept": len(self.pairs), **dict(sorted(Counter(one.reason for one in self.refused).items()))}


def pair_similarities(
    pairs: Sequence[ImagePair], semantic: ImageEmbedder, visual: ImageEmbedder, *, image_root: Path | None = None
) -> list[PairSimilarity | RefusedPair]:
    """Return for each pair how alike its images are, or which image is bad; each distinct image is embedded once.

    Raises:
        EmbeddingError: an embedder's vectors are not what they must be.
        SvcoLossError: box-space is not installed.
    """
    files = embed_files(_paths(pairs), (semantic, visual), image_root=image_root)

    def similarity(pair: ImagePair) -> PairSimilarity | RefusedPair:
        if bad := _bad_image(pair, files.errors):
            return bad
        sides = zip(files.vectors[pair.image_a], files.vectors[pair.image_b], strict=True)
        return PairSimilarity(*(cosine(one, other) for one, other in sides))

    return [similarity(pair) for pair in pairs]


def filter_pairs(
    pairs: Sequence[ImagePair],
    semantic: ImageEmbedder,
    visual: ImageEmbedder,
    *,
    rule: PairFilter | None = None,
    image_root: Path | None = None,
) -> FilteredPairs:
    """Return the pairs that a rule keeps and why others are refused; the same for any order of the pairs.

    Images of exempt pairs are opened but not embedded, those of dropped ones not opened.

    Raises:
        EmbeddingError: an embedder's vectors are not what they must be.
        SvcoLossError: two pairs have the same row, or box-space is not installed.
    """
    rule = rule or PairFilter()
    _check_rows(pairs)
    judged = [pair for pair in pairs if pair.category not in rule.exempt | rule.dropped]
    exempt = [pair for pair in pairs if pair.category in rule.exempt]
    found = pair_similarities(judged, semantic, visual, image_root=image_root)
    by_row = dict(zip((pair.row for pair in judged), found, strict=True))
    errors = embed_files(_paths(exempt), (), image_root=image_root).errors

    def verdict(pair: ImagePair) -> ImagePair | RefusedPair:
        similarity = by_row.get(pair.row)
        if isinstance(similarity, RefusedPair):
            return similarity
        return rule.refusal(pair, similarity) or _bad_image(pair, errors) or pair

    told = told_apart(verdict(pair) for pair in pairs)
    scores = {row: one for row, one in by_row.items() if isinstance(one, PairSimilarity)}
    return FilteredPairs(told.pairs, told.refused, scores)


def _paths(pairs: Sequence[ImagePair]) -> list[str]:
    return [path for pair in pairs for path in (pair.image_a, pair.image_b)]


def _bad_image(pair: ImagePair, errors: Mapping[str, ImageError]) -> RefusedPair | None:
    for path in (pair.image_a, pair.image_b):
        if path in errors:
            return RefusedPair(pair.row, errors[path].reason, str(errors[path]))
    return None


def _check_rows(pairs: Sequence[ImagePair]) -> None:
    row, times = next(iter(Counter(pair.row for pair in pairs).most_common(1)), (0, 0))
    if times > 1:
        raise SvcoLossError(f"pairs must have rows of their own; {times} have row {row}. Number them anew.")
