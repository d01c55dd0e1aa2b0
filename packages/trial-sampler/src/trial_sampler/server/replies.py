"""Chat completions as trials and first-token probabilities. A server's reply is untrusted: each field is checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

from trial_sampler.choices import ChoiceRequest, choice_of_token
from trial_sampler.conversations import Refused
from trial_sampler.request import FinishReason, Request, Trial
from trial_sampler.server.settings import ServerSettings

# What servers write for a log-probability of minus infinity, which JSON cannot hold.
_FLOOR = -9999.0


def read_trials(reply: Any, request: Request, seeds: Sequence[int], settings: ServerSettings) -> list[Trial]:
    """Return the trials of one call, in the server's order.

    Raises:
        Refused: a field is missing (`bad_reply`), the number of choices is wrong (`wrong_count`) or the server held an
            answer back (`refused`).
    """
    choices = _choices(reply, len(seeds))
    usage = _at(reply, "usage", "completion_tokens") if len(seeds) == 1 else None
    keeps_logprob = settings.logprobs == "raw" or (
        settings.logprobs == "processed" and request.temperature == 1 and request.top_p == 1
    )
    return [
        _trial(choice, request, seed, _count(usage), keeps_logprob=keeps_logprob)
        for choice, seed in zip(choices, seeds, strict=True)
    ]


def read_masses(reply: Any, request: ChoiceRequest) -> list[float]:
    """Return each choice's share of the first token's probability, as far as the server lists candidates.

    Raises:
        Refused: a field is missing (`bad_reply`), or the server gave no log-probabilities (`choices`).
    """
    (choice,) = _choices(reply, 1)
    candidates = _at(choice, "logprobs", "content", 0, "top_logprobs")
    if not isinstance(candidates, list) or not candidates:
        detail = "the server gave no log-probabilities of the first token; it must support logprobs and top_logprobs"
        raise Refused("choices", detail)
    masses = [0.0] * len(request.choices)
    for candidate in cast("list[Any]", candidates):
        token, logprob = _at(candidate, "token"), _number(_at(candidate, "logprob"))
        if not isinstance(token, str) or logprob is None or math.isnan(logprob):
            raise Refused("bad_reply", "a candidate of the first token has no token or no logprob")
        if (index := choice_of_token(token, request.choices)) is not None:
            masses[index] += math.exp(min(logprob, 0.0)) if logprob > _FLOOR else 0.0
    return masses


def _choices(reply: Any, expected: int) -> list[Any]:
    choices = _at(reply, "choices")
    if not isinstance(choices, list):
        raise Refused("bad_reply", "the reply has no list of choices")
    choices = cast("list[Any]", choices)
    if len(choices) != expected:
        hint = "; it may ignore n, then use trials='seeded'" if expected > 1 else ""
        raise Refused("wrong_count", f"asked the server for {expected} choices; got {len(choices)}{hint}")
    return sorted(choices, key=lambda choice: _count(_at(choice, "index")) or 0)


def _trial(choice: Any, request: Request, seed: int, tokens: int | None, *, keeps_logprob: bool) -> Trial:
    reason = _finish_reason(choice)
    text = _at(choice, "message", "content")
    if text is None and reason == "length":
        text = ""  # a reasoning model whose budget ended before its answer began
    if not isinstance(text, str):
        raise Refused("bad_reply", f"a choice has no text (finish_reason {reason!r})")
    logprobs = _logprobs(choice)
    tokens = tokens if tokens is not None else (len(logprobs) if logprobs else None)
    is_known = logprobs and keeps_logprob and not any(logprob <= _FLOOR for logprob in logprobs)
    logprob = sum(logprobs or ()) if is_known else None  # NaN passes: the request then fails as not finite
    kept, rest = _cut(text, request.stop)
    if rest:  # the server went on after the stop string: its figures count what is cut away here
        tokens = logprob = None
    return Trial(kept.strip(), "stop" if kept != text else reason, tokens, logprob, seed)


def _finish_reason(choice: Any) -> FinishReason:
    reason = _at(choice, "finish_reason")
    if reason == "stop" or reason == "length":
        return reason
    if reason == "content_filter":
        raise Refused("refused", "the server's content filter held an answer back")
    shown = repr(reason) if isinstance(reason, str) and len(reason) <= 20 else "something else"
    raise Refused("bad_reply", f"finish_reason must be 'stop' or 'length'; got {shown}")


def _logprobs(choice: Any) -> list[float] | None:
    """Return the log-probability of each token, or None where the server does not give them all."""
    content = _at(choice, "logprobs", "content")
    if not isinstance(content, list):
        return None
    numbers = [_number(_at(token, "logprob")) for token in cast("list[Any]", content)]
    known = [number for number in numbers if number is not None]
    return known if len(known) == len(numbers) else None


def _cut(text: str, stops: Sequence[str]) -> tuple[str, str]:
    """Return the text before the first stop string, and what follows that string.

    >>> _cut("a cat. Or a dog", ["Or", "."])
    ('a cat', ' Or a dog')
    """
    found = [(text.find(stop), -len(stop)) for stop in stops if stop in text]
    if not found:
        return text, ""
    start, length = min(found)
    return text[:start], text[start - length :]


def _at(value: Any, *path: str | int) -> Any:
    """Return the value at a path of keys and indices, None if there is none."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
