from __future__ import annotations

from occlusion import deduplicate


def row(image: str, head: str, ppl: float) -> dict[str, object]:
    return {"image": image, "head": head, "ppl_head": ppl}


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
    assert deduplicate([]) == []
    assert deduplicate(rows[:1]) == rows[:1]
