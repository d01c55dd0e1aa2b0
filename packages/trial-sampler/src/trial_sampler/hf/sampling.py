"""The transformers sampler: requests in, trials out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from trial_sampler.choices import ChoiceRequest, ChoiceResult
from trial_sampler.errors import SamplerError
from trial_sampler.first_tokens import FirstTokens
from trial_sampler.hf.kept_prompts import KeptPrompts
from trial_sampler.hf.network import Decoding, Network
from trial_sampler.hf.reuse import Reuse
from trial_sampler.hf.scheduling import Schedule
from trial_sampler.hf.scoring import Scoring
from trial_sampler.request import Request, SampleResult


class HfSampler:
    """Draws trials with a transformers model in this process; keeps the `LoadedSampler` contract.

    Prompt and image are processed and encoded once, and their cache is kept once, for all n trials. The same trials
    come out whatever the batch size, the order of requests or n, up to rounding of the model's own sums. Not for
    several threads at once: a model answers with one adapter and one attention at a time.
    """

    def __init__(
        self,
        model: Any,
        processor: Any,
        *,
        batch_size: int = 8,
        decoding: Decoding = "auto",
        adapter: str | None = None,
    ) -> None:
        """Take a loaded model and its processor.

        Args:
            model: of transformers, or a `PeftModel` around one, whose adapters are then used side by side.
            processor: the model's own.
            batch_size: prompts that decode side by side, each with all its trials; of scores, whole prompts in a pass,
                or as many tokens.
            decoding: `shared` keeps each prompt's cache once; `rows` copies it for each trial, which models with
                recurrent layers need; `auto` looks which it is.
            adapter: the adapter to answer with; None: the base model.

        Raises:
            SamplerError: `batch_size` is below 1, or there is no such adapter or decoding.
        """
        if batch_size < 1:
            raise SamplerError(f"batch_size must be at least 1; got {batch_size}")
        self._network = Network(model, processor, decoding)
        self._first_tokens = FirstTokens(self._network.processor.tokenizer)
        self.batch_size, self.adapter = batch_size, _known(adapter, self._network)
        self._kept: KeptPrompts | None = None
        self._reuse = Reuse()

    @property
    def model(self) -> Any:
        """The model of transformers."""
        return self._network.model

    @property
    def reuse(self) -> Reuse:
        """How much of all prompts so far was encoded, and how much was kept from earlier ones."""
        return self._reuse

    def with_adapter(self, name: str | None) -> HfSampler:
        """Return a sampler of the same weights in memory that answers with an adapter, or None: with the base model.

        Raises:
            SamplerError: no adapter of that name was loaded.
        """
        other = object.__new__(type(self))
        other._network, other._first_tokens, other.batch_size = self._network, self._first_tokens, self.batch_size
        other.adapter, other._kept, other._reuse = _known(name, self._network), None, Reuse()
        return other

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order: exactly n trials or an error for that request.

        Raises:
            ModelError: the processor's image tokens do not match the model's image features (a wrong set-up).
        """
        with self._network.answering_with(self.adapter):
            schedule = Schedule(self._network, requests, self.batch_size, self._kept)
            results = schedule.run()
        self._reuse += schedule.reuse
        return results

    @contextmanager
    def keeping_prompts(self, most: int | None = None) -> Generator[None]:
        """Keep the latest prompts between calls, so that what they share with further requests is encoded once.

        A further draw of a request encodes nothing anew, as `sample_adaptively` makes them. Another request, of trials
        or of scores, whose prompt begins with the same tokens and pictures (a further turn of a conversation, another
        question about an image) encodes what follows, with the same trials and scores up to rounding; `reuse` counts
        it. That is known to be exact for LLaVA, Qwen2-VL, Qwen2.5-VL, Qwen3-VL and Gemma 3; of other models, and of a
        sliding window that has dropped what is needed, prompts are encoded whole. Nothing is kept with
        `decoding="rows"` or recurrent layers. The weights must not change meanwhile.

        Args:
            most: how many prompts to keep; None: `batch_size`. Several turns of many conversations want one each; of
                questions that are scored about one picture the first is kept.

        Raises:
            SamplerError: `most` is below 1.
        """
        if most is not None and most < 1:
            raise SamplerError(f"most must be at least 1; got {most}")
        outer, self._kept = self._kept, KeptPrompts(self.batch_size if most is None else most)
        try:
            yield
        finally:
            self._kept = outer

    def score(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Return how likely each choice begins the reply, from the logits of one token.

        Prompts that begin with the same pictures and tokens (many questions about an image) encode these once, in any
        order, where that is known to be exact as for `keeping_prompts`; inside of it they also go on from prompts of
        earlier calls. A request that fails has its `error` set and leaves the others alone.

        Raises:
            ModelError: the processor's image tokens do not match the model's image features (a wrong set-up).
        """
        with self._network.answering_with(self.adapter):
            scoring = Scoring(self._network, self._first_tokens, requests, self.batch_size, self._kept)
            results = scoring.run()
        self._reuse += scoring.reuse
        return results


def _known(adapter: str | None, network: Network) -> str | None:
    if adapter is not None and adapter not in network.adapters:
        raise SamplerError(f"adapter must be one of {network.adapters}; got {adapter!r}")
    return adapter
