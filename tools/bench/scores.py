"""12 yes/no questions about each of a few images: `score`, which encodes each image once, against every prompt whole.

    uv run python tools/bench/scores.py              about a minute: 2 images of 576 tokens, a small LLaVA, one core
    uv run python tools/bench/scores.py --seven-b    8 images, LLaVA-1.5-7B's shape with random weights, on a GPU
    uv run python tools/bench/scores.py --seven-b --small --images 1 --questions 4    the same code on a CPU

Both sides are `HfSampler.score` in one call with the same model, pictures, words and batch size, the questions of all
images in mixed order; the other side is made with `decoding="rows"`, which encodes every prompt whole. Times are of
processor time, medians of three runs, each in a process of its own, forked from the one that made the model; memory is
the peak of that process above what it held before. `reuse` must say that each image was encoded once. On a GPU: wall
time and the allocator's peak, in one process, after a first run of each side.

Agreement: probabilities of both choices, and their mass, equal within 1e-5 (7B: the model in float32, 2 images). The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

import torch
from trial_sampler import ChoiceRequest
from trial_sampler.hf import HfSampler
from trials import in_float32, make_model, make_processor, make_seven_b, picture
from two_turn import SMALL_VOCABULARY, TEMPLATE, peak, start_peak, words

RUNS, BATCH, ROUNDING = 3, 8, 1e-5
CHOICES = ("w5", "w6")  # words in place of yes and no


class Scores(NamedTuple):
    """What came out of one run, and what it took."""

    values: list[tuple[float, ...]]
    """Of each request: the probabilities of both choices, and their mass."""
    seconds: float
    """Of processor time; of wall time on a GPU."""
    peak_bytes: int
    """Above what was held before."""


def questions(images: int, count: int) -> list[ChoiceRequest]:
    """Ask `count` questions of 20 to 25 words about each image."""
    pictures = [picture(336, index) for index in range(images)]
    return [
        ChoiceRequest(
            id=f"{image}/{question}", messages=_ask(words(30 * question + 10, 20 + question % 6)),
            images=[pictures[image]], choices=CHOICES,
        )
        for question in range(count) for image in range(images)
    ]  # fmt: skip


def _ask(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": f"w7 w8 w9 {text}"}]}]


def warmed_up(sampler: HfSampler) -> HfSampler:
    """Let a sampler read its vocabulary, which it does once for all calls."""
    message = [{"role": "user", "content": "w7 w8"}]
    sampler.score([ChoiceRequest(id="first", messages=message, choices=CHOICES)])
    return sampler


def run(sampler: HfSampler, requests: Sequence[ChoiceRequest], images: int, on_gpu: bool = False) -> Scores:
    """Score all requests; check how many images were encoded."""
    clock = time.perf_counter if on_gpu else time.process_time
    already = sampler.reuse.images_encoded
    before = start_peak(on_gpu)
    begun = clock()
    results = sampler.score(requests)
    seconds = clock() - begun
    failed = [str(result.error) for result in results if result.error is not None]
    assert not failed, failed[0]
    assert sampler.reuse.images_encoded - already == images, sampler.reuse
    return Scores([(*one.probabilities, one.mass) for one in results], seconds, peak(on_gpu) - before)


def run_in_a_fork(*arguments: Any) -> Scores:
    """Score in a process of its own, which need not import and make everything anew."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(run(*arguments)))
    process.start()
    there.close()  # so that a process that fails ends the wait
    scores = here.recv()
    process.join()
    return scores


def sides_of(model: Any, processor: Any, requests: Sequence[ChoiceRequest]) -> dict[str, tuple[HfSampler, int]]:
    """Return both samplers, and how many images each must encode."""
    ours, whole = (HfSampler(model, processor, batch_size=BATCH, decoding=how) for how in ("auto", "rows"))
    pictures = len({id(image) for request in requests for image in request.images})
    return {"whole": (warmed_up(whole), len(requests)), "ours": (warmed_up(ours), pictures)}


def main() -> None:
    """Run both sides in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seven-b", action="store_true")
    parser.add_argument("--small", action="store_true", help="with --seven-b: a tiny shape on a CPU")
    parser.add_argument("--images", type=int, help="2, or 8 with --seven-b")
    parser.add_argument("--questions", type=int, default=12)
    options = parser.parse_args()
    images = options.images or (8 if options.seven_b else 2)
    torch.set_num_threads(1)
    processor = make_processor(336, 14)
    processor.chat_template = TEMPLATE
    if options.seven_b:
        model = make_seven_b(small=options.small)
    else:
        model = make_model(336, 14, layers=2, width=256, vocab_size=SMALL_VOCABULARY)
    on_gpu = model.device.type == "cuda"
    requests = questions(images, options.questions)
    sides = sides_of(model, processor, requests)
    way = run if options.seven_b else run_in_a_fork
    if options.seven_b:
        for name, (sampler, encoded) in sides.items():  # first runs make room and pick kernels
            print(f"{name:6}{run(sampler, requests, encoded, on_gpu).seconds:.2f} s at first", flush=True)
    runs = [
        {name: way(sampler, requests, encoded, on_gpu) for name, (sampler, encoded) in sides.items()}
        for _ in range(RUNS)
    ]
    costs = {name: median(one[name].seconds for one in runs) for name in sides}
    peaks = {name: runs[0][name].peak_bytes for name in sides}
    for name in sides:
        print(f"{name:6}{costs[name]:.2f} s for {len(requests)} prompts, {peaks[name] / 2**20:.0f} MiB above the model")
    last = runs[-1]
    if options.seven_b:
        requests = questions(min(2, images), options.questions)
        exact = sides_of(in_float32(model), processor, requests)
        last = {name: run(sampler, requests, encoded, on_gpu) for name, (sampler, encoded) in exact.items()}
    mine, theirs = (torch.tensor(last[name].values) for name in ("ours", "whole"))
    difference = float((mine - theirs).abs().max())
    report = {
        "name": "scores",
        "time_ratio": round(costs["whole"] / costs["ours"], 2),
        "memory_ratio": round(peaks["whole"] / peaks["ours"], 2) if peaks["ours"] else None,
        "agree": difference <= ROUNDING,
        "most_difference": difference,
        "images": images,
        "questions_each": options.questions,
        "device": torch.cuda.get_device_name() if on_gpu else "cpu",
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
