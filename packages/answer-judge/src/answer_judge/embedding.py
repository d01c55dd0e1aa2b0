"""The embedding rung: each distinct string embedded once, in batches of similar length."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from answer_judge.errors import EmbeddingError
from answer_judge.verdicts import Opinion, Pair


class Embedder(Protocol):
    """Turns texts into vectors."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return an array `(N, D)`, one row for each text; rows need no unit length."""
        ...


class EmbeddingRung:
    """Accepts answers whose embedding is close to the reference's; a list counts as one string.

    Decides every pair, so it stands last. Vectors are kept for the rung's lifetime: a string is embedded once.

    Source: arXiv 2508.04453, cosine of BGE-M3 dense embeddings > 0.85.
    """

    def __init__(
        self, embedder: Embedder, *, threshold: float = 0.85, chunk_size: int = 1024, name: str = "embedding"
    ) -> None:
        """Take the embedder, the cosine to exceed, and how many strings to hand over in one call."""
        self.name, self.threshold = name, threshold
        self._embedder, self._chunk_size = embedder, chunk_size
        self._unit_vectors: dict[str, NDArray[np.float32]] = {}
        self._lock = threading.Lock()

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order.

        Raises:
            EmbeddingError: the embedder returned the wrong shape or numbers that are not finite.
        """
        keyed = [(_key(pair.answer), _key(pair.reference)) for pair in pairs]
        self._learn(text for pair in keyed for text in pair)
        return [self._opinion(float(self._unit_vectors[said] @ self._unit_vectors[asked])) for said, asked in keyed]

    def _opinion(self, score: float) -> Opinion:
        sign = ">" if score > self.threshold else "<="
        return Opinion(score > self.threshold, score, f"cosine {score:.3f} {sign} {self.threshold}")

    def _learn(self, texts: Iterable[str]) -> None:
        with self._lock:
            new = sorted({text for text in texts if text not in self._unit_vectors}, key=lambda text: (len(text), text))
            for start in range(0, len(new), self._chunk_size):
                chunk = new[start : start + self._chunk_size]
                self._unit_vectors.update(zip(chunk, _unit(self._embedder(chunk), len(chunk)), strict=True))


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()


def _unit(vectors: NDArray[np.floating], count: int) -> NDArray[np.float32]:
    vectors_N_D = np.asarray(vectors, dtype=np.float32)
    if vectors_N_D.ndim != 2 or len(vectors_N_D) != count:
        raise EmbeddingError(f"an embedder must return ({count}, D); got {vectors_N_D.shape}")
    lengths_N_1 = np.linalg.norm(vectors_N_D, axis=1, keepdims=True)
    if not np.isfinite(vectors_N_D).all() or (lengths_N_1 == 0).any():
        raise EmbeddingError("an embedder must return finite vectors that are not zero")
    return vectors_N_D / lengths_N_1
