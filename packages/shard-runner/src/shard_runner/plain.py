"""Plain values: what rows hold, as one JSON text that is the same on every machine."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Set
from typing import Any, cast

Row = dict[str, Any]


def _to_plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numpy scalars and arrays, torch tensors
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(cast("os.PathLike[str]", value))
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if isinstance(value, Set):
        raise TypeError("a set has no order; pass a sorted list")
    raise TypeError(
        f"{type(value).__name__} is not a plain value; rows hold text, numbers, booleans, None, lists and dicts "
        "(images and other bytes go to a file, the row holds its path)"
    )


def _encoder(*, sort_keys: bool) -> Callable[[Any], str]:
    """Return `json.dumps` with everything made once: it makes two encoders for each call, two thirds of its time."""
    slow = json.JSONEncoder(default=_to_plain, sort_keys=sort_keys).encode
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    try:
        fast = make(None, _to_plain, json.encoder.encode_basestring_ascii, None, ": ", ", ", sort_keys, False, True)
        return slow if "".join(fast(_SAMPLE, 0)) != slow(_SAMPLE) else lambda value: "".join(fast(value, 0))
    except TypeError:  # another Python, without it or with other arguments
        return slow


_SAMPLE: Any = [{"b": [1, 2.5, "\0é", None], "a": {"y": True, "x": float("inf")}}]
to_sorted_json = _encoder(sort_keys=True)
"""Write a plain value as `to_json` does, with the keys of dicts in order."""
_to_json = _encoder(sort_keys=False)


def to_json(value: Any, *, sort_keys: bool = False) -> str:
    r"""Write a plain value as one line of ASCII JSON; numpy values become numbers and lists, paths become text.

    NaN and infinities are kept (`NaN`, `Infinity`), so is NUL, and so are lone surrogates.

    Raises:
        TypeError: when a value is not plain, such as bytes.

    >>> to_json({"text": "a\0b", "box": (1, 2.5)})
    '{"text": "a\\u0000b", "box": [1, 2.5]}'
    """
    return to_sorted_json(value) if sort_keys else _to_json(value)


_to_readable_json = json.JSONEncoder(default=_to_plain, ensure_ascii=False).encode


def to_readable_json(value: Any) -> str:
    r"""Write a plain value as one line of JSON in its own letters, or as `to_json` does where some can't be printed.

    Lone surrogates are no UTF-8, and some programs take U+2028 for the end of a line.

    Raises:
        TypeError: when a value is not plain, such as bytes.

    >>> to_readable_json({"text": "Bär"}), to_readable_json("a\u2028é")
    ('{"text": "Bär"}', '"a\\u2028\\u00e9"')
    """
    text = _to_readable_json(value)
    return text if text.isprintable() else to_json(value)


def digest_of(value: Any) -> str:
    """Return a 128-bit fingerprint of a plain value as 32 hex digits; the order of dict keys does not matter.

    >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
    True
    """
    return hashlib.blake2b(to_sorted_json(value).encode("ascii"), digest_size=16).hexdigest()


def row_seed(seed: int, row_id: str, salt: str = "") -> int:
    """Return the seed of one row, in 0 <= seed < 2**63, from the run's seed and the row's id, never its position.

    `salt` tells apart several draws for one row.

    >>> row_seed(0, "scene-17/duck") == row_seed(0, "scene-17/duck")
    True
    >>> row_seed(0, "scene-17/duck") == row_seed(0, "scene-17/duck", salt="trial-3")
    False
    """
    text = to_json([seed, row_id, salt]).encode("ascii")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1
