"""Which concepts of its label are visible in each image: InfoNCE scores of all images in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from answer_judge.description_bank import DescriptionBank
from answer_judge.errors import SelectionError
from answer_judge.info_nce_scores import PUBLISHED_TAU, check_tau

Negatives = Literal["other_images", "other_labels"]
"""Descriptions that count against a concept: of every other image, or of images with another label."""


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
    that. Besides the arguments, memory holds the concepts, and `chunk_rows` descriptions (or those of one image) with
    their similarities to all concepts.

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
    if len(descriptions) != len(labels) or not len(labels):
        raise SelectionError(f"each image needs a label; got {len(descriptions)} images and {len(labels)} labels")
    if missing := sorted(set(labels) - set(concepts)):
        raise SelectionError(f"every label needs concepts; {missing[0]!r} has none ({len(missing)} in all)")
    members: dict[str, list[int]] = {}
    for image, label in enumerate(labels):
        members.setdefault(label, []).append(image)
    groups = {"other_images": len(labels), "other_labels": len(members)}
    if groups.get(negatives, 0) < 2:
        raise SelectionError(f"negatives must be one of {sorted(groups)} with two or more of them; got {negatives!r}")
    bank = DescriptionBank(descriptions, {label: concepts[label] for label in members}, tau=tau, chunk_rows=chunk_rows)
    scores: list[NDArray[np.float64]] = [np.empty(0)] * len(labels)
    for label, images in members.items():
        for image, scores_n in bank.scores(label, images, together=negatives == "other_labels"):
            scores[image] = scores_n
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
