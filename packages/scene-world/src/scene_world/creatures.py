"""Creatures: made-up species that are told apart by visible parts, and animals of them, some parts out of sight."""

from __future__ import annotations

import random
from dataclasses import dataclass

from scene_world.rules import BACKGROUNDS
from scene_world.things import COLORS

PARTS: dict[str, tuple[str, ...]] = {
    "head": ("horns", "antlers", "ears", "crest"),
    "body": ("plain body", "striped body", "spotted body"),
    "wings": ("round wings", "pointed wings"),
    "tail": ("curly tail", "forked tail", "bushy tail"),
    "feet": ("webbed feet", "long legs"),
}
"""Places of a creature and the shapes that stand there; `ears` are large ones."""

LEAST_SEEN = 3
"""Parts that are in sight in every picture, the body among them."""

_SEEN_SHARE = 0.72
_COLOR_NAMES = tuple(COLORS)
NAMES: tuple[str, ...] = tuple(
    first + last
    for k, first in enumerate(
        ("ba", "bu", "de", "do", "fi", "ga", "gu", "ka", "ke", "mi", "mu", "po", "ru", "ta", "vi", "zo")
    )
    for last in (("ldun", "mrik", "ndox"), ("lfen", "rgan", "vux"), ("zin", "rbel", "nkor"), ("dox", "lmar", "xen"))[
        k % 4
    ]
)
"""Names of species; each is one token of the explainer."""


@dataclass(frozen=True)
class Part:
    """One part of a creature, such as red antlers."""

    place: str
    """A key of `PARTS`."""
    shape: str
    color: str

    @property
    def phrase(self) -> str:
        """Its name with its colour, and an article where there is one of it.

        >>> Part("head", "antlers", "red").phrase, Part("body", "striped body", "blue").phrase
        ('red antlers', 'a blue striped body')
        """
        words = f"{self.color} {self.shape}"
        return f"a {words}" if self.place in ("body", "tail") or self.shape == "crest" else words


@dataclass(frozen=True)
class Species:
    """A kind of creature: a name, and one part for each place."""

    name: str
    parts: tuple[Part, ...]
    """In the order of `PARTS`."""


@dataclass(frozen=True)
class Creature:
    """One animal as it is seen."""

    id: str
    species: Species
    seen: tuple[bool, ...]
    """For each part of the species, whether it is in sight."""
    background: str
    texture: int
    light: float
    x_px: int
    y_px: int
    """Shift from the middle of the picture."""
    is_mirrored: bool

    @property
    def visible(self) -> tuple[Part, ...]:
        """The parts in sight."""
        return tuple(part for part, is_seen in zip(self.species.parts, self.seen, strict=True) if is_seen)


def sample_part(place: str, rng: random.Random) -> Part:
    """A part for a place, any shape and colour."""
    return Part(place, rng.choice(PARTS[place]), rng.choice(_COLOR_NAMES))


def sample_name(rng: random.Random) -> str:
    """Any of `NAMES`.

    >>> sample_name(random.Random(1)) in NAMES
    True
    """
    return rng.choice(NAMES)


def sample_species(split: str, count: int) -> tuple[Species, ...]:
    """`count` species of a split, fine-grained: in twos, which differ in two parts alone; at most as many as `NAMES`.

    The same for the same arguments, on every machine.

    >>> species = sample_species("train", 4)
    >>> [sum(a != b for a, b in zip(x.parts, y.parts)) for x, y in (species[:2], species[2:])]
    [2, 2]
    """
    rng = random.Random(f"creatures/{split}/species")
    found: list[Species] = []
    while len(found) < count:
        parts = tuple(sample_part(place, rng) for place in PARTS)
        pair = (parts, _cousin(parts, rng))
        taken = {species.name for species in found}
        names = [sample_name(rng), sample_name(rng)]
        if len({*names, *taken}) == len(names) + len(taken) and not _too_like(pair, found):
            found += [Species(name, parts) for name, parts in zip(names, pair, strict=True)]
    return tuple(found[:count])


def _cousin(parts: tuple[Part, ...], rng: random.Random) -> tuple[Part, ...]:
    """Parts that differ in two places, one of them in its shape and one in its colour."""
    shaped, colored = rng.sample(range(len(parts)), 2)
    changed = list(parts)
    old = parts[shaped]
    changed[shaped] = Part(old.place, rng.choice([s for s in PARTS[old.place] if s != old.shape]), old.color)
    old = parts[colored]
    changed[colored] = Part(old.place, old.shape, rng.choice([c for c in _COLOR_NAMES if c != old.color]))
    return tuple(changed)


def _too_like(pair: tuple[tuple[Part, ...], ...], found: list[Species]) -> bool:
    return any(sum(a == b for a, b in zip(parts, old.parts, strict=True)) > 2 for parts in pair for old in found)


def sample_creature(split: str, index: int, among: tuple[Species, ...]) -> Creature:
    """Animal number `index` of a split; its species takes its turn.

    What is in sight tells it from every other species.

    >>> species = sample_species("train", 4)
    >>> sample_creature("train", 5, species).species is species[1]
    True
    """
    rng = random.Random(f"creatures/{split}/{index}")
    species = among[index % len(among)]
    while not _tells(seen := _sample_seen(rng), species, among):
        pass
    return _posed(f"{split}-{index}", species, seen, rng)


def random_creature(split: str, index: int) -> Creature:
    """An animal of a species of its own: for learning about parts alone."""
    rng = random.Random(f"creatures/{split}/{index}/alone")
    species = Species(sample_name(rng), tuple(sample_part(place, rng) for place in PARTS))
    return _posed(f"{split}-{index}", species, _sample_seen(rng), rng)


def _sample_seen(rng: random.Random) -> tuple[bool, ...]:
    while True:
        seen = tuple(place == "body" or rng.random() < _SEEN_SHARE for place in PARTS)
        if sum(seen) >= LEAST_SEEN:
            return seen


def _tells(seen: tuple[bool, ...], species: Species, among: tuple[Species, ...]) -> bool:
    shown = [k for k, is_seen in enumerate(seen) if is_seen]
    others = (other for other in among if other is not species)
    return all(any(species.parts[k] != other.parts[k] for k in shown) for other in others)


def _posed(creature_id: str, species: Species, seen: tuple[bool, ...], rng: random.Random) -> Creature:
    return Creature(
        id=creature_id,
        species=species,
        seen=seen,
        background=rng.choice(BACKGROUNDS),
        texture=rng.randrange(1 << 16),
        light=rng.uniform(0.88, 1.08),
        x_px=rng.randint(-5, 5),
        y_px=rng.randint(-4, 4),
        is_mirrored=rng.random() < 0.5,
    )
