"""One S-VCO training step: `pair_logps` against six whole sequences for each pair, in one run.

    uv run python tools/bench/svco_step.py               a minute and a half: one pair, two timed steps a side
    uv run python tools/bench/svco_step.py --steps 5     more steps for a steadier median
    uv run python tools/bench/svco_step.py --checkpointing   with the model's gradient checkpointing on all sides

A step is the policy's forward and backward pass (full fine-tuning, vision tower frozen) and the reference's forward
pass, without the optimizer. Model: LLaVA architecture, 576 image tokens, 6 layers, 384 wide, 32,064 words, random
weights; one pair with 24 question and 64 answer tokens. Both sides hold policy and reference; a third side is ours with
reference log-probabilities from a store, and no second model. Times are medians of processor time on one thread; memory
is the peak of the process above what it held with its models and gradients, each side in a process of its own.

Agreement: log-probabilities and the whole gradient, relative to their sizes. Words' embeddings differ most, because the
terms pull log-probabilities without image both ways and little is left. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from svco_loss import PairLogps, pair_logps, plain_pair_logps
from svco_shapes import Form, Shape, Stack, differences, gradients_and_logps, random_llava, random_pairs, step, zeroed

SHAPE = Shape(vision=Stack(192, 768, 6, 6), language=Stack(384, 1024, 6, 6))
SIDES = ("plain", "ours", "stored")
CLOSE = 1e-4
FORMS: dict[str, Form] = {"plain": plain_pair_logps, "ours": pair_logps, "stored": pair_logps}


def make_model(*, moved: bool) -> Any:
    """The model of `SHAPE`; `moved`: a little away from its first weights, as a policy is from its reference."""
    model = random_llava(SHAPE)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=1e-3 * moved)
    model.get_encoder(modality="image").requires_grad_(False)
    return model if moved else model.requires_grad_(False)


def measure(side: str, steps: int, checkpointing: bool, out: str) -> dict[str, float]:
    """Median seconds of a step after a first one, and that one's peak bytes above what was held before.

    The first step's log-probabilities and gradients are written to `out`.
    """
    policy, batch, form = zeroed(make_model(moved=True)), random_pairs(SHAPE), FORMS[side]
    if checkpointing:
        policy.gradient_checkpointing_enable()
    other = None if side == "stored" else make_model(moved=False)
    kept = PairLogps.of_stacked(torch.full((6, 1), -660.0))

    def reference() -> PairLogps:
        return kept if other is None else form(other, batch)

    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak so far
    before = _status_kb("VmRSS")
    logps = step(form, policy, batch, reference)
    peak = (_status_kb("VmHWM") - before) * 1024
    save_file(gradients_and_logps(policy, logps), out)
    times: list[float] = []
    for _ in range(steps):
        start = time.process_time()
        step(form, policy, batch, reference)
        times.append(time.process_time() - start)
    return {"seconds": statistics.median(times), "bytes": peak}


def _status_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def in_child(*arguments: str) -> dict[str, float]:
    """What this script prints last when it runs with these arguments on one thread."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Run all sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--checkpointing", action="store_true")
    parser.add_argument("--child", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(options.child, options.steps, options.checkpointing, options.out)))
        return
    extra = ["--steps", str(options.steps), *["--checkpointing"] * options.checkpointing]
    with tempfile.TemporaryDirectory() as folder:
        files = {side: Path(folder) / side for side in SIDES}
        found = {side: in_child("--child", side, "--out", str(file), *extra) for side, file in files.items()}
        apart = differences(load_file(files["plain"]), load_file(files["ours"]))
    for side, values in found.items():
        print(f"{side:7}{values['seconds']:8.2f} s{values['bytes'] / 2**20:10.0f} MiB above models and gradients")
    report = {
        "name": "svco_step",
        "time_ratio": round(found["plain"]["seconds"] / found["ours"]["seconds"], 2),
        "memory_ratio": round(found["plain"]["bytes"] / found["ours"]["bytes"], 2),
        "agree": apart["gradient_difference"] <= CLOSE and apart["logp_difference"] <= CLOSE,
        "stored_time_ratio": round(found["plain"]["seconds"] / found["stored"]["seconds"], 2),
        "stored_memory_ratio": round(found["plain"]["bytes"] / found["stored"]["bytes"], 2),
        "pairs_per_s": round(1 / found["ours"]["seconds"], 3),
        "checkpointing": options.checkpointing,
    } | {name: float(f"{value:.2g}") for name, value in apart.items()}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
