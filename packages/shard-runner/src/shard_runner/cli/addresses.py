"""Addresses of servers as settings, which `run.json` and reports show."""

from urllib.parse import urlsplit


def plain_address(value: str | None, *, name: str) -> str | None:
    """Return an address that holds no key; None stays None.

    Args:
        value: What the setting was given.
        name: Of the setting.

    Raises:
        ValueError: It is no address, or holds a user, a key or a query; the message does not repeat it.

    >>> plain_address("http://127.0.0.1:8000/v1", name="base_url")
    'http://127.0.0.1:8000/v1'
    """
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{name} must be an address such as http://127.0.0.1:8000/v1.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"{name} must hold no user, key or query; the key is read from OPENAI_API_KEY.")
    return value
