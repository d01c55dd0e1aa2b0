"""Two turns about an image, as Chain-of-Spot asks them: the second from the kept first, against encoding it anew.

    uv run python tools/bench/two_turn.py              about a minute: 3 conversations, a small LLaVA, one core
    uv run python tools/bench/two_turn.py --seven-b    32 conversations, LLaVA-1.5-7B's shape with random weights, a GPU
    uv run python tools/bench/two_turn.py --seven-b --small --conversations 2    the same code on a CPU, a tiny model

Turn 1 holds an image of 576 tokens and asks for a region (26 new tokens); turn 2 goes on from it with a box text of 26
tokens, a second image of 576 tokens and the question (8 new tokens). Conversations differ in images and lengths and run
side by side. Both sides are `HfSampler` with the same model, pictures and words, greedy; ours runs both turns in
`keeping_prompts`, and `reuse` must say that each first image was encoded once. Times are medians of processor time on a
CPU and of wall time on a GPU. Memory is the peak of the process above what it held before; each run is a process of its
own, forked from the one that made the model (on a GPU: the allocator's peak, in one process).

Agreement: first-token logits of turn 2 equal to float32 rounding (7B: the model in float32, 4 conversations), greedy
texts of both turns equal. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import torch
from trial_sampler import Request
from trial_sampler.hf import HfSampler
from trials import in_float32, make_model, make_processor, make_seven_b, picture

TEMPLATE = (
    "w0 {% for m in messages %}{% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image>{% else %} {{ p['text'] }}{% endif %}"
    "{% endfor %}{{ ' w1' if m['role'] == 'user' else ' w2 ' }}{% endfor %}"
)
BOX_TOKENS, ANSWER_TOKENS = 26, 8
SIDES, PARTS, RUNS, BAR, ROUNDING = ("plain", "ours"), ("both turns", "turn 2"), 3, 1.3, 1e-4
SMALL_VOCABULARY = 4000  # of 32,000 words, more of a small model than of a large one would be its vocabulary


class Turns(NamedTuple):
    """What came out of one run of both turns, and what it took."""

    texts: list[list[str]]
    """Of each turn, of each conversation."""
    first_logits: list[list[float]]
    """Of turn 2, of each conversation."""
    seconds: dict[str, float]
    """By part."""
    peak_bytes: int
    """Above what was held before."""


def words(start: int, count: int) -> str:
    """Return so many different words."""
    return " ".join(f"w{index % (SMALL_VOCABULARY - 4)}" for index in range(start, start + count))


def first_turn(index: int) -> Request:
    """Ask where to look."""
    content = [{"type": "image"}, {"type": "text", "text": words(100 * index + 10, 48 + index % 7)}]
    return Request(
        id=f"{index}", messages=[{"role": "user", "content": content}], images=[picture(336, index)], temperature=0,
        max_new_tokens=BOX_TOKENS,
    )  # fmt: skip


def second_turn(index: int, before: Request) -> Request:
    """Ask the question about a crop, behind a box text."""
    box = {"role": "assistant", "content": words(100 * index + 1000, BOX_TOKENS)}
    text = words(100 * index + 2000, 40 + index % 5)
    content = [{"type": "text", "text": "w3"}, {"type": "image"}, {"type": "text", "text": text}]
    return Request(
        id=f"{index}", messages=[*before.messages, box, {"role": "user", "content": content}],
        images=[*before.images, picture(336, 1000 + index)], temperature=0, max_new_tokens=ANSWER_TOKENS,
    )  # fmt: skip


def run(model: Any, processor: Any, requests: Sequence[Request], is_kept: bool) -> Turns:
    """Run both turns of all conversations; check what was encoded."""
    on_gpu = model.device.type == "cuda"
    clock = time.perf_counter if on_gpu else time.process_time
    sampler = HfSampler(model, processor, batch_size=len(requests))
    before = start_peak(on_gpu)
    begun = clock()
    with sampler.keeping_prompts() if is_kept else nullcontext():
        first = sampler.sample(requests)
        between = clock()
        with first_logits(model) as logits:
            second = sampler.sample([second_turn(index, one) for index, one in enumerate(requests)])
    ended = clock()
    failed = [str(result.error) for result in (*first, *second) if result.error is not None]
    assert not failed, failed[0]
    assert sampler.reuse.images_encoded == (2 if is_kept else 3) * len(requests), sampler.reuse
    texts = [[result.trials[0].text for result in turn] for turn in (first, second)]
    seconds = {"both turns": ended - begun, "turn 2": ended - between}
    return Turns(texts, logits[0], seconds, peak(on_gpu) - before)


def start_peak(on_gpu: bool) -> int:
    """Forget the peak so far; return the bytes that are held."""
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()
    Path("/proc/self/clear_refs").write_text("5")  # Linux
    return _status_kb("VmRSS") * 1024


def peak(on_gpu: bool) -> int:
    """Return the most bytes that were held since."""
    return torch.cuda.max_memory_allocated() if on_gpu else _status_kb("VmHWM") * 1024


def _status_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextmanager
def first_logits(model: Any) -> Iterator[list[list[list[float]]]]:
    """Note the logits of the first pass."""
    seen: list[list[list[float]]] = []

    def note(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
        if not seen:
            seen.append(output[:, -1].tolist())

    hook = model.lm_head.register_forward_hook(note)
    try:
        yield seen
    finally:
        hook.remove()


def run_in_a_fork(*arguments: Any) -> Turns:
    """Run both turns in a process of its own, which need not import and make everything anew."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=lambda: there.send(run(*arguments)))
    process.start()
    there.close()  # so that a process that fails ends the wait
    turns = here.recv()
    process.join()
    return turns


