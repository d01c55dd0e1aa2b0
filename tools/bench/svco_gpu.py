"""S-VCO steps of a 7B LLaVA with LoRA on one GPU: `pair_logps`, six whole sequences, and TRL's DPO, in one run.

    uv run python tools/bench/svco_gpu.py                on one GPU; weights alone take 14 GB
    uv run python tools/bench/svco_gpu.py --checkpointing    with gradient checkpointing on all sides
    uv run python tools/bench/svco_gpu.py --small        the same code on a CPU with a tiny model, in half a minute

The shape of LLaVA-1.5-7B (CLIP ViT-L/14 at 336 px, Llama of 32 layers and 4,096 wide) with random weights in bfloat16,
LoRA of rank 16 on the language model's linear layers, pairs of noise images with 24 question and 64 answer tokens.
A step is the policy's forward and backward pass and the reference, without the optimizer, in four forms:

- ours: `pair_logps`, and the reference by it with the adapter off;
- stored: `pair_logps`, and reference log-probabilities that are there already;
- plain: `plain_pair_logps`, and the reference by it with the adapter off;
- trl: `DPOTrainer.training_step` with two rows a pair, each image with its own text chosen and the other rejected, and
  the adapter off for the reference. It sees no prompt without an image and learns another loss, so it does less.

Each form gets the largest batch that fits, doubled or half as large again from 1 on. Figures are pairs a second there
(median of the steps after the first) and the peak of allocated GPU memory. Ratios compare plain with ours: speed at the
largest batch of each, memory above what was held before the step at the largest batch that both can do.

`agree`: LoRA gradients and log-probabilities of ours and plain for one pair, both in float32 at this shape, are equal
within `CLOSE`; with --small so are TRL's log-probabilities of each image's own text. How far bfloat16 takes them apart
is told beside it. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from svco_loss import PairBatch, PairLogps, pair_logps, plain_pair_logps, without_adapter
from svco_shapes import Form, Shape, Stack, differences, gradients_and_logps, random_llava, random_pairs, step, zeroed

LLAVA_7B = Shape(vision=Stack(1024, 4096, 24, 16), language=Stack(4096, 11_008, 32, 32))
TINY = Shape(
    vision=Stack(32, 64, 2, 2), language=Stack(64, 128, 2, 2), side_px=56, words=300, image_id=250, question_tokens=6,
    answer_tokens=8,
)  # fmt: skip
LORA = LoraConfig(r=16, lora_alpha=32, target_modules=r".*language_model.*\.\w+_proj")
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
CLOSE = 1e-4
"""Relative difference of the gradient, and of log-probabilities, up to which forms agree in float32. Seen on a CPU
with 32 layers of 256: 4e-6 and 6e-8; 0.1 and 9e-4 where answers see each other. In bfloat16 the shape of 7B shows 0.07
and 1e-3 by rounding alone, so nothing is decided there."""

Run = Callable[[PairBatch], object]
"""One step on a batch."""


@dataclass(frozen=True)
class Machine:
    """Where the steps run."""

    device: str
    dtype: torch.dtype

    @contextmanager
    def precision(self) -> Iterator[None]:
        """Adapters are float32 and compute in bfloat16, as in training with mixed precision."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            yield

    def now_s(self) -> float:
        """Return the time once all that was asked for is done."""
        if self.device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter()

    def emptied(self) -> int:
        """Give back what is not held, forget the peak, and return the bytes that are held; 0 on a CPU."""
        gc.collect()
        if self.device != "cuda":
            return 0
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated()

    def peak(self) -> int:
        """Return the most bytes that were held since; 0 on a CPU, where a process shows too little of tiny models."""
        return torch.cuda.max_memory_allocated() if self.device == "cuda" else 0


@dataclass(frozen=True)
class Figures:
    """What was measured of one form."""

    pairs: int
    """The largest batch that fits."""
    pairs_per_s: float
    peak: int
    """Bytes, models included, at that batch."""
    above: dict[int, int]
    """Bytes above what was held before the step, by pairs of the batch."""


def moved_policy(shape: Shape, machine: Machine) -> Any:
    """A model with an adapter that is a little away from where it began, as a policy is from its reference."""
    base = random_llava(shape, device=machine.device, dtype=machine.dtype)
    policy = get_peft_model(base, LORA)
    with torch.no_grad():
        for name, weight in policy.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=1e-3)
    return zeroed(policy)


