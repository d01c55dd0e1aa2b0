"""Boxes and masks of eight phrases an image: all at once against the loop of one phrase and one box, in one run.

    uv run python tools/bench/detect.py                                   two minutes: small shapes on one core
    uv run python tools/bench/detect.py --device cuda --shapes base       GroundingDINO-base and SAM ViT-B
    uv run python tools/bench/detect.py --device cuda --shapes base --dtype bfloat16 --images 5

GroundingDINO and SAM of transformers with random weights, on noise images of 640 x 480. Sides:

- ours: `GroundingDinoDetector` reads the eight phrases as one text, `SamSegmenter` the eight best boxes together: one
  pass of each image encoder for an image;
- plain: the same two, for one phrase at a time and its best box: eight passes of each.

Both decode the picture, resize it and bring the masks to its size, as often as they need to. Medians over images, the
sides taking turns; on a CPU processor time of one thread, on a GPU wall time. Memory is the peak above the models: of
the process on a CPU (Linux alone), of the allocator on a GPU.

What can be equal, and `agree` asks for: (1) the masks of ours are those of the same boxes one by one: at most
`MASKS[dtype]` of the pixels differ, and the same boxes have a mask; (2) the text encoder gives each phrase the same
features within the text as alone, to `FEATURES[dtype]` of their size (tokens see their own sub-sentence alone, whose
positions begin at 0); (3) the image encoders ran once for ours and eight times for plain. Boxes and scores of a phrase
are not equal: from the fusion layers on the image reads the whole text. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from occlusion.detectors import GroundingDinoDetector
from occlusion.segmentations import FoundMask
from occlusion.segmenters import SamSegmenter
from PIL import Image

PHRASES = ["red bicycle", "traffic light", "shop window", "dog", "old man", "white coffee cup", "umbrella", "bus stop"]
MASKS = {torch.float32: 1e-4, torch.bfloat16: 2e-2}
FEATURES = {torch.float32: 1e-4, torch.bfloat16: 5e-2}
ANY = {"box_threshold": 0.0, "text_threshold": 0.0}


@dataclass(frozen=True)
class Shapes:
    """Sizes of the two models; what is not named is as published for GroundingDINO-base and SAM ViT-B."""

    swin: dict[str, Any]
    bert: dict[str, Any]
    dino: dict[str, Any]
    sam_vision: dict[str, Any]
    sam_prompt: dict[str, Any]
    edges_px: tuple[int, int]
    """Shortest and longest edge that GroundingDINO reads."""


STAGES = {"out_features": ["stage2", "stage3", "stage4"]}
BASE = Shapes(
    swin={
        "image_size": 384, "embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32], "window_size": 12,
        **STAGES,
    },
    bert={},
    dino={},
    sam_vision={},
    sam_prompt={},
    edges_px=(800, 1333),
)  # fmt: skip
SMALL = Shapes(
    swin={
        "image_size": 320, "embed_dim": 32, "depths": [1, 1, 4, 1], "num_heads": [1, 2, 4, 8], "window_size": 5,
        **STAGES,
    },
    bert={"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128},
    dino={
        "d_model": 64, "num_queries": 100, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 128,
        "decoder_ffn_dim": 128, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    },
    sam_vision={
        "image_size": 512, "hidden_size": 96, "num_hidden_layers": 4, "num_attention_heads": 4,
        "global_attn_indexes": [1, 3],
    },
    sam_prompt={"image_size": 512, "image_embedding_size": 32},
    edges_px=(320, 533),
)  # fmt: skip


def tokenizer() -> Any:
    """One with the numbers of uncased BERT's delimiters, that knows the words of the phrases."""
    from transformers import BertTokenizer

    names = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1010: ",", 1012: ".", 1029: "?"}
    words = dict.fromkeys(word for phrase in PHRASES for word in phrase.split())
    names |= {1030 + i: word for i, word in enumerate(words)}
    return BertTokenizer(vocab={names.get(i, f"[unused{i}]"): i for i in range(max(names) + 1)})


