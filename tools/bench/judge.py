"""Judging answers by meaning and by rules: `answer_judge` against one embedder call an instance, in one run.

    uv run python tools/bench/judge.py

The trials are 625 instances of 16 answers, 10,000 in all, drawn from 800 distinct ones: the entity as often as the
instance is easy, else a few frequent and many rare ones, as models answer. Both sides use all-MiniLM-L6-v2 on one
thread. The reference is the original way: for each instance one call of the embedder with its 16 answers and its
entity, then cosines; it is timed on every fourth instance and scaled (`reference_share`), and so is what it must agree
with. Ours is `EmbeddingRung` on all 10,000 pairs at once. Verdicts must be the same and cosines equal up to rounding.

`warm_ratio` is a second run with vectors in a file (`CachedEmbedder`). `rules_per_minute` are verdicts of
`default_ladder()` on distinct pairs, one core; `deadline_per_minute` the same through `DeadlineLadder`. Times are
medians of processor time of this process, so that other work on the machine does not count, but for the last one,
which is wall time. `memory_ratio` compares the highest resident memory of a process for each side, model included.

The last line is one JSON object.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from answer_judge import (
    CachedEmbedder,
    DeadlineLadder,
    EmbeddingRung,
    Pair,
    SentenceTransformersEmbedder,
    default_ladder,
    labelled_pairs,
    minilm_embedder,
)

INSTANCES, TRIALS, DISTINCT, REFERENCE_STEP = 625, 16, 800, 4
MODIFIERS = ["small", "large", "red", "white", "old", "wooden", "plastic", "shiny", "round", "broken"]


def draw_trials() -> list[list[Pair]]:
    """Instances of 16 pairs over 800 strings: the entity as often as the instance is easy, else by Zipf's law."""
    pairs = labelled_pairs()
    names = sorted({text for some in pairs for pair in some for text in pair[:2]})
    strings = (names + [f"{modifier} {name}" for modifier in MODIFIERS for name in names])[:DISTINCT]
    rng = np.random.default_rng(0)
    rng.shuffle(strings)
    weights = 1 / np.arange(1, DISTINCT + 1)
    answers = rng.choice(strings, (INSTANCES, TRIALS), p=weights / weights.sum())
    entities = rng.choice(strings, INSTANCES)
    is_right = rng.random((INSTANCES, TRIALS)) < rng.random((INSTANCES, 1))
    answers = np.where(is_right, entities[:, None], answers)
    answers.flat[:DISTINCT] = strings  # every one occurs
    return [[Pair(str(answer), str(entity)) for answer in row] for row, entity in zip(answers, entities, strict=True)]


def judge_each_instance(embedder: SentenceTransformersEmbedder, instances: Sequence[Sequence[Pair]]) -> list[float]:
    """The original way: the answers and the entity of one instance in one call."""
    cosines: list[float] = []
    for instance in instances:
        vectors = np.asarray(embedder([*(pair.answer for pair in instance), instance[0].reference]))
        cosines += (vectors[:-1] @ vectors[-1]).tolist()
    return cosines


def median_s(call: Callable[[], Any], *, rounds: int) -> float:
    """Median seconds of processor time of a call."""
    times: list[float] = []
    for _ in range(rounds):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return statistics.median(times)


def distinct_pairs() -> list[tuple[str, str]]:
    """14,040 pairs of the labelled ones with modifiers: all distinct, so that nothing is remembered between them."""
    pairs = [pair for some in labelled_pairs() for pair in some]
    more = [(f"{modifier} {pair.answer}", pair.reference) for modifier in MODIFIERS for pair in pairs]
    lists = [(f"{pair.answer} or {modifier} thing", pair.reference) for modifier in MODIFIERS[:4] for pair in pairs]
    return list(dict.fromkeys([*(tuple(pair[:2]) for pair in pairs), *more, *lists]))


def rates() -> dict[str, float]:
    """Verdicts per minute of the rules, here and in a process with a deadline."""
    pairs = distinct_pairs()
    start = time.thread_time()
    expected = default_ladder().judge_many(pairs)
    here = len(pairs) / (time.thread_time() - start) * 60
    some = pairs[::7]
    with DeadlineLadder(default_ladder, seconds=10) as ladder:
        ladder.judge("warm", "up")
        start = time.perf_counter()
        agree = ladder.judge_many(some) == expected[::7]
        there = len(some) / (time.perf_counter() - start) * 60
    return {"distinct_pairs": len(pairs), "here": here, "there": there, "agree": agree}


