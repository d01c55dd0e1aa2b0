import time

import pytest
from box_space import Box, BoxError, OriginalPixels
from hypothesis import given, settings
from hypothesis import strategies as st
from roi_attention import ZoomError
from roi_attention.zoom import frame_space, read_where, where_text, whole_box

SIZE = 640, 480
"""On the padded square of 640 the picture lies from y 80 to 560: fractions 0.125 to 0.875."""
WHOLE = (0, 0, 640, 480)
FRAMES = st.sampled_from(["padded", "whole"])
FORMS = st.sampled_from(["llava", "qwen"])

LLAVA = [
    ("ok", (160, 120, 480, 360), "[0.25, 0.3125, 0.75, 0.6875]", "as asked"),
    ("ok", (160, 120, 480, 360), " [0.25,0.3125,0.75,0.6875]\n", "blanks missing or around"),
    ("ok", WHOLE, "[0.0, 0.0, 1.0, 1.0]", "the padding is cut off without a word"),
    ("loose", (160, 120, 480, 360), "(0.25, 0.3125, 0.75, 0.6875)", "a tuple"),
    ("loose", (160, 120, 480, 360), "0.25 0.3125 0.75 0.6875", "no brackets, no commas"),
    ("loose", (160, 120, 480, 360), "It is at [0.25, 0.3125, 0.75, 0.6875], I think.", "prose around"),
    ("loose", (160, 120, 480, 360), "Of 2 dogs the 1st: [[0.25, 0.3125, 0.75, 0.6875]]", "numbers in prose, nested"),
    ("loose", (160, 120, 480, 360), "(0.25,0.3125),(0.75,0.6875)", "two corners"),
    ("loose", (160, 120, 480, 360), "from (0.25, 0.3125) to (0.75, 0.6875)", "two corners with a word between"),
    ("loose", (160, 120, 480, 360), '{"bbox_2d": [0.25, 0.3125, 0.75, 0.6875]}', "JSON around fractions"),
    ("loose", (160, 120, 480, 360), '{"x0": 0.25, "y0": 0.3125, "x1": 0.75, "y1": 0.6875}', "names from 0"),
    ("loose", (160, 120, 480, 360), "x1=0.25 y1=0.3125 x2=0.75 y2=0.6875", "names from 1"),
    ("loose", (160, 120, 480, 360), "y_min: .3125, x_min: .25, y_max: .6875, x_max: .75", "names in another order"),
    ("loose", (160, 120, 480, 360), "Left = 0.25, Right = 0.75, Top = 0.3125, Bottom = 0.6875", "edges by name"),
    ("loose", (160, 120, 480, 360), "[0.25, 0.3125, 0.75, 0.6875] [0.25, 0.3125, 0.75, 0.6875]", "one box twice"),
    ("loose", (160, 120, 480, 360), "[2.5e-1, 0.3125, +0.75, 0.6875]", "exponent and sign"),
    ("loose", (160, 120, 480, 360), "[0.25, 0.3125, 0.75, 0.6875] and [0.25, 0.3125, 0.75, 0.6875]", "and once more"),
    ("sorted", (160, 120, 480, 360), "[0.75, 0.6875, 0.25, 0.3125]", "reversed corners"),
    ("sorted", (160, 120, 480, 360), "[0.75, 0.3125, 0.25, 0.6875]", "one axis reversed"),
    ("clamped", (480, 360, 640, 480), "[0.75, 0.6875, 1.2, 1.4]", "beyond the frame"),
    ("clamped", (0, 0, 160, 80), "[-0.1, -0.4, 0.25, 0.25]", "below it"),
    ("clamped", (480, 360, 640, 480), "[1.2, 1.4, 0.75, 0.6875]", "clamped counts before sorted"),
    ("widened", (290, 210, 350, 270), "[0.5, 0.5, 0.5, 0.5]", "a point: an eighth of 480 about its centre"),
    ("widened", (580, 420, 640, 480), "[0.999, 0.874, 1.0, 0.9]", "shifted inside at the corner"),
    ("widened", (290, 120, 350, 360), "[0.5, 0.3125, 0.5, 0.6875]", "no width"),
    ("widened", (160, 0, 480, 60), "[0.25, 0, 0.75, 0.126]", "a sliver of the picture at the padding"),
    ("rescaled", (160, 120, 480, 360), "[25%, 31.25%, 75%, 68.75 %]", "per cent"),
    ("rescaled", (64, 48, 192, 176), "[100, 200, 300, 400]", "whole numbers above 100: thousandths"),
    ("first_four", (160, 120, 480, 240), "[0.25, 0.3125, 0.75, 0.5, 0.1]", "the last four are no box"),
    ("wrong_count", WHOLE, "[0.25, 0.3125, 0.75, 0.5, 0.9]", "five, and the last four may be the box"),
    ("wrong_count", WHOLE, "[0.25, 0.3125, 0.75]", "three"),
    ("wrong_count", WHOLE, "x in [0.1, 0.5], y in [0.2, 0.6]", "two axes are not two corners"),
    ("wrong_count", WHOLE, "from 0.1 to 0.5 and from 0.2 to 0.6", "numbers in prose are not put together"),
    ("wrong_count", WHOLE, "[]0.5[]", "one"),
    ("several", WHOLE, "[0.1, 0.2, 0.3, 0.4] or [0.5, 0.6, 0.7, 0.8]", "two boxes"),
    ("several", WHOLE, "[[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8]]", "two boxes in one list"),
    ("several", WHOLE, "x0=.1 y0=.2 x1=.3 y1=.4; x0=.5 y0=.6 x1=.7 y1=.8", "two by name"),
    ("truncated", WHOLE, "[0.1, 0.2, 0.3", "cut off"),
    ("truncated", WHOLE, "[0.1, 0.2, 0.3, 0.", "cut off inside the last number"),
    ("no_box", WHOLE, "", "empty"),
    ("no_box", WHOLE, "I cannot see that.", "no number"),
    ("no_box", WHOLE, "x0 y0 x1 y1 1.2.3", "numbers in names and versions only"),
    ("not_finite", WHOLE, "[nan, 0.1, 0.5, 0.6]", "not a number"),
    ("not_finite", WHOLE, "[0.1, 0.1, inf, 0.6]", "infinite"),
    ("not_finite", WHOLE, "[0.1, 0.1, 1e999, 0.6]", "beyond float"),
    ("off_scale", WHOLE, "[25, 31, 75, 69]", "per cent, thousandths or pixels?"),
    ("off_scale", WHOLE, "[160, 120, 1480, 360]", "pixels of a larger copy"),
    ("off_scale", WHOLE, "[0.1, 0.2, 0.5, -3]", "far below the frame"),
    ("outside", WHOLE, "[0.0, 0.0, 1.0, 0.1]", "padding alone"),
    ("outside", WHOLE, "[0.0, 0.0, 1.0, 0.125]", "padding to its very edge"),
]