def pair_steps(policy: Any) -> dict[str, Run]:
    """The three forms of the S-VCO step, by name."""

    def with_adapter_off(form: Form) -> Run:
        def run(batch: PairBatch) -> PairLogps:
            def reference() -> PairLogps:
                with without_adapter(policy):
                    return form(policy, batch)

            return step(form, policy, batch, reference)

        return run

    def with_store(batch: PairBatch) -> PairLogps:
        zeros = torch.zeros(6, len(batch), device=policy.device)  # in the place of a store's values, at the same cost
        return step(pair_logps, policy, batch, lambda: PairLogps.of_stacked(zeros))

    return {"ours": with_adapter_off(pair_logps), "stored": with_store, "plain": with_adapter_off(plain_pair_logps)}


def measure(run: Run, shape: Shape, machine: Machine, most_pairs: int, steps: int) -> Figures:
    """Find the largest batch that fits by one step of each size, and time steps there.

    Raises:
        SystemExit: not even one pair fits.
    """
    above: dict[int, int] = {}
    peak = 0
    for pairs in (size for size in SIZES if size <= most_pairs):
        batch = random_pairs(shape, pairs, dtype=machine.dtype).to(machine.device)
        before = machine.emptied()
        if not fits(run, batch, machine):
            break
        peak = machine.peak()
        above[pairs] = peak - before
        print(f"  {pairs} pairs fit, {peak / 2**30:.1f} GiB at the peak", flush=True)
    if not above:
        sys.exit("error: one pair must fit into the GPU's memory; it does not. Try --checkpointing.")
    machine.emptied()
    pairs = max(above)
    batch = random_pairs(shape, pairs, dtype=machine.dtype).to(machine.device)
    seconds = statistics.median([timed(run, batch, machine) for _ in range(steps + 1)][1:])
    return Figures(pairs, pairs / seconds, peak, above)


def fits(run: Run, batch: PairBatch, machine: Machine) -> bool:
    """Run one step; False where the GPU's memory is too small for it."""
    try:
        timed(run, batch, machine)
    except torch.OutOfMemoryError:
        return False
    return True


def timed(run: Run, batch: PairBatch, machine: Machine) -> float:
    """Return the seconds of one step."""
    start = machine.now_s()
    with machine.precision():
        run(batch)
    return machine.now_s() - start


def compared(policy: Any, steps: dict[str, Run], shape: Shape, machine: Machine) -> tuple[dict[str, float], float]:
    """How ours and plain differ for one pair, and the mean log-probability of the texts with their own images."""
    batch = random_pairs(shape, dtype=machine.dtype).to(machine.device)
    found: list[dict[str, torch.Tensor]] = []
    for name in ("plain", "ours"):
        zeroed(policy)
        with machine.precision():
            found.append(gradients_and_logps(policy, steps[name](batch)))
    logps = PairLogps.of_stacked(found[1]["logps"])
    own = torch.stack([logps.x_given_a, logps.y_given_b]).mean()
    zeroed(policy)
    return differences(*found), float(own)


def compared_exactly(
    policy: Any, steps: dict[str, Run], shape: Shape, machine: Machine
) -> tuple[dict[str, float], bool]:
    """The same differences with all weights in float32, and whether they are small; the weights are as before after."""
    kinds = {name: weight.dtype for name, weight in policy.named_parameters()}
    policy.float()
    apart, _ = compared(policy, steps, shape, Machine(machine.device, torch.float32))
    for name, weight in policy.named_parameters():
        weight.data = weight.data.to(kinds[name])
    machine.emptied()
    return apart, max(apart["gradient_difference"], apart["logp_difference"]) <= CLOSE


def rounded(figures: dict[str, Figures]) -> dict[str, dict[str, float | None]]:
    """Figures as the last line shows them; memory is None where it was not measured."""
    return {
        name: {
            "pairs": one.pairs,
            "pairs_per_s": float(f"{one.pairs_per_s:.3g}"),
            "peak_gib": round(one.peak / 2**30, 2) if one.peak else None,
            "above_gib": round(one.above[one.pairs] / 2**30, 2) if one.peak else None,
        }
        for name, one in figures.items()
    }


