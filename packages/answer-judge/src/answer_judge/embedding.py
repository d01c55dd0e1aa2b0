"""The embedding rung: each distinct string embedded once, in batches of similar length."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from answer_judge.errors import EmbeddingError
from answer_judge.thresholds import threshold_of
from answer_judge.verdicts import Opinion, Pair

Vector = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors.

    May have a `model_name`, which tells its threshold, and an `identity`, which tells `CachedEmbedder` when a vector
    may be used again.
    """

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return an array `(N, D)`, one row for each text; rows need no unit length."""
        ...


class EmbeddingRung:
    """Accepts answers whose embedding is close to the reference's; a list counts as one string.

    Decides every pair, so it stands last. A string is embedded once for as long as its vector is kept: `max_vectors`
    of them, those used last; a call holds no more either (65,536 vectors of BGE-M3 take 270 MB). Threads may share it.

    Source: arXiv 2508.04453, cosine of BGE-M3 dense embeddings > 0.85.
    """

    def __init__(
        self,
        embedder: Embedder,
        *,
        threshold: float | None = None,
        chunk_size: int = 1024,
        max_characters: int = 500,
        max_vectors: int = 65_536,
        name: str = "embedding",
    ) -> None:
        """Take the embedder and the cosine to exceed, by default that of its model (`threshold_of`).

        `chunk_size` strings are handed over in one call. Longer texts than `max_characters` are rejected, because a
        model cuts what it cannot read and would compare the beginnings.

        Raises:
            ThresholdError: no threshold is given, and none is known for the model.
        """
        self.name, self.threshold = name, threshold_of(embedder) if threshold is None else threshold
        self._embedder, self._chunk_size = embedder, chunk_size
        self._max_characters, self._max_vectors = max_characters, max(2, max_vectors)
        self._unit_vectors: OrderedDict[str, Vector] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return one opinion for each pair, in order.

        Raises:
            EmbeddingError: the embedder returned the wrong shape or numbers that are not finite.
        """
        block_size = self._max_vectors // 2
        blocks = (pairs[start : start + block_size] for start in range(0, len(pairs), block_size))
        return [opinion for block in blocks for opinion in self._block(block)]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_unit_vectors": OrderedDict()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def _block(self, pairs: Sequence[Pair]) -> list[Opinion]:
        keys = {text: _key(text) for text in {text for pair in pairs for text in (pair.answer, pair.reference)}}
        keyed = [(keys[pair.answer], keys[pair.reference]) for pair in pairs]
        short = [pair for pair in keyed if self._is_short(pair)]
        vectors = self._vectors_of({text: None for pair in short for text in pair})
        return [self._opinion(pair, vectors) for pair in keyed]

    def _is_short(self, pair: tuple[str, str]) -> bool:
        return max(map(len, pair)) <= self._max_characters

    def _opinion(self, pair: tuple[str, str], vectors: dict[str, Vector]) -> Opinion:
        if not self._is_short(pair):
            longest = max(map(len, pair))
            return Opinion(False, 0.0, f"too long to compare: {longest} characters, at most {self._max_characters}")
        score = min(1.0, max(-1.0, float(vectors[pair[0]] @ vectors[pair[1]])))
        sign = ">" if score > self.threshold else "<="
        return Opinion(score > self.threshold, score, f"cosine {score:.3f} {sign} {self.threshold}")

    def _vectors_of(self, texts: Iterable[str]) -> dict[str, Vector]:
        """The vectors of distinct texts; one thread embeds at a time, so that none is embedded twice."""
        with self._lock:
            found = {text: self._unit_vectors[text] for text in texts if text in self._unit_vectors}
            new = sorted((text for text in texts if text not in found), key=lambda text: (len(text), text))
            for start in range(0, len(new), self._chunk_size):
                chunk = new[start : start + self._chunk_size]
                found.update(zip(chunk, _unit(self._embedder(chunk), len(chunk)), strict=True))
            self._keep(found)
        return found

    def _keep(self, used: dict[str, Vector]) -> None:
        for text, vector in used.items():
            self._unit_vectors[text] = vector
            self._unit_vectors.move_to_end(text)
        while len(self._unit_vectors) > self._max_vectors:
            self._unit_vectors.popitem(last=False)


def _key(text: str) -> str:
    """One spelling; half a surrogate pair, which no tokenizer takes, becomes a question mark."""
    return " ".join(text.split()).casefold().encode("utf-8", "replace").decode()


def checked_vectors(vectors: NDArray[np.floating], count: int) -> NDArray[np.float32]:
    """Return what an embedder gave as float32 `(count, D)`.

    Raises:
        EmbeddingError: the shape is wrong, or a number is not finite.
    """
    vectors_N_D = np.asarray(vectors, dtype=np.float32)
    if vectors_N_D.ndim != 2 or len(vectors_N_D) != count:
        raise EmbeddingError(f"an embedder must return ({count}, D); got {vectors_N_D.shape}")
    if not np.isfinite(vectors_N_D).all():
        raise EmbeddingError("an embedder must return finite numbers; got NaN or infinity")
    return vectors_N_D


def _unit(vectors: NDArray[np.floating], count: int) -> list[Vector]:
    vectors_N_D = checked_vectors(vectors, count)
    lengths_N_1 = np.linalg.norm(vectors_N_D, axis=1, keepdims=True)
    if (lengths_N_1 == 0).any():
        raise EmbeddingError("an embedder must return vectors that are not zero")
    return [row.copy() for row in vectors_N_D / lengths_N_1]  # a view would keep its whole chunk alive
