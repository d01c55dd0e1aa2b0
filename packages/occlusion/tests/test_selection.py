from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occlusion import OcclusionError, deduplicate
from occlusion.selection import cap_per_head, cap_per_image


def row(image: str, head: str, ppl: float) -> dict[str, object]:
    return {"image": image, "head": head, "ppl_head": ppl}


rows_strategy = st.lists(
    st.builds(row, st.sampled_from("abc"), st.sampled_from(["dog", "Dogs", "cat"]), st.floats(1, 9)), max_size=12
)


def test_the_lowest_perplexity_of_each_thing_of_an_image_is_kept_in_order() -> None:
    rows = [
        row("a.png", "Dog", 3.0),
        row("a.png", "cat", 9.0),
        row("b.png", "dog", 8.0),
        row("a.png", "dogs", 2.0),
        row("a.png", "DOG", 2.0),
        row("a.png", "hot dog", 1.5),
    ]
    assert deduplicate(rows) == [rows[1], rows[2], rows[3], rows[5]]


def test_a_perplexity_that_is_not_a_number_loses() -> None:
    rows = [row("a.png", "dog", float("nan")), row("a.png", "dog", 50.0)]
    assert deduplicate(rows) == rows[1:]
    assert cap_per_image(rows, 1) == rows[1:]
    assert cap_per_head(rows, 1) == rows[1:]
    assert deduplicate([]) == []
    assert deduplicate(rows[:1]) == rows[:1]


def test_an_image_keeps_its_most_causal_things_in_their_order() -> None:
    rows = [row("a", "dog", 3.0), row("a", "cat", 1.5), row("b", "cup", 9.0), row("a", "cow", 2.0), row("a", "ox", 2.0)]
    assert cap_per_image(rows, 2) == [rows[1], rows[2], rows[3]]
    assert cap_per_image(rows, 3) == rows[1:]


def test_a_head_keeps_its_most_causal_images_in_any_number_and_case() -> None:
    rows = [row("a", "dog", 3.0), row("b", "Dogs", 1.5), row("c", "cat", 9.0), row("d", "DOG", 2.0)]
    assert cap_per_head(rows, 2) == rows[1:]
    assert cap_per_head(rows, 1) == [rows[1], rows[2]]


@pytest.mark.parametrize("cap", [cap_per_image, cap_per_head])
@given(rows=rows_strategy, most=st.integers(1, 4))
def test_a_cap_keeps_a_subsequence_and_caps_again_to_itself(cap: Any, rows: list[dict[str, Any]], most: int) -> None:
    kept = cap(rows, most)
    assert [one for one in rows if any(one is other for other in kept)] == kept
    assert cap(kept, most) == kept
    groups = [one["image"] if cap is cap_per_image else one["head"].lower().removesuffix("s") for one in kept]
    assert all(groups.count(group) <= most for group in groups)


@pytest.mark.parametrize("cap", [cap_per_image, cap_per_head])
def test_a_cap_of_nothing_is_an_error(cap: Any) -> None:
    with pytest.raises(OcclusionError, match="at least 1; got 0") as caught:
        cap([], 0)
    assert caught.value.reason == "cap"


def test_spellings_of_one_thing_are_one_thing() -> None:
    heads = ["hot dog", "Hot-dog", "hot  dogs"]
    rows = [{"image": "a.png", "head": head, "ppl_head": float(ppl)} for ppl, head in enumerate(heads, 2)]
    assert [row["head"] for row in deduplicate(rows)] == ["hot dog"]
