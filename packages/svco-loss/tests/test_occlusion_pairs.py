"""Pairs from pictures with a hidden thing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from svco_loss.pairs import check_pairs, occlusion_pairs


def row(**changes: Any) -> dict[str, Any]:
    fields = {"id": "street-7/hydrant", "image": "street-7.jpg", "occluded": "occluded/h.png", "head": "hydrant"}
    return fields | {"caption": "A dog sits by a hydrant.", "boxes": [[0, 0, 4, 4]]} | changes


def test_each_row_becomes_a_pair_that_can_be_trained_on(tmp_path: Path) -> None:
    for name, color in (("images/street-7.jpg", "red"), ("run/occluded/h.png", "gray")):
        (tmp_path / name).parent.mkdir(parents=True)
        Image.new("RGB", (6, 4), color).save(tmp_path / name)
    made = occlusion_pairs([row()], images=str(tmp_path / "images"), run_folder=str(tmp_path / "run"))
    assert made.refused == ()
    assert made.pairs[0].category == "occlusion"
    assert check_pairs(made.pairs).refused == ()


def test_wordings_vary_with_the_id_and_follow_from_the_seed() -> None:
    rows = [row(id=f"{n}/x", head=f"thing{n}") for n in range(60)]
    made = occlusion_pairs(rows)
    assert made == occlusion_pairs(rows)
    assert made.pairs[7].question == occlusion_pairs(rows[7:8]).pairs[0].question
    assert len({one.question.replace(f"thing{one.row}", "*") for one in made.pairs}) >= 5
    assert [one.question for one in made.pairs] != [one.question for one in occlusion_pairs(rows, seed=1).pairs]
    for one in made.pairs:
        thing = f"thing{one.row}"
        assert thing in one.text_x
        assert "gray blocks" in one.text_y.casefold()
        assert (thing in one.text_y) == (thing in one.question), "what is hidden cannot be read off the picture"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"head": ""}, "empty_text"),
        ({"head": " \n"}, "empty_text"),
        ({"head": "Nothing"}, "empty_text"),
        ({"head": None}, "malformed"),
        ({"head": "cut\0off"}, "malformed"),
        ({"head": "x" * 81}, "too_long"),
        ({"id": 7}, "malformed"),
        ({"image": None}, "malformed"),
        ({"image": ""}, "missing"),
        ({"image": "../secret.png"}, "outside_root"),
        ({"occluded": "/etc/passwd"}, "outside_root"),
    ],
)
def test_a_bad_row_is_refused_alone(changes: dict[str, Any], reason: str) -> None:
    made = occlusion_pairs([row(), row(**changes), row()], images="images", run_folder="run")
    assert [(one.row, one.reason) for one in made.refused] == [(1, reason)]
    assert made.refused[0].detail
    assert [one.row for one in made.pairs] == [0, 2]


def test_odd_rows_and_heads_are_taken_as_they_are() -> None:
    made = occlusion_pairs(["junk", row(image="x.png", occluded="x.png"), row(head="{0} 🦆  two\nlines")])  # type: ignore[list-item]
    assert [(one.row, one.reason) for one in made.refused] == [(0, "malformed"), (1, "same_image")]
    assert "{0} 🦆 two lines" in made.pairs[0].text_x