def make_dino(shapes: Shapes) -> tuple[Any, Any]:
    """GroundingDINO and what stands for its processor."""
    from transformers import BertConfig, GroundingDinoConfig, GroundingDinoForObjectDetection, SwinConfig
    from transformers.models.grounding_dino.image_processing_pil_grounding_dino import GroundingDinoImageProcessorPil

    torch.manual_seed(0)
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(**shapes.swin), text_config=BertConfig(**shapes.bert), **shapes.dino
    )
    model = GroundingDinoForObjectDetection(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "bbox_embed" in name:  # Its last layer starts at zero, which puts every box on its proposal.
                weight.normal_(0, 0.1)
    images = GroundingDinoImageProcessorPil(
        size={"shortest_edge": shapes.edges_px[0], "longest_edge": shapes.edges_px[1]}
    )
    return model, SimpleNamespace(tokenizer=tokenizer(), image_processor=images)


def make_sam(shapes: Shapes) -> Any:
    """SAM."""
    from transformers import SamConfig, SamModel

    torch.manual_seed(0)
    return SamModel(SamConfig(vision_config=shapes.sam_vision, prompt_encoder_config=shapes.sam_prompt))


@dataclass(frozen=True)
class Pair:
    """Both models behind the package's calls."""

    dino: Any
    sam: Any
    detect: GroundingDinoDetector
    segment: SamSegmenter

    def ours(self, image: Image.Image) -> list[Any]:
        """Boxes and masks of all phrases at once."""
        boxes = [one.box_xyxy_px for one in self.detect(image, PHRASES)[: len(PHRASES)]]
        return list(zip(boxes, self.segment(image, boxes), strict=True))

    def plain(self, image: Image.Image) -> list[Any]:
        """The same number of boxes and masks by the loop."""
        boxes = [self.detect(image, [phrase])[0].box_xyxy_px for phrase in PHRASES]
        return [(box, self.segment(image, [box])[0]) for box in boxes]


def make_pair(shapes: Shapes, device: str, dtype: torch.dtype) -> Pair:
    """Models with random weights where they run."""
    model, processor = make_dino(shapes)
    detect = GroundingDinoDetector(model, processor, device=device, dtype=dtype, **ANY)
    sam = make_sam(shapes)
    return Pair(model, sam, detect, SamSegmenter(sam, device=device, dtype=dtype))


def noise(seed: int) -> Image.Image:
    """A picture of smooth noise, 640 x 480."""
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 255, (24, 32, 3), dtype=np.uint8)).resize(
        (640, 480), Image.Resampling.BICUBIC
    )


@contextmanager
def passes(pair: Pair) -> Iterator[dict[str, int]]:
    """Count images that go through each image encoder."""
    seen = {"dino": 0, "sam": 0}
    hooks = [
        part.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: seen[name] + len(inputs[0])}))
        for name, part in (("dino", pair.dino.model.backbone), ("sam", pair.sam.vision_encoder))
    ]
    yield seen
    for hook in hooks:
        hook.remove()


def masks_apart(pair: Pair, image: Image.Image) -> float:
    """The largest share of pixels that differ between masks of boxes together and one by one; 1 where one has none."""
    worst = 0.0
    for box, together in pair.ours(image):
        (alone,) = pair.segment(image, [box])
        if isinstance(together, FoundMask) != isinstance(alone, FoundMask):
            return 1.0
        if isinstance(together, FoundMask) and isinstance(alone, FoundMask):
            worst = max(worst, float((together.mask_hw != alone.mask_hw).mean()))
    return worst


def features_apart(pair: Pair, image: Image.Image) -> float:
    """The largest relative difference of a phrase's text features within the whole text and alone."""
    features: list[torch.Tensor] = []
    hook = pair.dino.model.text_backbone.register_forward_hook(lambda *call: features.append(call[2][0][0].float()))
    for phrases in (PHRASES, *([phrase] for phrase in PHRASES)):
        pair.detect(image, phrases)
    hook.remove()
    text, *alone = features
    worst, start = 0.0, 1  # After [CLS].
    for one in alone:
        own = one[1:-2]  # Without [CLS], "." and [SEP].
        within = text[start : start + len(own)]
        worst = max(worst, float((within - own).norm() / own.norm()))
        start += len(own) + 1
    return worst


