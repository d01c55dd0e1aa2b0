"""What the benchmarks of S-VCO share: LLaVA shapes with random weights, noise for images, random tokens, one step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from svco_loss import PairBatch, PairLogps, TokenRows, svco_loss
from torch import Tensor
from transformers import AutoModelForImageTextToText, CLIPVisionConfig, LlamaConfig, LlavaConfig

Form = Callable[[Any, PairBatch], PairLogps]
"""`pair_logps`, or another way to the same six log-probabilities."""


class Stack(NamedTuple):
    """One transformer."""

    width: int
    mlp: int
    layers: int
    heads: int

    def config(self) -> dict[str, int]:
        """Return the sizes as transformers names them."""
        names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
        return dict(zip(names, self, strict=True))


@dataclass(frozen=True)
class Shape:
    """A LLaVA, and the pairs that it is timed with."""

    vision: Stack
    language: Stack
    side_px: int = 336
    patch_px: int = 14
    words: int = 32_064
    image_id: int = 32_000
    question_tokens: int = 24
    answer_tokens: int = 64

    @property
    def image_tokens(self) -> int:
        """Features of one image."""
        return (self.side_px // self.patch_px) ** 2


def random_llava(shape: Shape, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Any:
    """Return a LLaVA with random weights, in training mode, made where it stays."""
    vision = CLIPVisionConfig(**shape.vision.config(), image_size=shape.side_px, patch_size=shape.patch_px)
    language = LlamaConfig(**shape.language.config(), vocab_size=shape.words, max_position_embeddings=4096)
    config = LlavaConfig(vision_config=vision, text_config=language, image_token_index=shape.image_id)
    torch.manual_seed(0)
    with torch.device(device):
        return AutoModelForImageTextToText.from_config(config, dtype=dtype).train()


def random_pairs(shape: Shape, pairs: int = 1, *, dtype: torch.dtype = torch.float32) -> PairBatch:
    """Return pairs of noise images and random tokens, on the CPU."""
    generator = torch.Generator().manual_seed(1)

    def words(count: int) -> list[list[int]]:
        # the image's token and its like stand among the last hundred
        return torch.randint(10, shape.words - 100, (pairs, count), generator=generator).tolist()

    questions = words(shape.question_tokens)
    seen = TokenRows.of([[*[shape.image_id] * shape.image_tokens, *question] for question in questions])
    answers = [TokenRows.of(words(shape.answer_tokens)) for _ in "xy"]
    size = (pairs, 3, shape.side_px, shape.side_px)
    images = [{"pixel_values": torch.randn(size, generator=generator).to(dtype)} for _ in "ab"]
    return PairBatch(seen, seen, TokenRows.of(questions), *answers, *images)


def step(form: Form, policy: Any, batch: PairBatch, reference: Callable[[], PairLogps]) -> PairLogps:
    """Run the reference, then the policy forward and backward; return the policy's log-probabilities."""
    with torch.no_grad():
        constants = reference()
    logps = form(policy, batch)
    svco_loss(logps, constants).loss.backward()
    return logps.detached()


def zeroed(model: Any) -> Any:
    """Return the model with gradients of zeros already there, so that they count as held and not as the step's."""
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight) if weight.requires_grad else None
    return model


def gradients_and_logps(model: Any, logps: PairLogps) -> dict[str, Tensor]:
    """Return what `differences` compares: gradients by name, and the stacked log-probabilities as `logps`."""
    found = {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}
    return found | {"logps": logps.stacked()}


def differences(plain: Mapping[str, Tensor], ours: Mapping[str, Tensor]) -> dict[str, float]:
    """Relative differences: of the whole gradient, of the worst weight's gradient, of the worst log-probability."""
    weights = [(plain[name].float(), (ours[name] - plain[name]).float()) for name in plain if name != "logps"]
    whole, apart = (torch.stack([pair[part].norm() for pair in weights]).norm() for part in (0, 1))
    return {
        "gradient_difference": float(apart / whole),
        "worst_weight_difference": max(float(error.norm() / gradient.norm()) for gradient, error in weights),
        "logp_difference": float(((plain["logps"] - ours["logps"]).abs() / plain["logps"].abs()).max()),
    }
