"""How well the rest of a caption predicts an entity, by any masked language model of transformers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from occlusion.entities import Entity
from occlusion.errors import MissingExtraError, OcclusionError

if TYPE_CHECKING:
    import torch

HIGH_CAUSALITY_MAX_PPL = 3.33
"""Entities below this perplexity, a mean probability above 0.3, are highly causal. Source: CVC (arXiv 2508.04453)."""

_LONE_SPACES = ("Ġ", "▁")  # A rare word's leading space is a token of its own, with no characters in the offsets.


@dataclass(frozen=True)
class Causality:
    """Perplexity of an entity given the rest of its caption: 1 is certain, the vocabulary's size is a blind guess."""

    ppl_phrase: float
    """Of the phrase with its modifiers, in the caption as it is."""

    ppl_head: float
    """Of the head, in the caption with the phrase replaced by the head."""

    tokens_phrase: int
    """How many mask tokens stood for the phrase: its sub-tokens in context."""

    tokens_head: int
    """How many stood for the head."""


@dataclass(frozen=True)
class Unscored:
    """Why an entity has no causality."""

    reason: str
    """`caption_too_long`, `unknown_token` (the model has no word for it) or `no_token` (an empty span)."""

    detail: str = ""


class CausalityScorer(Protocol):
    """Anything that scores entities of captions."""

    def __call__(self, items: Sequence[tuple[str, Entity]]) -> list[Causality | Unscored]:
        """Return one result for each (caption, entity), in order."""
        ...


def is_causal(causality: Causality, max_ppl: float = HIGH_CAUSALITY_MAX_PPL) -> bool:
    """Say whether the rest of the caption calls for the entity: `1 < ppl_head < max_ppl`.

    >>> is_causal(Causality(9.0, 2.5, 2, 1)), is_causal(Causality(2.0, 7.0, 1, 1))
    (True, False)
    """
    return 1 < causality.ppl_head < max_ppl


@dataclass(frozen=True)
class _Masked:
    """A caption with one span masked: token ids, the masked positions, and the ids that stood there."""

    ids: tuple[int, ...]
    positions: tuple[int, ...]
    targets: tuple[int, ...]