QWEN = [
    ("ok", (160, 120, 480, 360), '{"bbox_2d": [250, 250, 750, 750]}', "as asked"),
    ("loose", (160, 120, 480, 360), "[250, 250, 750, 750]", "a bare list"),
    ("loose", (160, 120, 480, 360), "<|box_start|>(250,250),(750,750)<|box_end|>", "Qwen2-VL's tags"),
    ("loose", (160, 120, 480, 360), '```json\n[{"bbox_2d": [250, 250, 750, 750], "label": "cup"}]\n```', "fenced"),
    ("rescaled", (160, 120, 480, 360), "[0.25, 0.25, 0.75, 0.75]", "fractions"),
    ("rescaled", WHOLE, '{"bbox_2d": [0, 0, 1, 1]}', "the whole as fractions"),
    ("clamped", (320, 240, 640, 480), "[500, 500, 1024, 1024]", "a little beyond"),
    ("off_scale", WHOLE, "[100, 100, 1900, 900]", "pixels"),
    ("sorted", (160, 120, 480, 360), "[750, 750, 250, 250]", "reversed corners"),
    ("wrong_count", WHOLE, '{"point_2d": [250, 250]}', "a point"),
]


@pytest.mark.parametrize(("verdict", "xyxy_px", "text", "remark"), LLAVA)
def test_fractions_of_the_padded_square_are_read_from_what_models_write(verdict, xyxy_px, text, remark):
    where = read_where(text, SIZE, "padded")
    assert where.verdict == verdict, remark
    assert where.box.xyxy == pytest.approx(xyxy_px, abs=1e-9), remark
    assert where.was_read == (where.box.xyxy != WHOLE or verdict == "ok"), remark
    assert where.text == (text.strip() if verdict == "ok" else where_text(where.box, "padded"))


@pytest.mark.parametrize(("verdict", "xyxy_px", "text", "remark"), QWEN)
def test_thousandths_of_the_whole_picture_are_read_from_what_models_write(verdict, xyxy_px, text, remark):
    where = read_where(text, SIZE, "whole", "qwen")
    assert where.verdict == verdict, remark
    assert where.box.xyxy == pytest.approx(xyxy_px, abs=1e-9), remark
    assert where.text == (text if verdict == "ok" else where_text(where.box, "whole", form="qwen"))


