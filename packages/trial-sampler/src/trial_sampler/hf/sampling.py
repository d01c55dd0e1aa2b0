"""The transformers sampler: requests in, trials out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trial_sampler.conversations import Refused, one_line
from trial_sampler.errors import ModelError, SampleFailure, SamplerError
from trial_sampler.hf.decoding import Drawn, TrialPlan, decode, prefill
from trial_sampler.hf.encoding import Prompt, encode_prompts, read_prompt
from trial_sampler.hf.stopping import cut_at_stop, stop_checker
from trial_sampler.random_streams import trial_seed, uniforms
from trial_sampler.request import Request, SampleResult, Trial, result_of


class HfSampler:
    """Draws trials with a transformers model in this process; keeps the `Sampler` contract.

    Prompt and image are processed and encoded once for all n trials. The same trials come out whatever the batch size,
    the order of requests or n, up to rounding of the model's own sums.
    """

    def __init__(self, model: Any, processor: Any, *, batch_size: int = 8) -> None:
        """Take a loaded model and its processor.

        Raises:
            SamplerError: `batch_size` is below 1.
        """
        if batch_size < 1:
            raise SamplerError(f"batch_size must be at least 1; got {batch_size}")
        self.model, self.processor, self.batch_size = model.eval(), processor, batch_size
        self._end_ids = torch.tensor(_end_ids(model, processor.tokenizer), device=model.device)
        self._longest: int | None = getattr(model.config.get_text_config(), "max_position_embeddings", None)

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order: exactly n trials or an error for that request.

        Raises:
            ModelError: the processor's image tokens do not match the model's image features (a wrong set-up).
        """
        return [result for batch in _chunks(requests, self.batch_size) for result in self._sample_batch(batch)]

    def _sample_batch(self, requests: Sequence[Request]) -> list[SampleResult]:
        results: list[SampleResult | None] = [None] * len(requests)
        groups: dict[bool, list[tuple[int, Prompt]]] = {True: [], False: []}
        for index, request in enumerate(requests):
            try:
                prompt = read_prompt(self.processor, request)
            except Refused as refused:
                results[index] = SampleResult(request.id, error=refused.failure)
            else:
                groups[bool(prompt.images)].append((index, prompt))
        for group in groups.values():
            drawn = self._sample_prompts([prompt for _, prompt in group])
            for (index, _), result in zip(group, drawn, strict=True):
                results[index] = result
        return [result for result in results if result is not None]

    def _sample_prompts(self, prompts: list[Prompt]) -> list[SampleResult]:
        """Sample together; if that fails, halve until the culprit is alone."""
        if not prompts:
            return []
        try:
            return self._sample_together(prompts)
        except Refused as refused:
            failure = refused.failure
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            message = one_line(error)
            if "features and image tokens" in message.lower():
                raise ModelError(f"processor and model disagree on image tokens: {message}") from error
            failure = SampleFailure("model", f"{type(error).__name__}: {message}")
        if len(prompts) == 1:
            return [SampleResult(prompts[0].request.id, error=failure)]
        half = len(prompts) // 2
        return self._sample_prompts(prompts[:half]) + self._sample_prompts(prompts[half:])

    def _sample_together(self, prompts: list[Prompt]) -> list[SampleResult]:
        inputs = encode_prompts(self.processor, prompts)
        self._refuse_too_long(prompts, inputs)
        inputs = {name: value.to(self.model.device) for name, value in inputs.items()}
        requests = [prompt.request for prompt in prompts]
        seeds = [trial_seed(request.seed, request.id, k) for request in requests for k in range(request.first_trial, request.first_trial + request.n)]
        drawn = decode(self.model, prefill(self.model, inputs), self._plan(requests, seeds))
        trials = iter(self._trials(requests, seeds, drawn))
        return [result_of(request, [next(trials) for _ in range(request.n)]) for request in requests]

    def _refuse_too_long(self, prompts: list[Prompt], inputs: Mapping[str, Tensor]) -> None:
        for prompt, length in zip(prompts, inputs["attention_mask"].sum(-1).tolist(), strict=True):
            new = prompt.request.max_new_tokens
            if self._longest is not None and length + new > self._longest:
                detail = f"prompt and new tokens must fit in {self._longest} positions; got {length} + {new}"
                raise Refused("too_long", detail)

    def _plan(self, requests: Sequence[Request], seeds: Sequence[int]) -> TrialPlan:
        def each(value: Callable[[Request], Any], dtype: torch.dtype) -> Tensor:
            values = [value(request) for request in requests for _ in range(request.n)]
            return torch.tensor(values, dtype=dtype, device=self.model.device)

        prompts = [index for index, request in enumerate(requests) for _ in range(request.n)]
        steps = max(request.max_new_tokens for request in requests)
        return TrialPlan(
            prompts_R=torch.tensor(prompts, device=self.model.device),
            temperatures_R=each(lambda request: request.temperature, torch.float32),
            top_ps_R=each(lambda request: request.top_p, torch.float64),
            limits_R=each(lambda request: request.max_new_tokens, torch.int64),
            uniforms_R_T=torch.from_numpy(uniforms(np.array(seeds, dtype=np.uint64), steps)).to(self.model.device),
            end_ids=self._end_ids,
            stopped=stop_checker(requests, self.processor.tokenizer),
        )

    def _trials(self, requests: Sequence[Request], seeds: Sequence[int], drawn: Drawn) -> Iterable[Trial]:
        lengths = drawn.lengths_R.tolist()
        ids = [row[:length] for row, length in zip(drawn.tokens_R_T.tolist(), lengths, strict=True)]
        texts = self.processor.tokenizer.batch_decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        stops = [request.stop for request in requests for _ in range(request.n)]
        ends, logprobs = drawn.ended_R.tolist(), drawn.logprobs_R.tolist()
        for text, stop, ended, length, logprob, seed in zip(texts, stops, ends, lengths, logprobs, seeds, strict=True):
            reason = "stop" if ended else "length"
            yield Trial(cut_at_stop(text, stop).strip(), reason, length, logprob, seed)


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    stated = model.generation_config.eos_token_id
    ids = {tokenizer.eos_token_id, *(stated if isinstance(stated, list) else [stated])}
    return sorted(token for token in ids if token is not None)


def _chunks(requests: Sequence[Request], size: int) -> Iterable[Sequence[Request]]:
    return (requests[start : start + size] for start in range(0, len(requests), size))
