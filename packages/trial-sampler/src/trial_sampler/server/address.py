"""Where the server is, and the key to it, which must show up nowhere."""

from __future__ import annotations

import os
import re
from functools import cache
from ssl import SSLContext

import httpx

from trial_sampler.conversations import one_line
from trial_sampler.errors import ModelError, SamplerError

_REACH_S = 10.0


def parse_base_url(base_url: str) -> str:
    """Return the address without a slash at its end.

    >>> parse_base_url("http://127.0.0.1:8000/v1/")
    'http://127.0.0.1:8000/v1'

    Raises:
        SamplerError: it is no plain http address, or holds credentials (which are not repeated).
    """
    rule = "base_url must be an http(s) address without user, query or fragment, such as http://127.0.0.1:8000/v1"
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError):
        raise SamplerError(f"{rule}; got something that is no address") from None
    if url.userinfo or url.query or url.fragment:
        raise SamplerError(f"{rule}; keys come from the environment")
    if url.scheme not in ("http", "https") or not url.host:
        raise SamplerError(f"{rule}; got {base_url!r}")
    return base_url.rstrip("/")


class ApiKey:
    """A key for the length of one call."""

    def __init__(self, variable: str) -> None:
        """Read the key from the environment.

        Raises:
            SamplerError: it holds characters that no header can carry.
        """
        self._key = os.environ.get(variable, "").strip() if variable else ""
        if not re.fullmatch(r"[!-~]*", self._key):  # a header library would quote the offending value
            raise SamplerError(f"the key in {variable} must be printable ASCII without blanks")

    def headers(self) -> dict[str, str]:
        """Return the headers that carry the key."""
        return {"Authorization": f"Bearer {self._key}"} if self._key else {}

    def redact(self, text: str) -> str:
        """Return a text without the key, and without shortened forms of it (`sk-ab***yz`, `sk-abcdefgh...`)."""
        if not self._key:
            return text
        starred, cut = re.escape(self._key[:4]) + r"[^\s*]*\*+[^\s*]*", re.escape(self._key[:8]) + r"\S*"
        return re.sub(f"{starred}|{cut}", "[key]", text.replace(self._key, "[key]"))

    def __repr__(self) -> str:
        return "ApiKey(...)"


@cache
def tls() -> SSLContext:
    """Return the certificates that https needs; reading them takes tens of milliseconds, so once."""
    return httpx.create_ssl_context()


def require_reachable(base_url: str, key: ApiKey, variable: str) -> None:
    """Ask the server for its models; any answer but a closed door will do.

    Raises:
        ModelError: nobody answers there, or the key is refused.
    """
    try:
        status = httpx.get(f"{base_url}/models", headers=key.headers(), timeout=_REACH_S, verify=tls()).status_code
    except (httpx.ReadTimeout, httpx.PoolTimeout):
        return  # busy, but there
    except httpx.RequestError as error:
        reason = key.redact(one_line(error))
    else:
        if status not in (401, 403):
            return
        reason = f"it refuses the key ({status}); the key is read from {variable or 'no variable'}"
    # Outside the handler: a chained exception would carry the request with its headers.
    raise ModelError(f"cannot use the server at {base_url}: {reason}")
