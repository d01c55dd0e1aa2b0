"""Each row's images changed anew in each epoch, as far as the row's text stays true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from PIL import Image

from llava_train import image_changes
from llava_train.augmenting import Augmentation, Transform, changes_of, find_augmentation, row_augmentation
from llava_train.dialogue import read_dialogue
from llava_train.image_inputs import ChangeImage
from llava_train.text_guards import allowed


class RowAugmenter:
    """How each row's images are changed in an epoch: a matter of seed, row id and epoch, never of position."""

    def __init__(self, *, augment: str, seed: int) -> None:
        """Take the preset of rows that name none, and the training's seed.

        Raises:
            SettingsError: there is no preset of that name.
        """
        find_augmentation(augment)
        self._augment = augment
        self._seed = seed

    def change(self, row: Mapping[str, Any], epoch: int) -> ChangeImage | None:
        """One change for all images of a row, so that they go on to fit one another; None where they stay as they are.

        Raises:
            RowError: `augment` of the row is no preset, or the row is no dialogue.
        """
        augmentation = row_augmentation(row, self._augment)
        random = Random(f"{self._seed}/{_row_key(row)}/{epoch}")  # hashed by SHA-512: alike in every process
        drawn = draw_transforms(augmentation, random)
        kept = allowed(texts_of(row)) if drawn else frozenset[str]()
        steps = [_MAKERS[name](augmentation, random) for name in drawn if changes_of(augmentation, name) <= kept]
        return (lambda image: _apply(steps, image)) if steps else None


def draw_transforms(augmentation: Augmentation, random: Random) -> list[Transform]:
    """The transforms that happen this time, in order, whatever the text."""
    names = list(augmentation.transforms)
    if augmentation.picks is not None:
        names = random.sample(names, random.randint(*augmentation.picks))
    return [name for name in names if random.random() < getattr(augmentation, name)]


def texts_of(row: Mapping[str, Any]) -> str:
    """All texts of a row's turns, one a line.

    Raises:
        RowError: the row is no dialogue.
    """
    turns = read_dialogue(row).messages
    return "\n".join(part["text"] for turn in turns for part in turn["content"] if part["type"] == "text")


def _row_key(row: Mapping[str, Any]) -> str:
    return str(row["id"]) if row.get("id") is not None else texts_of(row)


def _apply(steps: Sequence[ChangeImage], image: Image.Image) -> Image.Image:
    for step in steps:
        image = step(image)
    return image


def _make_flip(horizontally: bool) -> Callable[[Augmentation, Random], ChangeImage]:
    return lambda _, __: lambda image: image_changes.flip(image, horizontally=horizontally)


def _make_rotation(how: Augmentation, random: Random) -> ChangeImage:
    turn_deg = _either_way(how.rotation_deg, random)
    return lambda image: image_changes.move(
        image, turn_deg=turn_deg, shift_wh=(0.0, 0.0), zoom=1.0, is_black=how.is_black_outside
    )


def _make_affine(how: Augmentation, random: Random) -> ChangeImage:
    turn_deg, zoom = _either_way(how.affine_deg, random), random.uniform(*how.zoom)
    shift_wh = (_either_way(how.translate, random), _either_way(how.translate, random))
    return lambda image: image_changes.move(
        image, turn_deg=turn_deg, shift_wh=shift_wh, zoom=zoom, is_black=how.is_black_outside
    )


def _make_jitter(how: Augmentation, random: Random) -> ChangeImage:
    brightness, contrast, saturation = (
        1 + _either_way(reach, random) for reach in (how.brightness, how.contrast, how.saturation)
    )
    return lambda image: image_changes.adjust(image, brightness=brightness, contrast=contrast, saturation=saturation)


def _make_blur(how: Augmentation, random: Random) -> ChangeImage:
    sigma_px = random.uniform(*how.blur_sigma_px)
    return lambda image: image_changes.blur(image, sigma_px=sigma_px)


def _make_perspective(how: Augmentation, random: Random) -> ChangeImage:
    inwards = [how.distortion / 2 * random.random() for _ in range(8)]
    return lambda image: image_changes.put_corners(image, _moved_in(image.size, inwards), is_black=how.is_black_outside)


def _make_crop(how: Augmentation, random: Random) -> ChangeImage:
    area_share, offset_wh = random.uniform(*how.crop_scale), (random.random(), random.random())
    return lambda image: image_changes.crop(image, area_share=area_share, offset_wh=offset_wh)


_MAKERS: dict[Transform, Callable[[Augmentation, Random], ChangeImage]] = {
    "horizontal_flip": _make_flip(True), "vertical_flip": _make_flip(False), "rotation": _make_rotation,
    "jitter": _make_jitter, "affine": _make_affine, "blur": _make_blur, "perspective": _make_perspective,
    "crop": _make_crop,
}  # fmt: skip
"""For each transform, what draws its numbers."""


def _either_way(reach: float, random: Random) -> float:
    return random.uniform(-reach, reach)


def _moved_in(size_wh: tuple[int, int], inwards: Sequence[float]) -> list[tuple[float, float]]:
    """Corners of an image, moved inwards by parts of its width and height."""
    width, height = size_wh
    x, y = [part * width for part in inwards[::2]], [part * height for part in inwards[1::2]]
    return [(x[0], y[0]), (width - x[1], y[1]), (width - x[2], height - y[2]), (x[3], height - y[3])]
