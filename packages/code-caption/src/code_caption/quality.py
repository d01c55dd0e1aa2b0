"""How much of a scene is right, and how much of the truth it has: elements, attributes, relations, counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from operator import eq

from box_space import iou as iou_of

from code_caption.errors import SettingsError
from code_caption.scene import BoxFractions, Scene

SameName = Callable[[str, str], bool]
"""Whether a found name (first) and a true name mean the same kind of thing."""

KINDS: tuple[str, ...] = ("elements", "attributes", "relations", "counts")
"""What is scored."""

_TOLERANCE = 1e-9
"""Boxes that overlap by the threshold exactly may come out a rounding error below it."""


@dataclass(frozen=True)
class Tally:
    """Numbers of one kind, to be added over images before a rate is taken.

    >>> tally = Tally(right=2, stated=4, true=3) + Tally(right=1, stated=1, true=1)
    >>> tally.precision, tally.recall, tally.f1
    (0.6, 0.75, 0.6666666666666666)
    """

    right: int = 0
    """Stated and true."""
    stated: int = 0
    """In the scene that is judged."""
    true: int = 0
    """In the truth."""

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.right + other.right, self.stated + other.stated, self.true + other.true)

    @property
    def precision(self) -> float | None:
        """Share of what is stated that is true; None: nothing is stated."""
        return self.right / self.stated if self.stated else None

    @property
    def recall(self) -> float | None:
        """Share of what is true that is stated; None: nothing is true."""
        return self.right / self.true if self.true else None

    @property
    def f1(self) -> float | None:
        """Twice what is right over stated and true together: the harmonic mean of both; None: both are undefined."""
        both = self.stated + self.true
        return 2 * self.right / both if both else None


@dataclass(frozen=True)
class SceneScore:
    """The four tallies of one scene, or of many added up: `sum(scores, SceneScore())`."""

    elements: Tally = Tally()
    """Things with the same name and enough overlap, one to one; members of groups are things."""
    attributes: Tally = Tally()
    """Of matched things only: what is stated of the found one and true of the other."""
    relations: Tally = Tally()
    """Pairs of things, in no order; a group stands in its relations for each of its members."""
    counts: Tally = Tally()
    """Names of which exactly as many are stated as there are."""

    def __add__(self, other: SceneScore) -> SceneScore:
        return SceneScore(*(getattr(self, kind) + getattr(other, kind) for kind in KINDS))


@dataclass(frozen=True)
class _Thing:
    """An element, or one member of a group."""

    name: str
    box: BoxFractions
    attributes: frozenset[str] = frozenset()


Pairs = dict[int, int]
"""Places of found things to places of true things."""


def compare_scenes(found: Scene, truth: Scene, *, iou: float = 0.5, same_name: SameName = eq) -> SceneScore:
    """Score a scene against the truth.

    Things are matched greedily by overlap, largest first, among those of one name that overlap by `iou` at least.
    Wordings of captions and relations are not compared.

    Args:
        found: the scene that is judged.
        truth: the scene as it is.
        iou: least intersection over union of a match.
        same_name: called with a found and a true name; counts put the names of either scene together by it too.

    >>> from code_caption.scene import Element
    >>> duck, cup = Element("duck", (0.0, 0.0, 0.4, 0.4)), Element("cup", (0.5, 0.5, 0.9, 0.9))
    >>> compare_scenes(Scene(elements=(duck, cup)), Scene(elements=(duck,))).elements
    Tally(right=1, stated=2, true=1)

    Raises:
        SettingsError: `iou` is not above 0 and at most 1.
    """
    if not 0 < iou <= 1:
        raise SettingsError("iou", f"iou must be above 0 and at most 1; got {iou!r}.")
    found_things, true_things = _things(found), _things(truth)
    pairs = _match(found_things, true_things, iou, same_name)
    return SceneScore(
        Tally(len(pairs), len(found_things), len(true_things)),
        _tally_attributes([(found_things[a].attributes, true_things[b].attributes) for a, b in pairs.items()]),
        _tally_relations(_related(found), _related(truth), pairs),
        _tally_counts(found.counts, truth.counts, same_name),
    )


def scores_to_table(scores: Mapping[str, SceneScore]) -> list[dict[str, str | int | float | None]]:
    """One plain row for each rule and kind, in order: `rule`, `kind`, three numbers and three rates.

    >>> table = scores_to_table({"all rules": SceneScore(elements=Tally(1, 2, 1))})
    >>> table[0]["rule"], table[0]["kind"], table[0]["precision"], table[1]["precision"]
    ('all rules', 'elements', 0.5, None)
    """
    return [_table_row(rule, kind, getattr(score, kind)) for rule, score in scores.items() for kind in KINDS]


def _table_row(rule: str, kind: str, tally: Tally) -> dict[str, str | int | float | None]:
    rates = {"precision": tally.precision, "recall": tally.recall, "f1": tally.f1}
    return {"rule": rule, "kind": kind, "right": tally.right, "stated": tally.stated, "true": tally.true, **rates}


def _things(scene: Scene) -> list[_Thing]:
    """Elements, then the members of groups, group by group."""
    things = [_Thing(each.name, each.box, frozenset(each.attributes)) for each in scene.elements]
    return things + [_Thing(group.name, member) for group in scene.groups for member in group.members]


def _match(found: list[_Thing], true: list[_Thing], least: float, same_name: SameName) -> Pairs:
    overlaps = iou_of([thing.box for thing in found], [thing.box for thing in true]).tolist()
    places = product(range(len(found)), range(len(true)))
    fit = [(a, b) for a, b in places if overlaps[a][b] >= least - _TOLERANCE and same_name(found[a].name, true[b].name)]
    # Ties go by what things are, not by where they stand, so that the order of a scene does not matter.
    fit.sort(key=lambda pair: (-overlaps[pair[0]][pair[1]], _sort_key(found[pair[0]]), _sort_key(true[pair[1]])))
    pairs: Pairs = {}
    taken: set[int] = set()
    for a, b in fit:
        if a not in pairs and b not in taken:
            pairs[a] = b
            taken.add(b)
    return pairs


def _sort_key(thing: _Thing) -> tuple[str, BoxFractions, list[str]]:
    return thing.name, thing.box, sorted(thing.attributes)


def _tally_attributes(matched: Iterable[tuple[frozenset[str], frozenset[str]]]) -> Tally:
    tallies = (Tally(len(stated & true), len(stated), len(true)) for stated, true in matched)
    return sum(tallies, Tally())


def _related(scene: Scene) -> set[frozenset[int]]:
    """Pairs of places that the scene relates; a group's are those of its members."""
    places = [[place] for place in range(len(scene.elements))]
    for group in scene.groups:
        start = sum(map(len, places))
        places.append(list(range(start, start + group.count)))
    return {frozenset(pair) for relation in scene.relations for pair in product(places[relation.a], places[relation.b])}


def _tally_relations(found: set[frozenset[int]], true: set[frozenset[int]], pairs: Pairs) -> Tally:
    matched = [frozenset(pairs[place] for place in pair) for pair in found if all(place in pairs for place in pair)]
    return Tally(sum(pair in true for pair in matched), len(found), len(true))


def _tally_counts(found: Mapping[str, int], true: Mapping[str, int], same_name: SameName) -> Tally:
    names: list[str] = []
    true_counts = _merged(true, names, same_name)
    found_counts = _merged(found, names, same_name)
    right = sum(true_counts.get(name) == count for name, count in found_counts.items())
    return Tally(right, len(found_counts), len(true_counts))


def _merged(counts: Mapping[str, int], names: list[str], same_name: SameName) -> dict[str, int]:
    """Counts under the first of `names` that means the same; names that are new are added there."""
    merged: dict[str, int] = {}
    for name, count in counts.items():
        known = next((each for each in names if same_name(name, each)), None)
        if known is None:
            names.append(known := name)
        merged[known] = merged.get(known, 0) + count
    return merged