def compared(kept: Turns, plain: Turns) -> dict[str, Any]:
    """Return whether both sides agree."""
    mine, theirs = (torch.tensor(one.first_logits) for one in (kept, plain))
    difference, largest = float((mine - theirs).abs().max()), float(theirs.abs().max())
    agree = kept.texts == plain.texts and difference <= ROUNDING * max(1.0, largest)
    print(f"first logits of turn 2 differ by {difference:.1e} at most, of up to {largest:.1f}; texts and all: {agree}")
    return {"agree": agree, "most_logit_difference": difference}


def main() -> None:
    """Run both sides in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seven-b", action="store_true")
    parser.add_argument("--small", action="store_true", help="with --seven-b: a tiny shape on a CPU")
    parser.add_argument("--conversations", type=int)
    options = parser.parse_args()
    count = options.conversations or (32 if options.seven_b else 3)
    torch.set_num_threads(1)
    processor = make_processor(336, 14)
    processor.chat_template = TEMPLATE
    small = {"layers": 3, "width": 512, "vocab_size": SMALL_VOCABULARY}
    model = make_seven_b(small=options.small) if options.seven_b else make_model(336, 14, **small)
    requests = [first_turn(index) for index in range(count)]
    way = run if options.seven_b else run_in_a_fork
    if options.seven_b:
        for name in SIDES:  # first runs make room and pick kernels
            warm = run(model, processor, requests, name == "ours")
            print(f"{name:6}{warm.seconds['both turns']:.2f} s at first", flush=True)
    runs = [{name: way(model, processor, requests, name == "ours") for name in SIDES} for _ in range(RUNS)]
    costs = {name: {part: median(one[name].seconds[part] for one in runs) for part in PARTS} for name in SIDES}
    peaks = {name: runs[0][name].peak_bytes for name in SIDES}
    for name in SIDES:
        times = ", ".join(f"{part} {costs[name][part]:.2f} s" for part in PARTS)
        print(f"{name:6}{times}, {peaks[name] / 2**20:.0f} MiB above the model")
    ratios = {part: round(costs["plain"][part] / costs["ours"][part], 2) for part in PARTS}
    print(f"{ratios['both turns']} times as fast (bar: {BAR}), turn 2 alone {ratios['turn 2']}")
    last = runs[-1]
    if options.seven_b:
        model = in_float32(model)
        last = {name: run(model, processor, requests[:4], name == "ours") for name in SIDES}
    report = {
        "name": "two_turn",
        "time_ratio": ratios["both turns"],
        "memory_ratio": round(peaks["plain"] / peaks["ours"], 2) if peaks["ours"] else None,
        "turn_2_time_ratio": ratios["turn 2"],
        "conversations": count,
        "device": torch.cuda.get_device_name() if model.device.type == "cuda" else "cpu",
    }
    print(json.dumps(report | compared(last["ours"], last["plain"])))


if __name__ == "__main__":
    main()
