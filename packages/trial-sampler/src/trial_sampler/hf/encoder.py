"""Prompts through the model: whole, or only what follows the tokens and images that a kept prompt begins with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from trial_sampler.hf.distinct_images import encode_distinct
from trial_sampler.hf.encoding import Prompt, encode_prompts
from trial_sampler.hf.kept_prompts import Asked, KeptPrompts
from trial_sampler.hf.network import Network
from trial_sampler.hf.prefilling import Prefill, prefill
from trial_sampler.hf.prompt_inputs import is_known, split_inputs
from trial_sampler.hf.prompts import Prompts
from trial_sampler.hf.reuse import Reuse
from trial_sampler.hf.rounds import Encoded, Part, Rounds, chunks
from trial_sampler.request import Request


class PromptEncoder:
    """Encodes prompts, and counts what it need not encode since it is kept."""

    def __init__(self, network: Network, kept: KeptPrompts | None, *, keeps_all: bool = True) -> None:
        """Take what is kept, to which everything is added that is encoded; None: nothing is kept.

        `keeps_all=False` adds only what further prompts of the same call go on from.
        """
        self._network, self._kept, self._keeps_all = network, kept if network.may_share else None, keeps_all
        self.reuse = Reuse()

    @property
    def may_continue(self) -> bool:
        """Whether prompts that begin alike may be encoded from there on."""
        return self._kept is not None and is_known(self._network.model)

    def known(self, request: Asked) -> Prompts | None:
        """Return the prompt of a further draw of a request."""
        prompts = None if self._kept is None else self._kept.find(request)
        if prompts is not None:
            images, tokens = len(request.images), int(prompts.mask_B_P.sum())
            self.reuse += Reuse(prompts=1, prompts_reused=1, tokens_reused=tokens, images_reused=images)
        return prompts

    def encode(self, requests: Sequence[Request], prompts: Sequence[Prompt]) -> list[Part[Prompts | Prefill]]:
        """Encode prompts that either all have images or all have none, for trials to be drawn.

        Raises:
            Refused: a prompt and its answer do not fit.
        """
        new_tokens = [request.max_new_tokens for request in requests]
        return _merged(list(self._parts(requests, prompts, new_tokens, len(prompts), is_scored=False)))

    def first_logits(self, requests: Sequence[Asked], prompts: Sequence[Prompt], most: int) -> Tensor:
        """Return the logits `(B, V)` of the first new token of prompts that either all have images or all have none.

        At most `most` prompts run whole at a time, and no more tokens than those have.

        Raises:
            Refused: a prompt and one token do not fit.
        """
        logits: list[Tensor] = []
        rows: list[int] = []
        for part in self._parts(requests, prompts, [1] * len(prompts), most, is_scored=True):
            logits.append(part.encoded.logits_B_V)
            rows += part.rows
            del part  # else its cache is held while the next one is made
        return torch.cat(logits)[torch.tensor(rows).argsort()]

    def _parts(
        self,
        requests: Sequence[Asked],
        prompts: Sequence[Prompt],
        new_tokens: Sequence[int],
        most: int,
        *,
        is_scored: bool,
    ) -> Iterator[Part[Encoded]]:
        if self._kept is not None and self.may_continue:
            inputs, pictures = encode_distinct(self._network.processor, prompts)
            self._check_lengths(inputs, new_tokens)
            if (split := split_inputs(self._network.model, inputs, prompts, pictures)) is not None:
                rounds = Rounds(self._network, self._kept, requests, split, most, is_scored, self._keeps_all)
                yield from rounds.run()
                self.reuse += rounds.reuse
                return
        for rows in chunks(range(len(prompts)), most):
            inputs = encode_prompts(self._network.processor, [prompts[row] for row in rows])
            self._check_lengths(inputs, [new_tokens[row] for row in rows])
            yield self._whole([requests[row] for row in rows], [prompts[row] for row in rows], rows, inputs)

    def _check_lengths(self, inputs: Mapping[str, Tensor], new_tokens: Sequence[int]) -> None:
        for length, new in zip(inputs["attention_mask"].sum(-1).tolist(), new_tokens, strict=True):
            self._network.check_length(length, new)

    def _whole(
        self, requests: Sequence[Asked], prompts: Sequence[Prompt], rows: list[int], inputs: Mapping[str, Tensor]
    ) -> Part[Encoded]:
        tokens, images = int(inputs["attention_mask"].sum()), sum(len(prompt.images) for prompt in prompts)
        prefilled = prefill(self._network.model, self._network.placed(inputs))
        is_kept = self._keeps_all and self._network.shares(prefilled.cache)
        encoded = Prompts.of(prefilled) if is_kept else prefilled
        self.reuse += Reuse(prompts=len(prompts), tokens_encoded=tokens, images_encoded=images)
        if self._kept is not None and isinstance(encoded, Prompts):
            self._kept.keep(requests, encoded, [None] * len(requests))
            self._kept.drop_oldest()
        return Part(rows, encoded)


def _merged(parts: Sequence[Part[Encoded]]) -> list[Part[Prompts | Prefill]]:
    """Put together what can be entered together."""
    shared = [(part.rows, part.encoded) for part in parts if isinstance(part.encoded, Prompts)]
    merged = [Part[Prompts | Prefill](part.rows, part.encoded) for part in parts if isinstance(part.encoded, Prefill)]
    if shared:
        rows = [row for rows, _ in shared for row in rows]
        merged.insert(0, Part(rows, Prompts.joined([prompts for _, prompts in shared])))
    return merged
