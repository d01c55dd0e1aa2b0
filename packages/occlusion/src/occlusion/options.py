"""Options of a class that is chosen by name: what it does not have, or lacks, is said in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from occlusion.errors import OcclusionError

MadeT = TypeVar("MadeT")


def made(kind: str, make: Callable[..., MadeT], arguments: Sequence[Any], options: Mapping[str, Any]) -> MadeT:
    """Call what makes a thing of this kind.

    Raises:
        OcclusionError: `bad_option`: an option that it does not have, or lacks; and what the call raises.
    """
    try:
        return make(*arguments, **options)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        message = f"options of {kind!r} must be those of {make.__name__}: {error}."
        raise OcclusionError("bad_option", message) from error
