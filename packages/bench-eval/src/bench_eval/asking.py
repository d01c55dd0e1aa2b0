"""What is asked of a model, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bench_eval.errors import BenchEvalError, RowError


@dataclass(frozen=True, kw_only=True)
class Decoding:
    """How answers are drawn; part of the fingerprint of saved responses."""

    n: int = 1
    """Answers per row."""
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 1.0
    """Nucleus of the distribution to draw from."""
    max_new_tokens: int = 128
    """Longest answer."""
    seed: int = 0
    """The sampler derives each row's seed from this and the row's id."""

    def __post_init__(self) -> None:
        if self.n < 1 or self.max_new_tokens < 1:
            raise BenchEvalError(
                f"n and max_new_tokens must be at least 1; got n={self.n}, max_new_tokens={self.max_new_tokens}."
            )
        if not self.temperature >= 0 or not 0 < self.top_p <= 1:
            raise BenchEvalError(
                f"temperature must be >= 0 and top_p in (0, 1]; got temperature={self.temperature}, top_p={self.top_p}."
            )


@dataclass(frozen=True, kw_only=True)
class Question:
    """One row as a sampler sees it."""

    id: str
    """The row's id."""
    messages: Sequence[Mapping[str, Any]]
    """Chat turns with content parts."""
    images: tuple[str, ...]
    """Paths, in the order of the image parts."""
    decoding: Decoding
    """How many answers, and how."""


@dataclass(frozen=True)
class Answers:
    """What a sampler gives for one question: exactly `n` texts, or an error."""

    id: str
    """The question's id."""
    texts: Sequence[str] = ()
    """n texts."""
    finish_reasons: Sequence[str] = ()
    """Of each text `stop`, or `length` where max_new_tokens cut it off; empty when the sampler cannot tell."""
    error: str = ""
    """Why there are no texts; empty when there are."""
    tokens: int = 0
    """New tokens that the model wrote for all texts, prompts not counted; 0 when the sampler cannot tell."""


class Sampler(Protocol):
    """Anything that answers questions, in their order; a plain function will do."""

    def __call__(self, questions: Sequence[Question]) -> Sequence[Answers]:
        """Answer each question with exactly `decoding.n` texts or an error."""
        ...


def row_to_question(row: Mapping[str, Any], decoding: Decoding, image_root: Path | None = None) -> Question:
    """Make the question of a row; image paths are taken relative to `image_root`.

    Raises:
        RowError: when the row has no `id` or no `messages`.

    >>> row_to_question({"id": "a", "image": "a.png", "messages": [{"role": "user"}]}, Decoding()).images
    ('a.png',)
    """
    if not row.get("id") or not row.get("messages"):
        raise RowError(f"a row needs an id and messages; got the columns {sorted(row)} with id {row.get('id')!r}.")
    paths = row.get("images") or ([row["image"]] if row.get("image") else [])
    images = tuple(str(image_root / path) if image_root else str(path) for path in paths)
    return Question(id=row["id"], messages=row["messages"], images=images, decoding=decoding)
