"""The vLLM sampler: requests in, trials out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from trial_sampler.choices import ChoiceRequest, ChoiceResult, choice_result
from trial_sampler.conversations import Refused
from trial_sampler.errors import SampleFailure, SamplerError
from trial_sampler.first_tokens import FirstTokens
from trial_sampler.request import Request, SampleResult, result_of
from trial_sampler.vllm.arguments import engine_arguments
from trial_sampler.vllm.library import Library, import_library
from trial_sampler.vllm.opening import OpenedEngine
from trial_sampler.vllm.outputs import masses_of, trials_of
from trial_sampler.vllm.parameters import draws_of, scoring_parameters
from trial_sampler.vllm.prompts import Prompts
from trial_sampler.vllm.serving import Job, Outcome, Serving
from trial_sampler.vllm.settings import VllmSettings
from trial_sampler.vllm.window import Window

Asked = TypeVar("Asked", Request, ChoiceRequest)
Made = TypeVar("Made")


class VllmSampler:
    """Draws trials with vLLM's asynchronous engine; keeps the `LoadedSampler` contract.

    Each trial has a seed of its own, but whether the same trials come out again is up to the engine: its sums depend on
    what else it computes in a step, unless it runs with `VLLM_BATCH_INVARIANT=1`. May be used by several threads at
    once. Closed by `close`, at the end of a `with` block, with the last reference to it, or with the program.
    """

    def __init__(
        self,
        model: str,
        *,
        dtype: str | None = None,
        adapters: Mapping[str, str] | None = None,
        settings: VllmSettings | None = None,
        library: Library | None = None,
    ) -> None:
        """Start an engine, which loads the model.

        Args:
            model: folder or hub id of a checkpoint.
            dtype: torch dtype by name; None: the checkpoint's own.
            adapters: folders or hub ids of LoRA adapters, by the names that `with_adapter` takes.
            settings: how the engine is opened and fed.
            library: what stands for vLLM; None: vLLM.

        Raises:
            MissingExtra: vLLM is not installed.
            ModelError: the engine does not start, or cannot load an adapter.
        """
        self.model, self.settings = model, settings or VllmSettings()
        arguments = engine_arguments(model, dtype, adapters or {}, self.settings)
        self._library = library or import_library()
        # vLLM caches adapters by number; the same names give the same numbers.
        numbered = enumerate(sorted((adapters or {}).items()), start=1)
        self._loras = {name: self._library.lora_request(name, number, path) for number, (name, path) in numbered}
        self._lora: Any = None
        self._opened = OpenedEngine(self._library, arguments, self._loras.values())
        self._first_tokens = FirstTokens(self._opened.processor.tokenizer)

    def with_adapter(self, name: str | None) -> VllmSampler:
        """Return a sampler of the same engine that answers with an adapter, or None: with the base model.

        Raises:
            SamplerError: no adapter of that name was given.
        """
        if name is not None and name not in self._loras:
            raise SamplerError(f"adapter must be one of {sorted(self._loras)} or None; got {name!r}")
        other = copy.copy(self)
        other._lora = None if name is None else self._loras[name]
        return other

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order: exactly n trials or an error for that request.

        Raises:
            ModelError: the engine is dead or closed.
        """

        def planned(request: Request) -> tuple[Job, Callable[[list[Any]], SampleResult]]:
            draws = draws_of(request, self.settings)
            job = Job(request.messages, request.images, request.max_new_tokens, draws.parameters)
            return job, lambda outputs: result_of(request, trials_of(outputs, draws.seeds))

        return self._serve(requests, planned, lambda request, failure: SampleResult(request.id, error=failure))

    def score(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Return how likely each choice begins the reply, from the exact probabilities of all tokens that begin one.

        Raises:
            ModelError: the engine is dead or closed.
        """

        def planned(request: ChoiceRequest) -> tuple[Job, Callable[[list[Any]], ChoiceResult]]:
            begun = self._first_tokens.of(tuple(request.choices))
            scored = scoring_parameters([token for ids in begun for token in ids])
            job = Job(request.messages, request.images, 1, scored)
            return job, lambda outputs: choice_result(request.id, masses_of(outputs, begun))

        return self._serve(requests, planned, lambda request, failure: ChoiceResult(request.id, error=failure))

    def close(self) -> None:
        """End the engine, for all samplers that share it."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _serve(
        self,
        requests: Sequence[Asked],
        planned: Callable[[Asked], tuple[Job, Callable[[list[Any]], Made]]],
        failed: Callable[[Asked, SampleFailure], Made],
    ) -> list[Made]:
        made: dict[int, Made] = {}
        plans: dict[int, tuple[Job, Callable[[list[Any]], Made]]] = {}
        for index, request in enumerate(requests):
            try:
                plans[index] = planned(request)
            except Refused as refused:
                made[index] = failed(request, refused.failure)
        outcomes = self._opened.run(self._outcomes([job for job, _ in plans.values()]))
        for (index, (_, read)), outcome in zip(plans.items(), outcomes, strict=True):
            try:
                made[index] = failed(requests[index], outcome) if isinstance(outcome, SampleFailure) else read(outcome)
            except Refused as refused:
                made[index] = failed(requests[index], refused.failure)
        return [made[index] for index in range(len(requests))]

    async def _outcomes(self, jobs: Sequence[Job]) -> list[Outcome]:
        settings, engine = self.settings, self._opened.engine
        threads = ThreadPoolExecutor(settings.image_workers, thread_name_prefix="trial-sampler-images")
        try:
            prompts = Prompts(engine, self._opened.processor, settings, threads)
            window = Window(settings.most_trials_in_flight)
            return await Serving(engine, self._library, prompts, window, self._lora).serve(jobs)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)  # to wait would stop the loop that other calls share
