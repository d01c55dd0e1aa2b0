import pytest
from box_space import (
    Fraction,
    OriginalPixels,
    llava_space,
    llava_text_to_box,
    number_groups,
    qwen_space,
    qwen_text_to_box,
)
from code_caption import Element, Scene, canonical
from code_caption.errors import SettingsError
from code_caption.rows.box_texts import BoxText
from hypothesis import given
from hypothesis import strategies as st

SIDES = st.tuples(st.integers(0, 999), st.integers(1, 1000)).map(lambda s: (s[0] / 1000, min(s[0] + s[1], 1000) / 1000))
BOXES = st.tuples(SIDES, SIDES).map(lambda s: (s[0][0], s[1][0], s[0][1], s[1][1]))
SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


def test_a_wide_image_is_padded_above_and_below():
    # 400 x 200: 100 px above and below, so y = 0.5 of the image stays 0.5 and y = 0 becomes 100 / 400.
    assert BoxText().write((0.0, 0.0, 0.5, 0.5), (400, 200)) == "[0.00, 0.25, 0.50, 0.50]"
    assert BoxText(frame="whole").write((0.0, 0.0, 0.5, 0.5), (400, 200)) == "[0.00, 0.00, 0.50, 0.50]"


def test_qwen_counts_thousandths_of_the_unpadded_image_unless_told_otherwise():
    box = (0.0, 0.0, 0.5, 0.5)
    assert BoxText("qwen").write(box, (400, 200)) == '{"bbox_2d": [0, 0, 500, 500]}'
    assert BoxText("qwen", frame="padded").write(box, (400, 200)) == '{"bbox_2d": [0, 250, 500, 500]}'


def test_a_step_rounds_to_its_multiples_in_the_frame_that_is_written():
    assert BoxText(step=0.05).write((0.0, 0.0, 0.52, 0.93), (100, 100)) == "[0.00, 0.00, 0.50, 0.95]"
    assert BoxText("qwen", step=0.05).write((0.0, 0.0, 0.52, 0.93), (100, 100)) == '{"bbox_2d": [0, 0, 500, 950]}'
    # Rounded after padding: 0.1 of 200 px is 20 px, 120 of 400 is 0.30.
    assert BoxText(step=0.05).write((0.0, 0.1, 1.0, 1.0), (400, 200)) == "[0.00, 0.30, 1.00, 0.75]"


def test_a_speck_becomes_one_step_wide():
    assert BoxText(step=0.05).write((0.999, 0.5, 1.0, 0.501), (100, 100)) == "[0.95, 0.50, 1.00, 0.55]"


@given(BOXES, SIZES, st.sampled_from([(2, None), (3, None), (2, 0.05), (1, 0.1)]))
def test_padded_fractions_read_back_within_half_a_step_and_never_empty(box, size_wh, precision):
    digits, step = precision
    space = llava_space(*size_wh)
    width, height = size_wh
    read = llava_text_to_box(BoxText(digits=digits, step=step).write(box, size_wh), space)
    x0, y0, x1, y1 = read.to(Fraction(OriginalPixels(width, height))).xyxy
    side, finest = max(width, height), step or 10**-digits
    for ours, theirs, pixels in ((x0, box[0], width), (y0, box[1], height), (x1, box[2], width), (y1, box[3], height)):
        assert abs(ours - theirs) * pixels / side <= finest * 1.001


@given(BOXES, SIZES, st.sampled_from(["llava", "qwen"]), st.sampled_from(["padded", "whole"]))
def test_numbers_of_a_text_lie_where_the_box_was_within_a_step(box, size_wh, form, frame):
    text = BoxText(form, frame=frame, digits=3)
    (group,) = number_groups(text.write(box, size_wh))
    found = text.to_pixels(tuple(group.numbers), size_wh)
    side = max(size_wh)
    true = [share * size_wh[axis % 2] for axis, share in enumerate(box)]
    assert found.xyxy == pytest.approx(true, abs=side / text.whole / (1000 / text.whole) * 1.001)
    assert found == found.clipped()


@given(BOXES)
def test_thousandths_read_back_as_they_were(box):
    space = qwen_space(640, 480)
    read = qwen_text_to_box(BoxText("qwen").write(box, (640, 480)), space)
    assert read.xyxy == pytest.approx([share * 1000 for share in box])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"form": "yolo"}, "form must be llava or qwen; got 'yolo'."),
        ({"frame": "square"}, "frame must be padded, whole or None; got 'square'."),
        ({"digits": 0}, "digits must be 1 to 4; got 0."),
        ({"step": 0.03}, "step must be a share that divides 1 and can be written in steps of 0.01, such as 0.1"),
        ({"step": 0.05, "digits": 1}, "can be written in steps of 0.1"),
        ({"step": 0.0}, "got 0.0."),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(SettingsError) as caught:
        BoxText(**settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("size_wh", [(0, 10), (10,), (10, -1)])
def test_an_image_must_have_a_size(size_wh):
    with pytest.raises(SettingsError, match="size_wh must be width and height in pixels"):
        BoxText().write((0.0, 0.0, 1.0, 1.0), size_wh)


def test_shares_of_the_image_round_as_in_a_code_caption_whatever_its_size():
    box = (0.47, 0.14, 0.695, 0.18)  # 0.695 * 373 / 373 is a bit less than 0.695
    coded = canonical(Scene(elements=(Element("duck", box),))).elements[0].box
    assert BoxText(frame="whole").write(box, (373, 536)) == "[{:.2f}, {:.2f}, {:.2f}, {:.2f}]".format(*coded)
