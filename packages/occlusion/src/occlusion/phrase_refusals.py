"""Phrases that a text encoder cannot take."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from occlusion.errors import OcclusionError


def refusal_of(
    phrase: str, token_ids: Sequence[int], *, room: int, special_ids: Collection[int], separators: Collection[int] = ()
) -> OcclusionError | None:
    """Say why a text encoder cannot take a phrase, given the phrase's tokens (no special ones added), or None.

    Args:
        phrase: for the message.
        token_ids: the phrase's own tokens.
        room: how many of them the encoder takes.
        special_ids: of the tokenizer's special tokens, the one for unknown words too.
        separators: tokens at which the model would cut the phrase in two.

    Returns:
        `no_token`, `sub_sentence`, `special_token` (also: a word that the tokenizer does not know), `phrase_too_long`.
    """
    if not token_ids:
        return OcclusionError("no_token", f"the tokenizer has no token for {phrase!r}. Leave it out.")
    if set(token_ids) & set(separators):
        message = f"{phrase!r} must have no '.' and no '?': the model would take it for two phrases. Take them out."
        return OcclusionError("sub_sentence", message)
    if set(token_ids) & set(special_ids):
        message = f"{phrase!r} has a special token, or one that the tokenizer does not know. Leave it out."
        return OcclusionError("special_token", message)
    if len(token_ids) > room:
        message = f"{phrase!r} must have {room} tokens or fewer; got {len(token_ids)}. Shorten it."
        return OcclusionError("phrase_too_long", message)
    return None
