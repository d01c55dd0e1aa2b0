"""What may be done to images in training: transforms with their probabilities and ranges, and presets of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from llava_train.errors import RowError, SettingsError
from llava_train.text_guards import Change

Transform = Literal["horizontal_flip", "vertical_flip", "rotation", "jitter", "affine", "blur", "perspective", "crop"]

MILD_TURN_DEG = 10.0
"""Turns up to this leave left, right, above and below as they are."""
MILD_SHIFT = 0.05
"""Shifts up to this part of the side do so, too."""
MILD_CROP = 0.8
"""So do crops to this part of the area or more."""


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """Which transforms an image may get: for each the probability, then its range. The size stays as it is."""

    horizontal_flip: float = 0.0
    """Probability of a mirror image."""
    vertical_flip: float = 0.0
    """Probability of an image upside down."""
    rotation: float = 0.0
    """Probability of a turn about the middle."""
    rotation_deg: float = 0.0
    """It turns by up to this, either way."""
    jitter: float = 0.0
    """Probability of other brightness, contrast and saturation."""
    brightness: float = 0.0
    """Jitter multiplies brightness by 1 - this to 1 + this; so with the next two."""
    contrast: float = 0.0
    """Range of the contrast."""
    saturation: float = 0.0
    """Range of the saturation."""
    affine: float = 0.0
    """Probability of a turn, zoom and shift together."""
    affine_deg: float = 0.0
    """Its turn, either way."""
    translate: float = 0.0
    """Its shift, in parts of width and height, either way."""
    zoom: tuple[float, float] = (1.0, 1.0)
    """Its scale, least and most."""
    blur: float = 0.0
    """Probability of a Gaussian blur."""
    blur_sigma_px: tuple[float, float] = (0.1, 1.0)
    """Its sigma, least and most."""
    perspective: float = 0.0
    """Probability of a perspective view."""
    distortion: float = 0.0
    """Each corner moves inwards by up to this part of half the side, 0 to below 1."""
    crop: float = 0.0
    """Probability of a crop, enlarged to the old size."""
    crop_scale: tuple[float, float] = (1.0, 1.0)
    """Its part of the area, least and most."""
    picks: tuple[int, int] | None = None
    """Draw this many (least, most) of the transforms first, each of which then happens with its probability, in the
    order drawn; None: all are drawn for, in the order of the fields."""
    is_black_outside: bool = False
    """Fill what comes in from outside with black, not with the image's mean colour."""

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            SettingsError: a probability or range lies outside its bounds.
        """
        for name in (*get_args(Transform), "brightness", "contrast", "saturation", "translate"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name} must be from 0 to 1; got {getattr(self, name)!r}.")
        if not 0 <= self.distortion < 1:
            raise SettingsError(f"distortion must be from 0 to below 1; got {self.distortion!r}.")
        for name in ("zoom", "blur_sigma_px", "crop_scale"):
            least, most = getattr(self, name)
            if not 0 < least <= most or (name == "crop_scale" and most > 1):
                raise SettingsError(f"{name} must be (least, most), both above 0; got {getattr(self, name)!r}.")
        if self.picks is not None and not 1 <= self.picks[0] <= self.picks[1] <= len(self.transforms):
            raise SettingsError(f"picks must be from 1 to {len(self.transforms)}, the transforms; got {self.picks!r}.")

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """Those that can happen."""
        return tuple(name for name in get_args(Transform) if getattr(self, name) > 0)


AUGMENTATIONS: Mapping[str, Augmentation] = {
    "none": Augmentation(),
    "mild": Augmentation(
        rotation=0.5, rotation_deg=5, jitter=0.5, brightness=0.1, contrast=0.1, crop=0.5, crop_scale=(0.85, 1.0)
    ),
    "flip": Augmentation(
        horizontal_flip=0.5,
        rotation=0.5, rotation_deg=5, jitter=0.5, brightness=0.1, contrast=0.1, crop=0.5, crop_scale=(0.85, 1.0),
    ),
    "medical": Augmentation(
        rotation=0.5, rotation_deg=5, jitter=0.5, brightness=0.1, crop=0.5, crop_scale=(0.9, 1.0), is_black_outside=True
    ),
    "published": Augmentation(
        horizontal_flip=0.5, vertical_flip=0.3, rotation=0.7, rotation_deg=30,
        jitter=0.7, brightness=0.4, contrast=0.4, saturation=0.4,
        affine=0.5, affine_deg=20, translate=0.1, zoom=(0.8, 1.2),
        blur=0.4, blur_sigma_px=(0.1, 1.0), perspective=0.6, distortion=0.5, picks=(1, 4), is_black_outside=True,
    ),
}  # fmt: skip
"""Presets by name. `published`: SelfSynthX (arXiv 2502.14044), 1 to 4 of seven transforms; there whatever the text."""


def find_augmentation(name: str) -> Augmentation:
    """The preset of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in AUGMENTATIONS:
        raise SettingsError(f"augment must be one of {', '.join(AUGMENTATIONS)}; got {name!r}.")
    return AUGMENTATIONS[name]


def row_augmentation(row: Mapping[str, Any], default: str) -> Augmentation:
    """The preset that a row asks for by `"augment"`: False for none, a name, or (None, True, no such key) the default.

    >>> row_augmentation({"augment": False}, "mild") == AUGMENTATIONS["none"]
    True

    Raises:
        RowError: `augment` where it is something else.
    """
    asked = row.get("augment")
    if asked is None or asked is True:
        return find_augmentation(default)
    if asked is False:
        return AUGMENTATIONS["none"]
    if asked not in AUGMENTATIONS:
        raise RowError("augment", f"augment must be true, false or one of {', '.join(AUGMENTATIONS)}; got {asked!r}.")
    return AUGMENTATIONS[asked]


def changes_of(augmentation: Augmentation, transform: Transform) -> frozenset[Change]:
    """What a transform does to an image, as `allowed` speaks of it.

    >>> sorted(changes_of(AUGMENTATIONS["published"], "affine"))
    ['crop', 'rotation', 'shift', 'strong_rotation', 'strong_shift']
    """
    if transform == "jitter":
        colours: tuple[Change, ...] = ("brightness", "contrast", "saturation")
        return frozenset(name for name in colours if getattr(augmentation, name))
    if transform == "rotation":
        return _turn(augmentation.rotation_deg)
    if transform == "affine":
        return _turn(augmentation.affine_deg) | _shift(augmentation.translate) | _zoom(augmentation.zoom)
    if transform == "crop":
        return frozenset[Change](("crop",)) | _shift(2 * MILD_SHIFT if augmentation.crop_scale[0] < MILD_CROP else 0.0)
    return frozenset({transform})


def _turn(degrees: float) -> frozenset[Change]:
    return frozenset(
        (*(("rotation",) if degrees else ()), *(("strong_rotation",) if abs(degrees) > MILD_TURN_DEG else ()))
    )


def _shift(part: float) -> frozenset[Change]:
    return frozenset((*(("shift",) if part else ()), *(("strong_shift",) if part > MILD_SHIFT else ())))


def _zoom(scale: tuple[float, float]) -> frozenset[Change]:
    return frozenset({"crop"} if scale[1] > 1 else ())