def peak_of(side: str) -> int:
    """Highest resident memory, in KiB, of a process that runs one side."""
    command = [sys.executable, __file__, side]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])


def run_alone(side: str) -> None:
    """Run one side in this process and print its highest memory."""
    embedder, instances = minilm_embedder(device="cpu"), draw_trials()
    if side == "ours":
        EmbeddingRung(embedder)([pair for instance in instances for pair in instance])
    else:
        judge_each_instance(embedder, instances[:: 4 * REFERENCE_STEP])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak // 1024 if sys.platform == "darwin" else peak)


def compare(embedder: SentenceTransformersEmbedder) -> dict[str, Any]:
    """Times of both sides, and how their verdicts differ."""
    instances = draw_trials()
    pairs, sample = [pair for instance in instances for pair in instance], instances[::REFERENCE_STEP]
    embedder(["warm", "up"])
    opinions = EmbeddingRung(embedder)(pairs)
    cosines: list[float] = []
    reference, ours = 0.0, list[float]()
    for part in (sample[::2], sample[1::2]):  # in turns, so that both sides meet the same other work
        ours.append(median_s(lambda: EmbeddingRung(embedder)(pairs), rounds=2))
        reference += median_s(lambda part=part: cosines.extend(judge_each_instance(embedder, part)), rounds=1)
        ours.append(median_s(lambda: EmbeddingRung(embedder)(pairs), rounds=1))
    with tempfile.TemporaryDirectory() as folder:
        cached = CachedEmbedder(embedder, Path(folder) / "vectors.sqlite")
        EmbeddingRung(cached)(pairs)
        warm = median_s(lambda: EmbeddingRung(cached)(pairs), rounds=5)
    threshold = EmbeddingRung(embedder).threshold
    judged = list(range(0, INSTANCES, REFERENCE_STEP))
    mine = [opinions[k * TRIALS + trial] for k in judged[::2] + judged[1::2] for trial in range(TRIALS)]
    same = [one.accepted == (cosine > threshold) for one, cosine in zip(mine, cosines, strict=True)]
    far = max(abs(one.score - cosine) for one, cosine in zip(mine, cosines, strict=True))
    return {
        "distinct": len({text for pair in pairs for text in pair[:2]}),
        "reference_s": reference * INSTANCES / len(sample),
        "ours_s": statistics.median(ours),
        "warm_s": warm,
        "same": all(same),
        "accepted": sum(one.accepted is True for one in opinions),
        "cosine_difference": far,
    }


def main() -> None:
    """Print what was measured and the JSON line."""
    import torch

    torch.set_num_threads(1)
    measured, rules = compare(minilm_embedder(device="cpu")), rates()
    peaks = {side: peak_of(side) for side in ("reference", "ours")}
    print(f"{INSTANCES * TRIALS} trials, {measured['distinct']} distinct strings, {measured['accepted']} accepted")
    print(
        f"seconds: one call an instance {measured['reference_s']:.2f} (every fourth timed, scaled), "
        f"each string once {measured['ours_s']:.2f}, with all vectors in a file {measured['warm_s']:.2f}"
    )
    print(f"largest difference of a cosine {measured['cosine_difference']:.1e}; verdicts equal: {measured['same']}")
    print(f"highest memory, MiB: {peaks['reference'] / 1024:.0f} and {peaks['ours'] / 1024:.0f}")
    print(
        f"rules: {rules['here']:,.0f} verdicts a minute on {rules['distinct_pairs']:,.0f} distinct pairs, one core; "
        f"{rules['there']:,.0f} with a deadline"
    )
    line = {
        "name": "judge",
        "time_ratio": round(measured["reference_s"] / measured["ours_s"], 1),
        "memory_ratio": round(peaks["reference"] / peaks["ours"], 2),
        "agree": measured["same"] and measured["cosine_difference"] < 1e-5 and rules["agree"],
        "warm_ratio": round(measured["reference_s"] / measured["warm_s"], 1),
        "reference_share": round(1 / REFERENCE_STEP, 2),
        "rules_per_minute": round(rules["here"]),
        "deadline_per_minute": round(rules["there"]),
    }
    print(json.dumps(line))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_alone(sys.argv[1])
    else:
        main()
