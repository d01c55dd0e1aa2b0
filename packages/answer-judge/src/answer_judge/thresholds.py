"""Which cosine means "the same" belongs to the embedding model: the values known, each with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from answer_judge.errors import ThresholdError

PUBLISHED_THRESHOLD = 0.85
"""Cosine of BGE-M3 dense embeddings above which an answer counts as right. Source: arXiv 2508.04453."""


@dataclass(frozen=True)
class KnownThreshold:
    """The cosine to exceed with one embedding model."""

    model: str
    """The last part of the model's hub id or folder, any case."""
    cosine: float
    """An answer is right above it; in [-1, 1]."""
    source: str
    """Who chose it, on what."""


KNOWN_THRESHOLDS = (
    KnownThreshold("bge-m3", PUBLISHED_THRESHOLD, "arXiv 2508.04453"),
    KnownThreshold(
        "all-MiniLM-L6-v2",
        0.81,
        "choose_threshold on labelled_pairs(): 4 of 624 wrong and 106 of 312 right pairs pass",
    ),
)
"""Thresholds by model; `choose_threshold(threshold_curve(embedder))` finds one for any other."""


def threshold_of(embedder: object) -> float:
    """Return the threshold of an embedder's model, told by its `model_name`.

    A folder counts as the model that it is named after.

    >>> from types import SimpleNamespace
    >>> threshold_of(SimpleNamespace(model_name="BAAI/bge-m3"))
    0.85

    Raises:
        ThresholdError: no threshold is known for the model, or the embedder has no `model_name`.
    """
    name: str | None = getattr(embedder, "model_name", None)
    for known in KNOWN_THRESHOLDS:
        if name is not None and _last_part(name) == known.model.casefold():
            return known.cosine
    shown = f"the model {name!r}" if name else f"{type(embedder).__name__}, which has no model_name"
    models = ", ".join(known.model for known in KNOWN_THRESHOLDS)
    raise ThresholdError(
        f"no threshold is known for {shown}; known: {models}. Pass threshold=..., found by choose_threshold."
    )


def _last_part(name: str) -> str:
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2].casefold()
