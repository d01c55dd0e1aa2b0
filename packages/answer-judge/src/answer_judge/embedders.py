"""Embedders: any sentence-transformers model, and BGE-M3 through FlagEmbedding."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answer_judge.errors import MissingExtra


class SentenceTransformersEmbedder:
    """Embeds with a sentence-transformers model.

    Raises:
        MissingExtra: sentence-transformers is not installed.
    """

    def __init__(self, model: str | PathLike[str], *, device: str | None = None, batch_size: int = 64) -> None:
        """Load a model folder or hub id."""
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError as missing:
            raise MissingExtra(
                "SentenceTransformersEmbedder needs sentence-transformers: pip install 'answer-judge[st]'"
            ) from missing
        self._model: Any = SentenceTransformer(fspath(model), device=device)
        self._batch_size = batch_size

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return unit vectors `(N, D)`."""
        return self._model.encode(
            list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
        )


class BgeM3Embedder:
    """Embeds with the dense vectors of a BGE-M3 model through FlagEmbedding.

    Source: Chen et al. 2024, M3-Embedding; arXiv 2508.04453 judges with it.

    Raises:
        MissingExtra: FlagEmbedding is not installed.
    """

    def __init__(
        self,
        model: str | PathLike[str] = "BAAI/bge-m3",
        *,
        device: str | None = None,
        batch_size: int = 64,
        half_precision: bool = False,
        max_tokens: int = 128,
    ) -> None:
        """Load a model folder or hub id; `half_precision` is for GPUs."""
        try:
            from FlagEmbedding import BGEM3FlagModel
        except ModuleNotFoundError as missing:
            raise MissingExtra("BgeM3Embedder needs FlagEmbedding: pip install 'answer-judge[bge]'") from missing
        self._model: Any = BGEM3FlagModel(fspath(model), use_fp16=half_precision, devices=device)
        self._batch_size, self._max_tokens = batch_size, max_tokens

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return unit vectors `(N, D)`."""
        encoded = self._model.encode(list(texts), batch_size=self._batch_size, max_length=self._max_tokens)
        return encoded["dense_vecs"]
