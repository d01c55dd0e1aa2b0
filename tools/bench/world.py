"""How fast scenes are sampled and drawn, against drawing every thing anew: python tools/bench/world.py

Ours keeps each drawn tile and each background texture; the reference draws them every time. Both give the same pixels.
"""

from __future__ import annotations

import importlib
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from unittest import mock

import numpy as np
from scene_world import render as render_scene
from scene_world import sample_scene
from scene_world.scene import Scene

SCENES = 200
ROUNDS = 7


def plain(scene: Scene) -> np.ndarray:
    """The scene without any cache."""
    module = importlib.import_module("scene_world.render")
    with (
        mock.patch.object(module, "_tile", module._tile.__wrapped__),
        mock.patch.object(module, "_ground", module._ground.__wrapped__),
    ):
        return np.asarray(render_scene(scene))


def ours(scene: Scene) -> np.ndarray:
    """The scene as users get it."""
    return np.asarray(render_scene(scene))


def seconds_a_scene(draw: Callable[[Scene], np.ndarray], first: int) -> float:
    """Processor seconds for sampling and drawing one scene."""
    start = time.process_time()
    for index in range(first, first + SCENES):
        draw(sample_scene("bench", index))
    return (time.process_time() - start) / SCENES


def peak_bytes(draw: Callable[[Scene], np.ndarray]) -> int:
    """Peak of Python's allocations while scenes are drawn."""
    tracemalloc.start()
    for index in range(50):
        draw(sample_scene("bench", index))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Measure, compare, print."""
    agree = all(np.array_equal(ours(s), plain(s)) for s in (sample_scene("bench", i) for i in range(100)))
    memory = peak_bytes(plain) / peak_bytes(ours)
    mine, theirs = (statistics.median(seconds_a_scene(draw, 1000 * r) for r in range(ROUNDS)) for draw in (ours, plain))
    print(f"ours {1 / mine:.0f} scenes/s, without caches {1 / theirs:.0f} scenes/s (medians of {ROUNDS}, one core)")
    figures = {"name": "world", "time_ratio": theirs / mine, "memory_ratio": memory, "agree": agree}
    print(json.dumps(figures | {"scenes_per_s": 1 / mine}))


if __name__ == "__main__":
    main()
