"""Which requests wait, which are under way, which are finished."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import TypeVar

import torch

from trial_sampler.conversations import Refused, one_line
from trial_sampler.errors import ModelError, SampleFailure
from trial_sampler.hf.decoding import SharedDecoding
from trial_sampler.hf.encoder import PromptEncoder
from trial_sampler.hf.encoding import Prompt, read_prompt
from trial_sampler.hf.kept_prompts import KeptPrompts
from trial_sampler.hf.network import Network
from trial_sampler.hf.plans import Drawn, TrialPlan, plan_of, seeds_of
from trial_sampler.hf.prefilling import Prefill
from trial_sampler.hf.prompts import Prompts
from trial_sampler.hf.reuse import Reuse
from trial_sampler.hf.rows import draw_rows
from trial_sampler.hf.stopping import cut_at_stop
from trial_sampler.request import Request, SampleResult, Trial, result_of

_Waiting = tuple[int, Prompt]
_Entry = TypeVar("_Entry", tuple[int, Prompt], tuple[int, Prompts])
FAILURES = (Refused, RuntimeError, ValueError, IndexError, TypeError)
"""What a forward pass raises where some of its prompts are the cause."""


class Schedule:
    """Draws the trials of requests, at most `seats` prompts side by side."""

    def __init__(self, network: Network, requests: Sequence[Request], seats: int, kept: KeptPrompts | None) -> None:
        self._network, self._requests, self._seats = network, requests, seats
        self._encoder = PromptEncoder(network, kept)
        self._results: dict[int, SampleResult] = {}
        self._waiting = deque(range(len(requests)))
        self._decoding = SharedDecoding(network.model, network.decoder, network.end_ids)

    @property
    def reuse(self) -> Reuse:
        """How much of the prompts was encoded, and how much was kept."""
        return self._encoder.reuse

    def run(self) -> list[SampleResult]:
        """Return one result for each request, in order.

        Raises:
            ModelError: the processor's image tokens do not match the model's image features (a wrong set-up).
        """
        while self._waiting or len(self._decoding):
            free = self._seats - len(self._decoding)
            if self._waiting and (not len(self._decoding) or free >= max(1, self._seats // 4)):
                self._admit(free)
            if len(self._decoding):
                self._step()
        return [self._results[index] for index in range(len(self._requests))]

    def _admit(self, most: int) -> None:
        groups: dict[bool, list[_Waiting]] = {True: [], False: []}
        known: list[tuple[int, Prompts]] = []
        for index in [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]:
            request = self._requests[index]
            if (prompts := self._encoder.known(request)) is not None:
                known.append((index, prompts))
                continue
            try:
                prompt = read_prompt(self._network.processor, request.messages, request.images)
            except Refused as refused:
                self._fail(index, refused.failure)
            else:
                groups[bool(prompt.images)].append((index, prompt))
        self._enter(known, self._enter_known)
        for group in groups.values():
            self._enter(group, self._enter_new)

    def _enter(self, group: list[_Entry], together: Callable[[list[_Entry]], None]) -> None:
        """Let prompts in together; if that fails, halve until the culprit is alone."""
        if not group or (failure := _attempt(lambda: together(group))) is None:
            return
        # Here, not where the error is handled: it holds the tensors of the pass that failed.
        if len(group) == 1:
            self._fail(group[0][0], failure)
            return
        left = [entry for entry in group if entry[0] not in self._results]
        half = len(left) // 2
        self._enter(left[:half], together)
        self._enter(left[half:], together)

    def _enter_known(self, group: list[tuple[int, Prompts]]) -> None:
        self._enter_shared(Prompts.joined([prompts for _, prompts in group]), [index for index, _ in group])

    def _enter_new(self, group: list[_Waiting]) -> None:
        indices = [index for index, _ in group]
        requests = [self._requests[index] for index in indices]
        for part in self._encoder.encode(requests, [prompt for _, prompt in group]):
            of_part = [indices[row] for row in part.rows]
            if isinstance(part.encoded, Prompts):
                self._enter_shared(part.encoded, of_part)
            elif isinstance(part.encoded, Prefill):
                self._draw_rows(part.encoded, of_part)
            else:
                self._fail(of_part[0], part.encoded)

    def _enter_shared(self, prompts: Prompts, indices: list[int]) -> None:
        try:
            self._decoding.enter(prompts, self._plans(indices), indices)
            return
        except FAILURES:
            if not len(self._decoding):
                raise
        self._begin_again(entering=indices)

    def _draw_rows(self, prefilled: Prefill, indices: list[int]) -> None:
        drawn = draw_rows(self._network.model, prefilled, self._plans(indices), self._network.end_ids)
        for index, of_one in zip(indices, drawn, strict=True):
            self._finish(index, of_one)

    def _plans(self, indices: list[int]) -> list[TrialPlan]:
        tokenizer, device = self._network.processor.tokenizer, self._network.end_ids.device
        return [plan_of(self._requests[index], tokenizer, device) for index in indices]

    def _step(self) -> None:
        """Draw one token for each live trial; if that fails, begin again with fewer, until the culprit is alone."""
        if (failure := _attempt(self._draw)) is None:
            return
        if len(self._decoding) == 1:
            self._fail(self._decoding.keys[0], failure)
            self._decoding.drop()
        else:
            self._begin_again()

    def _draw(self) -> None:
        for index, drawn in self._decoding.draw():
            self._finish(index, drawn)
        self._decoding.advance()

    def _begin_again(self, entering: Sequence[int] = ()) -> None:
        """Begin the prompts under way again, half as many at a time (out of memory)."""
        under_way = [*self._decoding.keys, *entering]
        self._decoding.drop()
        self._waiting.extendleft(reversed(under_way))
        self._seats = max(1, min(self._seats, len(under_way)) // 2)

    def _finish(self, index: int, drawn: Drawn) -> None:
        request = self._requests[index]
        lengths = drawn.lengths_N.tolist()
        ids = [row[:length] for row, length in zip(drawn.tokens_N_T.tolist(), lengths, strict=True)]
        tokenizer = self._network.processor.tokenizer
        texts = tokenizer.batch_decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        drawn_N = list(zip(texts, drawn.ended_N.tolist(), lengths, drawn.logprobs_N.tolist(), strict=True))
        trials = [
            Trial(cut_at_stop(text, request.stop).strip(), "stop" if ended else "length", length, logprob, seed)
            for (text, ended, length, logprob), seed in zip(cycle(drawn_N), seeds_of(request), strict=False)
        ]
        self._results[index] = result_of(request, trials)

    def _fail(self, index: int, failure: SampleFailure) -> None:
        self._results[index] = SampleResult(self._requests[index].id, error=failure)


def _attempt(act: Callable[[], None]) -> SampleFailure | None:
    """Act; return why that failed, or None."""
    try:
        act()
    except FAILURES as error:
        return failure_of(error)
    return None


def failure_of(error: Exception) -> SampleFailure:
    """Return why one request failed.

    Raises:
        ModelError: no request can be served.
    """
    if isinstance(error, Refused):
        return error.failure
    message = one_line(error)
    if "features and image tokens" in message.lower():
        raise ModelError(f"processor and model disagree on image tokens: {message}") from error
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return SampleFailure("out_of_memory", message)
    return SampleFailure("model", f"{type(error).__name__}: {message}")
