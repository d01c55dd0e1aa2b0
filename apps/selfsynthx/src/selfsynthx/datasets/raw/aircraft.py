"""FGVC-Aircraft 2013b as a labelled set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from selfsynthx.datasets.labelled import LabelledSet
from selfsynthx.datasets.raw.raw_tree import find_root, raw_set, read_map
from selfsynthx.datasets.splits import LabelledRow
from selfsynthx.errors import InputError, SettingsError

TITLE = "FGVC-Aircraft 2013b"

Granularity = Literal["variant", "maker_variant", "family", "manufacturer"]
"""How finely aircraft are told apart: 100 variants, 70 families or 30 makers."""

_FILES = {"train": "train", "val": "validation", "test": "test"}


def fgvc_aircraft(raw: str | Path, *, granularity: Granularity = "variant") -> LabelledSet:
    """Aircraft with the official split, 3,334 / 3,333 / 3,333; val stays validation, since train may not choose itself.

    The default label is the variant alone (737-800), the official task of 100 classes: an answer that also names the
    maker still claims it. `maker_variant` is "Boeing 737-800", which an answer must say in one piece.

    Args:
        raw: folder fgvc-aircraft-2013b, the one that holds it, or its data folder.
        granularity: what is taken as the label.

    Raises:
        SettingsError: an unknown granularity.
        InputError: a list or the images are missing, or the lists do not go together.
    """
    if granularity not in get_args(Granularity):
        raise SettingsError(f"granularity must be one of {', '.join(get_args(Granularity))}; got {granularity!r}.")
    levels = ("manufacturer", "variant") if granularity == "maker_variant" else (granularity,)
    lists = [f"images_{level}_{file}.txt" for level in levels for file in _FILES]
    within = ("data", "fgvc-aircraft-2013b", "fgvc-aircraft-2013b/data")
    root = find_root(raw, title=TITLE, needed=(*lists, "images"), within=within)
    rows: list[LabelledRow] = []
    for file, split in _FILES.items():
        first, *others = (read_map(root / f"images_{level}_{file}.txt") for level in levels)
        for number, name in first.items():
            label = aircraft_name(name, _variant(others[0], number, file)) if others else name
            rows.append(LabelledRow(id=number, image=f"images/{number}.jpg", label=label, split=split))
    return raw_set(rows, root, title=TITLE, validation_share=0.0, seed=0)


def aircraft_name(maker: str, variant: str) -> str:
    """Maker and variant in one name; a maker that the variant begins with is not said twice.

    >>> aircraft_name("Boeing", "737-800"), aircraft_name("Boeing", "Boeing 717"), aircraft_name("ATR", "ATR-42")
    ('Boeing 737-800', 'Boeing 717', 'ATR-42')
    """
    start = variant.replace("-", " ").split()[:1]
    return variant if start == maker.split()[:1] else f"{maker} {variant}"


def _variant(variants: dict[str, str], number: str, file: str) -> str:
    if number not in variants:
        raise InputError(f"{TITLE}: the lists must go together; {number} is not in images_variant_{file}.txt.")
    return variants[number]