def peak_bytes(act: Callable[[], object], device: str) -> int | None:
    """Peak of memory above what was held before, or None where it cannot be told."""
    gc.collect()
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        act()
        return torch.cuda.max_memory_allocated() - before
    if not Path("/proc/self/clear_refs").exists():
        return None
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # The peak begins anew.
    before = status_bytes("VmRSS")
    act()
    return status_bytes("VmHWM") - before


def status_bytes(name: str) -> int:
    """A figure of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) * 1024


def seconds(act: Callable[[], object], device: str) -> float:
    """Time of one call; results are on the CPU when it returns."""
    clock = time.perf_counter if device == "cuda" else time.process_time
    begun = clock()
    act()
    return clock() - begun


def measure(pair: Pair, images: int, device: str) -> dict[str, Any]:
    """Times and peaks of both sides."""
    sides: dict[str, Callable[[Image.Image], object]] = {"ours": pair.ours, "plain": pair.plain}
    for act in sides.values():
        act(noise(99))
    taken: dict[str, list[float]] = {side: [] for side in sides}
    peaks: dict[str, list[int | None]] = {side: [] for side in sides}
    for seed in range(images):
        for side, act in list(sides.items())[:: 1 if seed % 2 else -1]:
            taken[side].append(seconds(lambda act=act, seed=seed: act(noise(seed)), device))
    for side, act in sides.items():
        peaks[side].append(peak_bytes(lambda act=act: act(noise(0)), device))
    return {side: (statistics.median(taken[side]), peaks[side][0]) for side in sides}


def main() -> None:
    """Measure, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--shapes", choices=("small", "base"), default="small")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--images", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    dtype = getattr(torch, options.dtype)
    pair = make_pair(BASE if options.shapes == "base" else SMALL, options.device, dtype)
    found = measure(pair, options.images, options.device)
    counted = {}
    for side in ("ours", "plain"):
        with passes(pair) as seen:
            getattr(pair, side)(noise(0))
        counted[side] = dict(seen)
    apart = {"masks": masks_apart(pair, noise(0)), "features": features_apart(pair, noise(0))}
    report(options, found, counted, apart)


def report(
    options: argparse.Namespace, found: dict[str, Any], counted: dict[str, Any], apart: dict[str, float]
) -> None:
    """Print a line for each side, and the JSON object."""
    for side, (taken, peak) in found.items():
        held = "" if peak is None else f"{peak / 2**20:9.0f} MiB above the models"
        print(f"{side:6}{taken:8.3f} s an image, encoder passes {counted[side]}{held}")
    (ours_s, ours_peak), (plain_s, plain_peak) = found["ours"], found["plain"]
    dtype = getattr(torch, options.dtype)
    once, each = dict.fromkeys(("dino", "sam"), 1), dict.fromkeys(("dino", "sam"), len(PHRASES))
    agree = apart["masks"] <= MASKS[dtype] and apart["features"] <= FEATURES[dtype]
    result = {
        "name": "detect",
        "time_ratio": round(plain_s / ours_s, 2),
        "memory_ratio": round(plain_peak / ours_peak, 2) if ours_peak and plain_peak else None,
        "agree": agree and counted == {"ours": once, "plain": each},
        "images_per_s": {"ours": float(f"{1 / ours_s:.3g}"), "plain": float(f"{1 / plain_s:.3g}")},
        "masks_apart": float(f"{apart['masks']:.2g}"),
        "features_apart": float(f"{apart['features']:.2g}"),
        "shapes": options.shapes,
        "dtype": options.dtype,
        "device": torch.cuda.get_device_name() if options.device == "cuda" else "cpu",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
