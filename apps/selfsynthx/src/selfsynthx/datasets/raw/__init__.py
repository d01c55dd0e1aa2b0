"""Raw downloads of the six data sets as labelled sets."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from selfsynthx.datasets.labelled import LabelledSet
from selfsynthx.datasets.raw.aircraft import Granularity, fgvc_aircraft
from selfsynthx.datasets.raw.chest_xray import chest_xray
from selfsynthx.datasets.raw.cub import cub_200
from selfsynthx.datasets.raw.dogs import stanford_dogs
from selfsynthx.datasets.raw.ham10000 import ham10000
from selfsynthx.datasets.raw.plant_disease import plant_disease
from selfsynthx.errors import SettingsError

RAW_SETS: Mapping[str, Callable[..., LabelledSet]] = MappingProxyType(
    {
        "cub-200": cub_200,
        "fgvc-aircraft": fgvc_aircraft,
        "stanford-dogs": stanford_dogs,
        "ham10000": ham10000,
        "chest-xray": chest_xray,
        "plant-disease": plant_disease,
    }
)
"""What reads the raw download of a data set, by the name of its spec."""


def raw_options(key: str) -> tuple[str, ...]:
    """Names of the options that a data set's reader has.

    >>> raw_options("fgvc-aircraft")
    ('granularity',)

    Raises:
        SettingsError: no reader for such a data set.
    """
    if key not in RAW_SETS:
        near = get_close_matches(key.lower().replace("_", "-"), RAW_SETS, n=1, cutoff=0.4)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SettingsError(f"raw downloads are read of {', '.join(RAW_SETS)}; got {key!r}.{hint}")
    return tuple(inspect.signature(RAW_SETS[key]).parameters)[1:]


def read_raw(key: str, raw: str | Path, **options: Any) -> LabelledSet:
    """The labelled set of a raw download, unpacked as its authors packed it.

    Args:
        key: of the data set, as in `RAW_SETS`.
        raw: its folder.
        options: of the reader.

    Raises:
        SettingsError: no such data set, or an option that it has not.
        InputError: something is missing, or the download is not what it should be.
    """
    known = raw_options(key)
    if unknown := sorted(set(options) - set(known)):
        raise SettingsError(f"{key} has the options {', '.join(known)}; got {unknown[0]!r}.")
    return RAW_SETS[key](raw, **options)


__all__ = [
    "RAW_SETS",
    "Granularity",
    "chest_xray",
    "cub_200",
    "fgvc_aircraft",
    "ham10000",
    "plant_disease",
    "raw_options",
    "read_raw",
    "stanford_dogs",
]
