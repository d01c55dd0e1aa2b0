"""What the controls look at."""

import pytest
from box_space import Box, OriginalPixels
from chain_of_spot.arms import Control, control_box, place_seed
from chain_of_spot.scoring import map_scores
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

ORIGINAL = OriginalPixels(200, 100)


@given(st.floats(0, 150), st.floats(0, 60), st.floats(1, 50), st.floats(1, 40), st.binary(max_size=4))
def test_random_and_centre_keep_the_size_and_stay_inside(x: float, y: float, w: float, h: float, seed: bytes) -> None:
    box = Box(x, y, x + w, y + h, ORIGINAL)
    controls: tuple[Control, ...] = ("random", "centre")
    for control in controls:
        made = control_box(control, box, seed)
        assert made == made.clipped()
        assert made.x1 - made.x0 == pytest.approx(w, abs=1e-6)
        assert made.y1 - made.y0 == pytest.approx(h, abs=1e-6)


def test_the_whole_control_is_the_whole_image() -> None:
    assert control_box("whole", Box(1, 2, 3, 4, ORIGINAL), b"").xyxy == (0, 0, 200, 100)


def test_a_random_place_depends_on_picture_question_and_seed_alone() -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    assert place_seed(red, "Where?", 0) == place_seed(red.copy(), "Where?", 0)
    others = {place_seed(blue, "Where?", 0), place_seed(red, "What?", 0), place_seed(red, "Where?", 1)}
    assert len(others | {place_seed(red, "Where?", 0)}) == 4


def test_regions_are_scored_beside_equally_large_ones_elsewhere() -> None:
    row = {"id": "a", "boxes": [[0, 0, 20, 20]], "box_xyxy_px": [0, 0, 50, 50], "width": 200, "height": 100}
    scores = map_scores([row, {"id": "b", "boxes": [], "box_xyxy_px": [], "width": 200, "height": 100}])
    assert scores["regions"]["n"] == 1
    assert scores["regions"]["share"] == 1
    assert scores["regions"]["centre"] == 0
    assert map_scores([]) == {}
