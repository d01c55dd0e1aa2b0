from __future__ import annotations

import numpy as np
import pytest
from box_space import Box, BoxError, Boxes, OriginalPixels, PatchGrid, SquarePadded, llava_space
from PIL import Image
from roi_attention.errors import MapError
from roi_attention.maps import RelevanceMap
from roi_attention.overlays import HEAT_RGB, REGION_RGB, TRUTH_RGB, heat_of_pixels, heat_to_rgb, overlay, side_by_side
from skimage.color import rgb2lab

GREY = (100, 100, 100)


def _map(values: object, width: int, height: int) -> RelevanceMap:
    array = np.asarray(values, np.float64)
    return RelevanceMap(array, PatchGrid(OriginalPixels(width, height), array.shape[1], array.shape[0]))


def _counts(picture: Image.Image, color_rgb: tuple[int, int, int]) -> int:
    return int((np.asarray(picture) == color_rgb).all(axis=2).sum())


def test_heat_gets_lighter_in_equal_steps_so_that_it_reads_without_hues():
    lightness = rgb2lab(np.array([HEAT_RGB]) / 255)[0, :, 0]
    steps = np.diff(lightness)
    assert steps.min() > 7
    assert steps.max() < 13


def test_colours_between_two_steps_are_between_them():
    np.testing.assert_allclose(heat_to_rgb(np.array([0.0, 1.0])), [HEAT_RGB[0], HEAT_RGB[-1]])
    np.testing.assert_allclose(heat_to_rgb(np.array([[1 / 16]])), [[(33.5, 31, 99.5)]])


def test_heat_is_linear_between_the_middles_of_patches_and_flat_beyond():
    # Patches of 4 pixels, middles at 2, 6 and 10; pixels have their middles at 0.5, 1.5, ...
    heat = heat_of_pixels(_map([[0, 8, 4]], 12, 1))[0] * 8
    np.testing.assert_allclose(heat, [0, 0, 1, 3, 5, 7, 7.5, 6.5, 5.5, 4.5, 4, 4])


@pytest.mark.parametrize(("width", "height"), [(48, 48), (64, 32), (30, 90)])
def test_heat_agrees_with_pillows_bilinear_where_a_patch_is_many_pixels(width: int, height: int):
    values = np.random.default_rng(0).random((6, 5)).astype(np.float32)
    values = (values - values.min()) / np.ptp(values)
    expected = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
    np.testing.assert_allclose(heat_of_pixels(_map(values, width, height)), np.asarray(expected), atol=1e-5)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (301, 77)])
def test_padding_is_cut_away_before_it_can_leak_into_the_picture(size: tuple[int, int]):
    grid = PatchGrid(SquarePadded(OriginalPixels(*size), 336), columns=24, rows=24)
    covered = RelevanceMap(np.ones((24, 24)), grid).covered_hw()
    values = np.where(covered > 0, 1.0, 1000.0)
    assert heat_of_pixels(RelevanceMap(values, grid)).max() == 0
    values[12, 12] = 2
    heat = heat_of_pixels(RelevanceMap(values, grid))
    assert heat.shape == size[::-1]
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    at = grid.to_original
    np.testing.assert_allclose(
        (x + 0.5, y + 0.5),
        (12.5 * at.scale_x + at.shift_x, 12.5 * at.scale_y + at.shift_y),
        atol=1,
    )


@pytest.mark.parametrize("value", [0.0, 3.0])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
def test_a_flat_map_is_cold_everywhere_in_any_mode_of_image(value: float, mode: str):
    image = Image.effect_noise((20, 10), 50).convert(mode)
    picture = overlay(image, _map(np.full((2, 4), value), 20, 10), strength=0.5)
    assert picture.mode == "RGB"
    grey = np.asarray(image.convert("RGB"), np.float64)  # the noise is grey
    assert np.array_equal(np.asarray(picture), np.rint(grey / 2 + np.array(HEAT_RGB[0]) / 2))


def test_strength_mixes_heat_with_the_image_in_grey():
    relevance, image = _map([[0, 1]], 20, 10), Image.new("RGB", (20, 10), (255, 0, 0))  # red is 76 of 255 bright
    pixels = np.asarray(overlay(image, relevance, strength=0.6))
    for place, heat_rgb in [(0, HEAT_RGB[0]), (-1, HEAT_RGB[-1])]:
        assert tuple(pixels[0, place]) == tuple(np.rint(0.4 * 76 + 0.6 * np.array(heat_rgb)).astype(int))
    assert (np.asarray(overlay(image, relevance, strength=0)) == 76).all()
    assert tuple(np.asarray(overlay(image, relevance, strength=1))[0, -1]) == HEAT_RGB[-1]