def test_canonical_texts_by_hand():
    box = Box(160, 120, 480, 360, OriginalPixels(*SIZE))
    assert where_text(box, "padded") == "[0.250, 0.312, 0.750, 0.688]"
    assert where_text(box, "padded", digits=2) == "[0.25, 0.31, 0.75, 0.69]"
    assert where_text(box, "whole") == "[0.250, 0.250, 0.750, 0.750]"
    assert where_text(box, "whole", form="qwen") == '{"bbox_2d": [250, 250, 750, 750]}'
    assert where_text(box, "padded", form="qwen") == '{"bbox_2d": [250, 312, 750, 688]}'
    assert where_text(whole_box(SIZE), "padded") == "[0.000, 0.125, 1.000, 0.875]"
    assert where_text(Box(-50, 120, 480, 9e3, OriginalPixels(*SIZE)), "whole") == "[0.000, 0.250, 0.750, 1.000]"


def test_a_box_beside_the_picture_has_no_text():
    with pytest.raises(BoxError, match="must touch the image"):
        where_text(Box(700, 0, 800, 10, OriginalPixels(*SIZE)), "padded")


SIZES = st.tuples(st.integers(40, 3000), st.integers(40, 3000)).filter(lambda wh: max(wh) <= 8 * min(wh))


@st.composite
def boxes(draw, least_share=0.13):
    """A box in an image, its sides at least that share of the shorter side."""
    size_wh = draw(st.one_of(st.sampled_from([(2000, 500), (500, 2000), (800, 800)]), SIZES))
    least = least_share * min(size_wh)
    edges = []
    for limit in size_wh:
        low = draw(st.floats(0, limit - least))
        edges.append((low, draw(st.floats(low + least, limit))))
    (x0, x1), (y0, y1) = edges
    return Box(x0, y0, x1, y1, OriginalPixels(*size_wh))


def size_of(box):
    return box.space.width, box.space.height


@settings(deadline=None)
@given(boxes(), FRAMES, FORMS)
def test_a_printed_box_comes_back_within_half_a_thousandth_of_the_longer_side(box, frame, form):
    text = where_text(box, frame, form=form)
    where = read_where(text, size_of(box), frame, form)
    gap = max(abs(a - b) for a, b in zip(where.box.xyxy, box.xyxy, strict=True))
    assert where.verdict == "ok"
    assert where.text == text
    assert gap <= 0.0005 * max(size_of(box)) * (1 + 1e-6)


@settings(deadline=None)
@given(boxes(), FRAMES)
def test_two_decimals_come_back_within_half_a_hundredth(box, frame):
    where = read_where(where_text(box, frame, digits=2), size_of(box), frame, digits=2)
    gap = max(abs(a - b) for a, b in zip(where.box.xyxy, box.xyxy, strict=True))
    assert where.verdict == "ok"
    assert gap <= 0.005 * max(size_of(box)) * (1 + 1e-6) or min(box.width, box.height) < 0.02 * max(size_of(box))


NUMBERS = st.one_of(st.floats(-3, 3), st.integers(-5, 1100), st.floats(), st.sampled_from([0, 1, 0.5, 1e-9, -0.0]))
JUNK = st.text(st.sampled_from("[](),;: 0123456789.-+e%xy01naif\"{}'\n"), max_size=60)
ANYTHING = st.one_of(JUNK, st.text(max_size=60), st.lists(NUMBERS, max_size=9).map(str))


@settings(max_examples=300, deadline=None)
@given(ANYTHING, SIZES, FRAMES, FORMS)
def test_any_text_gives_a_box_inside_the_picture_that_is_read_back_without_repairs(text, size_wh, frame, form):
    where = read_where(text, size_wh, frame, form)
    least = min(size_wh) / 8
    step = max(frame_space(size_wh, frame).extent_wh) / 1000 + 1e-6
    assert where.box == where.box.clipped()
    assert min(where.box.width, where.box.height) >= least - step
    again = read_where(where.text, size_wh, frame, form)
    assert again.verdict == "ok"
    assert max(abs(a - b) for a, b in zip(again.box.xyxy, where.box.xyxy, strict=True)) <= step


def test_specks_are_kept_where_no_least_side_is_asked_for():
    where = read_where("[0.5, 0.5, 0.51, 0.51]", (1000, 1000), "padded", least_share=0)
    assert where.verdict == "ok"
    assert where.box.xyxy == (500, 500, 510, 510)
    point = read_where("[0.5, 0.5, 0.5, 0.5]", (1000, 1000), "padded", least_share=0)
    assert (point.box.width, point.box.height) == (1, 1)


def test_an_unknown_form_or_frame_is_refused_by_name():
    with pytest.raises(ZoomError, match="form must be 'llava' or 'qwen'; got 'xml'"):
        read_where("", SIZE, "padded", "xml")
    with pytest.raises(ZoomError, match="frame must be"):
        read_where("", SIZE, "square")


def test_long_texts_take_time_in_proportion():
    hostile = "[" * 50_000 + "1" * 50_000 + "x0 " * 20_000 + "] to" * 20_000 + " " * 50_000 + "1 %" * 20_000
    started = time.perf_counter()
    assert read_where(hostile, SIZE, "padded").verdict != "ok"
    assert time.perf_counter() - started < 5
