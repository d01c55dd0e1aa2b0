from types import SimpleNamespace

import numpy as np
import pytest
from box_space import Box, BoxError, Fraction, OriginalPixels, SquarePadded
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from roi_attention import ZoomError
from roi_attention.zoom import CLIP_MEAN_RGB, crop_picture, model_frame, shown_picture, whole_box, zoom_pictures
from roi_attention.zoom.widening import widen


def noise(width, height, seed=0):
    rng = np.random.default_rng(seed)
    return Image.fromarray(rng.integers(0, 100, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size_wh", [(9, 4), (4, 9), (7, 7), (8, 3), (1, 6)])
def test_the_canvas_is_the_one_that_padded_boxes_refer_to(size_wh):
    image = noise(*size_wh)
    canvas = shown_picture(image, "padded")
    on_canvas = whole_box(size_wh).to(SquarePadded(OriginalPixels(*size_wh)))
    assert canvas.size == (max(size_wh), max(size_wh))
    assert canvas.crop(tuple(map(int, on_canvas.xyxy))).tobytes() == image.tobytes()
    colours = np.asarray(canvas).reshape(-1, 3)
    assert (colours == CLIP_MEAN_RGB).all(axis=1).sum() == max(size_wh) ** 2 - size_wh[0] * size_wh[1]


def test_the_colour_is_the_clip_mean_in_eight_bits():
    assert tuple(int(255 * mean) for mean in (0.48145466, 0.4578275, 0.40821073)) == CLIP_MEAN_RGB


def test_a_whole_picture_is_shown_as_it_is_and_gray_becomes_rgb():
    image = noise(9, 4)
    assert shown_picture(image, "whole") is image
    assert shown_picture(Image.new("L", (4, 9), 7), "whole").getpixel((0, 0)) == (7, 7, 7)


def test_what_is_transparent_is_shown_white_as_it_is_from_a_file():
    shown = shown_picture(Image.new("RGBA", (4, 2), (9, 9, 9, 0)), "whole")
    assert shown.getpixel((0, 0)) == (255, 255, 255)


def test_the_crop_is_the_pixels_of_the_box_on_a_canvas_of_its_own():
    image = noise(40, 30)
    box = Box(10, 5, 20, 11, OriginalPixels(40, 30))
    pixels = image.crop((10, 5, 20, 11))
    assert crop_picture(image, box, "whole").tobytes() == pixels.tobytes()
    padded = crop_picture(image, box, "padded")
    assert padded.size == (10, 10)
    assert padded.crop((0, 2, 10, 8)).tobytes() == pixels.tobytes()
    assert padded.getpixel((0, 0)) == CLIP_MEAN_RGB


def test_a_box_given_in_another_space_cuts_the_same_pixels():
    image, original = noise(40, 30), OriginalPixels(40, 30)
    box = Box(10, 5, 20, 11, original)
    assert crop_picture(image, box.to(SquarePadded(original, 336)), "whole") == crop_picture(image, box, "whole")


def test_widening_is_in_pixels_whatever_the_space_of_the_box():
    original = OriginalPixels(100, 100)
    expected = Box(30, 45, 60, 65, original)
    for space in (original, Fraction(original), SquarePadded(original, 336)):
        widened = widen(Box(40, 50, 50, 60, original).to(space), 30, 20)
        assert (widened.space, widened.xyxy) == (original, pytest.approx(expected.xyxy))


def test_padding_is_never_cut_out():
    image, original = noise(40, 30), OriginalPixels(40, 30)
    into_padding = Box(0, 0, 40, 20, SquarePadded(original))
    assert crop_picture(image, into_padding, "whole").tobytes() == image.crop((0, 0, 40, 15)).tobytes()


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.tuples(*[st.floats(0, 1)] * 4), st.integers(1, 12))
def test_a_crop_is_never_empty_and_as_large_as_asked_where_the_image_is(width, height, shares, shortest_px):
    (a, c), (b, d) = sorted(shares[::2]), sorted(shares[1::2])
    box = Box(a * width, b * height, c * width, d * height, OriginalPixels(width, height))
    crop = crop_picture(Image.new("RGB", (width, height)), box, "whole", shortest_px=shortest_px)
    assert crop.width >= min(shortest_px, width)
    assert crop.height >= min(shortest_px, height)


def test_the_whole_box_gives_the_shown_picture_again():
    image = noise(40, 30)
    for frame in ("padded", "whole"):
        shown, crop = zoom_pictures(image, whole_box(image.size), frame)
        assert shown.tobytes() == crop.tobytes()


def test_a_box_beside_the_image_or_of_another_image_is_refused():
    image = noise(40, 30)
    with pytest.raises(BoxError) as beside:
        crop_picture(image, Box(50, 0, 60, 10, OriginalPixels(40, 30)), "padded")
    with pytest.raises(BoxError) as other:
        crop_picture(image, Box(0, 0, 10, 10, OriginalPixels(41, 30)), "padded")
    assert (beside.value.reason, other.value.reason) == ("outside_image", "other_image")


def test_an_unknown_frame_is_refused_by_name():
    with pytest.raises(ZoomError, match="frame must be 'padded' or 'whole'; got 'square'"):
        shown_picture(noise(2, 2), "square")


SQUARE = {"height": 384, "width": 384}
PROCESSORS = [
    ("padded", {"do_center_crop": True, "size": {"shortest_edge": 336}, "crop_size": SQUARE}, "CLIP, LLaVA-1.5"),
    ("padded", {"do_center_crop": False, "size": SQUARE}, "SigLIP, BLIP: squashed to a square"),
    ("padded", {"size": SimpleNamespace(height=336, width=336, shortest_edge=None)}, "settings as an object"),
    ("padded", {"size": SQUARE, "crop_to_patches": False}, "tiles switched off"),
    ("whole", {"size": SQUARE, "crop_to_patches": True}, "InternVL: tiles"),
    ("whole", {"size": {"shortest_edge": 3136, "longest_edge": 1003520}, "patch_size": 14}, "Qwen2-VL"),
    ("whole", {"min_pixels": 3136, "max_pixels": 1003520}, "Qwen2-VL, older settings"),
    ("whole", {"do_center_crop": True, "size": {"shortest_edge": 336}, "image_grid_pinpoints": [[336, 672]]}, "NeXT"),
    ("whole", {"size": {"longest_edge": 1024}}, "Pixtral"),
    ("whole", {"size": {"longest_edge": 1456}, "do_image_splitting": True}, "Idefics 3"),
    ("whole", {"size": {"height": 384, "width": 512}}, "a fixed size that is no square"),
    ("whole", {"do_resize": False, "size": SQUARE}, "nothing is resized"),
]


@pytest.mark.parametrize(("frame", "settings", "remark"), PROCESSORS)
def test_the_frame_is_the_one_in_which_the_model_sees_everything(frame, settings, remark):
    images = SimpleNamespace(**settings)
    assert model_frame(images) == frame, remark
    assert model_frame(SimpleNamespace(image_processor=images)) == frame, remark


def test_something_without_image_settings_has_no_frame():
    with pytest.raises(ZoomError, match="object has no image settings"):
        model_frame(object())
