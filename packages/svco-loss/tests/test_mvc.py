"""Reading, writing, checking and splitting pairs."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from svco_loss import PairFileError, SvcoLossError
from svco_loss.pairs import ImagePair, check_pairs, read_mvc, split_pairs, write_mvc

ROW: dict[str, Any] = {
    "system_prompt": "",
    "instruction_prompt": "What is on the table?",
    "chosen_images": ["a.png"],
    "rejected_images": ["b.png"],
    "chosen_response": "A red cup.",
    "rejected_response": "A blue cup.",
}


def pair(**changes: Any) -> ImagePair:
    fields = {"question": "What?", "image_a": "a.png", "image_b": "b.png", "text_x": "A cup.", "text_y": "A mug."}
    return ImagePair(**(fields | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    Image.new("RGB", (8, 8), "blue").save(tmp_path / "b.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "also-a.bmp")
    Image.effect_noise((64, 64), 50).save(tmp_path / "torn.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "torn.png").read_bytes()[:2000])
    return tmp_path


def test_pairs_come_back_as_they_were_written(tmp_path: Path) -> None:
    emoji = pair(row=1, text_x="ברווז 🦆", category="count", system="Be brief.", question='A "quoted" one?')
    pairs = [pair(row=0), emoji]
    write_mvc(pairs, tmp_path / "mvc.json")
    assert read_mvc(tmp_path / "mvc.json").pairs == tuple(pairs)
    assert [file.name for file in tmp_path.iterdir()] == ["mvc.json"]


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"chosen_images": []}, "chosen_images must be a list of one path"),
        ({"chosen_images": ["a.png", "c.png"]}, "chosen_images must be a list of one path"),
        ({"rejected_images": "b.png"}, "rejected_images must be a list of one path"),
        ({"rejected_images": [None]}, "rejected_images must be a list of one path"),
        ({"chosen_response": 7}, "chosen_response must be text"),
        ({"instruction_prompt": None}, "instruction_prompt must be text"),
        ({"rejected_response": "half an emoji: \ud83d"}, "rejected_response must be text"),
        ({"system_prompt": "cut\0off"}, "system_prompt must be text"),
        ({"chosen_images": ["a\0.png"]}, "chosen_images must be a list of one path"),
    ],
)
def test_a_malformed_row_is_refused_alone(tmp_path: Path, change: dict[str, Any], detail: str) -> None:
    (tmp_path / "mvc.json").write_text(json.dumps([ROW, ROW | change, "junk", ROW]))
    read = read_mvc(tmp_path / "mvc.json")
    assert [one.row for one in read.pairs] == [0, 3]
    assert [(one.row, one.reason, one.detail) for one in read.refused] == [
        (1, "malformed", detail),
        (2, "malformed", "a row must be an object; got str"),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("{}", "must hold a list of rows"),
    ],
    ids=["torn", "deep", "no list"],
)
def test_a_file_of_something_else_is_an_error(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mvc.json").write_text(text)
    with pytest.raises(PairFileError, match=why):
        read_mvc(tmp_path / "mvc.json")
    with pytest.raises(PairFileError, match="cannot be read"):
        read_mvc(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text_x": " \n"}, "empty_text"),
        ({"question": ""}, "empty_text"),
        ({"text_y": "A  cup. "}, "same_text"),
        ({"text_y": "one two three four five"}, "too_long"),
        ({"image_b": "a.png"}, "same_image"),
        ({"image_b": "also-a.bmp"}, "same_image"),
        ({"image_b": "absent.png"}, "missing"),
        ({"image_a": "torn.png"}, "truncated"),
        ({"image_a": "../outside.png"}, "outside_root"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_before_training(
    folder: Path, changes: dict[str, Any], reason: str
) -> None:
    found = check_pairs(
        [pair(row=0), pair(row=1, **changes), pair(row=2)],
        image_root=folder,
        count_tokens=lambda text: len(text.split()) + 1,
        most_answer_tokens=5,
    )
    assert [one.row for one in found.pairs] == [0, 2]
    assert [(one.row, one.reason) for one in found.refused] == [(1, reason)]
    assert found.refused[0].detail


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40), st.integers(0, 40), st.integers(0, 3))
def test_no_image_is_on_both_sides_and_nothing_is_lost(links: list[tuple[int, int]], share: int, seed: int) -> None:
    pairs = [pair(image_a=f"{a}.png", image_b=f"{b}.png", text_x=f"{n}", row=n) for n, (a, b) in enumerate(links)]
    wanted = min(share, len(pairs))
    split = split_pairs(pairs, validation=wanted, seed=seed)
    assert sorted(one.row for side in split for one in side) == list(range(len(pairs)))
    assert len(split.validation) <= wanted
    images = [{image for one in side for image in (one.image_a, one.image_b)} for side in split]
    assert not images[0] & images[1]


def test_the_seed_decides_the_split_and_the_order_of_rows_does_not() -> None:
    pairs = [pair(image_a=f"{n}a.png", image_b=f"{n}b.png", row=n) for n in range(60)]
    shuffled = random.Random(0).sample(pairs, 60)
    split = split_pairs(pairs, validation=20, seed=1)
    assert split == split_pairs(shuffled, validation=20, seed=1) != split_pairs(pairs, validation=20, seed=2)
    assert (len(split.train), len(split.validation)) == (40, 20)
    with pytest.raises(SvcoLossError, match=r"validation must lie in \[0, 60\]"):
        split_pairs(pairs, validation=61)
