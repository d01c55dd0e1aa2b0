"""Texts as vectors, each text once."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from selfsynthx.settings import SynthSettings

BOOK = "vectors.sqlite"
"""File of the run folder that keeps vectors."""

MINILM = "minilm"


def load_run_embedder(settings: SynthSettings, run_dir: Path) -> Any:
    """The run's embedder; what it embedded before is looked up in the run folder."""
    return _load(settings.embedder, settings.device, run_dir)


@lru_cache(1)
def _load(name: str, device: str, run_dir: Path) -> Any:
    from answer_judge import CachedEmbedder, load_embedder

    embedder = load_embedder(name, device=None if device == "auto" else device)
    return CachedEmbedder(embedder, run_dir / BOOK)


def embed_distinct(embedder: Any, texts: Sequence[str]) -> Any:
    """Vectors `(N, D)` of texts, each distinct text embedded once."""
    distinct = list(dict.fromkeys(texts))
    places = {text: place for place, text in enumerate(distinct)}
    return embedder(distinct)[[places[text] for text in texts]]
