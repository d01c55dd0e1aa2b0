"""Prompts through the model: whole, or only what follows the tokens and images that a kept prompt begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from trial_sampler.hf.common_prefix import Content, common_prefix
from trial_sampler.hf.continuing import continue_prompts
from trial_sampler.hf.encoding import Prompt, encode_prompts
from trial_sampler.hf.kept_prompts import KeptPrompts
from trial_sampler.hf.network import Network
from trial_sampler.hf.prefilling import Prefill, prefill
from trial_sampler.hf.prompt_inputs import PromptInputs, batch_inputs, split_inputs
from trial_sampler.hf.prompts import Prefix, Prompts
from trial_sampler.hf.reuse import Reuse
from trial_sampler.request import Request


class Part(NamedTuple):
    """Some of the prompts that were given together."""

    rows: list[int]
    """Which ones."""
    encoded: Prompts | Prefill
    """What the model keeps of them, in that order; a `Prefill` cannot be kept once for all trials."""


class PromptEncoder:
    """Encodes prompts, and counts what it need not encode since it is kept."""

    def __init__(self, network: Network, kept: KeptPrompts | None) -> None:
        """Take what is kept, to which everything is added that is encoded; None: nothing is kept."""
        self._network, self._kept = network, kept if network.may_share else None
        self.reuse = Reuse()

    def known(self, request: Request) -> Prompts | None:
        """Return the prompt of a further draw of a request."""
        prompts = None if self._kept is None else self._kept.find(request)
        if prompts is not None:
            images, tokens = len(request.images), int(prompts.mask_B_P.sum())
            self.reuse += Reuse(prompts=1, prompts_reused=1, tokens_reused=tokens, images_reused=images)
        return prompts

    def encode(self, requests: Sequence[Request], prompts: Sequence[Prompt]) -> list[Part]:
        """Encode prompts that either all have images or all have none.

        Raises:
            Refused: a prompt and its answer do not fit.
        """
        inputs = encode_prompts(self._network.processor, prompts)
        lengths: list[int] = inputs["attention_mask"].sum(-1).tolist()
        for request, length in zip(requests, lengths, strict=True):
            self._network.check_length(length, request.max_new_tokens)
        split = None if self._kept is None else split_inputs(self._network.model, inputs, prompts)
        if self._kept is not None and split is not None:
            return self._encode_rest(self._kept, requests, split)
        part = Part(list(range(len(prompts))), self._whole(inputs))
        images = sum(len(prompt.images) for prompt in prompts)
        self.reuse += Reuse(prompts=len(prompts), tokens_encoded=sum(lengths), images_encoded=images)
        _keep(self._kept, part, requests, [None] * len(prompts))
        return [part]

    def _encode_rest(self, kept: KeptPrompts, requests: Sequence[Request], split: Sequence[PromptInputs]) -> list[Part]:
        """Encode what is not kept; where prompts begin alike, the first of them goes first and the others follow."""
        parts: list[Part] = []
        counts = Reuse()
        contents = [row.content for row in split]
        left = list(range(len(split)))
        while left:
            found = {row: kept.longest(contents[row]) for row in left}
            if all(isinstance(part.encoded, Prompts) for part in parts):
                found = {row: one for row, one in found.items() if not _should_wait(contents, left, row, one)}
            for part in self._encode_round(split, found):
                _keep(kept, part, requests, contents)
                parts.append(part)
            counts = sum((_counts(contents[row], one) for row, one in found.items()), counts)
            left = [row for row in left if row not in found]
        self.reuse += counts
        return _merged(parts)

    def _encode_round(self, split: Sequence[PromptInputs], found: Mapping[int, Prompts | Prefix | None]) -> list[Part]:
        parts = [Part([row], one) for row, one in found.items() if isinstance(one, Prompts)]
        if begun := {row: one for row, one in found.items() if isinstance(one, Prefix)}:
            rest = continue_prompts(self._network, [split[row] for row in begun], list(begun.values()))
            parts.append(Part(list(begun), rest))
        if new := [row for row, one in found.items() if one is None]:
            parts.append(Part(new, self._whole(batch_inputs([split[row] for row in new]))))
        return parts

    def _whole(self, inputs: Mapping[str, Tensor]) -> Prompts | Prefill:
        prefilled = prefill(self._network.model, self._network.placed(inputs))
        return Prompts.of(prefilled) if self._network.shares(prefilled.cache) else prefilled


def _keep(
    kept: KeptPrompts | None, part: Part, requests: Sequence[Request], contents: Sequence[Content | None]
) -> None:
    if kept is not None and isinstance(part.encoded, Prompts):
        kept.keep([requests[row] for row in part.rows], part.encoded, [contents[row] for row in part.rows])


def _should_wait(contents: Sequence[Content], left: Sequence[int], row: int, found: Prompts | Prefix | None) -> bool:
    """Whether an earlier prompt, once it is kept, serves this one better than what was found."""
    mine, having = contents[row], _length(contents[row], found)
    return any(mine.gains_from(common_prefix(contents[other], mine), having) for other in left if other < row)


def _length(content: Content, found: Prompts | Prefix | None) -> int:
    if isinstance(found, Prefix):
        return found.length
    return 0 if found is None else len(content)


def _counts(content: Content, found: Prompts | Prefix | None) -> Reuse:
    reused = _length(content, found)
    images = content.pictures_within(reused)
    return Reuse(1, int(reused > 0), len(content) - reused, reused, len(content.pictures) - images, images)


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Put together what can be entered together."""
    shared = [part for part in parts if isinstance(part.encoded, Prompts)]
    apart = [part for part in parts if not isinstance(part.encoded, Prompts)]
    if not shared:
        return apart
    rows = [row for part in shared for row in part.rows]
    return [Part(rows, Prompts.joined([part.encoded for part in shared if isinstance(part.encoded, Prompts)])), *apart]
