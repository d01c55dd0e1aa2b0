"""The tokens that stand for a span of a text, as they are in that text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from occlusion.broken_text import is_unicode
from occlusion.causality.scores import Unscored
from occlusion.entities.entity import Entity
from occlusion.errors import OcclusionError

_LONE_SPACES = ("Ġ", "▁")  # A rare word's leading space is a token of its own, with no characters in the offsets.


class Span(NamedTuple):
    """Some characters of a text, `text[start:end]`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class SpanTokens:
    """A tokenized text, and where the span is in it."""

    ids: tuple[int, ...]
    """All tokens of the text, special ones included."""

    at: tuple[int, ...]
    """Positions of the tokens that the span lies in, a leading space that is a token of its own included."""

    @property
    def targets(self) -> tuple[int, ...]:
        """The ids of the span's tokens."""
        return tuple(self.ids[t] for t in self.at)


def phrase_span(caption: str, entity: Entity) -> Span:
    """The phrase in the caption as it is."""
    return Span(caption, entity.start, entity.end)


def head_span(caption: str, entity: Entity) -> Span:
    """The head in the caption with the phrase replaced by it."""
    with_head = caption[: entity.start] + entity.head + caption[entity.end :]
    return Span(with_head, entity.start, entity.start + len(entity.head))


class SpanTokenizer:
    """Finds the tokens of spans, many texts at once, with any fast tokenizer."""

    def __init__(self, tokenizer: Any, max_tokens: int) -> None:
        if not getattr(tokenizer, "is_fast", False):
            raise OcclusionError("slow_tokenizer", "tokenizer must be a fast one: character offsets are needed.")
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    def __call__(self, spans: Sequence[Span]) -> list[SpanTokens | Unscored]:
        """Return the tokens of each span, in order; equal texts are tokenized once."""
        texts = list(dict.fromkeys(span.text for span in spans if is_unicode(span.text)))
        if not texts:
            return [Unscored("broken_text", "the caption is no valid Unicode") for _ in spans]
        encoded = self._tokenizer(texts, return_offsets_mapping=True, truncation=False, verbose=False)
        of_text = dict(zip(texts, zip(encoded["input_ids"], encoded["offset_mapping"], strict=True), strict=True))
        return [
            self._find(*of_text[span.text], span)
            if span.text in of_text
            else Unscored("broken_text", "the caption is no valid Unicode")
            for span in spans
        ]

    def _find(self, ids: list[int], offsets: list[tuple[int, int]], span: Span) -> SpanTokens | Unscored:
        if len(ids) > self._max_tokens:
            return Unscored("caption_too_long", f"{len(ids)} tokens; the model takes {self._max_tokens}")
        at = tuple(t for t, (s, e) in enumerate(offsets) if s < e and s < span.end and e > span.start)
        if not at:
            return Unscored("no_token", f"no token lies in characters {span.start} to {span.end}")
        if at[0] > 0 and self._tokenizer.convert_ids_to_tokens(ids[at[0] - 1]) in _LONE_SPACES:
            at = (at[0] - 1, *at)
        found = SpanTokens(tuple(ids), at)
        if self._tokenizer.unk_token_id in found.targets:
            return Unscored("unknown_token", "a part of the entity is unknown to the tokenizer")
        return found