def memory_ratio(plain: Figures, other: Figures) -> float | None:
    """Plain over other, at the largest batch that both can do; None where memory was not measured."""
    pairs = max(plain.above.keys() & other.above.keys())
    return round(plain.above[pairs] / other.above[pairs], 2) if other.above[pairs] else None


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a tiny model on a CPU")
    parser.add_argument("--checkpointing", action="store_true", help="gradient checkpointing on all sides")
    parser.add_argument("--steps", type=int, default=3, help="timed steps")
    parser.add_argument("--most-pairs", type=int, help="largest batch to try; 128, or 2 with --small")
    parser.add_argument("--no-trl", action="store_true", help="leave TRL out")
    return parser.parse_args(arguments)


def main() -> None:
    """Measure all forms and print the table."""
    options = options_of()
    if not options.small and not torch.cuda.is_available():
        print("error: this benchmark needs a GPU, and torch finds none; --small runs it on a CPU.", file=sys.stderr)
        sys.exit(2)
    machine = Machine("cpu", torch.float32) if options.small else Machine("cuda", torch.bfloat16)
    shape = TINY if options.small else LLAVA_7B
    most = options.most_pairs or (2 if options.small else max(SIZES))
    policy = moved_policy(shape, machine)
    if options.checkpointing:
        policy.gradient_checkpointing_enable()
    steps = pair_steps(policy)
    apart, agree = compared_exactly(policy, steps, shape, machine)
    rounded_apart, own_logp = compared(policy, steps, shape, machine)
    if machine.dtype != torch.float32:
        apart |= {f"bfloat16_{name}": value for name, value in rounded_apart.items()}
    print({name: float(f"{value:.2g}") for name, value in apart.items()}, flush=True)
    figures: dict[str, Figures] = {}
    for name, run in steps.items():
        print(name, flush=True)
        figures[name] = measure(run, shape, machine, most, options.steps)
        print(f"  {figures[name].pairs_per_s:.3g} pairs/s", flush=True)
    if not options.no_trl:
        print("trl", flush=True)
        figures["trl"], trl_logp = trl_figures(policy, shape, machine, most, options.steps)
        apart["trl_logp_difference"] = abs(trl_logp / own_logp - 1)
        agree = agree and (not options.small or apart["trl_logp_difference"] <= CLOSE)
    report(figures, apart, agree, machine, options.checkpointing)


def trl_figures(policy: Any, shape: Shape, machine: Machine, most: int, steps: int) -> tuple[Figures, float]:
    """The same of TRL, and its mean log-probability of the texts with their own images for one pair.

    The policy's own adapter is taken out of the model and its weights are put into TRL's.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from svco_dpo import dpo_inputs, dpo_logp, dpo_trainer

    weights = get_peft_model_state_dict(policy)
    with tempfile.TemporaryDirectory() as folder:
        trainer = dpo_trainer(policy.unload(), LORA, Path(folder))
        set_peft_model_state_dict(trainer.model, weights)
        zeroed(trainer.model)

        def run(batch: PairBatch) -> object:
            return trainer.training_step(trainer.model, dpo_inputs(batch))

        with machine.precision():
            run(random_pairs(shape, dtype=machine.dtype).to(machine.device))
        logp = dpo_logp(trainer)
        zeroed(trainer.model)
        return measure(run, shape, machine, most, steps), logp


def report(
    figures: dict[str, Figures], apart: dict[str, float], agree: bool, machine: Machine, checkpointing: bool
) -> None:
    """Print a line for each form, and the JSON object."""
    for name, one in figures.items():
        gib = f"{one.peak / 2**30:8.1f} GiB at the peak" if one.peak else ""
        print(f"{name:7}{one.pairs:4} pairs a step{one.pairs_per_s:9.2f} pairs/s{gib}")
    plain, ours, stored = (figures[name] for name in ("plain", "ours", "stored"))
    found = {
        "name": "svco_gpu",
        "time_ratio": round(ours.pairs_per_s / plain.pairs_per_s, 2),
        "memory_ratio": memory_ratio(plain, ours),
        "agree": agree,
        "stored_time_ratio": round(stored.pairs_per_s / plain.pairs_per_s, 2),
        "stored_memory_ratio": memory_ratio(plain, stored),
        "device": torch.cuda.get_device_name() if machine.device == "cuda" else "cpu",
        "checkpointing": checkpointing,
        "forms": rounded(figures),
    } | {name: float(f"{value:.2g}") for name, value in apart.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
