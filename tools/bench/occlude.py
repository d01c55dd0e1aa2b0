"""Hiding an object: `occlusion.occlude` against a plain double loop over the grid, in one run.

    uv run python tools/bench/occlude.py

All sides get the same picture, mask, box and stream of gaps, paint on the picture they are given, and return the
covered share of the mask; the pictures must be equal bit for bit. There are two references, both the method as it is
told: walk the whole image on the grid, ask the mask at each point, wait out a random number of mask points, fill a
square. `plain` is plain Python to the last pixel; `slices` is the best that one can make of the double loop with numpy
(one index a point, squares and shares as array operations). `time_ratio` and `time_ratio_30` are against `plain`, the
names with `_slices` against the other. `ms_100px` includes the copy of the picture that `occlude` makes by default, and
`images_per_s` is its inverse: pictures with one object of 100 px that one core hides in a second, decoding and saving
apart. `images_per_s_NAME` is that of the other occluders, `coverage_ms` the time of a coverage report.

`mask_bytes_share` is the share of the dense size, one byte a pixel, that masks take as run lengths in JSON: the mean
over ellipses, smooth random blobs and polygons of 12 to 80 corners, of sides from 30 to 300 px. The largest of them is
`mask_bytes_share_worst`. All must come back as they were.

Times are medians of processor time, so that other work on the machine does not count. The last line is one JSON object.
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
from occlusion import IMAGENET_MEAN_RGB, Occlusion, decode_mask, encode_mask, occlude
from occlusion.coverage import coverage_of
from occlusion.occluders import OCCLUDER_NAMES, load_occluder
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
WIDTH, HEIGHT = 640, 480
SIDES_PX = (30, 100, 300)
LAW_SEEDS = 200


def plain_occlude(picture: Pixels, mask: Mask, box: Box, seed: int) -> float:
    """The method's step in plain Python; paints on the picture, returns the covered share."""
    height, width = mask.shape
    covered = np.zeros(mask.shape, bool)
    rng = np.random.default_rng((seed, 0))
    patch = max(math.floor(min(box[2] - box[0], box[3] - box[1]) / 3), 4)
    step, half = math.floor(math.sqrt(patch)), patch // 2
    wait = rng.integers(0, patch + 1)
    for y in range(0, height, step):
        for x in range(0, width, step):
            if not mask[y][x]:
                continue
            if wait > 0:
                wait -= 1
                continue
            for square_y in range(max(y - half, 0), min(y + half + 1, height)):
                for square_x in range(max(x - half, 0), min(x + half + 1, width)):
                    picture[square_y][square_x] = IMAGENET_MEAN_RGB
                    covered[square_y][square_x] = True
            wait = rng.integers(0, patch + 1)
    return float((covered & mask).sum() / mask.sum())


def sliced_occlude(picture: Pixels, mask: Mask, box: Box, seed: int) -> float:
    """The same double loop with numpy's indices and slices."""
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
            square = slice(max(y - half, 0), y + half + 1), slice(max(x - half, 0), x + half + 1)
            picture[square] = IMAGENET_MEAN_RGB
            covered[square] = True
            wait = rng.integers(0, patch + 1)
    return float((covered & mask).sum() / mask.sum())


