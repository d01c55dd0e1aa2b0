"""What a batch must be, and the errors that say so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from svco_loss import BatchError, PairBatch, SvcoLossError, TokenRows, pair_logps, plain_pair_logps
from torch.overrides import TorchFunctionMode

IMAGE = 95


def test_rows_are_padded_on_the_side_asked_for_and_come_back() -> None:
    rows = [[5, 6, 7], [8]]
    left, right = (TokenRows.of(rows, padding_side=side) for side in ("left", "right"))
    assert left.ids_B_T.tolist() == [[5, 6, 7], [0, 0, 8]]
    assert right.ids_B_T.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert [row.tolist() for row in left.real_rows()] == [row.tolist() for row in right.real_rows()] == rows
    assert len(left) == 2


class Moves(TorchFunctionMode):
    """Counts the tensors that are moved to a device."""

    moved = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.moved += func is torch.Tensor.to and args[1] == "cpu"
        return func(*args, **(kwargs or {}))


def test_a_batch_moves_to_a_device_with_all_its_parts(qwen: Any) -> None:
    batch = qwen.batch("right")
    with Moves() as moves:
        moved = batch.to("cpu")
    assert moves.moved == 5 * 2 + 2 * 2
    assert torch.equal(moved.answer_y.ids_B_T, batch.answer_y.ids_B_T)
    assert torch.equal(moved.images_b["image_grid_thw"], batch.images_b["image_grid_thw"])


IDS = torch.ones(1, 3, dtype=torch.int64)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: TokenRows(IDS.int(), IDS.bool()), r"int64 of shape \(B, T\) .*; got torch.int32"),
        (lambda: TokenRows(IDS[0], IDS[0].bool()), r"shape \(B, T\) .*; got torch.int64 of shape \(3,\)"),
        (lambda: TokenRows(IDS, IDS), r"is_real must be bool of the ids' shape \(1, 3\); got torch.int64"),
        (lambda: TokenRows(IDS, torch.tensor([[True, False, True]])), r"one unbroken run.*rows \[0\] are not"),
        (lambda: TokenRows.of([]), r"B >= 1; got torch.int64 of shape \(0, 0\)"),
        (lambda: TokenRows.of([[4]], padding_side="middle"), "padding_side must be left or right; got middle"),
        (lambda: TokenRows.of([[4], []]), r"at least 1; rows \[1\] are not"),
    ],
)
def test_unusable_rows_are_refused(make: Callable[[], object], text: str) -> None:
    with pytest.raises(BatchError, match=text):
        make()


def with_images(batch: PairBatch, side: str, **tensors: torch.Tensor) -> PairBatch:
    return replace(batch, **{side: {**getattr(batch, side), **tensors}})


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda b: replace(b, answer_x=TokenRows.of([[3]])), "same number of rows.*'answer_x': 1"),
        (lambda b: replace(b, images_b={}), r"same tensors, pixel_values among them; got .* and \[\]"),
        (
            lambda b: with_images(b, "images_b", pixel_values=torch.zeros(2, 3, 8, 8)),
            r"pixel_values of a and b must differ in their first dimension alone; got \(2, 3, 16, 16\)",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(llava: Any, change: Callable[[PairBatch], object], text: str) -> None:
    with pytest.raises(BatchError, match=text):
        change(llava.batch("right"))


def cut(rows: TokenRows, index: int) -> TokenRows:
    """One row loses an image token."""
    lists = [row.tolist() for row in rows.real_rows()]
    lists[index].remove(IMAGE)
    return TokenRows.of(lists)


@pytest.mark.parametrize("form", [pair_logps, plain_pair_logps])
def test_a_cut_image_is_named_with_its_row(family: Any, form: Callable[..., object]) -> None:
    batch = family.batch("right")
    broken = replace(batch, prompt_b=cut(batch.prompt_b, 1))
    with pytest.raises(BatchError, match=r"prompt_b must hold one image token.*row 1 holds 3 instead of 4 .*Never cut"):
        form(family.model(), broken)


def test_images_cut_in_all_rows_alike_are_found_too(family: Any) -> None:
    batch = family.batch("right")
    broken = replace(batch, prompt_a=cut(cut(batch.prompt_a, 0), 1), prompt_b=cut(cut(batch.prompt_b, 0), 1))
    with pytest.raises(BatchError, match="Never cut image tokens"):
        pair_logps(family.model(), broken)


def test_one_token_too_few_in_a_row_is_not_made_up_by_one_too_many_in_another(llava: Any) -> None:
    batch = llava.batch("right")
    rows = [row.tolist() for row in batch.prompt_a.real_rows()]
    rows[0].remove(IMAGE)
    rows[1].insert(2, IMAGE)
    with pytest.raises(BatchError, match="prompt_a must hold one image token for each image feature; row 0 holds 3"):
        pair_logps(llava.model(), replace(batch, prompt_a=TokenRows.of(rows)))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda b: replace(b, prompt_none=b.prompt_a),
            r"prompt_none must hold no image tokens \(id 95\); rows \[0, 1\]",
        ),
        (
            lambda b: replace(b, answer_y=TokenRows.of([[3], [IMAGE]])),
            r"answer_y must hold no image tokens.*rows \[1\]",
        ),
        (lambda b: replace(b, prompt_b=b.prompt_none), r"prompt_b must hold image tokens.*rows \[0, 1\] hold none"),
        (
            lambda b: with_images(b, "images_a", pixel_values=torch.zeros(3, 3, 16, 16)),
            "one image for each side; got 3 images for 2 rows",
        ),
    ],
)
def test_image_tokens_in_the_wrong_place_are_refused(
    llava: Any, change: Callable[[PairBatch], PairBatch], text: str
) -> None:
    with pytest.raises(BatchError, match=text):
        pair_logps(llava.model(), change(llava.batch("right")))


def test_an_image_token_in_padding_is_no_image_token(llava: Any) -> None:
    batch = llava.batch("right")
    none = batch.prompt_none
    noisy = TokenRows(none.ids_B_T.masked_fill(~none.is_real_B_T, IMAGE), none.is_real_B_T)
    model = llava.model()
    found = pair_logps(model, replace(batch, prompt_none=noisy))
    torch.testing.assert_close(found.stacked(), pair_logps(model, batch).stacked())


def test_a_chunk_holds_at_least_one_token(llava: Any) -> None:
    with pytest.raises(SvcoLossError, match="chunk_tokens must be 1 or more; got 0"):
        pair_logps(llava.model(), llava.batch("right"), chunk_tokens=0)
