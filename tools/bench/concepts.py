"""Scoring each image's concepts: `answer_judge.score_concepts` against rebuilding the negatives image by image.

    uv run python tools/bench/concepts.py

500 images with 30 descriptions each, 20 labels with 25 concepts each, 384 dimensions, float32. The reference does what
the method's released code does: for each image it joins the descriptions of all the others, multiplies, exponentiates
and sums, in float32 and with numpy. It runs over all images, nothing is scaled. `time_ratio` is the quotient of the
processor times: the median of nine runs of ours, the whole run of the reference as images times the median image.
`memory_ratio` is that of the largest memory held above the embeddings, for the reference over three images (each needs
the same). Both must give the same values; `worst_tau_0.1` is the largest relative difference over all images.
At tau = 0.01, where float32 overflows in the direct form, ours is compared with a float64 log-sum-exp over explicit
negatives, for ten images of the same set, and for ten whose concepts are copies of descriptions of theirs, far from all
others (where subtracting logarithms would cancel). The last line is one JSON object.
"""

from __future__ import annotations

import json
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from answer_judge import score_concepts
from numpy.typing import NDArray

IMAGES, DESCRIPTIONS, LABELS, CONCEPTS, WIDTH = 500, 30, 20, 25, 384
TOLERANCE = 1e-6
Rows = NDArray[np.float32]


def unit(rows: NDArray[np.floating]) -> Rows:
    """Rows of length 1, as an embedder gives them."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def data(*, spread: float = 0.8, seed: int = 0) -> tuple[list[Rows], list[str], dict[str, Rows]]:
    """Descriptions near their image, images near their label, concepts near their label; all near one direction."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=WIDTH)
    centres = common + rng.normal(size=(LABELS, WIDTH)) * 0.7
    labels = [f"label {image % LABELS}" for image in range(IMAGES)]
    images = [centres[image % LABELS] + rng.normal(size=WIDTH) * spread for image in range(IMAGES)]
    descriptions = [unit(image + rng.normal(size=(DESCRIPTIONS, WIDTH)) * 0.6) for image in images]
    concepts = {f"label {k}": unit(centres[k] + rng.normal(size=(CONCEPTS, WIDTH)) * 0.9) for k in range(LABELS)}
    return descriptions, labels, concepts


def copied(given: tuple[list[Rows], list[str], dict[str, Rows]]) -> tuple[list[Rows], list[str], dict[str, Rows]]:
    """The same images, each label's concepts replaced by descriptions of its first image."""
    descriptions, labels, _ = given
    return descriptions, labels, {labels[image]: descriptions[image][:CONCEPTS] for image in range(LABELS)}


def rebuild(
    descriptions: list[Rows], labels: list[str], concepts: dict[str, Rows], tau: float, images: Iterable[int]
) -> list[Rows]:
    """The direct form in float32, the negatives joined anew for each image."""
    scores: list[Rows] = []
    for image in images:
        negatives = np.concatenate([rows for other, rows in enumerate(descriptions) if other != image])
        candidates = concepts[labels[image]]
        against = np.exp(candidates @ negatives.T / np.float32(tau)).sum(axis=1)
        together = np.exp(descriptions[image] @ candidates.T / np.float32(tau))
        scores.append(np.log(together / (together + against)).sum(axis=0))
    return scores


def explicit(
    descriptions: list[Rows], labels: list[str], concepts: dict[str, Rows], tau: float, images: Iterable[int]
) -> list[NDArray[np.float64]]:
    """The stable form in float64 with explicit negatives."""
    scores: list[NDArray[np.float64]] = []
    for image in images:
        every = [rows.astype(np.float64) for rows in (*descriptions, concepts[labels[image]])]
        *rows, candidates = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in every]
        anchors = rows.pop(image)
        against = np.logaddexp.reduce(candidates @ np.concatenate(rows).T / tau, axis=1)
        scores.append(-np.logaddexp(0, against - anchors @ candidates.T / tau).sum(axis=0))
    return scores


def worst(ours: Iterable[NDArray[Any]], theirs: Iterable[NDArray[Any]]) -> float:
    """Largest relative difference."""
    return max(float(np.max(np.abs(a - b) / np.abs(b))) for a, b in zip(ours, theirs, strict=True))


def sharp_difference(descriptions: list[Rows], labels: list[str], concepts: dict[str, Rows]) -> float:
    """Largest relative difference to the explicit form at tau = 0.01, for ten images."""
    scores = score_concepts(descriptions, labels, concepts, tau=0.01)
    return worst(scores[:10], explicit(descriptions, labels, concepts, 0.01, range(10)))


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call returns, and its processor seconds."""
    start = time.process_time()
    result = call()
    return result, time.process_time() - start


def peak_bytes(call: Callable[[], Any]) -> int:
    """Largest memory that the call holds at once, above what was there before."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Measure, compare, print."""
    everything = data()
    theirs, theirs_s = zip(*(timed(lambda i=i: rebuild(*everything, 0.1, [i])[0]) for i in range(IMAGES)), strict=True)
    mine, ours_s = zip(*(timed(lambda: score_concepts(*everything)) for _ in range(9)), strict=True)
    rebuilding_s, scoring_s = IMAGES * statistics.median(theirs_s), statistics.median(ours_s)
    at_01 = worst(mine[0], theirs)
    at_001 = [sharp_difference(*everything), sharp_difference(*copied(data(spread=6.0)))]
    ours_peak = peak_bytes(lambda: score_concepts(*everything))
    theirs_peak = peak_bytes(lambda: rebuild(*everything, 0.1, range(3)))
    print(f"ours {scoring_s:.3f} s, {ours_peak / 2**20:.1f} MiB above the embeddings")
    print(f"rebuilding {rebuilding_s:.2f} s ({sum(theirs_s):.2f} s as a sum), {theirs_peak / 2**20:.1f} MiB")
    print(f"largest relative difference: {at_01:.1e} at tau 0.1; {at_001[0]:.1e} and {at_001[1]:.1e} at tau 0.01")
    line = {
        "name": "concepts",
        "time_ratio": round(rebuilding_s / scoring_s, 1),
        "memory_ratio": round(theirs_peak / ours_peak, 2),
        "agree": max(at_01, *at_001) <= TOLERANCE,
        "worst_tau_0.1": at_01,
        "worst_tau_0.01": max(at_001),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
