"""Merging in float32, and the proof that the merged model answers as base and adapter together do."""

from __future__ import annotations

import warnings
from random import Random
from typing import Any

from PIL import Image

from llava_train.errors import MergeError
from llava_train.extras import require
from llava_train.image_inputs import read_images
from llava_train.model_files import hidden_renaming
from llava_train.token_kinds import read_token_types

TOLERANCES = {"float32": 1e-3, "bfloat16": 0.2}
"""Largest difference of logits, in parts of the largest logit, by the number type of the weights.

Measured on random Llamas of 8 and 24 layers: 3e-6 to 7e-6 in float32, 0.04 and 0.07 in bfloat16, whose rounding of
activations grows with depth. There the proof finds a lost or spoilt adapter, not a small error.
"""

_WORDS = 16
_SIDE_PX = 64


def merge_with_proof(model: Any, processor: Any, *, dtype: str, check: bool = True) -> tuple[Any, float | None]:
    """Add a `PeftModel`'s adapter to its base, and compare the logits before and after on a probe.

    Args:
        model: with the adapter; its base is changed in place.
        processor: the base's.
        dtype: number type of the weights, which decides how much rounding may change.
        check: compare; the second value is None otherwise.

    Returns:
        The merged model and the largest difference of a logit.

    Raises:
        MergeError: it is too large, or no number.
        UnsupportedModelError: the processor does not report the tokens of an image, so that there is no probe.
    """
    if not check:
        return merge_in_float32(model), None
    probe = make_probe(processor)
    before = probe_logits(model, probe)
    merged = merge_in_float32(model)
    return merged, compare_logits(before, probe_logits(merged, probe), tolerance=TOLERANCES[dtype])


def merge_in_float32(model: Any) -> Any:
    """Add the adapter to its base layer by layer, each sum in float32 and then rounded once to the base's type.

    One layer at a time, so that memory for a second model is not needed.
    """
    tuner_layer = require("peft.tuners.tuners_utils").BaseTunerLayer
    for module in model.modules():
        if isinstance(module, tuner_layer):
            base: Any = module.get_base_layer()
            dtype = base.weight.dtype
            base.float()
            module.merge(safe_merge=True)
            base.to(dtype)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="All adapters are already merged")
        return model.merge_and_unload(safe_merge=True)


def make_probe(processor: Any) -> dict[str, Any]:
    """Model inputs of one image of noise and some tokens at random, the same each time."""
    torch, random = require("torch"), Random(0)
    noise = Image.frombytes("RGB", (_SIDE_PX, _SIDE_PX), random.randbytes(3 * _SIDE_PX**2))
    images, tokenizer = read_images(processor, [noise]), processor.tokenizer
    image_ids = tokenizer(images.replacements[0], add_special_tokens=False)["input_ids"]
    plain = sorted(set(range(tokenizer.vocab_size)) - set(tokenizer.all_special_ids) - set(image_ids))
    ids = [*image_ids, *random.choices(plain, k=_WORDS)]
    types = read_token_types(processor, ids)
    kinds = {} if types is None else {"mm_token_type_ids": torch.tensor([types])}
    return (
        {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
        | kinds
        | images.tensors
    )


def probe_logits(model: Any, probe: dict[str, Any]) -> Any:
    """Logits (T, V) of a probe in float32; the model is left in its mode."""
    torch, was_training = require("torch"), model.training
    weight = next(model.parameters())
    inputs = {name: value.to(weight.device) for name, value in probe.items()}
    inputs = {name: value.to(weight.dtype) if value.is_floating_point() else value for name, value in inputs.items()}
    with torch.no_grad(), hidden_renaming():
        logits = model.eval()(**inputs, use_cache=False).logits[0].float().cpu()
    model.train(was_training)
    return logits


def compare_logits(before_T_V: Any, after_T_V: Any, *, tolerance: float) -> float:
    """Largest difference of a logit.

    Raises:
        MergeError: it is above `tolerance` times the largest logit, or not finite.
    """
    difference, largest = float((after_T_V - before_T_V).abs().max()), float(before_T_V.abs().max())
    if not difference <= tolerance * largest:
        raise MergeError(
            f"merged logits must lie within {tolerance:g} of the largest ({largest:.4g}) of the adapter's; "
            f"they differ by {difference:.4g}. Keep the adapter, and serve it beside its base."
        )
    return difference
