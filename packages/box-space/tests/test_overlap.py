import numpy as np
import pytest
from box_space import Box, BoxError, Boxes, OriginalPixels, iou, xywh_to_xyxy, xyxy_to_xywh
from hypothesis import given
from hypothesis import strategies as st

COORDINATE = st.integers(-50, 50)
CORNERS = st.builds(lambda x, y, w, h: [x, y, x + w, y + h], COORDINATE, COORDINATE, *[st.integers(0, 40)] * 2)
MANY = st.lists(CORNERS, max_size=6)


def counted_iou(a, b):
    """Intersection over union by counting unit cells."""
    cells = [{(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])} for box in (a, b)]
    union = cells[0] | cells[1]
    return len(cells[0] & cells[1]) / len(union) if union else 0.0


@given(MANY, MANY)
def test_iou_equals_counting_cells(a, b):
    expected = np.array([[counted_iou(x, y) for y in b] for x in a]).reshape(len(a), len(b))
    np.testing.assert_allclose(iou(a, b), expected, atol=1e-12)


@given(MANY, MANY)
def test_iou_is_symmetric(a, b):
    np.testing.assert_array_equal(iou(a, b), iou(b, a).T)


@given(MANY)
def test_size_form_and_corner_form_are_inverse(boxes):
    np.testing.assert_array_equal(xywh_to_xyxy(xyxy_to_xywh(boxes)), np.reshape(boxes, (-1, 4)))


def test_hand_worked_overlaps():
    a, b = Box(0, 0, 2, 2, OriginalPixels(9, 9)), Box(1, 0, 3, 2, OriginalPixels(9, 9))
    assert a.iou(b) == pytest.approx(1 / 3)
    many = Boxes([a.xyxy, b.xyxy], OriginalPixels(9, 9))
    np.testing.assert_allclose(many.iou(many), [[1, 1 / 3], [1 / 3, 1]])


def test_a_single_unwrapped_box_is_refused():
    with pytest.raises(BoxError, match=r"must have shape \(N, 4\); got \(4,\)") as error:
        iou([0, 0, 1, 1], [[0, 0, 1, 1]])
    assert error.value.reason == "bad_shape"
