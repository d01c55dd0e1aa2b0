"""Hiding an object: `occlusion.occlude` against a plain double loop over the grid, in one run.

    uv run python tools/bench/occlude.py

Both sides get the same picture, mask, box and stream of gaps, and return the picture and the covered share of the mask; the pictures must be
equal bit for bit. The plain side is the method as it is told: walk the whole image on the grid, ask the mask at each point, wait out a random
number of mask points, fill a square. Times are medians. The last line is one JSON object.
"""

from __future__ import annotations

import json
import math
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from occlusion import IMAGENET_MEAN_RGB, Occlusion, occlude

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
WIDTH, HEIGHT = 640, 480
SIDES_PX = (30, 100, 300)
LAW_SEEDS = 400


def plain_occlude(image: Pixels, mask: Mask, box: Box, seed: int, *, in_place: bool = False) -> tuple[Pixels, float]:
    """The method's step, point by point."""
    picture = image if in_place else image.copy()
    covered = np.zeros(mask.shape, bool)
    rng = np.random.default_rng((seed, 0))
    patch = max(math.floor(min(box[2] - box[0], box[3] - box[1]) / 3), 4)
    step, half = math.floor(math.sqrt(patch)), patch // 2
    wait = rng.integers(0, patch + 1)
    for y in range(0, mask.shape[0], step):
        for x in range(0, mask.shape[1], step):
            if not mask[y, x]:
                continue
            if wait > 0:
                wait -= 1
                continue
            top, left = max(y - half, 0), max(x - half, 0)
            picture[top : y + half + 1, left : x + half + 1] = IMAGENET_MEAN_RGB
            covered[top : y + half + 1, left : x + half + 1] = True
            wait = rng.integers(0, patch + 1)
    return picture, float((covered & mask).sum() / mask.sum())


def disc(side_px: int, *, left: int = 201, top: int = 103) -> tuple[Mask, Box]:
    """A round object of `side_px` and its box."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    radius = side_px / 2
    mask = (x - left - radius + 0.5) ** 2 + (y - top - radius + 0.5) ** 2 <= radius**2
    return mask, (left, top, left + side_px, top + side_px)


def medians_ms(calls: list[Callable[[], Any]], *, rounds: int) -> list[float]:
    """Median milliseconds of each call; the calls take turns, so that a slow moment of the machine falls on all."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, of_call in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            of_call.append(time.perf_counter() - start)
    return [statistics.median(of_call) * 1e3 for of_call in times]


def peak_bytes(call: Callable[[], Any]) -> int:
    """Largest memory that the call holds at once, above what was there before."""
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def broken_laws(image: Pixels, mask: Mask, box: Box) -> Iterator[str]:
    """Name each law that does not hold over many seeds."""
    shares: list[float] = []
    for seed in range(LAW_SEEDS):
        ours = occlude(image, mask, box, seed=seed)
        picture, share = plain_occlude(image, mask, box, seed)
        shares.append(share)
        if not np.array_equal(ours.image, picture):
            yield f"seed {seed}: the pictures differ"
        if not math.isclose(ours.covered_share, share):
            yield f"seed {seed}: covered share {ours.covered_share} is not {share}"
        if seed % 40 == 0:
            yield from broken_pixel_laws(image, mask, ours)
    if statistics.mean(shares) < 0.7:
        yield f"the object is covered by {statistics.mean(shares):.2f} only on average"


def broken_pixel_laws(image: Pixels, mask: Mask, ours: Occlusion[Pixels]) -> Iterator[str]:
    """A changed pixel has the fill colour and lies within half a square of the mask."""
    changed = (ours.image != image).any(axis=2)
    if not (ours.image[changed] == IMAGENET_MEAN_RGB).all():
        yield "a changed pixel has another colour"
    half = ours.patch_px // 2
    mask_yx = np.argwhere(mask)
    for y, x in np.argwhere(changed)[::97]:
        if np.abs(mask_yx - (y, x)).max(axis=1).min() > half:
            yield f"changed pixel {(int(x), int(y))} lies further than {half} px from the mask"


def compare(image: Pixels, side_px: int) -> dict[str, float]:
    """Median times of both sides, with a copy of the picture and in place, and the ratio of peak memory."""
    mask, box = disc(side_px)
    spare = image.copy()
    plain_ms, ours_ms, plain_in_place_ms, ours_in_place_ms = medians_ms(
        [
            lambda: plain_occlude(image, mask, box, 7),
            lambda: occlude(image, mask, box, seed=7),
            lambda: plain_occlude(spare, mask, box, 7, in_place=True),
            lambda: occlude(spare, mask, box, seed=7, in_place=True),
        ],
        rounds=200,
    )
    plain_peak = peak_bytes(lambda: plain_occlude(image, mask, box, 7))
    ours_peak = peak_bytes(lambda: occlude(image, mask, box, seed=7))
    return {
        "plain_ms": plain_ms,
        "ours_ms": ours_ms,
        "ratio": plain_ms / ours_ms,
        "in_place_plain_ms": plain_in_place_ms,
        "in_place_ms": ours_in_place_ms,
        "in_place_ratio": plain_in_place_ms / ours_in_place_ms,
        "memory_ratio": plain_peak / ours_peak,
    }


def main() -> None:
    """Print the table, what does not hold, and the JSON line."""
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    results = {side: compare(image, side) for side in SIDES_PX}
    broken = [f"{side} px: {law}" for side in SIDES_PX for law in broken_laws(image, *disc(side))]
    print(f"hide a disc in {WIDTH}x{HEIGHT}; medians in ms; ratio = plain / ours")
    columns = list(results[SIDES_PX[0]])
    print(" ".join([f"{'side':>6}", *(f"{name:>17}" for name in columns)]))
    for side, row in results.items():
        print(" ".join([f"{side:>6}", *(f"{row[name]:>17.3f}" for name in columns)]))
    print("\n".join(broken) or f"same pictures and shares for {LAW_SEEDS} seeds at each size; every law holds")
    line = {
        "name": "occlude",
        "time_ratio": round(results[100]["ratio"], 1),
        "memory_ratio": round(results[100]["memory_ratio"], 2),
        "agree": not broken,
        "time_ratio_30": round(results[30]["ratio"], 1),
        "ms_100px": round(results[100]["ours_ms"], 3),
        "time_ratio_in_place": round(results[100]["in_place_ratio"], 1),
        "time_ratio_30_in_place": round(results[30]["in_place_ratio"], 1),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
