"""Does an answer explain itself, or does it only name a label?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from answer_judge.concept_naming import NAMING_SHARE, Naming, named_concepts
from answer_judge.content_words import FUNCTION_WORDS, is_filler
from answer_judge.label_words import Word, read_words
from answer_judge.labels import LabelSet
from answer_judge.normalising import normalise

_FRAME_WORDS = """
image picture photo photograph photography scan view scene object subject answer label class category name species
breed variety variant model family member example specimen identification question explanation reason reasoning
explain detail feature characteristic trait description information evidence conclusion depict depicted capture captured
called named identified identify classified classify recognized belong belonging likely probably possibly possible
certain sure clear confident correct right yes ok okay unable impossible determine cannot unknown unclear what why
based due main visible seen shown following given provide provided
"""
_FRAME = frozenset(normalise(word) for word in _FRAME_WORDS.split()) | {"no", "yes"}


@dataclass(frozen=True)
class Explanation:
    """What an answer says beyond the label."""

    exists: bool
    """Whether that is enough to be an explanation."""
    words: tuple[str, ...]
    """The distinct words left over, in one spelling, in their order."""
    named: tuple[Naming, ...]
    """The concepts that it names outside the label's own name."""


def explanation_of(
    answer: str,
    labels: LabelSet | Iterable[str],
    *,
    concepts: Iterable[str] = (),
    at_least: int = 2,
    frame_words: Iterable[str] = (),
    share: float = NAMING_SHARE,
    synonyms: Iterable[Iterable[str]] = (),
) -> Explanation:
    """Return whether an answer says anything visible beyond its label: a concept, or `at_least` distinct other words.

    Left out are all mentions of labels, the last word of each label (`gull`), words without content, words that only
    frame an answer (`the image shows a kind of`), and `frame_words` of your own (`bird`). Rules count words and do not
    judge them: a true, a false and an irrelevant explanation all exist. `CognitionJudge` weighs what they say.

    Args:
        answer: free text.
        labels: the closed set.
        concepts: features to look for by `named_concepts`, with `share` and `synonyms` as there.
        at_least: distinct words that make an explanation.
        frame_words: more words that explain nothing.

    >>> explanation_of("The image shows a Western Gull.", ["Western Gull"]).exists
    False
    >>> explanation_of("A Western Gull, because its legs are pink.", ["Western Gull"]).words
    ('leg', 'pink')

    Raises:
        LabelError: labels that cannot be told apart.
        SelectionError: what `named_concepts` refuses.

    Source: arXiv 2502.14044 reports how many answers hold an explanation, judged by a language model; these rules are
    our own.
    """
    label_set = labels if isinstance(labels, LabelSet) else LabelSet(labels)
    rest = without_labels(answer, label_set)
    last_words = {_norm(read_words(label)[-1]) for label in label_set.labels}
    framed = _FRAME | last_words | {normalise(word) for word in frame_words}
    words = [_norm(word) for word in read_words(rest) if word.key not in FUNCTION_WORDS and not is_filler(word.key)]
    left = tuple(dict.fromkeys(word for word in words if word not in framed))
    named = tuple(named_concepts(rest, concepts, share=share, synonyms=synonyms))
    return Explanation(bool(named) or len(left) >= at_least, left, named)


def without_labels(text: str, labels: LabelSet) -> str:
    """Return a text of the same length with every mention of a label blanked out.

    >>> without_labels("A Red-tailed Hawk with a red tail", LabelSet(["Red-tailed Hawk"]))
    'A _______________ with a red tail'
    """
    for mention in labels.resolve(text).mentions:
        start, end = mention.span
        text = text[:start] + "_" * (end - start) + text[end:]
    return text


def _norm(word: Word) -> str:
    return normalise(word.key)
