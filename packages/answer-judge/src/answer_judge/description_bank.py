"""Descriptions of all images as negatives of each other: sums over all of them once, a part subtracted from each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from answer_judge.errors import SelectionError
from answer_judge.info_nce_scores import RunningLogSumExp, checked_rows, log_ratio, unit_rows

_LEAST_SHARE = 1e-4
"""Where the negatives are a smaller share of the total, the difference is summed anew: rounding of about 5e-14 in the
logarithms would be more than 5e-10 of it."""


class _Chunk(NamedTuple):
    """Descriptions of a few images."""

    images: list[int]
    starts: NDArray[np.intp]
    """First row of each image."""
    rows_B_D: NDArray[np.float64]
    """Of length 1."""


class DescriptionBank:
    """All descriptions, each distinct concept once (divided by tau), and its log-sum-exp over all of them."""

    def __init__(
        self, descriptions: Sequence[ArrayLike], concepts: Mapping[str, ArrayLike], *, tau: float, chunk_rows: int
    ) -> None:
        """Sum over all descriptions.

        Raises:
            SelectionError: see `score_concepts`.
        """
        self._chunk_rows = chunk_rows
        every = {label: unit_rows(rows, f"concepts of {label!r}") for label, rows in concepts.items()}
        width = next(iter(every.values())).shape[1]
        place_of: dict[bytes, int] = {}
        self._places: dict[str, list[int]] = {}
        for label, rows in every.items():
            checked_rows(rows, f"concepts of {label!r}", width=width)
            self._places[label] = [place_of.setdefault(row.tobytes(), len(place_of)) for row in rows]
        self._concepts_C_D = np.frombuffer(b"".join(place_of)).reshape(len(place_of), width) / tau
        self._images = [
            checked_rows(rows, f"descriptions of image {image}", width=width) for image, rows in enumerate(descriptions)
        ]
        self._totals_C = self._log_sum_exp(self._concepts_C_D, range(len(self._images)))

    def scores(self, label: str, images: Sequence[int], *, together: bool) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Yield the scores `(n,)` of a label's concepts for each image of it; together: none is another's negative."""
        concepts_n_D, shared_n_1 = self._concepts_C_D[self._places[label]], None
        if together:
            own = [_segment_lse(concepts_n_D @ chunk.rows_B_D.T, chunk.starts) for chunk in self._chunks(images)]
            own_n_1 = np.logaddexp.reduce(np.concatenate(own, axis=1), axis=1)[:, None]
            shared_n_1 = self._log_negatives(label, own_n_1, [images])
        for chunk in self._chunks(images):
            logits_n_B = concepts_n_D @ chunk.rows_B_D.T
            if shared_n_1 is None:
                own_n_I = _segment_lse(logits_n_B, chunk.starts)
                against_n_I = self._log_negatives(label, own_n_I, [[image] for image in chunk.images])
            else:
                against_n_I = np.repeat(shared_n_1, len(chunk.images), axis=1)
            yield from zip(chunk.images, _segment_scores(logits_n_B, against_n_I, chunk.starts).T.copy(), strict=True)

    def _log_negatives(
        self, label: str, own_n_P: NDArray[np.float64], parts: Sequence[Sequence[int]]
    ) -> NDArray[np.float64]:
        """Return the log-sum-exp `(n, P)` over all images but a part, given that over each part."""
        places = np.array(self._places[label])
        totals_n_1 = self._totals_C[places][:, None]
        share_n_P = -np.expm1(np.minimum(own_n_P - totals_n_1, 0.0))
        result = totals_n_1 + np.log(np.maximum(share_n_P, _LEAST_SHARE))
        close_n_P = share_n_P < _LEAST_SHARE
        for column in np.flatnonzero(close_n_P.any(axis=0)):
            others = sorted(set(range(len(self._images))) - set(parts[column]))
            close = close_n_P[:, column]
            result[close, column] = self._log_sum_exp(self._concepts_C_D[places[close]], others)
        return result

    def _log_sum_exp(self, concepts_C_D: NDArray[np.float64], images: Iterable[int]) -> NDArray[np.float64]:
        running = RunningLogSumExp(len(concepts_C_D))
        for chunk in self._chunks(images):
            running.add(concepts_C_D @ chunk.rows_B_D.T)
        return running.value()

    def _chunks(self, images: Iterable[int]) -> Iterator[_Chunk]:
        """Yield whole images, together at most `chunk_rows` descriptions, or one image that has more."""
        waiting, rows = list[int](), 0
        for image in images:
            if waiting and rows + len(self._images[image]) > self._chunk_rows:
                yield self._chunk(waiting)
                waiting, rows = [], 0
            waiting.append(image)
            rows += len(self._images[image])
        yield self._chunk(waiting)

    def _chunk(self, images: list[int]) -> _Chunk:
        rows = [self._images[image] for image in images]
        try:
            unit = unit_rows(np.concatenate(rows), "descriptions")
        except SelectionError:
            for image, own in zip(images, rows, strict=True):  # says which image
                unit_rows(own, f"descriptions of image {image}")
            raise
        return _Chunk(images, np.cumsum([0, *map(len, rows[:-1])]), unit)


def _segment_lse(logits_n_B: NDArray[np.float64], starts_I: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the log-sum-exp `(n, I)` over each image's columns."""
    peaks_n_I = np.maximum.reduceat(logits_n_B, starts_I, axis=1)
    counts = np.diff(starts_I, append=logits_n_B.shape[1])
    return peaks_n_I + np.log(
        np.add.reduceat(np.exp(logits_n_B - np.repeat(peaks_n_I, counts, axis=1)), starts_I, axis=1)
    )


def _segment_scores(
    logits_n_B: NDArray[np.float64], against_n_I: NDArray[np.float64], starts_I: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the scores `(n, I)`, summed over each image's columns."""
    counts = np.diff(starts_I, append=logits_n_B.shape[1])
    return np.add.reduceat(log_ratio(logits_n_B, np.repeat(against_n_I, counts, axis=1)), starts_I, axis=1)
