"""Samplers that take requests, such as those of trial-sampler, asked as this package asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from bench_eval.asking import Answers, Question, Sampler

RequestT = TypeVar("RequestT")


class TrialLike(Protocol):
    """One sampled answer; `trial_sampler.Trial` is one. Where it has `tokens`, a number or None, they are counted."""

    @property
    def text(self) -> str:
        """What was answered."""
        ...

    @property
    def finish_reason(self) -> str:
        """`stop`, or `length` where `max_new_tokens` cut it off."""
        ...


class ResultLike(Protocol):
    """What came of one request; `trial_sampler.SampleResult` is one."""

    @property
    def id(self) -> str:
        """The request's id."""
        ...

    @property
    def trials(self) -> Sequence[TrialLike]:
        """n trials; none where there is an error."""
        ...

    @property
    def error(self) -> object | None:
        """Why there are none; its text is kept."""
        ...


def sampler_through(
    sample: Callable[[list[RequestT]], Sequence[ResultLike]], request: Callable[..., RequestT]
) -> Sampler:
    """A sampler that asks by requests: `sampler_through(model.sample, trial_sampler.Request)`.

    Args:
        sample: from requests to results, in order.
        request: makes one from the keywords `id, messages, images, n, temperature, top_p, max_new_tokens, seed`.

    >>> from types import SimpleNamespace as Made
    >>> from bench_eval import Decoding
    >>> cut = Made(text="a du", finish_reason="length")
    >>> sample = lambda asked: [Made(id=one.id, trials=[cut], error=None) for one in asked]
    >>> sampler_through(sample, Made)([Question(id="a", messages=[], images=(), decoding=Decoding())])
    [Answers(id='a', texts=['a du'], finish_reasons=['length'], error='', tokens=0)]
    """

    def ask(questions: Sequence[Question]) -> list[Answers]:
        return [_answers(result) for result in sample([_request(one, request) for one in questions])]

    return ask


def _request(question: Question, request: Callable[..., RequestT]) -> RequestT:
    drawn = question.decoding
    return request(
        id=question.id,
        messages=question.messages,
        images=question.images,
        n=drawn.n,
        temperature=drawn.temperature,
        top_p=drawn.top_p,
        max_new_tokens=drawn.max_new_tokens,
        seed=drawn.seed,
    )


def _answers(result: ResultLike) -> Answers:
    tokens = sum(_new_tokens(one) for one in result.trials)
    if result.error is not None:
        return Answers(result.id, error=str(result.error), tokens=tokens)
    texts, reasons = [one.text for one in result.trials], [one.finish_reason for one in result.trials]
    return Answers(result.id, texts, reasons, tokens=tokens)


def _new_tokens(trial: TrialLike) -> int:
    return getattr(trial, "tokens", None) or 0  # older samplers do not have it, and some servers do not say
