"""Between an image and what a model reads: the same for pixels, boxes and masks, without torchvision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from occlusion.errors import OcclusionError

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

_UPSCALED_PIXELS = 2**25
"""Pixels of masks in floating point (128 MiB) that exist at a time, however many boxes an image has."""


@dataclass(frozen=True)
class ModelFrame:
    """What a model of the SAM family reads: a square, and how an image gets into it.

    >>> [ModelFrame(1024, keeps_aspect=kept).read_wh((640, 480)) for kept in (True, False)]
    [(1024, 768), (1024, 1024)]
    """

    side_px: int
    """Side of the square."""

    keeps_aspect: bool
    """SAM: the longer side becomes the square's, zeros fill up the right and the bottom. SAM 2 and 3: stretched."""

    mean_rgb: tuple[float, float, float] = (0.485, 0.456, 0.406)
    """Subtracted from values of 0 to 1; that of ImageNet for SAM and SAM 2, 0.5 for SAM 3."""

    std_rgb: tuple[float, float, float] = (0.229, 0.224, 0.225)
    """What the difference is divided by."""

    resample: int = 2
    """Filter of PIL; 2 is bilinear, as published."""

    def read_wh(self, size_wh: tuple[int, int]) -> tuple[int, int]:
        """Return the part of the square that an image of this size fills."""
        if not self.keeps_aspect:
            return self.side_px, self.side_px
        scale = self.side_px / max(size_wh)
        return int(size_wh[0] * scale + 0.5), int(size_wh[1] * scale + 0.5)

    def pixels(self, image: Image) -> NDArray[np.float32]:
        """Return an RGB image as the model reads it, `(3, side, side)`."""
        width, height = self.read_wh(image.size)
        if not min(width, height):
            message = f"image must be less than {2 * self.side_px} times as long as wide; got {image.size}."
            raise OcclusionError("too_narrow", message)
        resized = np.asarray(image.resize((width, height), self.resample), np.float32) / 255
        square = np.zeros((3, self.side_px, self.side_px), np.float32)
        normal_hwc = (resized - np.array(self.mean_rgb, np.float32)) / np.array(self.std_rgb, np.float32)
        square[:, :height, :width] = normal_hwc.transpose(2, 0, 1)
        return square

    def boxes(self, boxes_xyxy_px: Sequence[Sequence[float]], size_wh: tuple[int, int]) -> NDArray[np.float32]:
        """Return boxes of an image in pixels of the square, `(N, 4)`."""
        scale = np.divide(self.read_wh(size_wh), size_wh)
        return (np.asarray(boxes_xyxy_px, np.float64) * np.tile(scale, 2)).astype(np.float32)

    def masks(self, logits_N_h_w: torch.Tensor, size_wh: tuple[int, int]) -> Iterator[NDArray[np.bool_]]:
        """Yield masks `(H, W)` of the image, few at a time: logits above 0, after bilinear upscaling.

        Args:
            logits_N_h_w: of the model, over the whole square.
            size_wh: of the image.
        """
        largest = max(size_wh[0] * size_wh[1], self.side_px**2 if self.keeps_aspect else 1)
        for part_n_h_w in logits_N_h_w.split(max(1, _UPSCALED_PIXELS // largest)):
            yield from (self._upscaled(part_n_h_w[:, None].float(), size_wh)[:, 0] > 0).cpu().numpy()

    def _upscaled(self, logits_n_1_h_w: torch.Tensor, size_wh: tuple[int, int]) -> torch.Tensor:
        from torch.nn.functional import interpolate

        if self.keeps_aspect:
            width, height = self.read_wh(size_wh)
            square = interpolate(logits_n_1_h_w, (self.side_px, self.side_px), mode="bilinear", align_corners=False)
            logits_n_1_h_w = square[..., :height, :width]
        return interpolate(logits_n_1_h_w, (size_wh[1], size_wh[0]), mode="bilinear", align_corners=False)


def frame_of(settings: Any, *, side_px: int, keeps_aspect: bool) -> ModelFrame:
    """Return the frame that an image processor of transformers describes.

    Args:
        settings: the image processor, a processor that has one, or the content of its file.
        side_px: what the model takes.
        keeps_aspect: as the architecture needs it.

    Raises:
        OcclusionError: `wrong_processor`: of another size, or without what the architecture needs.
    """
    if isinstance(settings, ModelFrame):
        found = settings
    else:
        found = _read(settings if isinstance(settings, Mapping) else _attributes(settings), keeps_aspect)
    if (found.side_px, found.keeps_aspect) != (side_px, keeps_aspect):
        kind = "padded" if keeps_aspect else "stretched"
        message = f"processor must make squares of {side_px} px, {kind}, for this model; got {found}."
        raise OcclusionError("wrong_processor", message)
    return found


def _attributes(processor: Any) -> Mapping[str, Any]:
    return vars(getattr(processor, "image_processor", processor))


def _read(settings: Mapping[str, Any], keeps_aspect: bool) -> ModelFrame:
    side = "longest_edge" if keeps_aspect else "height"
    try:
        size, mean_rgb, std_rgb = settings["size"], settings["image_mean"], settings["image_std"]
        red, green, blue = (float(value) for value in mean_rgb)
        stds = tuple(float(value) for value in std_rgb)
        resample = int(settings.get("resample", 2))
        return ModelFrame(int(size[side]), keeps_aspect, (red, green, blue), (stds[0], stds[1], stds[2]), resample)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        message = f"processor must have size ({side}), image_mean and image_std; {error!r} is wrong."
        raise OcclusionError("wrong_processor", message) from error
