"""A processor's output for several prompts, taken apart into single prompts and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor

from trial_sampler.hf.common_prefix import Content, Picture
from trial_sampler.hf.encoding import Prompt
from trial_sampler.hf.network import Network

_OF_TOKENS = ("input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids")


@dataclass(frozen=True)
class PromptInputs:
    """Model inputs of one prompt, without padding."""

    of_tokens: Mapping[str, Tensor]
    """By input name, one value for each of P tokens, `(P,)`."""
    of_images: tuple[Mapping[str, Tensor], ...]
    """By input name, each image's share of the image tensors."""
    content: Content
    """Tokens and images."""


class _Share(NamedTuple):
    """What belongs to one image."""

    tokens: int
    tensors: Mapping[str, Tensor]


def is_known(model: Any) -> bool:
    """Whether a model is of a family whose inputs `split_inputs` may take apart."""
    return model.config.model_type in _FAMILIES


def split_inputs(
    model: Any, inputs: Mapping[str, Tensor], prompts: Sequence[Prompt], pictures: Sequence[int]
) -> list[PromptInputs] | None:
    """Take a processor's output apart, or return None where that is not known to be exact.

    `pictures` says of each image of each prompt, in order, which of those in the image tensors it is.
    Exact means two things: it is known which part of which tensor is which image's, and what the model keeps of a token
    depends on nothing behind it, images' own tokens aside. Both hold for the model families listed in this file.
    """
    shares = _shares(model, inputs, pictures)
    if shares is None:
        return None
    rows = [
        {name: inputs[name][index][mask] for name in _OF_TOKENS if name in inputs}
        for index, mask in enumerate(inputs["attention_mask"].bool())
    ]
    waiting = iter(shares)
    split = [
        _one_prompt(model, row, prompt, [next(waiting) for _ in prompt.images])
        for row, prompt in zip(rows, prompts, strict=True)
    ]
    known = [one for one in split if one is not None]
    return known if len(known) == len(split) else None


def batch_inputs(rows: Sequence[PromptInputs]) -> dict[str, Tensor]:
    """Put single prompts together, padded on the left."""
    return token_inputs(rows) | image_inputs(share for row in rows for share in row.of_images)


def token_inputs(rows: Sequence[PromptInputs]) -> dict[str, Tensor]:
    """Put the tokens of single prompts together, padded on the left."""
    width = max(len(row.content) for row in rows)
    return {
        name: torch.stack([torch.nn.functional.pad(row.of_tokens[name], (width - len(row.content), 0)) for row in rows])
        for name in rows[0].of_tokens
    }


def prompt_positions(network: Network, rows: Sequence[PromptInputs]) -> Tensor:
    """Return the positions `(B, P)` of prompts padded on the left, or `(axes, B, P)`."""
    names = ("image_grid_thw",)  # of images' tensors the positions depend on their sizes alone
    sizes = [{name: share[name] for name in names if name in share} for row in rows for share in row.of_images]
    inputs = network.placed(token_inputs(rows) | image_inputs(sizes))
    return network.model._prepare_position_ids_for_generation(inputs["input_ids"], inputs)


def image_inputs(of_images: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Put the tensors of single images together; no images have none."""
    shares = list(of_images)
    return {name: torch.cat([share[name] for share in shares]) for name in (shares[0] if shares else ())}


def _one_prompt(model: Any, row: Mapping[str, Tensor], prompt: Prompt, shares: Sequence[_Share]) -> PromptInputs | None:
    places = (row["input_ids"] == model.config.image_token_id).nonzero()[:, 0].tolist()
    if len(places) != sum(share.tokens for share in shares) or any(share.tokens < 1 for share in shares):
        return None
    pictures: list[Picture] = []
    for digest, share in zip(prompt.digests, shares, strict=True):
        mine, places = places[: share.tokens], places[share.tokens :]
        pictures.append(Picture(digest, mine[0], mine[-1] + 1))
    # Image tokens that see one another both ways do so across two images without a token between.
    if "token_type_ids" in row and any(one.end == other.start for one, other in pairwise(pictures)):
        return None
    content = Content(row["input_ids"], tuple(pictures))
    return PromptInputs(row, tuple(share.tensors for share in shares), content)


def _shares(model: Any, inputs: Mapping[str, Tensor], pictures: Sequence[int]) -> list[_Share] | None:
    family = _FAMILIES.get(model.config.model_type)
    if family is None or getattr(model.config.get_text_config(), "use_bidirectional_attention", False):
        return None
    tensors = {name: value for name, value in inputs.items() if name not in _OF_TOKENS}
    if not pictures:
        return None if tensors else []
    if set(tensors) != set(family.tensors):
        return None
    shares = family.shares(model, inputs, len(pictures))
    return [shares[picture] for picture in pictures] if len(shares) == max(pictures) + 1 else None


def _one_row_each(model: Any, inputs: Mapping[str, Tensor], images: int) -> list[_Share]:
    """Of models whose images all have the same number of tokens."""
    pixels = inputs["pixel_values"]
    tokens = int((inputs["input_ids"] == model.config.image_token_id).sum()) // images
    return [_Share(tokens, {"pixel_values": row[None]}) for row in pixels]


def _patch_grids(model: Any, inputs: Mapping[str, Tensor], _images: int) -> list[_Share]:
    """Of models whose images have grids of patches, some of which are merged to one token."""
    grids = inputs["image_grid_thw"]
    counts = grids.prod(-1).tolist()
    merged = model.config.vision_config.spatial_merge_size**2
    parts = inputs["pixel_values"].split(counts)
    return [
        _Share(count // merged, {"pixel_values": pixels, "image_grid_thw": grid[None]})
        for count, pixels, grid in zip(counts, parts, grids, strict=True)
    ]


class _Family(NamedTuple):
    tensors: tuple[str, ...]
    shares: Callable[[Any, Mapping[str, Tensor], int], list[_Share]]


_ROWS = _Family(("pixel_values",), _one_row_each)
_GRIDS = _Family(("pixel_values", "image_grid_thw"), _patch_grids)

# Only what the tests run: of other models it is not known, and prompts of theirs are encoded whole.
_FAMILIES = {"llava": _ROWS, "gemma3": _ROWS, "qwen2_vl": _GRIDS, "qwen2_5_vl": _GRIDS, "qwen3_vl": _GRIDS}
