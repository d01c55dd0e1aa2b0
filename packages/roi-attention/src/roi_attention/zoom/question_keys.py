"""Keys of questions that survive re-ordering and filtering of a data set."""

from __future__ import annotations

import unicodedata
from hashlib import blake2b


def question_key(dataset: str, row_id: str, question: str) -> str:
    """`dataset/row_id/` and a short hash of all three, the question without differences of blanks and encoding.

    Neither the row's place in a file nor the question's in its conversation counts.

    >>> question_key("vqa", "17", "What  is it?\\n") == question_key("vqa", "17", "What is it?")
    True
    >>> question_key("vqa", "17", "What is it?")
    'vqa/17/e6ba94a32430c35e'
    """
    words = " ".join(unicodedata.normalize("NFC", question).split())
    whole = "\0".join((dataset, row_id, words)).encode("utf-8", "backslashreplace")
    return f"{dataset}/{row_id}/{blake2b(whole, digest_size=8).hexdigest()}"
