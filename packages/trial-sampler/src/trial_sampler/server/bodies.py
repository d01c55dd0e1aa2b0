"""Requests as the JSON bodies of chat completions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trial_sampler.conversations import Refused, content_parts
from trial_sampler.random_streams import trial_seed
from trial_sampler.request import Messages, Request
from trial_sampler.server.settings import ServerSettings


@dataclass(frozen=True)
class Call:
    """One call of a request: what differs between the calls, and the seeds of the trials it brings."""

    fields: Mapping[str, Any]
    """The body without its messages."""
    seeds: tuple[int, ...] = ()
    """The seed that each of its trials records."""

    def body(self, messages: str) -> bytes:
        """Return the JSON body.

        The messages come as finished JSON: megabytes of image, written once and not once for each trial.

        >>> Call({"model": "m"}).body("[]")
        b'{"model":"m","messages":[]}'
        """
        return f'{json.dumps(self.fields, separators=(",", ":"))[:-1]},"messages":{messages}}}'.encode("ascii")


def messages_json(messages: Messages, urls: Sequence[str]) -> str:
    """Return the turns as JSON, with the data URLs in place of the image parts.

    >>> messages_json([{"role": "user", "content": "Hello"}], [])
    '[{"role":"user","content":"Hello"}]'

    Raises:
        Refused: a part is neither text nor an image.
    """
    left = iter(urls)
    turns = [{"role": message.get("role"), "content": _content(message, left)} for message in messages]
    return json.dumps(turns, separators=(",", ":"))


def trial_calls(request: Request, model: str, settings: ServerSettings) -> list[Call]:
    """Return the calls that draw a request's trials, in order of trial."""
    shared: dict[str, Any] = {
        **_shared(model, request.max_new_tokens, request.temperature, settings),
        "top_p": request.top_p,
        **({"stop": list(request.stop)} if request.stop else {}),
        **({} if settings.logprobs == "off" else {"logprobs": True}),
    }
    trials = range(request.first_trial, request.first_trial + request.n)
    seeds = [trial_seed(request.seed, request.id, trial) for trial in trials]
    if settings.trials == "n":
        several = {"n": request.n} if request.n > 1 else {}
        return [Call({**shared, **several, "seed": _sent(seeds[0], settings)}, (seeds[0],) * request.n)]
    return [Call({**shared, "seed": _sent(seed, settings)}, (seed,)) for seed in seeds]


def choice_call(model: str, settings: ServerSettings) -> Call:
    """Return the call that asks for the most likely first tokens."""
    return Call({**_shared(model, 1, 0, settings), "logprobs": True, "top_logprobs": settings.top_logprobs})


def _shared(model: str, max_tokens: int, temperature: float, settings: ServerSettings) -> dict[str, Any]:
    limit = {settings.max_tokens_field: max_tokens}
    return {**settings.extra_body, "model": model, **limit, "temperature": temperature}


def _sent(seed: int, settings: ServerSettings) -> int:
    return seed % 2**settings.seed_bits


def _content(message: Mapping[str, Any], urls: Iterator[str]) -> str | list[dict[str, Any]]:
    if isinstance(message.get("content"), str):
        return message["content"]  # some servers take text turns, such as the system's, as a string only
    return [_part(part, urls) for part in content_parts(message)]


def _part(part: Mapping[str, Any], urls: Iterator[str]) -> dict[str, Any]:
    if part.get("type") == "image":
        return {"type": "image_url", "image_url": {"url": next(urls)}}
    if part.get("type") == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    raise Refused("template", f"parts must be text or images; got one of type {part.get('type')!r}")
