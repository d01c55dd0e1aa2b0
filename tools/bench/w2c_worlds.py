"""Made-up images for `w2c_calls.py`: boxes, captions with known claims, and a judge that is a seeded table of truth.

Each image has 12 boxes of 8 names (4 of them twice) and 5 pairs. The four captions of a box hold 10 different phrases
together, those of a pair 12; the bare names are in every one, with 2 to 4 phrases besides. Of the whole image there are
four long captions (6 of the names, 4 phrases of 12) and four short ones (2 names, 1 phrase).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from code_caption import UNFILTERED, Ask, Evidence, ImageAsks, Reply, Said, Sighting, surviving_pairs

NAMES = ("cup", "lamp", "chair", "clock", "vase", "bottle", "book", "plate")
LOOKS = ("red", "blue", "wooden", "shiny", "round", "striped", "dark", "old", "broken", "small")
PARTS = ("handle", "rim", "base", "label", "edge", "foot", "shade", "stain", "knob", "cover", "shadow", "leg")
CONTROL = "zebra"
BOXES, PHRASES, PAIRS, PAIR_PHRASES, KEPT = 12, 10, 5, 12, 4
SIZE_WH = (800, 600)
WHOLE_LABEL = ""
"""What claims about pairs and about the image are filed under: both are checked in the whole image."""


@dataclass(frozen=True)
class Rates:
    """How often what is so; shares, 0 to 1."""

    there: float = 0.85
    """Boxes that the judge confirms."""
    true: float = 0.9
    """Phrases that it confirms; names apart, which are there where a box of theirs is."""
    counted: float = 0.9
    """Counts that it answers by the boxes that are there; else it says the opposite."""
    text: float = 0.25
    """Boxes on which something is written."""
    reread: float = 0.9
    """Of these, those that are read alike twice."""
    control: float = 0.05
    """Images in which it sees the name that is not there."""
    is_first_false: bool = False
    """Of the captions of each thing, the one with most phrases has a false one, and nothing else is false."""


@dataclass
class MadeUp:
    """One image, and all that a model says of it; keeps `code_caption.AskModel`."""

    evidence: Evidence
    """What detector and captions begin with; the phrases of every text are there already."""
    p_yes: dict[tuple[str, ...], float] = field(default_factory=dict[tuple[str, ...], float])
    """Of checks, by what they are about."""
    texts: dict[tuple[str, ...], tuple[Said, ...]] = field(default_factory=dict[tuple[str, ...], tuple[Said, ...]])
    """Of all else."""

    def __call__(self, images: Sequence[ImageAsks]) -> list[list[Reply]]:
        """Look the replies up."""
        return [[self._reply(ask) for ask in one.asks] for one in images]

    def _reply(self, ask: Ask) -> Reply:
        if ask.decoding is None:
            return Reply(p_yes=self.p_yes[ask.about])
        return Reply(texts=self.texts[ask.about], sequences=ask.decoding.drawn or ask.decoding.n)


def make_up(seed: int, rates: Rates) -> MadeUp:
    """Draw one image."""
    drawn = random.Random(f"w2c/{seed}")
    evidence = Evidence(SIZE_WH, _sightings(drawn))
    world = MadeUp(evidence)
    there = {one.key: drawn.random() < rates.there for one in evidence.sightings}
    seen = {name: [there[one.key] for one in evidence.sightings if one.name == name] for name in NAMES}
    _confirm(world, there, seen, rates, drawn)
    for one in evidence.sightings:
        captions = _captions((one.name,), PHRASES, drawn)
        world.texts["region", str(one.key)] = _say(
            world, str(one.key), captions, {one.name: there[one.key]}, rates, drawn
        )
        _write(world, one.key, rates, drawn)
    any_seen = {name: any(ones) for name, ones in seen.items()}
    for a, b in surviving_pairs(evidence, UNFILTERED):
        captions = _captions((a.name, b.name), PAIR_PHRASES, drawn)
        said = _say(world, WHOLE_LABEL, captions, any_seen, rates, drawn)
        world.texts["pair", a.label, b.label] = said
    pool = _phrases(12, drawn)
    captions = [(*drawn.sample(NAMES, 6), *drawn.sample(pool, 4)) for _ in range(KEPT)]
    captions += [(*drawn.sample(NAMES, 2), drawn.choice(pool)) for _ in range(KEPT)]
    evidence.captions = _say(world, WHOLE_LABEL, captions, any_seen, rates, drawn)
    return world


def _sightings(drawn: random.Random) -> tuple[Sighting, ...]:
    """Six large boxes in a row, of which neighbours are pairs, and six small ones below."""
    names = [*drawn.sample(NAMES, len(NAMES)), *drawn.sample(NAMES, BOXES - len(NAMES))]
    large = [(130.0 * k + 10, 20.0, 130.0 * k + 130, 230.0) for k in range(PAIRS + 1)]
    small = [(130.0 * k + 40, 400.0, 130.0 * k + 100, 470.0) for k in range(BOXES - len(large))]
    boxes = enumerate(zip(names, large + small, strict=True))
    return tuple(Sighting(key, name, box, drawn.uniform(0.25, 0.9)) for key, (name, box) in boxes)


def _confirm(
    world: MadeUp, there: Mapping[int, bool], seen: Mapping[str, list[bool]], rates: Rates, drawn: random.Random
) -> None:
    for key, is_there in there.items():
        world.p_yes["exists", str(key)] = _p(is_there, drawn)
    world.p_yes["control", CONTROL] = _p(drawn.random() < rates.control, drawn)
    for name, ones in seen.items():
        for least in range(1, len(ones) + 1):
            is_right = drawn.random() < rates.counted
            world.p_yes["at_least", name, str(least)] = _p((sum(ones) >= least) == is_right, drawn)


def _captions(names: tuple[str, ...], phrases: int, drawn: random.Random) -> list[tuple[str, ...]]:
    """What four captions claim: all name the thing, and share so many different phrases."""
    others = _phrases(phrases - len(names), drawn)
    sizes = [0]
    while sum(sizes) < len(others):
        sizes = [drawn.randint(2, 4) for _ in range(KEPT)]
    claims: list[list[str]] = [[] for _ in sizes]
    for phrase in others:  # each of them somewhere, then others again until all captions are full
        drawn.choice([one for one, size in zip(claims, sizes, strict=True) if len(one) < size]).append(phrase)
    for one, size in zip(claims, sizes, strict=True):
        one += drawn.sample([phrase for phrase in others if phrase not in one], size - len(one))
    return [(*names, *one) for one in claims]


def _say(
    world: MadeUp,
    view: str,
    captions: Sequence[tuple[str, ...]],
    known: Mapping[str, bool],
    rates: Rates,
    drawn: random.Random,
) -> tuple[Said, ...]:
    """The captions as texts; what they claim, and whether it is true, goes into the world."""
    said = tuple(Said(f"{one[0]} with {', '.join(one[1:])}", drawn.uniform(-1, 0)) for one in captions)
    world.evidence.phrases.update(zip((one.text for one in said), captions, strict=True))
    first = max(range(len(captions)), key=lambda index: (len(captions[index]), said[index].mean_logprob))
    for phrase in sorted({phrase for one in captions for phrase in one}):
        is_true = known[phrase] if phrase in known else drawn.random() < rates.true
        world.p_yes.setdefault(("claims", view, phrase), _p(is_true, drawn))
    if rates.is_first_false:
        world.p_yes["claims", view, captions[first][-1]] = _p(False, drawn)
    return said


def _write(world: MadeUp, key: int, rates: Rates, drawn: random.Random) -> None:
    has_text, is_alike = drawn.random() < rates.text, drawn.random() < rates.reread
    readings = ("MV TERN", "MV TERN" if is_alike else "NO ENTRY") if has_text else ("no", "no")
    for time, text in enumerate(readings):
        world.texts["read", str(key), str(time)] = (Said(text),)


def _phrases(count: int, drawn: random.Random) -> list[str]:
    return drawn.sample([f"{look} {part}" for look in LOOKS for part in PARTS], count)


def _p(is_true: bool, drawn: random.Random) -> float:
    """A probability on the right side of one half."""
    return drawn.uniform(0.55, 1.0) if is_true else drawn.uniform(0.0, 0.45)
