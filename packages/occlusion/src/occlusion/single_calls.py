"""One item alone and in a batch: what a call raises, a batch has as a value, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from occlusion.detections import Detection, Undetected, normalized_phrases
from occlusion.errors import OcclusionError


def found_alone(found: Sequence[list[Detection] | Undetected]) -> list[Detection]:
    """Return what a batch of one item found.

    Raises:
        OcclusionError: why there are no detections.
    """
    (result,) = found
    if isinstance(result, Undetected):
        raise result.error()
    return result


def found_as_item(look: Callable[[], list[Detection]], *, fatal: Collection[str] = ()) -> list[Detection] | Undetected:
    """Return what a call finds, or why it finds nothing.

    Args:
        look: the call.
        fatal: reasons that hold for every item of the batch.

    Raises:
        OcclusionError: one of these.

    >>> def look():
    ...     raise OcclusionError("bad_image", "cut off")
    >>> found_as_item(look)
    Undetected(reason='bad_image', detail='cut off')
    """
    try:
        return look()
    except OcclusionError as error:
        if error.reason in fatal:
            raise
        return Undetected(error.reason, str(error))


def refusal_through(check: Callable[[Sequence[str]], object], phrase: str) -> OcclusionError | None:
    """Return the error that a check of normalized phrases raises for one, or None.

    >>> refusal_through(print, " ").reason
    'empty_phrase'
    """
    try:
        check(normalized_phrases([phrase]))
    except OcclusionError as error:
        return error
    return None
