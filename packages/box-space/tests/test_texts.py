import time

import pytest
from box_space import (
    Box,
    BoxError,
    BoxTextError,
    Fraction,
    OriginalPixels,
    box_to_llava_text,
    box_to_qwen_text,
    box_to_tag_text,
    llava_space,
    llava_text_to_box,
    qwen_space,
    qwen_text_to_box,
    tag_text_to_box,
)
from hypothesis import given
from hypothesis import strategies as st

SIZES = st.integers(1, 4000)
ORIGINALS = st.builds(OriginalPixels, SIZES, SIZES)
SQUARE = llava_space(100, 100)
THOUSANDTHS = qwen_space(640, 480)


@st.composite
def boxes_in_images(draw):
    original = draw(ORIGINALS)
    x = sorted(draw(st.tuples(*[st.floats(0, original.width)] * 2)))
    y = sorted(draw(st.tuples(*[st.floats(0, original.height)] * 2)))
    return Box(x[0], y[0], x[1], y[1], original)


def largest_gap(a, b):
    return max(abs(p - q) for p, q in zip(a.xyxy, b.xyxy, strict=True))


@given(boxes_in_images(), st.integers(1, 5))
def test_what_llava_text_says_is_the_box_within_one_step(box, digits):
    space = llava_space(box.space.width, box.space.height)
    read = llava_text_to_box(box_to_llava_text(box, digits=digits), space)
    assert largest_gap(read, box.to(space)) <= 10**-digits * (1 + 1e-6)
    assert box_to_llava_text(read, digits=digits) == box_to_llava_text(box, digits=digits)


@given(boxes_in_images())
def test_what_thousandths_say_is_the_box_within_one_step(box):
    space = qwen_space(box.space.width, box.space.height)
    for printed, read in ((box_to_qwen_text, qwen_text_to_box), (box_to_tag_text, tag_text_to_box)):
        assert largest_gap(read(printed(box), space), box.to(space)) <= 1 + 1e-6
        assert printed(read(printed(box), space)) == printed(box)


@given(boxes_in_images())
def test_three_decimals_of_a_large_enough_box_are_right_within_half_a_thousandth_of_the_longer_side(box):
    original = box.space
    space = llava_space(original.width, original.height)
    side = max(original.width, original.height)
    read = llava_text_to_box(box_to_llava_text(box, digits=3), space).to(original)
    if min(box.width, box.height) > 0.002 * side:
        assert largest_gap(read, box) <= 0.0005 * side * (1 + 1e-6)


def test_hand_worked_texts():
    box = Box(160, 120, 480, 360, OriginalPixels(640, 480))
    assert box_to_llava_text(box) == "[0.25, 0.31, 0.75, 0.69]"
    assert box_to_llava_text(box, digits=3) == "[0.250, 0.312, 0.750, 0.688]"
    assert box_to_llava_text(box.to(Fraction(box.space))) == "[0.25, 0.25, 0.75, 0.75]"
    assert box_to_qwen_text(box) == '{"bbox_2d": [250, 250, 750, 750]}'
    assert box_to_tag_text(box) == "<box>[[250, 250, 750, 750]]</box>"


def test_a_speck_is_printed_one_step_wide_also_in_the_last_corner():
    original = OriginalPixels(1000, 1000)
    assert box_to_llava_text(Box(500, 500, 501, 501, original)) == "[0.50, 0.50, 0.51, 0.51]"
    assert box_to_llava_text(Box(999, 999, 1000, 1000, original)) == "[0.99, 0.99, 1.00, 1.00]"


def test_a_box_beside_the_picture_is_not_printed():
    with pytest.raises(BoxError, match="must touch") as error:
        box_to_llava_text(Box(200, 0, 300, 5, OriginalPixels(100, 100)))
    assert error.value.reason == "outside_image"


@pytest.mark.parametrize(
    "text",
    [
        "[0.1, 0.2, 0.3, 0.4]",
        " [.1,.2,.3,.4]\n",
        "(0.10, 0.20, 0.30, 0.40)",
        "0.1, 0.2, 0.3, 0.4",
        "0.1 0.2 0.3 0.4.",
        "The 2 dogs are at [0.1, 0.2, 0.3, 0.4].",
        "2, [0.1, 0.2, 0.3, 0.4], 3",
        "```json\n[1e-1, 2e-1, 3E-1, 0.4]\n```",
        "[[0.1, 0.2], [0.3, 0.4]]",
        "[0.1, 0.2, 0.3, 0.4] or, again, [0.1, 0.2, 0.3, 0.4]",
        "In picture [1]: [0.1, 0.2, 0.3, 0.4]",
    ],
)
def test_what_models_write_around_a_box_is_looked_past(text):
    assert llava_text_to_box(text, SQUARE).xyxy == (0.1, 0.2, 0.3, 0.4)