class MaskedLmCausality:
    """Scores entities by a masked language model: all their sub-tokens are masked at once, and each is guessed.

    `ppl = exp(-mean_t log p(token_t | masked caption))`, with the sub-tokens that the entity has in context, its
    leading space included. Each mention is scored at its own place; other mentions stay visible.

    Source: CVC (arXiv 2508.04453), the causality step, there with RoBERTa-large.
    """

    def __init__(
        self,
        model_or_path: Any,
        tokenizer: Any = None,
        *,
        batch_size: int = 32,
        device: str | torch.device | None = None,
    ) -> None:
        """Take a model, or load one.

        Args:
            model_or_path: folder or hub id of any `AutoModelForMaskedLM` checkpoint (loaded in float32, from
                safetensors), or a loaded model.
            tokenizer: its fast tokenizer; loaded from the same place when None.
            batch_size: masked captions in one forward pass.
            device: where to run; the model's own place when None.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            OcclusionError: `no_tokenizer`, `slow_tokenizer`, `no_mask_token`.
        """
        self._model, self._tokenizer = _loaded(model_or_path, tokenizer)
        if not getattr(self._tokenizer, "is_fast", False):
            raise OcclusionError("slow_tokenizer", "tokenizer must be a fast one: character offsets are needed.")
        if self._tokenizer.mask_token_id is None:
            raise OcclusionError(
                "no_mask_token", "tokenizer must have a mask token; got none. Use a masked language model."
            )
        self._model = self._model.eval() if device is None else self._model.eval().to(device)
        self._batch_size = batch_size
        self._max_tokens = _max_tokens(self._model, self._tokenizer)

    def __call__(self, items: Sequence[tuple[str, Entity]]) -> list[Causality | Unscored]:
        """Score each (caption, entity), in order; captions are batched by length, equal work is done once."""
        places = [place for caption, entity in items for place in _places(caption, entity)]
        masked = self._mask(places)
        perplexities = self._perplexities({one for one in masked if isinstance(one, _Masked)})
        return [_result(phrase, head, perplexities) for phrase, head in zip(masked[0::2], masked[1::2], strict=True)]

    def _mask(self, places: list[tuple[str, int, int]]) -> list[_Masked | Unscored]:
        if not places:
            return []
        texts = [text for text, _, _ in places]
        encoded = self._tokenizer(texts, return_offsets_mapping=True, truncation=False, verbose=False)
        rows = zip(places, encoded["input_ids"], encoded["offset_mapping"], strict=True)
        return [self._mask_one(ids, offsets, start, end) for (_, start, end), ids, offsets in rows]

    def _mask_one(self, ids: list[int], offsets: list[tuple[int, int]], start: int, end: int) -> _Masked | Unscored:
        if len(ids) > self._max_tokens:
            detail = f"{len(ids)} tokens; the model takes {self._max_tokens}"
            return Unscored("caption_too_long", detail)
        at = tuple(t for t, (s, e) in enumerate(offsets) if s < e and s < end and e > start)
        if at and at[0] > 0 and self._tokenizer.convert_ids_to_tokens(ids[at[0] - 1]) in _LONE_SPACES:
            at = (at[0] - 1, *at)
        targets = tuple(ids[t] for t in at)
        if not at:
            return Unscored("no_token", f"no token lies in characters {start} to {end}")
        if self._tokenizer.unk_token_id in targets:
            return Unscored("unknown_token", "a part of the entity is unknown to the tokenizer")
        masked = list(ids)
        for t in at:
            masked[t] = self._tokenizer.mask_token_id
        return _Masked(tuple(masked), at, targets)

    def _perplexities(self, distinct: set[_Masked]) -> dict[_Masked, float]:
        by_length = sorted(distinct, key=lambda one: (len(one.ids), one.ids, one.positions, one.targets))
        starts = range(0, len(by_length), self._batch_size)
        batches = (by_length[start : start + self._batch_size] for start in starts)
        return {one: ppl for batch in batches for one, ppl in self._batch_perplexities(batch)}

    def _batch_perplexities(self, batch: list[_Masked]) -> Iterator[tuple[_Masked, float]]:
        import torch

        longest = max(len(one.ids) for one in batch)
        pad = self._tokenizer.pad_token_id or 0
        ids_B_T = torch.tensor([[*one.ids, *[pad] * (longest - len(one.ids))] for one in batch])
        real_B_T = torch.tensor([[1] * len(one.ids) + [0] * (longest - len(one.ids)) for one in batch])
        rows = torch.tensor([b for b, one in enumerate(batch) for _ in one.positions])
        columns = torch.tensor([t for one in batch for t in one.positions])
        targets = torch.tensor([target for one in batch for target in one.targets])
        place = self._model.device
        with torch.inference_mode():
            logits = self._model(input_ids=ids_B_T.to(place), attention_mask=real_B_T.to(place)).logits
            guesses = logits[rows.to(place), columns.to(place)].float().log_softmax(dim=-1).cpu()
        logps = guesses[torch.arange(len(targets)), targets].double()
        for one, of_one in zip(batch, logps.split([len(one.targets) for one in batch]), strict=True):
            yield one, math.exp(-float(of_one.mean()))


def _places(caption: str, entity: Entity) -> tuple[tuple[str, int, int], tuple[str, int, int]]:
    """The two texts to score, each with the characters to mask: the phrase, and the head in its place."""
    with_head = caption[: entity.start] + entity.head + caption[entity.end :]
    return (caption, entity.start, entity.end), (with_head, entity.start, entity.start + len(entity.head))


def _result(
    phrase: _Masked | Unscored, head: _Masked | Unscored, perplexities: dict[_Masked, float]
) -> Causality | Unscored:
    if isinstance(phrase, Unscored):
        return phrase
    if isinstance(head, Unscored):
        return head
    return Causality(perplexities[phrase], perplexities[head], len(phrase.targets), len(head.targets))


def _loaded(model_or_path: Any, tokenizer: Any) -> tuple[Any, Any]:
    try:
        from transformers import AutoModelForMaskedLM, AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("transformers", "hf") from error
    if not isinstance(model_or_path, (str, Path)):
        if tokenizer is None:
            raise OcclusionError("no_tokenizer", "tokenizer must be given with a loaded model; got None.")
        return model_or_path, tokenizer
    import torch

    # float32 by name: a half-precision checkpoint would otherwise run in half precision on a CPU too.
    model = AutoModelForMaskedLM.from_pretrained(model_or_path, dtype=torch.float32, use_safetensors=True)
    return model, tokenizer or AutoTokenizer.from_pretrained(model_or_path)


def _max_tokens(model: Any, tokenizer: Any) -> int:
    """Longest sequence that the model has positions for; RoBERTa loses those up to its padding index."""
    limits = [tokenizer.model_max_length]
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and hasattr(module, "num_embeddings"):
            lost = 0 if module.padding_idx is None else cast("int", module.padding_idx) + 1
            limits.append(module.num_embeddings - lost)
    return int(min(limits))
