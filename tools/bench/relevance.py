"""A relevance map of one question: `relevance_rows` against full matrices from stock eager attention, in one run.

    uv run python tools/bench/relevance.py                        a minute and a half: 1,200 tokens
    uv run python tools/bench/relevance.py --tokens 2400 --rounds 1    the same time
    uv run python tools/bench/relevance.py --beside kept text     more sides, see below; --text-rows for `text` alone
    uv run python tools/bench/relevance.py --seven-b              LLaVA-1.5-7B's shape, for a GPU; --small: on a CPU

One map of the next token. Model: LLaVA architecture with random weights in float32, a tiny tower, a Llama of 8 layers,
8 heads, 512 wide; six of seven tokens are the image's (1,024 of 1,200). All sides ask for the last position's logits
alone. Sides:

- plain: transformers' eager kernel with `output_attentions=True`, then as the published code does it: `retain_grad` on
  all probabilities, `backward()` through a model as it was loaded, `R = R + mean_h(max(0, A * G)) @ R`;
- frozen: the same with frozen weights and gradients of the probabilities alone, which the published code could do;
- ours: `relevance_rows` under SDPA, which runs three quarters of the layers twice;
- kept: ours with the graph of all layers kept from the forward pass;
- text: ours by the restricted rule (`text_rows_from` the image's end), which is another map.

Every map is made in a process of its own, and the sides take turns, so that other work on the machine meets all of
them. Figures are medians over rounds: processor time on one thread, and the peak of the process above what it held
after a map of 64 text tokens, its model and gradients of weights included. On a GPU all is one process, and a round
makes each side's model anew: median wall time of five maps after a first one, and the peak of the allocator.

Agreement: ours is within 1e-5 of plain's peak over the image's tokens in float32; in float64, with 3 layers and 220
tokens, ours and the restricted rule are within 1e-12 of the full matrices that the package's tests use (transformers'
eager kernel takes its softmax in float32). With `--seven-b`, in bfloat16: the cosine is at least 0.99. The last line is
one JSON object; its ratios are plain's figures by ours, `frozen_` frozen's by ours, and `kept_` and `text_` plain's by
those sides'.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from roi_attention.relevance import Targets, relevance_rows
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

SIDES = ("plain", "frozen", "ours", "kept", "text")
IMAGE_ID, FIRST, PATCH_PX = 998, 16, 14
CLOSE, CLOSE_64, COSINE, GPU_MAPS = 1e-5, 1e-12, 0.99, 5
TESTS = Path(__file__).parents[2] / "packages/roi-attention/tests/relevance"


@dataclass(frozen=True)
class Shape:
    """A LLaVA and the sequence that it reads."""

    tokens: int
    image_side: int
    """Image tokens in a row."""
    layers: int = 8
    heads: int = 8
    width: int = 512
    mlp: int = 1376
    tower: tuple[int, int, int, int] = (64, 128, 2, 2)
    """Width, MLP, layers, heads."""
    spread: float = 0.05
    """Of the random weights; transformers' 0.02 makes nearly flat maps at this width."""
    device: str = "cpu"
    dtype: torch.dtype = torch.float32

    @property
    def image(self) -> slice:
        """Positions of the image's tokens."""
        return slice(FIRST, FIRST + self.image_side**2)


TINY_64 = Shape(220, 13, layers=3, heads=4, width=128, mlp=256, dtype=torch.float64)
SEVEN_B = Shape(
    640, 24, layers=32, heads=32, width=4096, mlp=11_008, tower=(1024, 4096, 24, 16), spread=0.02, device="cuda",
    dtype=torch.bfloat16,
)  # fmt: skip
SMALL = Shape(220, 13, layers=3, heads=4, width=128, mlp=256)


