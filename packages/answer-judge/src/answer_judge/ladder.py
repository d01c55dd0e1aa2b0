"""A ladder of rungs from certain and cheap to tolerant and dear; the first that decides has decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from answer_judge.aliases import EVERYDAY_ALIASES, AliasTable
from answer_judge.embedding import Embedder, EmbeddingRung
from answer_judge.rungs import AliasRung, AnsweredRung, ExactRung, GuardRung, LexicalRung, NormalisedRung
from answer_judge.verdicts import Pair, Rung, Verdict

_UNDECIDED = Verdict(False, "none", 0.0, "no rung accepts")


class Ladder:
    """Judges answers; pure, and safe to share between threads."""

    def __init__(self, rungs: Sequence[Rung]) -> None:
        """Take the rungs, lowest first."""
        self.rungs = tuple(rungs)

    def judge(self, answer: str, reference: str) -> Verdict:
        """Return the verdict on one answer.

        >>> default_ladder().judge("Two doughnuts", "donut").rung
        'lexical'
        """
        return self.judge_many([(answer, reference)])[0]

    def judge_many(self, pairs: Iterable[tuple[str, str]]) -> list[Verdict]:
        """Return one verdict for each `(answer, reference)`, in order; equal pairs are judged once."""
        asked = [Pair(*pair) for pair in pairs]
        verdicts: dict[Pair, Verdict] = {}
        open_pairs = list(dict.fromkeys(asked))
        for rung in self.rungs:
            if not open_pairs:
                break
            for pair, opinion in zip(open_pairs, rung(open_pairs), strict=True):
                if opinion.accepted is not None:
                    verdicts[pair] = Verdict(opinion.accepted, rung.name, opinion.score, opinion.reason)
            open_pairs = [pair for pair in open_pairs if pair not in verdicts]
        return [verdicts.get(pair, _UNDECIDED) for pair in asked]


def default_ladder(
    embedder: Embedder | None = None,
    *,
    aliases: Iterable[Sequence[str]] = EVERYDAY_ALIASES,
    threshold: float | None = None,
) -> Ladder:
    """Return answered, exact, normalised, alias, guard, lexical and, with an embedder, embedding.

    Without a threshold, that of the embedder's model is taken.

    Raises:
        ThresholdError: no threshold is given, and none is known for the embedder's model.

    >>> [rung.name for rung in default_ladder().rungs]
    ['answered', 'exact', 'normalised', 'alias', 'guard', 'lexical']
    """
    table = AliasTable(aliases)
    rungs: list[Rung] = [
        AnsweredRung(), ExactRung(), NormalisedRung(), AliasRung(table), GuardRung(table), LexicalRung(table),
    ]  # fmt: skip
    return Ladder([*rungs, EmbeddingRung(embedder, threshold=threshold)] if embedder else rungs)
