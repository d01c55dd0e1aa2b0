"""Texts of pairs in many styles, by any language model, in two stages; what differs must survive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from svco_loss.errors import SvcoLossError
from svco_loss.pairs.differences import lost_difference
from svco_loss.pairs.mvc import ImagePair
from svco_loss.pairs.rewriting_prompts import (
    CHECK_KEYS,
    DRAFT_KEYS,
    STYLES,
    find_object,
    first_prompt,
    second_prompt,
    style_of,
)


class Rewriter(Protocol):
    """A language model: a text for each prompt, in order, or the error that it met; a batch never fails as a whole."""

    def __call__(self, prompts: Sequence[str], /) -> Sequence[str | Exception]:
        """Answer each prompt, in order."""
        ...


class Rewriting(NamedTuple):
    """What became of one pair."""

    row: int
    """The pair's row."""
    style: str
    """What was asked for."""
    reason: str
    """`rewritten`, or why the pair kept its texts: `failed` (the model's error), `unreadable` (no object with the
    keys), `empty_text`, `same_text`, `lost_word`, `lost_order`, `other_word`, `told_by_question`, `too_long`."""
    detail: str
    """In one line; empty where it was rewritten."""


@dataclass(frozen=True)
class Diversified:
    """Pairs with new texts where those could be trusted, and with their own where not."""

    pairs: tuple[ImagePair, ...]
    """In order, as many as were given."""
    rewritings: tuple[Rewriting, ...]
    """One for each pair."""

    @property
    def counts(self) -> Mapping[str, int]:
        """How many pairs had which reason."""
        return Counter(one.reason for one in self.rewritings)


class _Fault(NamedTuple):
    reason: str
    detail: str


def diversify_pairs(
    pairs: Sequence[ImagePair],
    rewriter: Rewriter,
    *,
    seed: int = 0,
    styles: Sequence[str] = STYLES,
    most_chars: int = 600,
) -> Diversified:
    """Rewrite question and texts as a conversation in varied styles, then have each text checked against its own.

    The second stage may mend what the first spoilt. A pair keeps its texts where a reply cannot be read, both new
    texts are equal, a new text lacks a word that tells the old ones apart or has one of the other's, the new question
    has such a word, or a text is too long. Styles do not depend on the order of pairs.

    Args:
        pairs: as read.
        rewriter: gets all prompts of a stage at once.
        seed: decides styles, together with each pair's content.
        styles: to choose from.
        most_chars: longest new text; about 128 tokens of English by default.

    Raises:
        SvcoLossError: no styles, or the rewriter returned another number of replies than it got prompts.

    Source: arXiv 2502.13928 diversifies in two stages; prompts and checks are our own.
    """
    if not styles:
        raise SvcoLossError("styles must hold at least one style; got none")
    chosen = [style_of(pair, seed, styles) for pair in pairs]
    prompts = [first_prompt(pair, style) for pair, style in zip(pairs, chosen, strict=True)]
    drafts = [_read(reply, DRAFT_KEYS) for reply in _replies(rewriter, prompts)]
    asked = [(pair, draft) for pair, draft in zip(pairs, drafts, strict=True) if not isinstance(draft, _Fault)]
    checked = iter(_replies(rewriter, [second_prompt(pair, draft) for pair, draft in asked]))
    ends = [draft if isinstance(draft, _Fault) else _merged(draft, next(checked)) for draft in drafts]
    found = [_judged(pair, end, most_chars) for pair, end in zip(pairs, ends, strict=True)]
    told = [
        Rewriting(pair.row, style, *(one if isinstance(one, _Fault) else ("rewritten", "")))
        for pair, style, one in zip(pairs, chosen, found, strict=True)
    ]
    kept = [pair if isinstance(one, _Fault) else one for pair, one in zip(pairs, found, strict=True)]
    return Diversified(tuple(kept), tuple(told))


def _replies(rewriter: Rewriter, prompts: Sequence[str]) -> Sequence[str | Exception]:
    replies = rewriter(prompts) if prompts else ()
    if len(replies) != len(prompts):
        raise SvcoLossError(f"the rewriter must return a reply for each of {len(prompts)} prompts; got {len(replies)}")
    return replies


def _read(reply: str | Exception, keys: Sequence[str]) -> Mapping[str, str] | _Fault:
    if not isinstance(reply, str):
        return _Fault("failed", f"{type(reply).__name__}: {reply}")
    found = find_object(reply, keys)
    if found is None:
        return _Fault("unreadable", f"no JSON object with texts {list(keys)} in {reply[:80]!r}")
    return found


def _merged(draft: Mapping[str, str], reply: str | Exception) -> Mapping[str, str] | _Fault:
    checked = _read(reply, CHECK_KEYS)
    return checked if isinstance(checked, _Fault) else {**draft, **checked}


def _judged(pair: ImagePair, new: Mapping[str, str] | _Fault, most_chars: int) -> ImagePair | _Fault:
    if isinstance(new, _Fault):
        return new
    for key in DRAFT_KEYS:
        if not new[key]:
            return _Fault("empty_text", f"{key} is empty")
        if len(new[key]) > most_chars:
            return _Fault("too_long", f"{key} has {len(new[key])} characters, more than {most_chars}")
    changed = replace(pair, question=new["question"], text_x=new["answer_1"], text_y=new["answer_2"])
    lost = lost_difference(pair, changed)
    return _Fault(*lost) if lost else changed
