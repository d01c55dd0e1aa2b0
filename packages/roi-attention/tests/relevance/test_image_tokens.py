"""Where image tokens stand, in which grid, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from box_space import OriginalPixels, SquarePadded
from roi_attention.errors import UnsupportedModelError, ZoomError
from roi_attention.relevance import Targets, find_images, input_gradient_rows
from small_vlms import FIRST, IMAGE, TOKENS, make, make_inputs

CONFIG = SimpleNamespace(image_token_id=IMAGE, vision_config=SimpleNamespace(spatial_merge_size=2))
MODEL: Any = SimpleNamespace(config=CONFIG)


def ids_with(*counts: int) -> torch.Tensor:
    """One sample with blocks of image tokens, text between them."""
    return torch.tensor([[1, *(token for count in counts for token in (*[IMAGE] * count, 2))]])


def test_a_square_grid_is_found_row_by_row() -> None:
    ((found,),) = find_images(MODEL, {"input_ids": ids_with(16)}, [1])
    assert (found.rows, found.columns) == (4, 4)
    assert found.positions.tolist() == list(range(1, 17))
    assert found.grid(OriginalPixels(640, 480), "padded").of == SquarePadded(OriginalPixels(640, 480))
    assert found.grid(OriginalPixels(640, 480), "whole").of == OriginalPixels(640, 480)
    with pytest.raises(ZoomError, match="frame must be 'padded' or 'whole'; got 'pad'"):
        found.grid(OriginalPixels(640, 480), "pad")  # pyright: ignore[reportArgumentType]


def test_two_images_of_a_sample_are_told_apart() -> None:
    ((first, second),) = find_images(MODEL, {"input_ids": ids_with(9, 9)}, [2])
    assert first.positions.tolist() == list(range(1, 10))
    assert second.positions.tolist() == list(range(11, 20))


def test_grids_that_the_processor_names_need_not_be_square() -> None:
    inputs = {"input_ids": ids_with(6), "image_grid_thw": torch.tensor([[1, 4, 6]])}
    ((found,),) = find_images(MODEL, inputs, [1])
    assert (found.rows, found.columns) == (2, 3)


@pytest.mark.parametrize(
    ("inputs", "counts", "reason", "words"),
    [
        ({"input_ids": ids_with(15)}, [1], "image_grid", "not 1 square grids"),
        ({"input_ids": ids_with(16, 16)}, [1], "image_grid", "turn tiles off"),
        ({"input_ids": ids_with(16)}, [0], "image_grid", "not 0"),
        ({"input_ids": ids_with(5), "image_grid_thw": torch.tensor([[1, 4, 6]])}, [1], "image_grid", "5 image tokens"),
        ({"input_ids": ids_with(6), "image_grid_thw": torch.tensor([[2, 4, 6]])}, [1], "image_grid", "videos"),
    ],
)
def test_tokens_that_are_no_grid_are_refused(inputs: Any, counts: list[int], reason: str, words: str) -> None:
    with pytest.raises(UnsupportedModelError, match=words) as refused:
        find_images(MODEL, inputs, counts)
    assert refused.value.reason == reason


def test_a_model_without_an_image_token_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="no image_token_id"):
        find_images(SimpleNamespace(config=SimpleNamespace()), {"input_ids": ids_with(16)}, [1])


@pytest.mark.parametrize("family", ["llava", "qwen2_5_vl"])
def test_gradients_of_pixels_land_on_the_tokens_of_their_patches(family: str) -> None:
    """Moving one patch's pixels along the gradient moves the score by what that patch's value promises."""
    model, inputs = make(family), make_inputs(family, batch=1)
    asked = Targets(torch.tensor([[33]]), torch.tensor([[7]]), torch.ones(1, 1, dtype=torch.float64))
    (images,) = find_images(model, inputs, [1])
    found = input_gradient_rows(model, inputs, asked, images)
    values = found.rows_B_T_N[0, 0, FIRST : FIRST + TOKENS]
    outside = found.rows_B_T_N[0, 0].sum() - values.sum()
    assert outside == 0
    token = int(values.argmax())
    moved = inputs["pixel_values"].clone().requires_grad_()
    score = model(**{**inputs, "pixel_values": moved}, use_cache=False).logits[0, 33, 7]
    (gradient,) = torch.autograd.grad(score, moved)
    assert values[token] == pytest.approx(float(_patch(gradient, token, family).norm()), rel=1e-6)


def _patch(gradient: torch.Tensor, token: int, family: str) -> torch.Tensor:
    """The pixels that belong to a token, by the layout of each family."""
    if family == "llava":
        row, column = divmod(token, 4)
        return gradient[0, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
    return gradient[4 * token : 4 * token + 4]  # four patches of a token are neighbours in the processor's order
