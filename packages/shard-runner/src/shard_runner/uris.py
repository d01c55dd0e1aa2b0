"""Names of files elsewhere: telling a URI from a path, and keeping keys out of messages."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.:-]*://")
_LOGIN = re.compile(r"://([^\s@/:]*:\S*|[^\s@/]+)@")  # greedy: a password may hold a slash or an @ that is not quoted
_QUERY = re.compile(r"://[^\s?]*\?([^\s'\"]+)")  # signed addresses carry their key there


def is_uri(path: object) -> bool:
    """Tell whether a path names a file by URI.

    >>> is_uri("s3://bucket/rows.jsonl"), is_uri("data/rows.jsonl"), is_uri("simplecache::s3://bucket/rows.jsonl")
    (True, False, True)
    """
    return isinstance(path, str) and _URI.match(path) is not None


def secrets_in(uri: str) -> tuple[str, ...]:
    """Return what must not be shown of a URI: user and password, and all that follows a question mark."""
    found = [match for pattern in (_LOGIN, _QUERY) for match in pattern.findall(uri)]
    logins = [text.split(":", 1)[1] for text in _LOGIN.findall(uri) if ":" in text]
    values = [part.split("=", 1)[1] for text in _QUERY.findall(uri) for part in text.split("&") if "=" in part]
    return tuple(text for text in (*found, *logins, *values) if len(text) > 2)  # shorter ones would blot out words


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without the given secrets, and without the logins and signatures of the URIs in it.

    >>> masked("can't reach ftp://ann:secret@host/a.json or https://host/b.json?sig=secret")
    "can't reach ftp://***@host/a.json or https://host/b.json?***"
    """
    for secret in secrets:
        text = text.replace(secret, "***")
    for pattern in (_LOGIN, _QUERY):
        text = pattern.sub(lambda match: match[0].replace(match[1], "***"), text)
    return text


def path_of_uri(uri: str) -> str:
    """Return the part of a URI that names the file.

    >>> path_of_uri("s3://bucket/a/rows.jsonl"), path_of_uri("https://host/rows.json?sig=secret")
    ('bucket/a/rows.jsonl', 'host/rows.json')
    """
    first = next(part for part in uri.split("::") if "://" in part)
    scheme, path = first.split("://", 1)
    return urlsplit(first).netloc + urlsplit(first).path if scheme.lower() in ("http", "https") else path


def has_pattern(path: str) -> bool:
    """Tell whether a path holds a wildcard."""
    return any(sign in path for sign in "*?[")
