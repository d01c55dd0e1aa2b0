"""What an HTTP response means: an answer, trouble that may pass, a refusal, or the end of the whole call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx

from trial_sampler.conversations import Refused, one_line
from trial_sampler.errors import ModelError
from trial_sampler.server.address import ApiKey
from trial_sampler.server.backoff import is_overload, is_worth_retrying, parse_retry_after

_HOPELESS = {
    401: "the key is missing or wrong",
    403: "the key may not use it",
    404: "no such model, or base_url does not end where /chat/completions begins (often /v1)",
}


@dataclass(frozen=True)
class Trouble:
    """A failed attempt that may be tried again."""

    detail: str
    """What happened, in one line."""
    is_overload: bool
    """Whether it says that the server has too much to do."""
    is_closed_door: bool = False
    """Whether there was nobody to connect to."""
    retry_after_s: float | None = None
    """How many seconds the server asks to wait."""


def judge_response(response: httpx.Response, key: ApiKey) -> Any | Trouble:
    """Return the JSON of a good answer, or a `Trouble`.

    Raises:
        Refused: `refused` (the server will not serve this request) or `bad_reply` (a good status without JSON).
        ModelError: the server can serve nothing under this address, key or model name.
    """
    status = response.status_code
    if status == 200:
        return _parse(response)
    detail = f"{status}: {one_line(Exception(key.redact(server_message(response.text))))}"
    if is_worth_retrying(status):
        wait_s = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        return Trouble(detail, is_overload(status), retry_after_s=wait_s)
    if status in _HOPELESS:
        raise ModelError(f"the server serves nothing: {_HOPELESS[status]}; it says {detail}")
    if status < 400:
        raise ModelError(f"the server answered {status}; redirects are not followed, give base_url as it is in the end")
    raise Refused("refused", detail)


def server_message(text: str) -> str:
    """Return the message in the body of an error, whichever way the server writes it.

    >>> server_message('{"error": {"message": "too long", "code": 400}}')
    'too long'
    >>> server_message('{"detail": "no such field"}'), server_message("Internal Server Error")
    ('no such field', 'Internal Server Error')
    """
    try:
        body: Any = json.loads(text)
    except ValueError:
        return text
    for name in ("error", "message", "detail", "msg"):
        if isinstance(body, Mapping) and body.get(name):
            body = cast("Any", body[name])
    return body if isinstance(body, str) else json.dumps(body)


def _parse(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_reply", f"the server's answer is no JSON: {type(error).__name__}") from None
