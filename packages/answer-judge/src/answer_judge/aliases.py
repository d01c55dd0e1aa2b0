"""Different names of one thing: a small table of everyday nouns of our own, and how to look phrases up in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from answer_judge.normalising import normalise

EVERYDAY_ALIASES: tuple[tuple[str, ...], ...] = (
    ("phone", "cell phone", "cellphone", "mobile phone", "mobile", "smartphone", "smart phone", "telephone"),
    ("laptop", "laptop computer", "notebook computer"),
    ("computer monitor", "monitor", "screen", "computer screen", "display screen"),
    ("tv", "television", "television set", "tv set", "telly"),
    ("remote", "remote control"),
    ("fridge", "refrigerator", "icebox"),
    ("stove", "cooker", "stovetop", "kitchen stove"),
    ("tap", "faucet", "water tap"),
    ("bin", "trash can", "garbage can", "trash bin", "rubbish bin", "dustbin", "waste bin", "wastebasket"),
    ("sofa", "couch", "settee", "loveseat"),
    ("nightstand", "night stand", "bedside table"),
    ("bathroom", "restroom", "toilet room", "washroom", "lavatory", "public restroom", "toilet"),
    ("bike", "bicycle", "pushbike", "cycle"),
    ("motorcycle", "motorbike"),
    ("motorcyclist", "motorcycle rider", "motorbike rider", "biker"),
    ("cyclist", "bicyclist", "bike rider", "bicycle rider"),
    ("car", "automobile", "motorcar", "auto"),
    ("truck", "lorry"),
    ("plane", "airplane", "aeroplane", "aircraft", "jet plane", "jet airplane"),
    ("boat", "rowboat", "motorboat"),
    ("ship", "vessel"),
    ("taxi", "cab", "taxicab"),
    ("train track", "railway track", "railroad track", "rail track", "railway", "railroad"),
    ("train car", "train carriage", "railway carriage"),
    ("road sign", "street sign", "traffic sign"),
    ("traffic light", "stoplight", "traffic signal", "stop light"),
    ("pavement", "sidewalk", "footpath"),
    ("highway", "motorway", "freeway", "expressway"),
    ("lawn", "grass", "grassy lawn", "lawn area"),
    ("grassy field", "grass field", "field of grass", "grassland", "meadow"),
    ("forest", "wood", "woods", "woodland", "wooded area"),
    ("rock", "stone", "boulder"),
    ("sea", "ocean"),
    ("hill", "hillside"),
    ("sunset", "setting sun", "view of the setting sun"),
    ("stairs", "staircase", "stairway", "steps"),
    ("child", "kid", "young child", "small child"),
    ("baby", "infant"),
    ("girl", "young girl", "little girl", "small girl"),
    ("boy", "young boy", "little boy", "small boy"),
    ("man", "male", "gentleman", "guy", "male person", "adult man"),
    ("woman", "female", "lady", "female person", "adult woman"),
    ("police officer", "policeman", "policewoman", "cop"),
    ("firefighter", "fireman"),
    ("chef", "cook"),
    ("tourist", "traveler", "traveller", "sightseer"),
    ("audience", "spectators"),
    ("doughnut", "donut"),
    ("burger", "hamburger"),
    ("french fries", "fries", "chips"),
    ("cookie", "biscuit"),
    ("candy", "sweets"),
    ("soda", "soft drink", "pop"),
    ("movie", "film", "motion picture"),
    ("photo", "photograph", "picture"),
    ("painting", "painted picture"),
    ("match", "game", "sports match"),
    ("tennis match", "tennis game", "game of tennis"),
    ("soccer", "football", "soccer game"),
    ("racket", "racquet"),
    ("t-shirt", "tee shirt", "tee"),
    ("pants", "trousers"),
    ("glasses", "eyeglasses", "spectacles"),
    ("jacket", "coat"),
    ("sneakers", "trainers", "running shoes"),
    ("handbag", "purse"),
    ("backpack", "rucksack", "knapsack"),
    ("umbrella", "parasol"),
    ("wagon", "cart"),
    ("leash", "dog leash", "pet leash", "lead"),
    ("bunny", "rabbit"),
    ("dog", "doggy", "puppy dog"),
    ("cow", "cattle"),
    ("donkey", "ass"),
    ("candle", "wax candle"),
    ("light bulb", "lightbulb"),
    ("parking lot", "car park", "parking area"),
    ("store", "shop"),
    ("gray", "grey"),
)
"""Groups of names for one thing, any spelling."""


class AliasTable:
    """Looks phrases up in groups of names.

    >>> AliasTable([("sofa", "couch")]).canonical("the red couches")
    'red sofa'
    """

    def __init__(self, groups: Iterable[Sequence[str]] = EVERYDAY_ALIASES) -> None:
        self._names: dict[tuple[str, ...], str] = {}
        for group in groups:
            first = normalise(group[0])
            self._names.update({tuple(normalise(name).split()): self._names.get((first,), first) for name in group})
        self._longest = max(map(len, self._names), default=0)
        self.canonical = lru_cache(maxsize=65536)(self._canonical)

    def _canonical(self, phrase: str) -> str:
        """Return the normalised phrase with every name replaced by the first of its group; longest names win."""
        tokens, found, start = tuple(normalise(phrase).split()), list[str](), 0
        while start < len(tokens):
            for length in range(min(self._longest, len(tokens) - start), 0, -1):
                name = self._names.get(tokens[start : start + length])
                if name is not None or length == 1:
                    found.append(name or tokens[start])
                    start += length
                    break
        return " ".join(found)
