"""The server sampler: requests in, trials out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from trial_sampler.choices import ChoiceRequest, ChoiceResult, choice_result
from trial_sampler.errors import ModelError, SampleFailure, SamplerError
from trial_sampler.grouping import order_by_image
from trial_sampler.request import Request, SampleResult, Trial, result_of
from trial_sampler.server.address import ApiKey, parse_base_url, require_reachable
from trial_sampler.server.blocking import run_blocking
from trial_sampler.server.bodies import choice_call, messages_json, trial_calls
from trial_sampler.server.concurrency import AdaptiveConcurrency
from trial_sampler.server.dispatch import Dispatcher, Job, Outcome
from trial_sampler.server.exchange import Exchange
from trial_sampler.server.images import ImageUrls
from trial_sampler.server.lanes import Lanes
from trial_sampler.server.replies import read_masses, read_trials
from trial_sampler.server.settings import ServerSettings

Asked = TypeVar("Asked", Request, ChoiceRequest)
Read = TypeVar("Read")


class ServerSampler:
    """Draws trials from any OpenAI-compatible server; keeps the `LoadedSampler` contract.

    Whether the same trials come out again is up to the server: whether it honours `seed`, and whether its sums depend
    on what else it serves at that moment.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        adapters: Mapping[str, str] | None = None,
        settings: ServerSettings | None = None,
    ) -> None:
        """Take the server's address and the name under which it serves the model.

        Args:
            base_url: what `/chat/completions` is appended to, such as `http://127.0.0.1:8000/v1`.
            model: the served name.
            adapters: served names of adapters, by the names that `with_adapter` takes.
            settings: how the server is spoken to.

        Raises:
            SamplerError: `base_url` is no address.
            ModelError: the server cannot be reached, or refuses the key.
        """
        self.base_url, self.model = parse_base_url(base_url), model
        self.adapters, self.settings = dict(adapters or {}), settings or ServerSettings()
        self._served = model
        # What one call has learned about the server, the next one starts from.
        self._limit, self._is_eager = float(self.settings.start_concurrency), True
        require_reachable(self.base_url, self._key(), self.settings.api_key_variable)

    def with_adapter(self, name: str | None) -> ServerSampler:
        """Return a sampler of the same server that asks for an adapter's served name, or None: for the base model's.

        Raises:
            SamplerError: no adapter of that name was given.
        """
        if name is not None and name not in self.adapters:
            raise SamplerError(f"adapter must be one of {sorted(self.adapters)} or None; got {name!r}")
        other = copy.copy(self)
        other._served = self.model if name is None else self.adapters[name]
        return other

    def sample(self, requests: Sequence[Request]) -> list[SampleResult]:
        """Return one result for each request, in order: exactly n trials or an error for that request.

        Raises:
            ModelError: the server refuses the key, or does not know the model; nothing can be served.
        """

        def make(request: Request, urls: ImageUrls) -> Job[list[Trial]]:
            messages = messages_json(request.messages, urls.of(request.messages, request.images))
            calls = trial_calls(request, self._served, self.settings)
            return Job(calls, messages, lambda call, reply: read_trials(reply, request, call.seeds, self.settings))

        return [_sample_result(request, outcome) for request, outcome in self._ask(requests, make)]

    def score(self, requests: Sequence[ChoiceRequest]) -> list[ChoiceResult]:
        """Return one result for each request, in order; the server must give log-probabilities of the first token.

        A choice that is not among the server's `top_logprobs` candidates counts 0.

        Raises:
            ModelError: the server refuses the key, or does not know the model; nothing can be served.
        """

        def make(request: ChoiceRequest, urls: ImageUrls) -> Job[list[float]]:
            messages = messages_json(request.messages, urls.of(request.messages, request.images))
            call = choice_call(self._served, self.settings)
            return Job([call], messages, lambda _, reply: read_masses(reply, request))

        return [_choice_result(request, outcome) for request, outcome in self._ask(requests, make)]

    def _key(self) -> ApiKey:
        return ApiKey(self.settings.api_key_variable)

    def _ask(
        self, requests: Sequence[Asked], make: Callable[[Asked, ImageUrls], Job[Read]]
    ) -> list[tuple[Asked, Outcome[Read]]]:
        if not requests:
            return []
        order = self._order(requests)
        urls = ImageUrls((image for request in requests for image in request.images), self.settings)
        makers = [lambda request=requests[index]: make(request, urls) for index in order]
        try:
            outcomes = run_blocking(lambda: self._dispatch(makers))
        except ExceptionGroup as group:
            if (failed := _first(group)) is None:
                raise
        else:
            by_index = dict(zip(order, outcomes, strict=True))
            return [(request, by_index[index]) for index, request in enumerate(requests)]
        raise failed

    def _order(self, requests: Sequence[Request | ChoiceRequest]) -> list[int]:
        if not self.settings.group_by_image:
            return list(range(len(requests)))
        return order_by_image([request.images for request in requests])

    async def _dispatch(self, makers: Sequence[Callable[[], Job[Read]]]) -> list[Outcome[Read]]:
        settings, key = self.settings, self._key()
        concurrency = AdaptiveConcurrency(self._limit, settings.most_concurrency, is_eager=self._is_eager)
        async with Lanes(self.base_url, {"Content-Type": "application/json", **key.headers()}) as lanes:
            exchange = Exchange(lanes, key, concurrency, settings)
            outcomes = await Dispatcher(exchange, concurrency, settings.request_deadline_s).serve(makers)
        self._limit, self._is_eager = concurrency.limit, concurrency.is_eager
        return outcomes


def _sample_result(request: Request, outcome: Outcome[list[Trial]]) -> SampleResult:
    if isinstance(outcome, SampleFailure):
        return SampleResult(request.id, error=outcome)
    return result_of(request, [trial for trials in outcome for trial in trials])


def _choice_result(request: ChoiceRequest, outcome: Outcome[list[float]]) -> ChoiceResult:
    if isinstance(outcome, SampleFailure):
        return ChoiceResult(request.id, error=outcome)
    return choice_result(request.id, outcome[0])


def _first(group: ExceptionGroup[Any]) -> ModelError | None:
    """Return the first `ModelError` of a group, if there is any."""
    found = group.subgroup(ModelError)
    return None if found is None else next(error for error in found.exceptions if isinstance(error, ModelError))
