"""First-token scoring: how likely each of a few answers begins the reply."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from trial_sampler.choices import ChoiceRequest, ChoiceResult, choice_result
from trial_sampler.conversations import Refused
from trial_sampler.errors import SampleFailure
from trial_sampler.first_tokens import FirstTokens
from trial_sampler.grouping import windows
from trial_sampler.hf.encoder import PromptEncoder
from trial_sampler.hf.encoding import Prompt, PromptReader
from trial_sampler.hf.kept_prompts import KeptPrompts
from trial_sampler.hf.network import Network
from trial_sampler.hf.reuse import Reuse
from trial_sampler.hf.scheduling import FAILURES, failure_of

# Ends of prompts are short: many of them fit where `batch_size` whole prompts do.
_QUESTIONS_FOR_EACH = 16


class Scoring:
    """Scores choices; what prompts begin with in common is encoded once."""

    def __init__(
        self,
        network: Network,
        first_tokens: FirstTokens,
        requests: Sequence[ChoiceRequest],
        batch_size: int,
        kept: KeptPrompts | None,
    ) -> None:
        """Take the requests of one call, and what is kept between calls."""
        self._network, self._first_tokens, self._requests = network, first_tokens, requests
        self._batch_size = batch_size
        self._encoder = PromptEncoder(network, kept or KeptPrompts(batch_size), keeps_all=kept is not None)
        self._results: dict[int, ChoiceResult] = {}

    @property
    def reuse(self) -> Reuse:
        """How much of the prompts was encoded, and how much was kept."""
        return self._encoder.reuse

    def run(self) -> list[ChoiceResult]:
        """Return one result for each request, in order.

        Raises:
            ModelError: the processor's image tokens do not match the model's image features (a wrong set-up).
        """
        images = [request.images for request in self._requests]
        most_requests = self._batch_size * (_QUESTIONS_FOR_EACH if self._encoder.may_continue else 1)
        for window in windows(images, self._batch_size, most_requests):
            for group in self._read(window):
                self._score(group)
        return [self._results[index] for index in range(len(self._requests))]

    def _read(self, window: Sequence[int]) -> tuple[list[tuple[int, Prompt]], list[tuple[int, Prompt]]]:
        """Read prompts, those with images apart from those without."""
        reader = PromptReader(self._network.processor)
        groups: tuple[list[tuple[int, Prompt]], list[tuple[int, Prompt]]] = ([], [])
        for index in window:
            request = self._requests[index]
            try:
                self._first_tokens.of(tuple(request.choices))  # refused before it costs a forward pass
                if (known := self._encoder.known(request)) is not None:
                    self._finish([index], known.logits_B_V)
                    continue
                prompt = reader.read(request.messages, request.images)
            except Refused as refused:
                self._fail(index, refused.failure)
            else:
                groups[bool(prompt.images)].append((index, prompt))
        return groups

    def _score(self, group: list[tuple[int, Prompt]]) -> None:
        """Score together; if a pass fails, halve what is left until the culprit is alone."""
        if not group or (failure := self._attempt(group)) is None:
            return
        # Here, not where the error is handled: it holds the tensors of the pass that failed.
        if len(group) == 1:
            self._fail(group[0][0], failure)
            return
        left = [one for one in group if one[0] not in self._results]
        half = len(left) // 2
        self._score(left[:half])
        self._score(left[half:])

    def _attempt(self, group: list[tuple[int, Prompt]]) -> SampleFailure | None:
        """Score together; return why a pass failed, or None. What was scored before that pass is finished."""
        indices = [index for index, _ in group]
        requests = [self._requests[index] for index in indices]
        try:
            for part in self._encoder.first_logits(requests, [prompt for _, prompt in group], self._batch_size):
                of_part = [indices[row] for row in part.rows]
                if isinstance(part.encoded, SampleFailure):
                    self._fail(of_part[0], part.encoded)
                else:
                    self._finish(of_part, part.encoded)
        except FAILURES as error:
            return failure_of(error)
        return None

    @torch.inference_mode()
    def _finish(self, indices: Sequence[int], logits_B_V: Tensor) -> None:
        for index, row in zip(indices, logits_B_V.double().softmax(-1), strict=True):
            ids_of = self._first_tokens.of(tuple(self._requests[index].choices))
            self._results[index] = choice_result(self._requests[index].id, [float(row[ids].sum()) for ids in ids_of])

    def _fail(self, index: int, failure: SampleFailure) -> None:
        self._results[index] = ChoiceResult(self._requests[index].id, error=failure)