@pytest.mark.parametrize(
    "text",
    [
        '{"bbox_2d": [10, 20, 30, 40], "label": "dog 2"}',
        "<|box_start|>(10,20),(30,40)<|box_end|>",
        "<box>(10,20),(30,40)</box>",
        "<box>[[10, 20, 30, 40]]</box>",
        "[10, 20, 30, 40]",
    ],
)
def test_all_thousandth_forms_are_read(text):
    assert qwen_text_to_box(text, THOUSANDTHS).xyxy == (10, 20, 30, 40)


def test_tags_tell_the_box_from_other_numbers():
    text = "[1, 2, 3, 4] <ref>5 6 7 8</ref><BOX>10 20 30 40</BOX>"
    assert tag_text_to_box(text, THOUSANDTHS).xyxy == (10, 20, 30, 40)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_box"),
        ("I cannot see it.", "no_box"),
        ("[a, b, c, d]", "no_box"),
        ("[0.1.2, 0.2x, v1]", "no_box"),
        ("[0.1, 0.2, 0.3]", "wrong_count"),
        ("[0.1, 0.2, 0.3, 0.4, 0.5]", "wrong_count"),
        ("0.1, 0.2", "wrong_count"),
        ("[0.1, 0.2, 0.3, 0.4] and [0.5, 0.5, 0.6, 0.6]", "several_boxes"),
        ("[[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0.6, 0.6]]", "several_boxes"),
        ("[0.1, 0.2, 0.3, 0.4", "truncated"),
        ("[0.1, 0.2, 0.3", "truncated"),
        ("[nan, 0.2, 0.3, 0.4]", "not_finite"),
        ("[0.1, 0.2, inf, 0.4]", "not_finite"),
        ("[0.1, 0.2, 1e999, 0.4]", "not_finite"),
        ("[10, 20, 30, 40]", "out_of_range"),
        ("[-0.1, 0.2, 0.3, 0.4]", "out_of_range"),
        ("[0.3, 0.2, 0.1, 0.4]", "reversed"),
        ("[0.1, 0.4, 0.3, 0.2]", "reversed"),
        ("[0.1, 0.2, 0.1, 0.4]", "empty"),
        ("[0.5, 0.5, 0.5, 0.5]", "empty"),
    ],
)
def test_nonsense_is_refused_with_a_reason(text, reason):
    with pytest.raises(BoxTextError) as error:
        llava_text_to_box(text, SQUARE)
    assert error.value.reason == reason


def test_a_text_without_tags_has_no_tagged_box():
    with pytest.raises(BoxTextError) as error:
        tag_text_to_box("[10, 20, 30, 40]", THOUSANDTHS)
    assert error.value.reason == "no_box"


@given(st.text(alphabet="[]()0123456789.,-+ einaf<>box/|_", max_size=60) | st.text(max_size=60))
def test_any_text_gives_a_box_inside_the_space_or_a_reason(text):
    for read, space in ((llava_text_to_box, SQUARE), (qwen_text_to_box, THOUSANDTHS), (tag_text_to_box, THOUSANDTHS)):
        box = box_or_reason(read, text, space)
        if isinstance(box, str):
            assert f"`{box}`" in str(BoxTextError.__doc__)
        else:
            assert 0 <= box.x0 < box.x1 <= space.extent_wh[0]
            assert 0 <= box.y0 < box.y1 <= space.extent_wh[1]


def box_or_reason(read, text, space):
    try:
        return read(text, space)
    except BoxTextError as error:
        return error.reason


@pytest.mark.parametrize("piece", ["1", "1 ", "[", "1.", "[1", "<box>", "e1", ".1.", "-"])
def test_long_hostile_texts_are_refused_without_running_away(piece):
    started = time.perf_counter()
    for read in (qwen_text_to_box, tag_text_to_box):
        with pytest.raises(BoxTextError):
            read(piece * 20_000 + "x", THOUSANDTHS)
    assert time.perf_counter() - started < 60  # milliseconds; backtracking would take hours
