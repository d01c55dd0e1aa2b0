"""Find words in a caption whatever their case, spaces and hyphens."""

from __future__ import annotations

_JOINS = frozenset("-‐‑‒–—")
_APOSTROPHES = {"’": "'", "‘": "'", "`": "'"}


def find_whole_words(words: str, caption: str) -> list[tuple[int, int]]:
    """Return start and end of every place where a caption has these words, end not included; they do not overlap.

    >>> find_whole_words("T shirt", "A t-shirt and two T-Shirts, one tshirt")
    [(2, 9), (32, 38)]
    """
    wanted = "".join(letter for letter, _ in _letters(words))
    letters = _letters(caption)
    squeezed = "".join(letter for letter, _ in letters)
    places: list[tuple[int, int]] = []
    at = squeezed.find(wanted) if wanted else -1
    while at >= 0:
        start, end = letters[at][1], letters[at + len(wanted) - 1][1] + 1
        whole = _is_whole(caption, start, end)
        if whole:
            places.append((start, end))
        at = squeezed.find(wanted, at + (len(wanted) if whole else 1))
    return places


def _letters(text: str) -> list[tuple[str, int]]:
    """The letters in lower case with their places, without spaces and hyphens."""
    kept = [(letter, at) for at, letter in enumerate(text) if not letter.isspace() and letter not in _JOINS]
    return [(small, at) for letter, at in kept for small in _APOSTROPHES.get(letter, letter.lower())]


def _is_whole(caption: str, start: int, end: int) -> bool:
    before = start > 0 and caption[start - 1].isalnum() and caption[start].isalnum()
    after = end < len(caption) and caption[end].isalnum() and caption[end - 1].isalnum()
    return not before and not after
