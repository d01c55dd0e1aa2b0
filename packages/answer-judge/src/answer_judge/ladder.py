"""A ladder of rungs from certain and cheap to tolerant and dear; the first that decides has decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from answer_judge.aliases import AliasTable
from answer_judge.everyday_kinds import EVERYDAY_KINDS
from answer_judge.everyday_names import EVERYDAY_ALIASES
from answer_judge.kinds import KindTable
from answer_judge.options import Options, text_of_reference
from answer_judge.rungs import (
    AliasRung,
    AnsweredRung,
    ExactRung,
    GuardRung,
    InstructionRung,
    LengthRung,
    LexicalRung,
    NormalisedRung,
    NumberRung,
    OptionRung,
    SpellingRung,
    VerifierRung,
    YesNoRung,
    YesProbability,
)
from answer_judge.verdicts import UNDECIDED, Opinion, Pair, Rung, Verdict

if TYPE_CHECKING:
    from answer_judge.embedding import Embedder

_UNDECIDED = Verdict(False, "none", 0.0, "no rung accepts")

Question = tuple[str, str] | tuple[str, str, Mapping[str, str] | None] | Pair
"""`(answer, reference)` or `(answer, reference, options)`."""


class Ladder:
    """Judges answers; pure, and safe to share between threads and to send to processes."""

    def __init__(self, rungs: Sequence[Rung]) -> None:
        """Take the rungs, lowest first."""
        self.rungs = tuple(rungs)

    def judge(self, answer: str, reference: str, options: Mapping[str, str] | None = None) -> Verdict:
        """Return the verdict on one answer.

        >>> default_ladder().judge("Two doughnuts", "donut").rung
        'lexical'
        >>> default_ladder().judge("(b)", "dog", {"A": "cat", "B": "dog"}).reason
        "picks option B, 'dog'"
        """
        return self.judge_many([(answer, reference, options)])[0]

    def judge_many(self, pairs: Iterable[Question]) -> list[Verdict]:
        """Return one verdict for each `(answer, reference)` or `(answer, reference, options)`, in order.

        Equal pairs are judged once. With options, rungs see a reference that was a letter as that option's text.

        Raises:
            OptionError: options without different letters or numbers as keys.
        """
        asked = [_as_pair(question) for question in pairs]
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


def _as_pair(question: Question) -> Pair:
    pair = Pair(question[0], question[1]) if len(question) == 2 else Pair(*question)
    if pair.options is None:
        return pair
    options = Options(pair.options)
    return Pair(pair.answer, text_of_reference(pair.reference, options), options)


class AcceptingRung:
    """A rung whose rejections are left to the rungs above it: embeddings below a verifier."""

    def __init__(self, rung: Rung) -> None:
        """Take the rung to soften."""
        self.name, self._rung = rung.name, rung

    def __call__(self, pairs: Sequence[Pair]) -> list[Opinion]:
        """Return the rung's acceptances, and nothing else."""
        return [opinion if opinion.accepted else UNDECIDED for opinion in self._rung(pairs)]


def default_ladder(
    embedder: Embedder | None = None,
    *,
    verifier: YesProbability | None = None,
    aliases: Iterable[Sequence[str]] = EVERYDAY_ALIASES,
    kinds: Mapping[str, str] = EVERYDAY_KINDS,
    threshold: float | None = None,
    verifier_threshold: float = 0.5,
) -> Ladder:
    """Return the rules and, where given, an embedder above them and a language model above it.

    Without a threshold, that of the embedder's model is taken. Below a verifier, the embedder only accepts.

    Raises:
        ThresholdError: no threshold is given, and none is known for the embedder's model.

    >>> [rung.name for rung in default_ladder().rungs][:7]
    ['length', 'answered', 'instruction', 'option', 'exact', 'normalised', 'alias']
    >>> [rung.name for rung in default_ladder().rungs][7:]
    ['yes-no', 'number', 'guard', 'spelling', 'lexical']
    """
    table = AliasTable(aliases)
    kind_table = KindTable(table, kinds)
    rungs: list[Rung] = [
        LengthRung(), AnsweredRung(), InstructionRung(), OptionRung(table), ExactRung(), NormalisedRung(),
        AliasRung(table), YesNoRung(), NumberRung(), GuardRung(table, kind_table), SpellingRung(),
        LexicalRung(table, kind_table),
    ]  # fmt: skip
    if embedder is not None:
        from answer_judge.embedding import EmbeddingRung  # with numpy, which the rules do without

        by_meaning = EmbeddingRung(embedder, threshold=threshold)
        rungs.append(AcceptingRung(by_meaning) if verifier else by_meaning)
    if verifier is not None:
        rungs.append(VerifierRung(verifier, threshold=verifier_threshold))
    return Ladder(rungs)
