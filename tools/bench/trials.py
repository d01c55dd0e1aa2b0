"""16 trials of one image question: `HfSampler` against `generate(num_return_sequences=16)`, in one run.

    uv run python tools/bench/trials.py                  about a minute: 32 new tokens
    uv run python tools/bench/trials.py --tokens 384     the longest answers of the method, some minutes
    uv run python tools/bench/trials.py --seven-b        LLaVA-1.5-7B's shape with random weights, for a GPU
    uv run python tools/bench/trials.py --seven-b --small    the same code on a CPU with a tiny model, in seconds

Both sides start from the same picture and question, use the same processor and the same model (LLaVA architecture,
576 image tokens, 6 layers, random weights, no end token, so that every trial has the full length), temperature 1,
top-p 0.9. Times are medians of processor time on a CPU and of wall time on a GPU. Memory is the peak of the process
above what it held before sampling (on a GPU: of its allocator), each side in a process of its own.

Agreement: the greedy answer and its log-probability are equal (7B: of the model in float32); and over 2,048 draws of a
smaller model the first, second and fourth token are distributed as `generate` distributes them (two-sample chi-square,
every p above 0.001). The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from trial_sampler import Request
from trial_sampler.hf import HfSampler

N, TOP_P, VOCABULARY, IMAGE_ID = 16, 0.9, 32_000, 3
TEMPLATE = (
    "{% for m in messages %}{% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image>{% else %}{{ p['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}"
)
QUESTION = " ".join(f"w{index}" for index in range(100, 124))
ASK = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
DRAWS, PLACES = 2048, (0, 1, 3)


def make_processor(side: int, patch: int) -> LlavaProcessor:
    """A processor whose tokenizer knows words `w0`, `w1`, ... and no end token."""
    words = ["<pad>", "<unk>", "<s>", "<image>", *(f"w{index}" for index in range(VOCABULARY - 4))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", additional_special_tokens=["<image>"],
        extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    size = {"shortest_edge": side}
    images = CLIPImageProcessorPil(size=size, crop_size={"height": side, "width": side})
    return LlavaProcessor(
        images, fast, patch_size=patch, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )  # fmt: skip


def make_model(side: int, patch: int, *, layers: int, width: int, spread: float = 0.02, **text: Any) -> Any:
    """A LLaVA with random weights."""
    torch.manual_seed(0)
    vision = CLIPVisionConfig(
        hidden_size=192, intermediate_size=768, num_hidden_layers=6, num_attention_heads=6, image_size=side,
        patch_size=patch,
    )  # fmt: skip
    language = LlamaConfig(
        **{
            "hidden_size": width, "intermediate_size": width * 8 // 3, "num_hidden_layers": layers,
            "num_attention_heads": width // 64, "vocab_size": VOCABULARY, "max_position_embeddings": 4096,
            "initializer_range": spread, "bos_token_id": 2, "eos_token_id": None, "pad_token_id": 0,
        }
        | text
    )  # fmt: skip
    config = LlavaConfig(vision_config=vision, text_config=language, image_token_index=IMAGE_ID)
    return _without_end(LlavaForConditionalGeneration(config).eval())


def make_seven_b(*, small: bool = False) -> Any:
    """LLaVA-1.5-7B's shape in bfloat16 on the GPU, random weights; `small`: a tiny one in its place, on a CPU."""
    if small:
        return make_model(336, 14, layers=1, width=128, vocab_size=4000)
    vision = CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, image_size=336,
        patch_size=14,
    )  # fmt: skip
    language = LlamaConfig(
        hidden_size=4096, intermediate_size=11008, num_hidden_layers=32, num_attention_heads=32, vocab_size=VOCABULARY,
        max_position_embeddings=4096, bos_token_id=2, eos_token_id=None, pad_token_id=0,
    )  # fmt: skip
    config = LlavaConfig(vision_config=vision, text_config=language, image_token_index=IMAGE_ID)
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        model = LlavaForConditionalGeneration(config).eval()
        torch.set_default_dtype(torch.float32)
    return _without_end(model)


def in_float32(model: Any) -> Any:
    """The model in float32, and no product of less than that on a GPU."""
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    return model.float()


def _without_end(model: Any) -> Any:
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = 0, None
    return model


