"""Prompts through the model: whole, or only what follows the tokens and images that a kept prompt begins with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

from trial_sampler.errors import SampleFailure
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
        self._continued = self._kept if is_known(network.model) else None
        self.reuse = Reuse()

    @property
    def may_continue(self) -> bool:
        """Whether prompts that begin alike may be encoded from there on."""
        return self._continued is not None

    def known(self, request: Asked) -> Prompts | None:
        """Return the prompt of a further draw of a request."""
        prompts = None if self._kept is None else self._kept.find(request)
        if prompts is not None:
            images, tokens = len(request.images), int(prompts.mask_B_P.sum())
            self.reuse += Reuse(prompts=1, prompts_reused=1, tokens_reused=tokens, images_reused=images)
        return prompts

    def encode(
        self, requests: Sequence[Request], prompts: Sequence[Prompt]
    ) -> list[Part[Prompts | Prefill | SampleFailure]]:
        """Encode prompts that either all have images or all have none, for trials to be drawn.

        A prompt that does not fit with its answer is a part of its own, which says so.
        """
        new_tokens = [request.max_new_tokens for request in requests]
        merged = _merged(list(self._parts(requests, prompts, new_tokens, len(prompts), is_scored=False)))
        self.reuse = sum((part.reuse for part in merged), self.reuse)
        return merged

    def first_logits(
        self, requests: Sequence[Asked], prompts: Sequence[Prompt], most: int
    ) -> Iterator[Part[Tensor | SampleFailure]]:
        """Yield the logits `(B, V)` of the first new token of prompts that either all have images or all have none.

        At most `most` prompts run whole at a time, or ends on no more places than those have tokens. They come as they
        are encoded; a prompt that does not fit with one token is a part of its own, which says so.
        """
        for part in self._parts(requests, prompts, [1] * len(prompts), most, is_scored=True):
            self.reuse += part.reuse
            encoded = part.encoded
            yield Part(part.rows, encoded if isinstance(encoded, SampleFailure) else encoded.logits_B_V, part.reuse)
            del part, encoded  # else its cache is held while the next one is made

    def _parts(
        self,
        requests: Sequence[Asked],
        prompts: Sequence[Prompt],
        new_tokens: Sequence[int],
        most: int,
        *,
        is_scored: bool,
    ) -> Iterator[Part[Encoded | SampleFailure]]:
        rows = list(range(len(prompts)))
        if self._continued is not None:
            inputs, pictures = encode_distinct(self._network.processor, prompts)
            if (split := split_inputs(self._network.model, inputs, prompts, pictures)) is not None:
                too_long = self._too_long(rows, inputs, new_tokens)
                yield from too_long.values()
                yield from Rounds(
                    self._network, self._continued, requests, split, most,
                    is_scored=is_scored, keeps_all=self._keeps_all,
                ).run([row for row in rows if row not in too_long])  # fmt: skip
                return
        for some in chunks(rows, most):
            inputs = encode_prompts(self._network.processor, [prompts[row] for row in some])
            if too_long := self._too_long(some, inputs, new_tokens):
                yield from too_long.values()
                if not (some := [row for row in some if row not in too_long]):
                    continue
                inputs = encode_prompts(self._network.processor, [prompts[row] for row in some])
            yield self._whole([requests[row] for row in some], [prompts[row] for row in some], some, inputs)

    def _too_long(
        self, rows: Sequence[int], inputs: Mapping[str, Tensor], new_tokens: Sequence[int]
    ) -> dict[int, Part[SampleFailure]]:
        """Return those of the prompts that do not fit, and why."""
        lengths = zip(rows, inputs["attention_mask"].sum(-1).tolist(), strict=True)
        failures = {row: self._network.too_long(length, new_tokens[row]) for row, length in lengths}
        return {row: Part([row], failure, Reuse()) for row, failure in failures.items() if failure is not None}

    def _whole(
        self, requests: Sequence[Asked], prompts: Sequence[Prompt], rows: list[int], inputs: Mapping[str, Tensor]
    ) -> Part[Encoded]:
        tokens, images = int(inputs["attention_mask"].sum()), sum(len(prompt.images) for prompt in prompts)
        prefilled = prefill(self._network.model, self._network.placed(inputs))
        is_kept = self._keeps_all and self._network.shares(prefilled.cache)
        encoded = Prompts.of(prefilled) if is_kept else prefilled
        if self._kept is not None and isinstance(encoded, Prompts):
            for index, request in enumerate(requests):
                self._kept.keep(request, encoded.one(index), None)
            self._kept.drop_oldest()
        return Part(rows, encoded, Reuse(prompts=len(prompts), tokens_encoded=tokens, images_encoded=images))


def _merged(parts: Sequence[Part[Encoded | SampleFailure]]) -> list[Part[Prompts | Prefill | SampleFailure]]:
    """Put together what can be entered together."""
    shared = [(part.rows, part.encoded, part.reuse) for part in parts if isinstance(part.encoded, Prompts)]
    merged = [
        Part[Prompts | Prefill | SampleFailure](part.rows, part.encoded, part.reuse)
        for part in parts
        if isinstance(part.encoded, Prefill | SampleFailure)
    ]
    if shared:
        rows = [row for rows, _, _ in shared for row in rows]
        prompts = Prompts.joined([prompts for _, prompts, _ in shared])
        merged.insert(0, Part(rows, prompts, sum((reuse for _, _, reuse in shared), Reuse())))
    return merged
