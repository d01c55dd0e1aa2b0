"""Visual features of labels: the original's file, a simpler one, and whether they are enough for a set of labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from answer_judge import LabelError, LabelSet, normalise
from shard_runner.cli import write_json

from selfsynthx.errors import InputError

LabelConcepts = Mapping[str, Sequence[str]]
"""For each label, short phrases for what a picture of it shows."""


@dataclass(frozen=True)
class ConceptLeak:
    """A feature that names a label of the set."""

    label: str
    """Whose feature it is."""
    feature: str
    """The feature."""
    named: str
    """The label that it names; perhaps the same."""


@dataclass(frozen=True)
class ConceptCheck:
    """Features brought to the labels of a set, and what is wrong with them."""

    concepts: dict[str, tuple[str, ...]]
    """For each label that has any, its features, each once; the label spelled as in the set."""
    missing: tuple[str, ...]
    """Labels without features."""
    too_few: tuple[str, ...]
    """Labels with fewer features than asked for."""
    unknown: tuple[str, ...]
    """Names in the file that are no label of the set."""
    leaks: tuple[ConceptLeak, ...]
    """Features that name a label: a description that matches them tells nothing new."""
    least: int
    """How many features each label must have."""

    def required(self) -> dict[str, tuple[str, ...]]:
        """The features of every label.

        Raises:
            InputError: a label has none or too few.
        """
        problems = {"has none": self.missing, "has fewer": self.too_few}
        for problem, labels in problems.items():
            if labels:
                more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
                named = ", ".join(map(repr, labels[:3])) + more
                near = f" The file also has {', '.join(map(repr, self.unknown[:3]))}." if self.unknown else ""
                expected = f"each label must have {self.least} features or more"
                raise InputError(f"{expected}; {named} {problem}. Add them to the file of concepts.{near}")
        return dict(self.concepts)


def read_concepts(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Features by label, as the file has them: the original's form, or `{label: [features]}`.

    Raises:
        InputError: the file can't be read, has another form or a label twice.
    """
    path = Path(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=list)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} can't be read: {getattr(error, 'strerror', None) or error}.") from error
    pairs = _pairs(document)
    if not pairs:
        raise InputError(f"{path.name} must hold features by label: {_FORMS}; got something else.")
    found: dict[str, tuple[str, ...]] = {}
    for key, value in pairs:
        label, features = _entry(key, value)
        if not label.strip() or not isinstance(features, list) or not all(isinstance(one, str) for one in features):
            raise InputError(f"{path.name}: {key!r} must hold a label and a list of texts: {_FORMS}.")
        if label in found:
            raise InputError(f"{path.name} must have each label once; {label!r} comes twice.")
        found[label] = tuple(cast("list[str]", features))
    return found


def write_concepts(concepts: LabelConcepts, path: str | Path) -> None:
    """Write features by label in the original's form, labels sorted and numbered from 1."""
    path = Path(path)
    ordered = enumerate(sorted(concepts.items()), start=1)
    document = {str(n): {"name": label, "visual_features": list(features)} for n, (label, features) in ordered}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, document, indent=1)


def check_concepts(concepts: LabelConcepts, labels: Sequence[str], *, least: int = 3) -> ConceptCheck:
    """Bring features to the labels of a set; names may differ in case, hyphens and underscores.

    >>> check = check_concepts({"herring_gull": ["pink legs", "Pink legs.", "not a Tern"]}, ["Herring Gull", "Tern"])
    >>> check.concepts, check.missing, check.too_few, check.leaks[0].named
    ({'Herring Gull': ('pink legs', 'not a Tern')}, ('Tern',), ('Herring Gull',), 'Tern')

    Raises:
        InputError: two names of the file are one label, or labels cannot be told apart.
    """
    try:
        known = LabelSet(labels)
    except LabelError as error:
        raise InputError(f"labels of the set: {error}.") from error
    brought: dict[str, tuple[str, ...]] = {}
    unknown: list[str] = []
    for name, features in concepts.items():
        label = _canonical(known, name)
        if label is None:
            unknown.append(name)
        elif label in brought:
            raise InputError(f"concepts must name each label once; {name!r} is {label!r} again.")
        elif each := _distinct(features):
            brought[label] = each
    leaks = tuple(leak for label, features in brought.items() for leak in _leaks(label, features, known))
    missing = tuple(label for label in labels if label not in brought)
    too_few = tuple(label for label in labels if 0 < len(brought.get(label, ())) < least)
    return ConceptCheck(brought, missing, too_few, tuple(unknown), leaks, least)


_FORMS = '{"1": {"name": label, "visual_features": [...]}} or {label: [...]}'


def _pairs(document: Any) -> list[tuple[str, Any]]:
    """The fields of an object that was read as pairs, so that none is lost; nothing if it was none."""
    items = cast("list[Any]", document) if isinstance(document, list) else []
    is_object = all(isinstance(item, tuple) for item in items)
    return cast("list[tuple[str, Any]]", items) if is_object else []


def _entry(key: str, value: Any) -> tuple[str, Any]:
    """Label and features of either form."""
    fields = dict(_pairs(value))
    if fields:
        name = fields.get("name")
        return (name if isinstance(name, str) else ""), fields.get("visual_features")
    return key, value


def _canonical(known: LabelSet, name: str) -> str | None:
    try:
        return known.canonical(name)
    except LabelError:
        return None


def _distinct(features: Sequence[str]) -> tuple[str, ...]:
    """The features that say something, each reading once."""
    found: dict[str, str] = {}
    for feature in features:
        if reading := normalise(feature):
            found.setdefault(reading, " ".join(feature.split()))
    return tuple(found.values())


def _leaks(label: str, features: Sequence[str], known: LabelSet) -> list[ConceptLeak]:
    return [
        ConceptLeak(label, feature, named)
        for feature in features
        for named in dict.fromkeys(mention.label for mention in known.resolve(feature).mentions)
    ]