def picture(side: int, seed: int = 0) -> Image.Image:
    """Noise."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def plain(
    model: Any, processor: Any, image: Image.Image, n: int, tokens: int, seed: int, **how: Any
) -> list[list[int]]:
    """`generate` with n sequences; returns their new tokens."""
    text = processor.apply_chat_template(ASK, tokenize=False)
    inputs = processor(text=text, images=image, return_tensors="pt").to(model.device)
    how = how or {"do_sample": True, "temperature": 1.0, "top_p": TOP_P, "top_k": 0}
    torch.manual_seed(seed)
    with torch.inference_mode():
        out = model.generate(**inputs, num_return_sequences=n, max_new_tokens=tokens, min_new_tokens=tokens, **how)
    return out[:, inputs["input_ids"].shape[1] :].tolist()


def ours(model: Any, processor: Any, image: Image.Image, n: int, tokens: int, seed: int, **how: Any) -> Any:
    """The same with `HfSampler`; returns the trials."""
    request = Request(
        id="bench", messages=ASK, images=[image], n=n, max_new_tokens=tokens, seed=seed, **(how or {"top_p": TOP_P})
    )
    (result,) = HfSampler(model, processor).sample([request])
    assert result.error is None, result.error
    return result.trials


def same_greedy(model: Any, processor: Any, image: Image.Image) -> bool:
    """Whether the most likely answer and its log-probability are the same."""
    (ids,) = plain(model, processor, image, 1, 16, 0, do_sample=False)
    (trial,) = ours(model, processor, image, 1, 16, 0, temperature=0)
    text = processor.apply_chat_template(ASK, tokenize=False)
    inputs = processor(text=text, images=image, return_tensors="pt").to(model.device)
    whole = torch.cat([inputs["input_ids"], torch.tensor([ids], device=model.device)], dim=1)
    with torch.inference_mode():
        logits = model(input_ids=whole, pixel_values=inputs["pixel_values"]).logits[0, -len(ids) - 1 : -1].float()
    expected = float(logits.log_softmax(-1).gather(1, torch.tensor(ids, device=model.device)[:, None]).sum())
    return trial.text.split() == processor.decode(ids).split() and abs(trial.logprob - expected) < 1e-2


def same_distribution() -> dict[str, float]:
    """p values of two-sample chi-square tests of a token's distribution, by its place."""
    processor = make_processor(28, 14)
    model = make_model(28, 14, layers=2, width=128, spread=0.3, vocab_size=500)
    image = picture(28)
    ids = plain(model, processor, image, DRAWS, max(PLACES) + 1, 1)
    theirs = [_words(text) for text in processor.tokenizer.batch_decode(ids, skip_special_tokens=True)]
    mine = [_words(trial.text) for trial in ours(model, processor, image, DRAWS, max(PLACES) + 1, 2)]
    values = {}
    for place in PLACES:
        counts = [Counter(words[place] for words in side) for side in (mine, theirs)]
        values[f"p_token_{place + 1}"] = _same_counts(*counts)
    return values


def _same_counts(mine: Counter[str], theirs: Counter[str]) -> float:
    """p value of a two-sample chi-square test; words drawn fewer than 20 times are one class."""
    from scipy.stats import chi2_contingency

    common = [word for word in mine | theirs if mine[word] + theirs[word] >= 20]
    table = [
        [side[word] for word in common] + [side.total() - sum(side[word] for word in common)] for side in (mine, theirs)
    ]
    filled = [column for column in zip(*table, strict=True) if sum(column)]
    return float(chi2_contingency(list(zip(*filled, strict=True))).pvalue)


def _words(text: str) -> list[str]:
    """The answer's words; special tokens leave none, so the list is filled up."""
    return text.split() + [""] * (max(PLACES) + 1)


def measured(run: Callable[[], Any], on_gpu: bool) -> tuple[float, float]:
    """Median seconds of three runs, and the first run's peak bytes above what was held before."""
    clock = time.perf_counter if on_gpu else time.process_time
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: forget the peak so far
        before = _status_kb("VmRSS")
    times, peaks = [], []
    for _ in range(3):
        start = clock()
        run()
        if on_gpu:
            torch.cuda.synchronize()
        times.append(clock() - start)
        peaks.append(torch.cuda.max_memory_allocated() - before if on_gpu else (_status_kb("VmHWM") - before) * 1024)
    return statistics.median(times), peaks[0]


def _status_kb(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def child(side: str, tokens: int, seven_b: bool, small: bool) -> None:
    """Measure one side in this process; print seconds and bytes."""
    processor = make_processor(336, 14)
    model = make_seven_b(small=small) if seven_b else make_model(336, 14, layers=6, width=384)
    image = picture(336)
    way = ours if side == "ours" else plain
    seconds, peak = measured(lambda: way(model, processor, image, N, tokens, 0), model.device.type == "cuda")
    agree = same_greedy(in_float32(model), processor, image) if side == "ours" else True
    device = torch.cuda.get_device_name() if model.device.type == "cuda" else "cpu"
    print(json.dumps({"seconds": seconds, "bytes": peak, "agree": agree, "device": device}))


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--seven-b", action="store_true")
    parser.add_argument("--small", action="store_true", help="with --seven-b: a tiny shape on a CPU")
    parser.add_argument("--child", choices=["ours", "plain"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.tokens, options.seven_b, options.small)
        return
    sides = {}
    for side in ("plain", "ours"):
        command = [sys.executable, __file__, "--child", side, "--tokens", str(options.tokens)]
        command += ["--seven-b"] * options.seven_b + ["--small"] * options.small
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
        sides[side] = json.loads(done.stdout.splitlines()[-1])
        seconds, mib = sides[side]["seconds"], sides[side]["bytes"] / 2**20
        print(f"{side:6}{seconds:8.2f} s{mib:10.0f} MiB above the model", flush=True)
    values = {} if options.seven_b else same_distribution()
    print(*(f"{name} {value:.3f}" for name, value in values.items()), sep="\n")
    report = {
        "name": "trials",
        "time_ratio": round(sides["plain"]["seconds"] / sides["ours"]["seconds"], 2),
        "memory_ratio": round(sides["plain"]["bytes"] / sides["ours"]["bytes"], 2),
        "agree": sides["ours"]["agree"] and all(value > 0.001 for value in values.values()),
        "tokens": options.tokens,
        "device": sides["ours"]["device"],
        "trials_per_s": round(N / sides["ours"]["seconds"], 2),
        "tokens_per_s": round(N * options.tokens / sides["ours"]["seconds"], 1),
    } | {name: round(value, 4) for name, value in values.items()}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
