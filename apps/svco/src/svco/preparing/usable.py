"""Pairs whose texts say something, and can be written to a file."""

from pathlib import Path

from svco_loss.pairs import CheckedPairs, ImagePair, RefusedPair, is_text, read_mvc, told_apart, wrong_text

from svco.errors import InputError


def with_usable_texts(found: CheckedPairs) -> CheckedPairs:
    """Refuse pairs whose texts say nothing, say the same, or cannot be written to a file."""
    checked = told_apart(_unwritable(pair) or wrong_text(pair) or pair for pair in found.pairs)
    refused = sorted([*found.refused, *checked.refused], key=lambda one: one.row)
    return CheckedPairs(checked.pairs, tuple(refused))


def _unwritable(pair: ImagePair) -> RefusedPair | None:
    for name in ("question", "text_x", "text_y", "system", "category", "image_a", "image_b"):
        text = str(getattr(pair, name))
        if not is_text(text):
            return RefusedPair(pair.row, "malformed", f"{name} holds NUL or half a character; got {ascii(text)[:80]}")
    return None


def read_usable(path: Path) -> CheckedPairs:
    """Read MVC JSON; rows that are malformed or whose texts cannot be used are refused.

    Raises:
        PairFileError: it cannot be read, is no JSON or holds no list.
        InputError: it holds no rows.
    """
    found = read_mvc(path)
    if not found.pairs and not found.refused:
        raise InputError(f"{path} holds no pairs.")
    return with_usable_texts(found)