def test_the_image_itself_is_not_drawn_into_and_pixels_do_not_change_from_call_to_call():
    image, relevance = Image.new("RGB", (60, 40), GREY), _map(np.arange(6).reshape(2, 3), 60, 40)
    box, truth = Box(5, 5, 30, 30, relevance.original), Boxes([[10, 10, 50, 35]], relevance.original)
    first = overlay(image, relevance, box=box, true_boxes=truth)
    assert _counts(image, GREY) == 2400
    assert first.tobytes() == overlay(image, relevance, box=box, true_boxes=truth).tobytes()


def test_the_region_is_a_solid_line_inside_its_pixels():
    image, relevance = Image.new("RGB", (60, 40), GREY), _map(np.ones((2, 3)), 60, 40)
    pixels = np.asarray(overlay(image, relevance, box=Box(10, 5, 40, 25, relevance.original), strength=0))
    expected = np.full((40, 60, 3), GREY, np.uint8)
    expected[5:25, 10:40] = REGION_RGB
    expected[6:24, 11:39] = 0  # the dark line inside, as wide
    expected[7:23, 12:38] = GREY
    assert np.array_equal(pixels, expected)


def test_a_true_box_is_dashed_in_another_colour():
    image, relevance = Image.new("RGB", (600, 400), GREY), _map(np.ones((2, 3)), 600, 400)
    truth = Box(60, 40, 360, 240, relevance.original)
    picture = overlay(image, relevance, true_boxes=truth)
    top = (np.asarray(picture)[40, 60:360] == TRUTH_RGB).all(axis=1)  # dashes of 12, gaps of 9
    assert top[:12].all()
    assert not top[12:21].any()
    assert top[21:33].all()
    assert 0.5 < top.mean() < 0.65
    assert picture.tobytes() == overlay(image, relevance, true_boxes=[truth.to(llava_space(600, 400))]).tobytes()


def test_lines_are_wider_on_larger_pictures():
    for side, width in [(20, 1), (400, 2), (1000, 5)]:
        relevance = _map(np.ones((2, 2)), side, side)
        picture = overlay(
            Image.new("RGB", (side, side), GREY), relevance, box=Box(0, 0, side, side, relevance.original)
        )
        assert (np.asarray(picture)[side // 2, : side // 2] == 255).all(axis=1).sum() == width


@pytest.mark.parametrize("xyxy", [(3, 3, 3, 3), (0, 0, 1, 1), (3, 0, 4, 10), (-50, -50, 500, 2), (9.5, 9.5, 30, 30)])
def test_boxes_of_any_shape_that_touch_the_picture_are_drawn(xyxy: tuple[float, float, float, float]):
    image, relevance = Image.new("RGB", (10, 10), GREY), _map(np.ones((2, 2)), 10, 10)
    box = Box(*xyxy, space=relevance.original)
    assert _counts(overlay(image, relevance, box=box), REGION_RGB) >= 1
    assert _counts(overlay(image, relevance, true_boxes=box), TRUTH_RGB) >= 1


def test_what_cannot_be_drawn_is_refused():
    image, relevance = Image.new("RGB", (10, 10)), _map(np.ones((2, 2)), 10, 10)
    with pytest.raises(MapError, match="must be 10 x 10, as the map's original; got 11 x 10"):
        overlay(Image.new("RGB", (11, 10)), relevance)
    with pytest.raises(MapError, match=r"strength must be 0 to 1; got 1.5"):
        overlay(image, relevance, strength=1.5)
    with pytest.raises(BoxError, match="must touch the image"):
        overlay(image, relevance, box=Box(20, 20, 30, 30, relevance.original))


def test_pictures_side_by_side_have_one_height_and_keep_their_shape():
    row = side_by_side([Image.new("RGB", (40, 20), "red"), Image.new("L", (10, 20))], height_px=100, gap_px=5)
    assert row.size == (200 + 5 + 50, 100)
    assert [row.getpixel((x, 50)) for x in (199, 202, 205)] == [(255, 0, 0), (255, 255, 255), (0, 0, 0)]


def test_titles_stand_above_and_end_with_their_picture():
    pictures = [Image.new("RGB", (30, 20), "red"), Image.new("RGB", (30, 20), "blue")]
    row = side_by_side(pictures, ["a title that is far too long for it", ""], height_px=20)
    assert row.size == (68, 44)
    head = np.asarray(row)[:24]
    assert (head[:, :30] < 128).any()
    assert (head[:, 30:] == 255).all()


@pytest.mark.parametrize(
    ("count", "titles", "settings", "words"),
    [
        (0, [], {}, "got 0 and 0"),
        (2, ["one"], {}, "a title for each or none; got 2 and 1"),
        (1, [], {"height_px": 0}, "height_px must be at least 1"),
        (1, [], {"gap_px": -1}, "got 320 and -1"),
    ],
)
def test_rows_that_make_no_picture_are_refused(count: int, titles: list[str], settings: dict[str, int], words: str):
    with pytest.raises(MapError, match=words) as error:
        side_by_side([Image.new("RGB", (4, 4))] * count, titles, **settings)
    assert error.value.reason == "bad_setting"
