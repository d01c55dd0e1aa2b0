"""Batches of rows of mixed length: packed sequences against padded ones, both as `llava_train.train` makes them.

    uv run --no-sync python tools/bench/packing.py                about a minute: two models, two batches a side
    uv run --no-sync python tools/bench/packing.py --batches 9    more batches for a steadier median
    uv run --no-sync python tools/bench/packing.py --gpu          larger models, 576 tokens an image, on a GPU

Each side builds the trainer that `train` uses, with `packing` off or on, takes the same rows of the same batches from
its sampler, and runs its loss forward and backward (full fine-tuning, vision tower frozen) without the optimizer.
Batches hold 12 of 96 rows: half an image with a short answer, a quarter an image with a caption of 100 to 200 words, a
quarter text alone. Models: LLaVA architecture, 64 tokens an image, random weights, float32; `small` has 6 layers, 512
wide, `tiny` 2 layers, 64 wide. Times are processor time on one thread, in one process a side, forked from one that has
imported the libraries; memory is the peak of the process above what it held with model and gradients, in `small`'s
first batch. On a GPU `small` has 16 layers, 2,048 wide, `tiny` 6 layers, 512 wide, and steps run under bfloat16
autocast; times are wall times after a first step of each batch, memory is the allocator's, all is one process, and
there is no bar.

Agreement: loss and whole gradient of a batch of `small` (on a GPU: of `tiny`, in float32), relative. Positions are
those that a model computes, filled ones counted; for 576 tokens an image, as in LLaVA-1.5, they are counted without a
run. Workers: what reading and encoding a batch takes (photos of 640 x 480, nothing cached), over two workers and the
packed step; the bar is that the step does not wait for them. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIDES = ("padded", "packed")
MODELS = {"tiny": {"width": 64, "layers": 2}, "small": {"width": 512, "layers": 6}}
GPU_MODELS = {"tiny": {"width": 512, "layers": 6}, "small": {"width": 2048, "layers": 16}}
ROWS, BATCH, WORKERS, WORDS, SIDE_PX, GPU_SIDE_PX, PATCH_PX = 96, 12, 2, 4000, 112, 336, 14
CLOSE, LEAST_TOKENS_RATIO, MOST_BUSY = 1e-5, 1.5, 0.5
MARKS = ["<pad>", "<unk>", "<s>", "</s>", "<image>"]
TEMPLATE = (
    "{% for m in messages %}{{ 'w0' if m['role'] == 'user' else 'w1' }} {% for p in m['content'] %}"
    "{{ '<image>' if p['type'] == 'image' else p['text'] }} {% endfor %}"
    "{{ '</s> ' if m['role'] == 'assistant' else '' }}{% endfor %}{% if add_generation_prompt %}{{ 'w1 ' }}{% endif %}"
)


def make_processor(side_px: int) -> Any:
    """A processor whose tokenizer knows words `w0`, `w1`, ..."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlavaProcessor, PreTrainedTokenizerFast
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    vocabulary = {word: k for k, word in enumerate([*MARKS, *(f"w{k}" for k in range(WORDS - len(MARKS)))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    square = {"height": side_px, "width": side_px}
    images = CLIPImageProcessorPil(size={"shortest_edge": side_px}, crop_size=square)
    return LlavaProcessor(
        images, fast, patch_size=PATCH_PX, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )  # fmt: skip


def make_model(width: int, layers: int, side_px: int) -> Any:
    """A LLaVA with random weights."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    torch.manual_seed(0)
    vision = CLIPVisionConfig(
        hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=2, image_size=side_px,
        patch_size=PATCH_PX,
    )  # fmt: skip
    language = LlamaConfig(
        hidden_size=width, intermediate_size=width * 8 // 3, num_hidden_layers=layers, num_attention_heads=width // 32,
        vocab_size=WORDS, max_position_embeddings=1024, bos_token_id=2, eos_token_id=3, pad_token_id=0,
    )  # fmt: skip
    model = LlavaForConditionalGeneration(LlavaConfig(vision_config=vision, text_config=language, image_token_index=4))
    model.generation_config.eos_token_id, model.generation_config.pad_token_id = 3, 0
    return model


def make_rows(folder: Path) -> list[dict[str, Any]]:
    """Half images with short answers, a quarter images with captions, a quarter texts, in a random order."""
    draw = random.Random(0)
    kinds = ["short", "short", "caption", "text"] * (ROWS // 4)
    draw.shuffle(kinds)
    return [make_row(k, kind, draw, folder) for k, kind in enumerate(kinds)]


def make_row(number: int, kind: str, draw: random.Random, folder: Path) -> dict[str, Any]:
    """One row, and its picture on disk: a blurred noise, which compresses about as a photo does."""
    import numpy as np
    from PIL import Image

    least, most = {"short": (1, 6), "caption": (100, 200), "text": (20, 120)}[kind]
    question, answer = (
        " ".join(f"w{draw.randrange(9, 3000)}" for _ in range(n))
        for n in (draw.randint(8, 16), draw.randint(least, most))
    )
    parts = [{"type": "text", "text": question}]
    if kind == "text":
        return {"id": str(number), "messages": turns(parts, answer)}
    noise = np.random.default_rng(number).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    path = folder / f"{number}.jpg"
    Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC).save(path, quality=90)
    return {"id": str(number), "messages": turns([{"type": "image"}, *parts], answer), "images": [str(path)]}


def turns(question: list[dict[str, str]], answer: str) -> list[dict[str, Any]]:
    """A question and its answer."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": [{"type": "text", "text": answer}]}]


def prepare(folder: Path, on_gpu: bool) -> None:
    """Write rows, pictures and models."""
    import torch

    side_px = GPU_SIDE_PX if on_gpu else SIDE_PX
    (folder / "rows.json").write_text(json.dumps(make_rows(folder)))
    for name, shape in (GPU_MODELS if on_gpu else MODELS).items():
        with torch.device("cuda" if on_gpu else "cpu"):  # the large one takes long on a CPU
            model = make_model(**shape, side_px=side_px)
        model.save_pretrained(folder / name)
        make_processor(side_px).save_pretrained(folder / name)


def measure(side: str, folder: Path, batches: int, on_gpu: bool) -> dict[str, Any]:
    """Figures of one side for each model; loss and gradients of one model's first batch go to a file."""
    return {name: measure_model(side, folder, name, batches, on_gpu) for name in reversed(MODELS)}  # memory first


def measure_model(side: str, folder: Path, name: str, batches: int, on_gpu: bool) -> dict[str, Any]:
    """Seconds of steps and of encoding by batch, positions computed, peak bytes."""
    from llava_train import SftSettings, check_rows, load_encoder, load_model
    from llava_train.sft_trainer import make_arguments, make_trainer

    settings = SftSettings(
        model=str(folder / name), method="full", batch_size=BATCH, packing=side == "packed", cache_mb=0,
        device="auto" if on_gpu else "cpu", dtype="float32",
    )  # fmt: skip
    encoder = load_encoder(settings)
    checked = check_rows(json.loads((folder / "rows.json").read_text()), encoder)
    assert not checked.refused, checked.reasons
    arguments = make_arguments(settings, "float32", folder / side / name)
    model = load_model(settings.model, "float32")
    trainer = make_trainer(model, encoder, checked, settings, arguments, progress=False)
    numbers = list(trainer.get_train_dataloader().batch_sampler)[:batches]
    made = [timed(lambda rows=rows: trainer.data_collator([{"row": k} for k in rows])) for rows in numbers]
    path = folder / f"{side}.safetensors" if name == ("tiny" if on_gpu else "small") else None
    steps_s, peak = (gpu_steps if on_gpu else cpu_steps)(trainer, [batch for _, batch in made], path)
    print(f"{side:8}{name:7}{statistics.median(steps_s):8.3f} s", flush=True)
    return {
        "steps_s": steps_s,
        "encode_s": [seconds for seconds, _ in made],
        "lengths": [[checked.lengths[k] for k in rows] for rows in numbers],
        "has_image": [["images" in checked.kept[k] for k in rows] for rows in numbers],
        "positions": [batch["input_ids"].numel() for _, batch in made],
        "bytes": peak,
        "device": trainer.model.device.type,
    }


def cpu_steps(trainer: Any, batches: list[dict[str, Any]], path: Path | None) -> tuple[list[float], float]:
    """Seconds of each step, and peak bytes of the first, whose loss and gradients go to `path`."""
    first_s, (loss, peak) = timed(lambda: with_peak(trainer, batches[0]))
    if path is not None:
        write_gradients(trainer.model, loss, path)
    return [first_s, *(timed(lambda batch=batch: step(trainer, batch))[0] for batch in batches[1:])], peak


def gpu_steps(trainer: Any, batches: list[dict[str, Any]], path: Path | None) -> tuple[list[float], float]:
    """The same under autocast, each batch once before it is timed; what goes to `path` is computed in float32."""
    import torch

    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    if path is not None:
        write_gradients(trainer.model, with_peak(trainer, batches[0])[0], path)
    with torch.autocast("cuda", torch.bfloat16):
        _, peak = with_peak(trainer, batches[0])
        for batch in batches:
            step(trainer, batch)
        return [gpu_seconds(trainer, batch) for batch in batches], peak


def gpu_seconds(trainer: Any, batch: dict[str, Any]) -> float:
    """Wall time of a step."""
    import torch

    torch.cuda.synchronize()
    start = time.perf_counter()
    step(trainer, batch)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def timed(work: Any) -> tuple[float, Any]:
    """Seconds of processor time, and what the work gave."""
    start = time.process_time()
    value = work()
    return time.process_time() - start, value


def step(trainer: Any, batch: dict[str, Any]) -> float:
    """One forward and backward pass, as the trainer makes it; returns the loss."""
    device = trainer.model.device
    inputs = {name: value.to(device) for name, value in batch.items() if name != "encode_seconds"}
    model = trainer.model.train()
    total = trainer._get_num_items_in_batch([inputs], device)
    loss = trainer.compute_loss(model, inputs, num_items_in_batch=total)
    loss.backward()
    return loss.item()


def with_peak(trainer: Any, batch: dict[str, Any]) -> tuple[float, float]:
    """Loss of a first step with gradients in place, and its peak bytes above what was held before."""
    import torch

    for weight in trainer.model.parameters():
        weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
    if trainer.model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        loss = step(trainer, batch)
        return loss, torch.cuda.max_memory_allocated() - before
    Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak so far
    before = status_kb("VmRSS")
    loss = step(trainer, batch)
    return loss, (status_kb("VmHWM") - before) * 1024


def status_kb(name: str) -> int:
    """A figure of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def write_gradients(model: Any, loss: float, path: Path) -> None:
    """Loss and gradients as safetensors."""
    import torch
    from safetensors.torch import save_file

    grads = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    save_file({"loss": torch.tensor(loss, dtype=torch.float64), **grads}, path)


def differences(folder: Path) -> dict[str, float]:
    """Relative differences of the two sides' losses and of their whole gradients."""
    import torch
    from safetensors.torch import load_file

    one, other = (load_file(folder / f"{side}.safetensors") for side in SIDES)
    losses = one.pop("loss"), other.pop("loss")
    vectors = [torch.cat([grads[name].flatten() for name in one]).double() for grads in (one, other)]
    return {
        "loss_difference": float(abs(losses[0] - losses[1]) / losses[0]),
        "gradient_difference": float((vectors[0] - vectors[1]).norm() / vectors[0].norm()),
    }


def image_tokens(found: dict[str, Any]) -> int:
    """Tokens of one image."""
    return ((GPU_SIDE_PX if found["device"] == "cuda" else SIDE_PX) // PATCH_PX) ** 2


def longer_images_ratio(found: dict[str, Any], more: int, pack_length: int) -> float:
    """Padded over packed positions of the same batches, had each image so many more tokens."""
    from llava_train.packing import Packer

    packer = Packer(pad_id=0, least_length=pack_length)
    padded = packed = 0
    for lengths, has_image in zip(found["lengths"], found["has_image"], strict=True):
        longer = [length + more * image for length, image in zip(lengths, has_image, strict=True)]
        padded += max(longer) * len(longer)
        plan = packer.plan(longer)
        packed += max(sum(longer[k] for k in one) for one in plan) * len(plan)
    return padded / packed


def report(found: dict[str, Any], apart: dict[str, float]) -> dict[str, Any]:
    """Ratios of the two sides, above 1 where packing is better."""
    padded, packed = found["padded"], found["packed"]
    tokens = sum(map(sum, padded["small"]["lengths"]))
    more = 576 - image_tokens(padded["small"])
    per_s = {side: tokens / sum(found[side]["small"]["steps_s"]) for side in SIDES}
    return {
        "name": "packing",
        "time_ratio": ratio(found, "small"),
        "memory_ratio": round(padded["small"]["bytes"] / packed["small"]["bytes"], 2),
        "agree": max(apart.values()) <= CLOSE and padded["small"]["lengths"] == packed["small"]["lengths"],
        "tokens_per_s_ratio": round(per_s["packed"] / per_s["padded"], 2),
        "device": packed["small"]["device"],
        "workers_busy": busy(packed["small"]),
        "tokens_per_s": round(per_s["packed"]),
        "tiny_time_ratio": ratio(found, "tiny"),
        "tiny_workers_busy": busy(packed["tiny"]),
        "positions_ratio": round(sum(padded["small"]["positions"]) / sum(packed["small"]["positions"]), 2),
        "positions_ratio_576": round(longer_images_ratio(padded["small"], more, 0), 2),
        "positions_ratio_576_pack_2048": round(longer_images_ratio(padded["small"], more, 2048), 2),
    } | {name: float(f"{value:.2g}") for name, value in apart.items()}


def ratio(found: dict[str, Any], name: str) -> float:
    """Median over batches of padded over packed seconds."""
    pairs = zip(found["padded"][name]["steps_s"], found["packed"][name]["steps_s"], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 2)


def busy(figures: dict[str, Any]) -> float:
    """Share of a packed step in which each of the workers is at work for the next one."""
    return round(statistics.median(figures["encode_s"]) / (WORKERS * statistics.median(figures["steps_s"])), 3)


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=2)
    parser.add_argument("--gpu", action="store_true")
    options = parser.parse_args()
    import_libraries()
    do = in_this_process if options.gpu else in_child
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        do(prepare, folder, options.gpu)
        found = {side: do(measure, side, folder, options.batches, options.gpu) for side in SIDES}
        result = report(found, differences(folder))
    for side, figures in found.items():
        for model in MODELS:
            seconds = statistics.median(figures[model]["steps_s"])
            print(
                f"{side:8}{model:7}{seconds:8.3f} s{figures[model]['bytes'] / 2**20:8.0f} MiB above model and gradients"
            )
    print(json.dumps(result))
    if options.gpu:
        return
    if not result["agree"] or result["tokens_per_s_ratio"] < LEAST_TOKENS_RATIO or result["workers_busy"] >= MOST_BUSY:
        sys.exit("below the bar")


def import_libraries() -> None:
    """Import once what all processes need, which takes longer than their work, with one thread for each."""
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
    import llava_train.sft_trainer
    import safetensors.torch
    import transformers.models.clip.image_processing_pil_clip
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaForConditionalGeneration, LlavaProcessor
    from trl import SFTTrainer

    _ = CLIPVisionConfig, LlamaConfig, LlavaForConditionalGeneration, LlavaProcessor, SFTTrainer, llava_train
    _ = safetensors, transformers


def in_this_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns; what it held on a GPU is free then."""
    import torch

    value = work(*arguments)
    gc.collect()
    torch.cuda.empty_cache()
    return value


def in_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a fresh process forked from this one, which has computed nothing."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(work, arguments)


if __name__ == "__main__":
    main()