def disc(side_px: int, *, left: int = 201, top: int = 103) -> tuple[Mask, Box]:
    """A round object of `side_px` and its box."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    radius = side_px / 2
    mask = (x - left - radius + 0.5) ** 2 + (y - top - radius + 0.5) ** 2 <= radius**2
    return mask, (left, top, left + side_px, top + side_px)


def median_ms(call: Callable[[], Any], *, rounds: int) -> float:
    """Median milliseconds of processor time of a call, after a tenth of the rounds as warm-up."""
    times: list[float] = []
    for _ in range(rounds + rounds // 10):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return statistics.median(times[rounds // 10 :]) * 1e3


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
        for reference in (sliced_occlude, plain_occlude) if seed < 5 else (sliced_occlude,):
            picture = image.copy()
            share = reference(picture, mask, box, seed)
            if not np.array_equal(ours.image, picture):
                yield f"seed {seed}: the pictures differ"
            if not math.isclose(ours.covered_share, share):
                yield f"seed {seed}: covered share {ours.covered_share} is not {share}"
        shares.append(ours.covered_share)
        if seed < 5:
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
    """Median times and peak memory of all sides for one size of object."""
    mask, box = disc(side_px)
    spare = image.copy()
    plain = median_ms(lambda: plain_occlude(spare, mask, box, 7), rounds=30)
    slices = median_ms(lambda: sliced_occlude(spare, mask, box, 7), rounds=150)
    ours = median_ms(lambda: occlude(spare, mask, box, seed=7, in_place=True), rounds=1000)
    copied = median_ms(lambda: occlude(image, mask, box, seed=7), rounds=1000)
    plain_peak = peak_bytes(lambda: plain_occlude(spare, mask, box, 7))
    ours_peak = peak_bytes(lambda: occlude(spare, mask, box, seed=7, in_place=True))
    return {
        "plain_ms": plain,
        "slices_ms": slices,
        "ours_ms": ours,
        "ours_copy_ms": copied,
        "plain/ours": plain / ours,
        "slices/ours": slices / ours,
        "memory_ratio": plain_peak / ours_peak,
    }


def rates(image: Pixels) -> dict[str, float]:
    """Images a second of each occluder with an object of 100 px, and milliseconds of a coverage report."""
    mask, box = disc(100)
    found: dict[str, float] = {}
    for name in OCCLUDER_NAMES:
        hide = load_occluder(name)
        key = "images_per_s" if name == "patches" else f"images_per_s_{name}"
        found[key] = round(1e3 / median_ms(lambda hide=hide: hide(image, mask, box, seed=7), rounds=200))
    hidden = occlude(image, mask, box, seed=7)
    return found | {"coverage_ms": round(median_ms(lambda: coverage_of(image, hidden, mask), rounds=100), 2)}


def realistic_masks(*, each: int = 40, seed: int = 0) -> Iterator[Mask]:
    """Ellipses, smooth blobs (of several pieces, with holes) and polygons, of 30 to 300 px."""
    rng = np.random.default_rng(seed)
    for _ in range(each):
        width, height = rng.integers(30, 301, 2)
        left, top = rng.integers(-10, WIDTH - width), rng.integers(-10, HEIGHT - height)
        yield drawn("ellipse", [(left, top), (left + width, top + height)])
        angles = np.sort(rng.uniform(0, 2 * math.pi, rng.integers(12, 81)))
        reach = rng.uniform(0.3, 0.5, angles.size)
        x = left + width / 2 + width * reach * np.cos(angles)
        y = top + height / 2 + height * reach * np.sin(angles)
        yield drawn("polygon", list(zip(x.tolist(), y.tolist(), strict=True)))
        noise = Image.fromarray(rng.integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8))
        smooth = np.asarray(noise.filter(ImageFilter.GaussianBlur(float(rng.uniform(6, 16)))))
        blob = np.zeros((HEIGHT, WIDTH), bool)
        frame = np.s_[max(top, 0) : top + height, max(left, 0) : left + width]
        blob[frame] = smooth[frame] >= np.median(smooth[frame])
        yield blob


def drawn(shape: str, points: list[tuple[float, float]]) -> Mask:
    """A filled shape."""
    canvas = Image.new("1", (WIDTH, HEIGHT))
    getattr(ImageDraw.Draw(canvas), shape)(points, fill=1)
    return np.asarray(canvas, bool)


def mask_bytes() -> tuple[dict[str, float], bool]:
    """Mean and largest share of the dense size, and whether all masks come back."""
    masks = list(realistic_masks())
    coded = [encode_mask(mask) for mask in masks]
    shares = [len(json.dumps(rle)) / mask.size for rle, mask in zip(coded, masks, strict=True)]
    same = all(np.array_equal(decode_mask(rle), mask) for rle, mask in zip(coded, masks, strict=True))
    return {
        "mask_bytes_share": round(statistics.mean(shares), 4),
        "mask_bytes_share_worst": round(max(shares), 4),
    }, same


def main() -> None:
    """Print the table, what does not hold, and the JSON line."""
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    results = {side: compare(image, side) for side in SIDES_PX}
    broken = [f"{side} px: {law}" for side in SIDES_PX for law in broken_laws(image, *disc(side))]
    print(f"hide a disc in {WIDTH}x{HEIGHT}: milliseconds of processor time (medians), and ratios")
    columns = list(results[SIDES_PX[0]])
    print(" ".join([f"{'side':>6}", *(f"{name:>13}" for name in columns)]))
    for side, row in results.items():
        print(" ".join([f"{side:>6}", *(f"{row[name]:>13.3f}" for name in columns)]))
    shares, same = mask_bytes()
    broken += [] if same else ["a mask does not come back from its run lengths"]
    print("\n".join(broken) or f"same pictures and shares for {LAW_SEEDS} seeds at each size; every law holds")
    line = {
        "name": "occlude",
        "time_ratio": round(results[100]["plain/ours"], 1),
        "memory_ratio": round(results[100]["memory_ratio"], 2),
        "agree": not broken,
        "time_ratio_30": round(results[30]["plain/ours"], 1),
        "ms_100px": round(results[100]["ours_copy_ms"], 3),
        "time_ratio_slices": round(results[100]["slices/ours"], 1),
        "time_ratio_30_slices": round(results[30]["slices/ours"], 1),
    }
    line |= rates(image) | shares
    print(json.dumps(line))


if __name__ == "__main__":
    main()
