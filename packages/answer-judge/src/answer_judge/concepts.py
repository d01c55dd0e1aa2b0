"""Which concepts of its label are visible in each image: InfoNCE scores of all images in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from answer_judge.errors import SelectionError
from answer_judge.info_nce import PUBLISHED_TAU, RunningLogSumExp, check_tau, scores_from_logits, unit_rows

Negatives = Literal["other_images", "other_labels"]
"""Descriptions that count against a concept: of every other image, or of images with another label."""

_LEAST_SHARE = 1e-4
"""Where the negatives are a smaller share of the total, the difference is summed anew: rounding of about 5e-14 in the
logarithms would be more than 5e-10 of it."""


def score_concepts(
    descriptions: Sequence[ArrayLike],
    labels: Sequence[str],
    concepts: Mapping[str, ArrayLike],
    *,
    tau: float = PUBLISHED_TAU,
    negatives: Negatives = "other_images",
    chunk_rows: int = 512,
) -> list[NDArray[np.float64]]:
    """Return, for each image, the score of each concept of its label, in the concepts' order.

    Anchors are the image's own descriptions. The log-sum-exp over all descriptions is taken once for each distinct
    concept and the image's own part subtracted in log space, so the cost is concepts x descriptions, not images times
    that. Besides the arguments, memory holds `chunk_rows` descriptions and their similarities to all concepts at once.

    Args:
        descriptions: embeddings `(m, D)` of the texts on each image, m >= 1; any float type. See `group_by_image`.
        labels: the label of each image.
        concepts: embeddings `(n, D)` of the concepts of each label.
        tau: temperature.
        negatives: `other_images` as published, images of the same label among them; or `other_labels`.
        chunk_rows: descriptions in one matrix product.

    Source: arXiv 2502.14044, concept selection, in the form that its released code computes.

    Raises:
        SelectionError: a wrong shape, no rows, a number that is not finite, a row of length zero, a label without
            concepts, nothing left to be negative, or tau not positive.
    """
    check_tau(tau)
    if chunk_rows < 1:
        raise SelectionError(f"chunk_rows must be at least 1; got {chunk_rows}")
    if len(descriptions) != len(labels) or not labels:
        raise SelectionError(f"each image needs a label; got {len(descriptions)} images and {len(labels)} labels")
    if missing := sorted(set(labels) - set(concepts)):
        raise SelectionError(f"every label needs concepts; {missing[0]!r} has none ({len(missing)} in all)")
    members: dict[str, list[int]] = {}
    for image, label in enumerate(labels):
        members.setdefault(label, []).append(image)
    groups = {"other_images": len(labels), "other_labels": len(members)}
    if groups.get(negatives, 0) < 2:
        raise SelectionError(f"negatives must be one of {sorted(groups)} with two or more of them; got {negatives!r}")
    bank = _Bank(descriptions, {label: concepts[label] for label in members}, tau=tau, chunk_rows=chunk_rows)
    scores: list[NDArray[np.float64]] = [np.empty(0)] * len(labels)
    for label, images in members.items():
        parts = [images] if negatives == "other_labels" else [[image] for image in images]
        for part in parts:
            logits = [bank.logits(label, image) for image in part]
            log_negatives = bank.log_negatives(label, part, logits)
            for image, logits_n_m in zip(part, logits, strict=True):
                scores[image] = scores_from_logits(logits_n_m, log_negatives)
    return scores


def group_by_image(rows_N_D: ArrayLike, image_of_row_N: ArrayLike) -> list[NDArray[np.floating]]:
    """Return the rows of each image 0, 1, ... in order; no copy where the rows of an image lie together in order.

    >>> [rows.tolist() for rows in group_by_image([[1.0], [2.0], [3.0]], [1, 0, 1])]
    [[[2.0]], [[1.0], [3.0]]]

    Raises:
        SelectionError: not one image number for each row, or an image without rows.
    """
    rows, image_of_row = np.asarray(rows_N_D), np.asarray(image_of_row_N)
    if image_of_row.shape != rows.shape[:1] or image_of_row.dtype.kind not in "iu" or not image_of_row.size:
        raise SelectionError(f"each row needs an image number; got {rows.shape} rows and {image_of_row.shape} numbers")
    if (image_of_row[1:] < image_of_row[:-1]).any():
        order = np.argsort(image_of_row, kind="stable")
        rows, image_of_row = rows[order], image_of_row[order]
    numbers, starts = np.unique(image_of_row, return_index=True)
    if not np.array_equal(numbers, np.arange(len(numbers))):
        raise SelectionError(
            f"images must be numbered 0 to {image_of_row[-1]} without gaps; got {len(numbers)} numbers"
        )
    return np.split(rows, starts[1:])


class _Bank:
    """All descriptions, each distinct concept once (divided by tau), and its log-sum-exp over all of them."""

    def __init__(
        self, descriptions: Sequence[ArrayLike], concepts: Mapping[str, ArrayLike], *, tau: float, chunk_rows: int
    ) -> None:
        self._chunk_rows = chunk_rows
        self._images = [np.asarray(rows) for rows in descriptions]
        every = {label: unit_rows(rows, f"concepts of {label!r}") for label, rows in concepts.items()}
        self._width = next(iter(every.values())).shape[1]
        place_of: dict[bytes, int] = {}
        self._places: dict[str, list[int]] = {}
        for label, rows in every.items():
            if rows.shape[1] != self._width:
                raise SelectionError(f"concepts of {label!r} must be (rows, {self._width}); got {rows.shape}")
            self._places[label] = [place_of.setdefault(row.tobytes(), len(place_of)) for row in rows]
        self._concepts_C_D = np.frombuffer(b"".join(place_of)).reshape(len(place_of), self._width) / tau
        self._totals_C = self._log_sum_exp(self._concepts_C_D, range(len(self._images)))

    def logits(self, label: str, image: int) -> NDArray[np.float64]:
        """Return the similarities over tau `(n, m)` of a label's concepts and an image's descriptions."""
        return self._concepts_C_D[self._places[label]] @ self._unit(image).T

    def log_negatives(
        self, label: str, part: Sequence[int], logits: Sequence[NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return the log-sum-exp `(n,)` of a label's concepts over all images but a part, whose logits are given."""
        places = np.array(self._places[label])
        totals = self._totals_C[places]
        own = np.logaddexp.reduce(np.concatenate(logits, axis=1), axis=1)
        share = -np.expm1(np.minimum(own - totals, 0.0))
        result = totals + np.log(np.maximum(share, _LEAST_SHARE))
        if (close := share < _LEAST_SHARE).any():
            others = sorted(set(range(len(self._images))) - set(part))
            result[close] = self._log_sum_exp(self._concepts_C_D[places[close]], others)
        return result

    def _log_sum_exp(self, concepts_C_D: NDArray[np.float64], images: Iterable[int]) -> NDArray[np.float64]:
        running = RunningLogSumExp(len(concepts_C_D))
        for rows_B_D in self._chunks(images):
            running.add(concepts_C_D @ rows_B_D.T)
        return running.value()

    def _chunks(self, images: Iterable[int]) -> Iterator[NDArray[np.float64]]:
        waiting: list[NDArray[np.float64]] = []
        for image in images:
            rows = self._unit(image)
            for start in range(0, len(rows), self._chunk_rows):
                part = rows[start : start + self._chunk_rows]
                if sum(map(len, waiting)) + len(part) > self._chunk_rows:
                    yield np.concatenate(waiting)
                    waiting = []
                waiting.append(part)
        if waiting:
            yield np.concatenate(waiting)

    def _unit(self, image: int) -> NDArray[np.float64]:
        return unit_rows(self._images[image], f"descriptions of image {image}", width=self._width)
