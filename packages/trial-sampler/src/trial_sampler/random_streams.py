"""One independent stream of uniform numbers for each trial, addressed by (seed, step)."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

_STRIDE = np.uint64(0x9E3779B97F4A7C15)


def trial_seed(seed: int, request_id: str, trial: int) -> int:
    """Return the seed of one trial, below 2**63, whatever batch the trial runs in.

    >>> trial_seed(0, "scene-17", 3) == trial_seed(0, "scene-17", 3) != trial_seed(0, "scene-17", 4)
    True
    """
    key = f"{seed}\x1f{trial}\x1f{request_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "little") >> 1


def uniforms(seeds_R: NDArray[np.uint64], steps: int) -> NDArray[np.float64]:
    """Return `(R, steps)` numbers strictly between 0 and 1; row r depends on `seeds_R[r]` alone.

    Source: Steele, Lea, Flood 2014, SplitMix64 (a counter put through a 64-bit mixing function).

    >>> uniforms(np.array([5], dtype=np.uint64), 2).shape
    (1, 2)
    """
    counters_S = np.arange(1, steps + 1, dtype=np.uint64) * _STRIDE
    bits_R_S = _mix(_mix(seeds_R.astype(np.uint64))[:, None] + counters_S)
    return ((bits_R_S >> np.uint64(16)).astype(np.float64) + 0.5) * 2.0**-48


def _mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
