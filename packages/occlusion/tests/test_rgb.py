from __future__ import annotations

from pathlib import Path

import pytest
from occlusion.errors import OcclusionError
from occlusion.rgb import rgb_of
from occlusion.segmenters import GrabCutSegmenter
from PIL import Image

from .conftest import noise


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_file_that_is_cut_off_is_a_bad_image_every_time(tmp_path: Path, name: str) -> None:
    noise(90, 60).save(tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) * 3 // 4])
    with Image.open(tmp_path / name) as image:
        for use in (rgb_of, rgb_of, lambda image: GrabCutSegmenter()(image, [(1, 1, 9, 9)])):
            with pytest.raises(OcclusionError, match=rf"{name} must be a whole image file") as caught:
                use(image)
            assert caught.value.reason == "bad_image"


def test_an_image_of_another_mode_becomes_rgb_and_an_rgb_image_is_not_copied() -> None:
    image = noise(9, 5)
    assert rgb_of(image) is image
    assert rgb_of(image.convert("RGBA")).tobytes() == image.tobytes()


def test_alpha_lies_on_white_and_sixteen_bits_are_scaled_as_in_a_file() -> None:
    assert rgb_of(Image.new("RGBA", (2, 1), (9, 9, 9, 0))).getpixel((0, 0)) == (255, 255, 255)
    assert rgb_of(Image.new("I;16", (2, 1), 0x8000)).getpixel((0, 0)) == (128, 128, 128)
