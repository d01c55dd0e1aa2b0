"""Texts as vectors, each text once."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from selfsynthx.settings import SynthSettings

BOOK = "vectors.sqlite"
"""File of the run folder that keeps vectors."""

MINILM = "minilm"


def embedder_config(settings: SynthSettings) -> dict[str, Any]:
    """What vectors depend on, for the fingerprint of a stage: a name stands for itself, a folder for its files."""
    from llava_train import model_digest

    return {"embedder": model_digest(settings.embedder)}


def load_run_embedder(settings: SynthSettings, run_dir: Path) -> Any:
    """The run's embedder: each distinct text once; what it embedded before is looked up in the run folder."""
    return _load(settings.embedder, settings.device, run_dir)


@lru_cache(1)
def _load(name: str, device: str, run_dir: Path) -> Any:
    from answer_judge import CachedEmbedder, load_embedder

    embedder = load_embedder(name, device=None if device == "auto" else device)
    return CachedEmbedder(embedder, run_dir / BOOK)
