"""The matcher of a data set: which of its labels does an answer name?"""

from __future__ import annotations

from collections.abc import Sequence

from answer_judge import LabelError, LabelSet

from selfsynthx.datasets.filling import label_sentence
from selfsynthx.datasets.spec import DatasetSpec
from selfsynthx.errors import InputError


def label_matcher(spec: DatasetSpec, labels: Sequence[str]) -> LabelSet:
    """The closed set of labels as the spec wants it matched; each label is recognised in its own sentence.

    Aliases of labels that the set lacks do nothing: it may be a part of the whole set.

    Raises:
        InputError: labels that cannot be told apart, a binary set without the positive label and exactly one other, or
            a label that is not recognised in its own sentence.
    """
    aliases = {label: names for label, names in spec.matcher.aliases.items() if label in labels}
    ordered = _positive_first(spec, labels) if spec.matcher.binary else list(labels)
    rules = {"binary": spec.matcher.binary, "specific_wins": spec.matcher.specific_wins}
    try:
        found = LabelSet(ordered, aliases=aliases, **rules)
    except LabelError as error:
        raise InputError(f"{spec.key}: {error}.") from error
    for label in ordered:
        sentence = label_sentence(spec, label)
        if not found.accepts(sentence, label):
            heard = found.resolve(sentence).claimed
            raise InputError(
                f"{spec.key}: label {label!r} must be what {sentence!r} claims; read as {heard or 'no label'}. "
                f"Rename the label, or change label_sentence or negative.sentence."
            )
    return found


def _positive_first(spec: DatasetSpec, labels: Sequence[str]) -> list[str]:
    positive = spec.matcher.positive
    if len(labels) != 2 or positive not in labels:
        raise InputError(f"{spec.key} is binary: labels must be {positive!r} and one other; got {sorted(labels)}.")
    return sorted(labels, key=lambda label: label != positive)
