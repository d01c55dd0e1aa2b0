"""Reading the Flickr30k counterfactuals of CounterCurate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from svco_loss import PairFileError, SvcoLossError
from svco_loss.pairs import check_pairs, read_countercurate


def picture(path: Path, color: str = "red") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (6, 4), color)
    image.putpixel((0, 0), (255, 255, 255))
    image.save(path)


def change(**fields: Any) -> dict[str, Any]:
    return {"image_id": 0, "pos": "a man is above a bush", "neg": "a man is below a bush", **fields}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """`train_data` as it is unpacked, with one image of each kind, beside the images of Flickr30k."""
    for index in ("11", "12", "13"):
        picture(tmp_path / f"flickr/{index}.jpg")
    picture(tmp_path / "train_data/up_down/neg/11_0.png", "blue")
    picture(tmp_path / "train_data/counting/neg/12_1.jpg", "green")
    picture(tmp_path / "train_data/left_right/neg/13.jpg", "gray")
    picture(tmp_path / "train_data/dalle_gen_counterfactuals/11_noun.jpg", "black")
    write(tmp_path, "up_down", {"11": [change()]})
    counted = {"pos": "there are 2 dogs and 3 men.", "neg": "there are 3 dogs and 2 men."}
    write(tmp_path, "counting", {"12": [change(image_id=7, **counted), counted]})
    sides = {"pos": "a man is to the left of a bush", "neg": "a man is to the right of a bush"}
    write(tmp_path, "left_right", {"13": [change(image_id="4", **sides)]})
    write(tmp_path, "flickr30k_image_captions", {"11": ["Two men wave.", "Men."]})
    write(tmp_path, "dalle_gen_counterfactuals", {"11": {"noun": "Two women wave.", "adjective": None}})
    return tmp_path


def write(tmp_path: Path, name: str, content: object) -> None:
    (tmp_path / "train_data").mkdir(exist_ok=True)
    (tmp_path / f"train_data/{name}.json").write_text(json.dumps(content), encoding="utf-8")


def test_each_kind_of_change_becomes_pairs_with_its_category(release: Path) -> None:
    read = read_countercurate(release / "train_data", release / "flickr", image_root=release)
    found = [(one.category, one.image_a, one.image_b, one.row) for one in read.pairs]
    assert found == [
        ("left_right", "flickr/13.jpg", "train_data/left_right/neg/13.jpg", 0),
        ("up_down", "flickr/11.jpg", "train_data/up_down/neg/11_0.png", 1),
        ("counting", "flickr/12.jpg", "train_data/counting/neg/12_1.jpg", 3),
    ]
    assert [(one.row, one.reason) for one in read.refused] == [(2, "missing")]
    assert (read.pairs[1].text_x, read.pairs[1].text_y) == ("a man is above a bush", "a man is below a bush")
    assert all(one.question for one in read.pairs)
    assert check_pairs(read.pairs, image_root=release).refused == ()


def test_paths_are_as_joined_without_an_image_root(release: Path) -> None:
    (one,) = read_countercurate(release / "train_data", release / "flickr", categories=["up_down"]).pairs
    assert one.image_a == f"{release.as_posix()}/flickr/11.jpg"


def test_written_counterfactuals_are_read_when_asked_for_and_a_null_is_no_entry(release: Path) -> None:
    read = read_countercurate(release / "train_data", release / "flickr", categories=["noun", "adjective"])
    assert [(one.category, one.text_x, one.text_y) for one in read.pairs] == [
        ("noun", "Two men wave.", "Two women wave.")
    ]
    assert read.refused == ()


def test_mirrors_are_made_without_loss_where_the_release_has_none(release: Path) -> None:
    (release / "train_data/left_right/neg/13.jpg").unlink()
    places = (release / "train_data", release / "flickr")
    without = read_countercurate(*places, categories=["left_right"])
    assert [(one.reason, "no folder for mirrors" in one.detail) for one in without.refused] == [("missing", True)]
    (one,) = read_countercurate(*places, categories=["left_right"], mirrors=release / "m", image_root=release).pairs
    with Image.open(release / one.image_a) as before, Image.open(release / one.image_b) as after:
        turned = before.convert("RGB").transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        assert turned.tobytes() == after.tobytes()
    again = read_countercurate(*places, categories=["left_right"], mirrors=release / "m", image_root=release)
    assert again.pairs == (one,)
    assert len(list((release / "m").iterdir())) == 1


def test_a_photograph_that_cannot_be_mirrored_is_refused_alone(release: Path) -> None:
    (release / "train_data/left_right/neg/13.jpg").unlink()
    (release / "flickr/13.jpg").write_bytes(b"no picture")
    read = read_countercurate(release / "train_data", release / "flickr", mirrors=release / "m")
    assert [(one.row, one.reason) for one in read.refused] == [(0, "not_an_image"), (2, "missing")]
    assert [one.category for one in read.pairs] == ["up_down", "counting"]


@pytest.mark.parametrize(
    ("index", "bad", "reason"),
    [
        ("11", [7], "malformed"),
        ("11", "many", "malformed"),
        ("11", [change(pos=None)], "malformed"),
        ("11", [change(neg="half an emoji: \ud83d")], "malformed"),
        ("11", [change(neg="cut\0off")], "malformed"),
        ("11", [change(image_id=[1])], "malformed"),
        ("99", [change()], "missing"),
        ("../flickr/11", [change()], "missing"),
        ("../outside", [change()], "outside_root"),
        ("a\0b", [change()], "missing"),
        ("9" * 5000, [change()], "missing"),
    ],
)
def test_a_bad_entry_is_refused_alone(release: Path, index: str, bad: object, reason: str) -> None:
    picture(release / "outside.jpg")
    write(release, "up_down", {index: bad})
    read = read_countercurate(release / "train_data", release / "flickr", categories=["up_down", "left_right"])
    assert [(one.row, one.reason) for one in read.refused] == [(0, reason)]
    assert read.refused[0].detail
    assert [one.category for one in read.pairs] == ["left_right"]


def test_emoji_and_other_scripts_pass(release: Path) -> None:
    write(release, "up_down", {"11": [change(pos="ברווז above 🦆")]})
    (one,) = read_countercurate(release / "train_data", release / "flickr", categories=["up_down"]).pairs
    assert one.text_x == "ברווז above 🦆"


@pytest.mark.parametrize(("text", "why"), [("[{", "cannot be read as JSON"), ("[]", "must hold an object")])
def test_a_file_of_something_else_is_an_error(release: Path, text: str, why: str) -> None:
    (release / "train_data/up_down.json").write_text(text)
    with pytest.raises(PairFileError, match=why):
        read_countercurate(release / "train_data", release / "flickr")
    with pytest.raises(PairFileError, match="cannot be read"):
        read_countercurate(release, release / "flickr")
    with pytest.raises(SvcoLossError, match="got 'order'"):
        read_countercurate(release / "train_data", release / "flickr", categories=["order"])
