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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from svco_loss import PairBatch, PairLogps, TokenRows, pair_logps, plain_pair_logps, svco_loss
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

IMAGE_ID, VOCABULARY, SIDE, PATCH = 32_000, 32_064, 336, 14
IMAGE_TOKENS, QUESTION, ANSWER = (SIDE // PATCH) ** 2, 24, 64
SIDES = ("plain", "ours", "stored")
CLOSE = 1e-4
Form = Callable[[Any, PairBatch], PairLogps]
FORMS: dict[str, Form] = {"plain": plain_pair_logps, "ours": pair_logps, "stored": pair_logps}


def make_model(*, moved: bool) -> Any:
    """A LLaVA with random weights; `moved`: a little away from them, as a policy is from its reference."""
    torch.manual_seed(0)
    vision = CLIPVisionConfig(
        hidden_size=192, intermediate_size=768, num_hidden_layers=6, num_attention_heads=6, image_size=SIDE,
        patch_size=PATCH,
    )  # fmt: skip
    language = LlamaConfig(
        hidden_size=384, intermediate_size=1024, num_hidden_layers=6, num_attention_heads=6, vocab_size=VOCABULARY,
        max_position_embeddings=4096,
    )  # fmt: skip
    config = LlavaConfig(vision_config=vision, text_config=language, image_token_index=IMAGE_ID)
    model = LlavaForConditionalGeneration(config).train()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=1e-3 * moved)
    model.get_encoder(modality="image").requires_grad_(False)
    return model if moved else model.requires_grad_(False)


def make_batch() -> PairBatch:
    """One pair of noise images and random tokens."""
    generator = torch.Generator().manual_seed(1)

    def words(count: int) -> list[int]:
        return torch.randint(10, 31_000, (count,), generator=generator).tolist()

    question = words(QUESTION)
    seen, unseen = TokenRows.of([[*[IMAGE_ID] * IMAGE_TOKENS, *question]]), TokenRows.of([question])
    answers = [TokenRows.of([words(ANSWER)]) for _ in "xy"]
    images = [{"pixel_values": torch.randn(1, 3, SIDE, SIDE, generator=generator)} for _ in "ab"]
    return PairBatch(seen, seen, unseen, *answers, *images)


def step(form: Form, policy: Any, reference: Any, batch: PairBatch) -> PairLogps:
    """Forward and backward; `reference` is a model or its log-probabilities. Returns the policy's log-probabilities."""
    if not isinstance(reference, PairLogps):
        with torch.no_grad():
            reference = form(reference, batch)
    logps = form(policy, batch)
    svco_loss(logps, reference).loss.backward()
    return logps.detached()


def zeroed(model: Any) -> Any:
    """The model with gradients of zeros already there, so that they count as held and not as the step's."""
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
    return model


def measure(side: str, steps: int, checkpointing: bool, out: str) -> dict[str, float]:
    """Median seconds of a step after a first one, and that one's peak bytes above what was held before.

    The first step's log-probabilities and gradients are written to `out`.
    """
    policy, batch = zeroed(make_model(moved=True)), make_batch()
    if checkpointing:
        policy.gradient_checkpointing_enable()
    reference = PairLogps.of_stacked(torch.full((6, 1), -660.0)) if side == "stored" else make_model(moved=False)
    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak so far
    before = _status_kb("VmRSS")
    logps = step(FORMS[side], policy, reference, batch)
    peak = (_status_kb("VmHWM") - before) * 1024
    gradients = {name: weight.grad for name, weight in policy.named_parameters() if weight.grad is not None}
    save_file(gradients | {"logps": logps.stacked()}, out)
    times: list[float] = []
    for _ in range(steps):
        start = time.process_time()
        step(FORMS[side], policy, reference, batch)
        times.append(time.process_time() - start)
    return {"seconds": statistics.median(times), "bytes": peak}


def compare(plain_file: Path, our_file: Path) -> dict[str, float]:
    """Relative differences: of the whole gradient, of the worst weight's gradient, of the worst log-probability."""
    plain, ours = load_file(plain_file), load_file(our_file)
    logps, our_logps = plain.pop("logps"), ours.pop("logps")
    weights = [(plain[name], ours[name] - plain[name]) for name in plain]
    whole, apart = (torch.cat([pair[part].flatten() for pair in weights]).norm() for part in (0, 1))
    return {
        "gradient_difference": float(apart / whole),
        "worst_weight_difference": max(float(error.norm() / gradient.norm()) for gradient, error in weights),
        "logp_difference": float(((logps - our_logps).abs() / logps.abs()).max()),
    }


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
        differences = compare(files["plain"], files["ours"])
    for side, values in found.items():
        print(f"{side:7}{values['seconds']:8.2f} s{values['bytes'] / 2**20:10.0f} MiB above models and gradients")
    report = {
        "name": "svco_step",
        "time_ratio": round(found["plain"]["seconds"] / found["ours"]["seconds"], 2),
        "memory_ratio": round(found["plain"]["bytes"] / found["ours"]["bytes"], 2),
        "agree": differences["gradient_difference"] <= CLOSE and differences["logp_difference"] <= CLOSE,
        "stored_time_ratio": round(found["plain"]["seconds"] / found["stored"]["seconds"], 2),
        "stored_memory_ratio": round(found["plain"]["bytes"] / found["stored"]["bytes"], 2),
        "pairs_per_s": round(1 / found["ours"]["seconds"], 3),
        "checkpointing": options.checkpointing,
    } | {name: float(f"{value:.2g}") for name, value in differences.items()}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