def shape_of(options: argparse.Namespace) -> Shape:
    """The shape that the command line asks for."""
    if options.seven_b:
        shape = SMALL if options.small else SEVEN_B
        return replace(shape, tokens=options.tokens or shape.tokens)
    tokens = options.tokens or 1200
    return Shape(tokens, math.isqrt(6 * tokens // 7))


def make_model(shape: Shape) -> Any:
    """The model of a shape, with frozen random weights, made where it stays."""
    names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    vision = CLIPVisionConfig(
        **dict(zip(names, shape.tower, strict=True)), image_size=shape.image_side * PATCH_PX, patch_size=PATCH_PX
    )
    stack = (shape.width, shape.mlp, shape.layers, shape.heads)
    text = LlamaConfig(
        **dict(zip(names, stack, strict=True)), vocab_size=1000, max_position_embeddings=4096,
        initializer_range=shape.spread,
    )  # fmt: skip
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(shape.dtype)
    with torch.device(shape.device):
        model = LlavaForConditionalGeneration(
            LlavaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE_ID)
        )
    torch.set_default_dtype(before)
    return model.eval().requires_grad_(False)


def make_inputs(shape: Shape) -> dict[str, Tensor]:
    """A noise image between random words."""
    random = torch.Generator().manual_seed(1)
    ids = torch.randint(3, 900, (1, shape.tokens), generator=random)
    ids[:, shape.image] = IMAGE_ID
    side = shape.image_side * PATCH_PX
    pixels = torch.randn(1, 3, side, side, generator=random).to(shape.dtype)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": pixels}
    return {name: value.to(shape.device) for name, value in inputs.items()}


def last_token(inputs: dict[str, Tensor]) -> Targets:
    """The most likely next token."""
    places = torch.full((1, 1), inputs["input_ids"].shape[1] - 1, device=inputs["input_ids"].device)
    return Targets(places, torch.full_like(places, -1), torch.ones_like(places, dtype=torch.float64))


def ours(model: Any, inputs: dict[str, Tensor], **how: Any) -> Tensor:
    """The map by the package, over all positions."""
    return relevance_rows(model, inputs, last_token(inputs), **how).rows_B_T_N[0, 0]


def plain(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """The map by full matrices, over all positions, with gradients of whatever in the model has some."""
    output = model(**inputs, use_cache=False, output_attentions=True, logits_to_keep=1)
    for attention in output.attentions:
        attention.retain_grad()
    output.logits[0, -1].float().max().backward()
    return multiplied(output.attentions, [attention.grad for attention in output.attentions])


def frozen(model: Any, inputs: dict[str, Tensor]) -> Tensor:
    """The same for a model with frozen weights: its first layer has gradients only if its input asks for them."""
    hook = model.get_input_embeddings().register_forward_hook(lambda _, args, output: output.requires_grad_())
    output = model(**inputs, use_cache=False, output_attentions=True, logits_to_keep=1)
    hook.remove()
    score = output.logits[0, -1].float().max()
    return multiplied(output.attentions, torch.autograd.grad(score, output.attentions))


def multiplied(attentions: Sequence[Tensor], gradients: Sequence[Tensor]) -> Tensor:
    """The last row of the product of all layers' relevance matrices."""
    relevance = torch.eye(attentions[0].shape[-1], device=attentions[0].device)
    for attention, gradient in zip(attentions, gradients, strict=True):
        step = (attention.detach()[0] * gradient[0]).clamp(min=0).mean(0, dtype=torch.float32)
        relevance = relevance + step @ relevance
    return relevance[-1]


def prepare(side: str, shape: Shape) -> tuple[Any, Callable[[dict[str, Tensor]], Tensor]]:
    """The model as a side needs it, and what makes the side's map of inputs."""
    model = make_model(shape)
    if side in ("plain", "frozen"):
        model.get_decoder().set_attn_implementation("eager")
        model.requires_grad_(side == "plain")
        return model, partial(plain if side == "plain" else frozen, model)
    end = torch.tensor([shape.image.stop], device=shape.device)
    how: dict[str, Any] = {"ours": {}, "kept": {"kept_graphs": shape.layers}, "text": {"text_rows_from": end}}[side]
    return model, partial(ours, model, **how)


def measure(side: str, shape: Shape, out: str) -> dict[str, float]:
    """Seconds of a map and its peak bytes above what was held before; the map goes to `out`."""
    torch.set_num_threads(1)
    model, make_map = prepare(side, shape)
    inputs = make_inputs(shape)
    words = inputs["input_ids"][:, :64].clamp(max=900)
    (make_map if side in ("plain", "frozen") else partial(ours, model))(
        {"input_ids": words, "attention_mask": torch.ones_like(words)}
    )
    if side == "plain":
        for weight in model.parameters():  # so that they count as held, and not as the map's
            weight.grad = torch.zeros_like(weight)
    on_gpu = shape.device == "cuda"
    meter = GpuMeter() if on_gpu else CpuMeter()
    seconds: list[float] = []
    for _ in range(1 + GPU_MAPS if on_gpu else 1):
        start = meter.now_s()
        values = make_map(inputs)
        seconds.append(meter.now_s() - start)
    peak = meter.peak()
    torch.save(values[shape.image].float().cpu(), out)
    return {"seconds": statistics.median(seconds[on_gpu:]), "bytes": peak}


class CpuMeter:
    """Processor time and resident memory of this process, on Linux."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
        self._before = _status_kb("VmRSS")

    def now_s(self) -> float:
        """Seconds of the processor."""
        return time.process_time()

    def peak(self) -> int:
        """Bytes at the peak above those held at first."""
        return (_status_kb("VmHWM") - self._before) * 1024


class GpuMeter:
    """Wall time and allocated memory of the GPU."""

    def __init__(self) -> None:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        self._before = torch.cuda.memory_allocated()

    def now_s(self) -> float:
        """Seconds, once all work is done."""
        torch.cuda.synchronize()
        return time.perf_counter()

    def peak(self) -> int:
        """Bytes at the peak above those held at first."""
        return torch.cuda.max_memory_allocated() - self._before


def _status_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def exact_differences() -> dict[str, float]:
    """Largest differences in float64 from the full matrices of the package's tests, as shares of their peak."""
    sys.path.insert(0, str(TESTS))
    from full_matrices import reference_rows

    model, inputs = make_model(TINY_64), make_inputs(TINY_64)
    asked, end = last_token(inputs), torch.tensor([TINY_64.image.stop])
    token = relevance_rows(model, inputs, asked).tokens_B_T
    found: dict[str, float] = {}
    for name, how in (("float64_difference", None), ("float64_text_rows_difference", end)):
        theirs = reference_rows(model, inputs, asked.positions_B_T, token, asked.weights_B_T, closed_before=how)
        found[name] = apart(ours(model, inputs, text_rows_from=how)[TINY_64.image], theirs[0, 0, TINY_64.image])
    return found


def apart(values: Tensor, reference: Tensor) -> float:
    """Largest difference as a share of the reference's peak."""
    return float((values - reference).abs().max() / reference.abs().max())


def measure_alone(side: str, shape: Shape, out: str) -> dict[str, float]:
    """`measure` in a process of its own, forked, because imports take longer than maps; here where a GPU tells all."""
    if shape.device == "cuda":
        found = measure(side, shape, out)
        gc.collect()  # the model, before the next one is made
        torch.cuda.empty_cache()
    else:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
            found = pool.submit(measure, side, shape, out).result()
    print(f"{side:10}{found['seconds']:8.3f} s", flush=True)
    return found


def options_of() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, help="length of the sequence; 1,200, or 640 with --seven-b")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", nargs="+", choices=SIDES[3:], default=[], help="more sides")
    parser.add_argument("--text-rows", action="store_true", help="as --beside text")
    parser.add_argument("--seven-b", action="store_true", help="LLaVA-1.5-7B's shape in bfloat16, on a GPU, all sides")
    parser.add_argument("--small", action="store_true", help="with --seven-b: a tiny shape on a CPU")
    return parser.parse_args()


def main() -> None:
    """Run all sides and print the table."""
    options = options_of()
    shape = shape_of(options)
    if shape.device == "cuda" and not torch.cuda.is_available():
        print("error: --seven-b needs a GPU, and torch finds none; add --small to try it on a CPU.", file=sys.stderr)
        sys.exit(2)
    more = [*options.beside, *["text"] * options.text_rows, *SIDES[3:] * options.seven_b]
    sides = [*SIDES[:3], *(side for side in SIDES[3:] if side in more)]
    with tempfile.TemporaryDirectory() as folder:
        files = {side: Path(folder) / side for side in sides}
        rounds = [
            {side: measure_alone(side, shape, str(file)) for side, file in files.items()} for _ in range(options.rounds)
        ]
        maps = {side: torch.load(file, weights_only=True) for side, file in files.items()}
    found = {
        side: {name: statistics.median(one[side][name] for one in rounds) for name in ("seconds", "bytes")}
        for side in sides
    }
    report(shape, found, maps)


def report(shape: Shape, found: dict[str, dict[str, float]], maps: dict[str, Tensor]) -> None:
    """Print a line for each side, and the JSON object."""
    for side, one in found.items():
        print(f"{side:10}{one['seconds']:8.3f} s{one['bytes'] / 2**20:10.0f} MiB above the model")
    values = {"difference": apart(maps["ours"], maps["plain"])}
    if shape.dtype == torch.bfloat16:
        values = {"cosine": float(torch.nn.functional.cosine_similarity(maps["ours"], maps["plain"], dim=0))}
        agree = values["cosine"] >= COSINE
    else:
        values |= exact_differences()
        exact = max(values["float64_difference"], values["float64_text_rows_difference"])
        agree = values["difference"] <= CLOSE and exact <= CLOSE_64
    ratios: dict[str, float] = {}
    for side in list(found)[1:]:
        above, below = (found[side], found["ours"]) if side == "frozen" else (found["plain"], found[side])
        name = "" if side == "ours" else f"{side}_"
        ratios[f"{name}time_ratio"] = round(above["seconds"] / below["seconds"], 2)
        ratios[f"{name}memory_ratio"] = round(above["bytes"] / below["bytes"], 2)
    head = {"name": "relevance", "time_ratio": ratios["time_ratio"], "memory_ratio": ratios["memory_ratio"]}
    rest = {
        "agree": agree,
        "tokens": shape.tokens,
        "maps_per_s": {side: float(f"{1 / one['seconds']:.3g}") for side, one in found.items()},
        "device": torch.cuda.get_device_name() if shape.device == "cuda" else "cpu",
    }
    print(json.dumps(head | rest | ratios | {name: float(f"{value:.2g}") for name, value in values.items()}))


if __name__ == "__main__":
    main()
