"""Pairs of nearly equal images: reading, checking, splitting, filtering and making them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svco_loss.lazy_names import loader

if TYPE_CHECKING:
    from svco_loss.pairs.changes import CHANGE_TOLERANCE, Minimality, minimality, pair_minimalities
    from svco_loss.pairs.checks import check_pairs, open_pair, wrong_text
    from svco_loss.pairs.countercurate import read_countercurate
    from svco_loss.pairs.datasets import dataset_to_pairs, pairs_to_dataset
    from svco_loss.pairs.diversifying import Diversified, Rewriter, Rewriting, diversify_pairs
    from svco_loss.pairs.embedding_cache import CachedImageEmbedder
    from svco_loss.pairs.filter_rules import PairFilter, PairSimilarity
    from svco_loss.pairs.filtering import FilteredPairs, filter_pairs, pair_similarities
    from svco_loss.pairs.finecops import FineCopsFields, read_finecops
    from svco_loss.pairs.mirroring import mirror_pairs
    from svco_loss.pairs.mvc import CheckedPairs, ImagePair, RefusedPair, read_mvc, told_apart, write_mvc
    from svco_loss.pairs.occluded import occlusion_pairs
    from svco_loss.pairs.preferences import ExportedRows, pairs_to_trl
    from svco_loss.pairs.ranking import most_minimal
    from svco_loss.pairs.sampling import sample_by_category
    from svco_loss.pairs.sides import swap_sides
    from svco_loss.pairs.similarity import (
        PUBLISHED_SEMANTIC_MODEL,
        PUBLISHED_VISUAL_MODEL,
        ImageEmbedder,
        load_image_embedder,
    )
    from svco_loss.pairs.splits import PUBLISHED_VALIDATION, Split, split_pairs
    from svco_loss.pairs.swift import pairs_to_swift, swift_to_pairs
    from svco_loss.pairs.texts import is_text

__all__ = [
    "CHANGE_TOLERANCE",
    "PUBLISHED_SEMANTIC_MODEL",
    "PUBLISHED_VALIDATION",
    "PUBLISHED_VISUAL_MODEL",
    "CachedImageEmbedder",
    "CheckedPairs",
    "Diversified",
    "ExportedRows",
    "FilteredPairs",
    "FineCopsFields",
    "ImageEmbedder",
    "ImagePair",
    "Minimality",
    "PairFilter",
    "PairSimilarity",
    "RefusedPair",
    "Rewriter",
    "Rewriting",
    "Split",
    "check_pairs",
    "dataset_to_pairs",
    "diversify_pairs",
    "filter_pairs",
    "is_text",
    "load_image_embedder",
    "minimality",
    "mirror_pairs",
    "most_minimal",
    "occlusion_pairs",
    "open_pair",
    "pair_minimalities",
    "pair_similarities",
    "pairs_to_dataset",
    "pairs_to_swift",
    "pairs_to_trl",
    "read_countercurate",
    "read_finecops",
    "read_mvc",
    "sample_by_category",
    "split_pairs",
    "swap_sides",
    "swift_to_pairs",
    "told_apart",
    "write_mvc",
    "wrong_text",
]

_HOMES: dict[str, tuple[str, ...]] = {
    "changes": (
        "CHANGE_TOLERANCE",
        "Minimality",
        "minimality",
        "pair_minimalities",
    ),
    "checks": (
        "check_pairs",
        "open_pair",
        "wrong_text",
    ),
    "countercurate": ("read_countercurate",),
    "datasets": (
        "dataset_to_pairs",
        "pairs_to_dataset",
    ),
    "diversifying": (
        "Diversified",
        "Rewriter",
        "Rewriting",
        "diversify_pairs",
    ),
    "embedding_cache": ("CachedImageEmbedder",),
    "filter_rules": (
        "PairFilter",
        "PairSimilarity",
    ),
    "filtering": (
        "FilteredPairs",
        "filter_pairs",
        "pair_similarities",
    ),
    "finecops": (
        "FineCopsFields",
        "read_finecops",
    ),
    "mirroring": ("mirror_pairs",),
    "mvc": (
        "CheckedPairs",
        "ImagePair",
        "RefusedPair",
        "read_mvc",
        "told_apart",
        "write_mvc",
    ),
    "occluded": ("occlusion_pairs",),
    "preferences": (
        "ExportedRows",
        "pairs_to_trl",
    ),
    "ranking": ("most_minimal",),
    "sampling": ("sample_by_category",),
    "sides": ("swap_sides",),
    "similarity": (
        "ImageEmbedder",
        "PUBLISHED_SEMANTIC_MODEL",
        "PUBLISHED_VISUAL_MODEL",
        "load_image_embedder",
    ),
    "splits": (
        "PUBLISHED_VALIDATION",
        "Split",
        "split_pairs",
    ),
    "swift": (
        "pairs_to_swift",
        "swift_to_pairs",
    ),
    "texts": ("is_text",),
}

__getattr__ = loader("svco_loss.pairs", _HOMES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
