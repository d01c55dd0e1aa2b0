"""Unit vectors of images: whether they are what they must be, and how alike two are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svco_loss.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NORM_TOLERANCE = 1e-3


def checked_vectors(vectors: object, count: int) -> NDArray[np.float32]:
    """Return an embedder's vectors `(count, D)` if they are what they must be.

    Raises:
        EmbeddingError: another shape, numbers that are not finite, or vectors that are not of length 1.
    """
    import numpy as np

    rows = np.asarray(vectors)
    if rows.ndim != 2 or len(rows) != count or not np.issubdtype(rows.dtype, np.floating):
        raise EmbeddingError(
            f"an embedder must return float vectors of shape ({count}, D); got {rows.dtype} of {rows.shape}"
        )
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= _NORM_TOLERANCE))
    if len(wrong):
        raise EmbeddingError(
            f"vectors must be finite and of length 1; that of image {wrong[0]} has length {lengths[wrong[0]]:.4g}. "
            "Normalise them; for numbers that are not finite, compute in bfloat16 or float32"
        )
    return rows.astype(np.float32)


def cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the cosine of two unit vectors `(D,)`, in [-1, 1] and the same for either order.

    >>> import numpy as np
    >>> round(cosine(np.array([0.6, 0.8]), np.array([0.6, -0.8])), 6)
    -0.28
    """
    import numpy as np

    total = (one.astype(np.float64) * other.astype(np.float64)).sum()
    return min(1.0, max(-1.0, float(total)))
