"""Layout, mask, positions and predictors of one prompt with two answers, by hand."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from svco_loss import TokenRows
from svco_loss.branches import BranchedRows


def branched(side: str = "right") -> BranchedRows:
    """Prompts of 2 and 1 tokens, x of 1 and 2, y of 2 and 1."""
    rows = ([[5, 6], [7]], [[10], [11, 12]], [[20, 21], [22]])
    return BranchedRows.of(*(TokenRows.of(part, padding_side=side) for part in rows), filler=0)


def test_padding_stays_where_it_is() -> None:
    assert branched().ids_R_L.tolist() == [[5, 6, 10, 0, 20, 21], [7, 0, 11, 12, 22, 0]]
    assert branched("left").ids_R_L.tolist() == [[5, 6, 0, 10, 20, 21], [0, 7, 11, 12, 0, 22]]
    assert branched().part_L.tolist() == [0, 0, 1, 1, 2, 2]


def test_padding_gets_the_filler_whatever_it_held() -> None:
    prompt = TokenRows(torch.tensor([[5, 95]]), torch.tensor([[True, False]]))
    answer = TokenRows.of([[10]])
    assert BranchedRows.of(prompt, answer, answer, filler=3).ids_R_L.tolist() == [[5, 3, 10, 10]]


def test_each_answer_sees_the_prompt_and_itself() -> None:
    sees = branched().sees_R_L_L().int()
    assert sees[0].tolist() == [
        [1, 0, 0, 0, 0, 0],  # prompt
        [1, 1, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0],  # x
        [1, 1, 1, 1, 0, 0],  # padding sees itself
        [1, 1, 0, 0, 1, 0],  # y does not see x
        [1, 1, 0, 0, 1, 1],
    ]
    assert sees[1][4].tolist() == [1, 0, 0, 0, 1, 0]  # padding of the prompt is seen by none
    assert sees[1][1].tolist() == [1, 1, 0, 0, 0, 0]


def test_both_answers_continue_the_prompts_positions() -> None:
    def shown(rows: BranchedRows) -> list[list[int]]:
        return rows.positions().masked_fill(~rows.is_real_R_L, -1).tolist()

    assert shown(branched()) == [[0, 1, 2, -1, 2, 3], [0, -1, 1, 2, 1, -1]]
    assert shown(branched("left")) == [[0, 1, -1, 2, 2, 3], [-1, 0, 1, 2, -1, 1]]


def test_answers_begin_after_the_largest_position_of_any_axis() -> None:
    axes = torch.tensor([[[0, 1], [0, 9]], [[0, 4], [2, 9]], [[0, 2], [0, 9]]])  # row 1: 9 stands in padding
    positions = branched().positions(axes)
    assert positions.shape == (3, 2, 6)
    assert torch.equal(positions[:, :, :2], axes)
    for axis in positions:
        assert axis[0, [2, 4, 5]].tolist() == [5, 5, 6]
        assert axis[1, [2, 3, 4]].tolist() == [3, 4, 3]


def test_the_prompts_last_token_predicts_the_first_of_both_answers() -> None:
    for side, expected in {
        "right": [{2: 1, 4: 1, 5: 4}, {2: 0, 3: 2, 4: 0}],
        "left": [{3: 1, 4: 1, 5: 4}, {2: 1, 3: 2, 5: 1}],
    }.items():
        is_answer, columns = branched(side).answer_places()
        for row, predictors in enumerate(expected):
            found = {place: int(columns[row, place]) for place in is_answer[row].nonzero().flatten().tolist()}
            assert found == predictors


token_lists = st.lists(st.integers(1, 90), min_size=1, max_size=6)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(token_lists, token_lists, token_lists), min_size=1, max_size=4),
    st.sampled_from(["left", "right"]),
)
def test_following_predictors_back_spells_prompt_and_answer(rows: list[tuple[list[int], ...]], side: str) -> None:
    """What a token sees is the text that it would see alone, in the same order and at the same positions."""
    parts = [TokenRows.of(part, padding_side=side) for part in zip(*rows, strict=True)]
    both = BranchedRows.of(*parts, filler=0)
    sees, positions, (is_answer, columns) = both.sees_R_L_L(), both.positions(), both.answer_places()
    for row, (prompt, x, y) in enumerate(rows):
        for part, answer in ((1, x), (2, y)):
            places = (is_answer[row] & (both.part_L == part)).nonzero().flatten()
            for index, place in enumerate(places.tolist()):
                predictor = int(columns[row, place])
                seen = sees[row, predictor]
                assert both.ids_R_L[row, place] == answer[index]
                assert both.ids_R_L[row, seen].tolist() == prompt + answer[:index]
                assert positions[row, seen].tolist() == list(range(len(prompt) + index))
