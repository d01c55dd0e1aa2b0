"""From guesses of phrases and heads to the causality of entities."""

from __future__ import annotations

from collections.abc import Sequence

from occlusion.causality.guessing import Guess, Guesser
from occlusion.causality.scores import Causality, Unscored


def scores_of(guesses: Sequence[Guess | Unscored], guesser: Guesser) -> list[Causality | Unscored]:
    """Return one result for each two guesses, the phrase's and the head's; equal guesses are made once."""
    # An entity whose head fails has no score, so its phrase is not worth a forward pass.
    pairs = list(zip(guesses[0::2], guesses[1::2], strict=True))
    wanted = [(p, h) for p, h in pairs if isinstance(p, Guess) and isinstance(h, Guess)]
    perplexities = guesser.perplexities(one for pair in wanted for one in pair)
    return [_score(phrase, head, perplexities) for phrase, head in pairs]


def _score(
    phrase: Guess | Unscored, head: Guess | Unscored, perplexities: dict[Guess, float | Unscored]
) -> Causality | Unscored:
    if isinstance(phrase, Unscored):
        return phrase
    if isinstance(head, Unscored):
        return head
    of_phrase, of_head = perplexities[phrase], perplexities[head]
    if isinstance(of_phrase, Unscored):
        return of_phrase
    if isinstance(of_head, Unscored):
        return of_head
    return Causality(of_phrase, of_head, len(phrase.targets), len(head.targets))
