"""Pairs as Hugging Face data sets, as rows of TRL and of ms-swift, and back."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, Features, List, Value
from datasets import Image as ImageFeature
from PIL import Image
from svco_loss import PairFileError, SvcoLossError
from svco_loss.pairs import (
    ImagePair,
    check_pairs,
    dataset_to_pairs,
    pairs_to_dataset,
    pairs_to_swift,
    pairs_to_trl,
    swift_to_pairs,
)


def pair(**changes: Any) -> ImagePair:
    fields = {"question": "What?", "image_a": "a.png", "image_b": "b.png", "text_x": "A cup.", "text_y": "A mug."}
    return ImagePair(**(fields | changes))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, color in (("a.png", "red"), ("b.png", "blue"), ("c.bmp", "green")):
        Image.new("RGB", (6, 4), color).save(tmp_path / name)
    return tmp_path


def png(color: str) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (6, 4), color).save(stream, "PNG")
    return stream.getvalue()


def row(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"instruction_prompt": "What?", "chosen_response": "A cup.", "rejected_response": "A mug."}
    return fields | {"chosen_images": ["a.png"], "rejected_images": ["b.png"]} | changes


PAIRS = [pair(row=0, category="count", system="Be brief."), pair(row=1, text_x="ברווז 🦆", image_b="c.bmp")]


def test_pairs_come_back_from_paths_as_they_went(folder: Path) -> None:
    dataset = pairs_to_dataset(PAIRS, folder, embed_images=False)
    assert dataset[0]["chosen_images"][0].getpixel((0, 0)) == (255, 0, 0)
    assert dataset_to_pairs(dataset, folder).pairs == tuple(PAIRS)


def test_embedded_images_come_back_as_files_with_the_same_pixels(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    dataset = pairs_to_dataset(PAIRS, folder)
    dataset.to_parquet(tmp_path / "pairs.parquet")
    for name in ("a.png", "b.png", "c.bmp"):
        (folder / name).unlink()
    read = dataset_to_pairs(Dataset.from_parquet(str(tmp_path / "pairs.parquet"), cache_dir=tmp_path), folder / "out")
    assert read.refused == ()
    assert len(list((folder / "out").iterdir())) == 3, "an image that stands in two rows is written once"
    for before, after, color in zip(PAIRS, read.pairs, ("blue", "green"), strict=True):
        assert before.text_x == after.text_x
        with Image.open(folder / "out" / after.image_b) as image:
            assert image.tobytes() == Image.new("RGB", (6, 4), color).tobytes()
    assert check_pairs(read.pairs, image_root=folder / "out").refused == ()


def images(value: Any, feature: Any) -> Dataset:
    texts = dict.fromkeys(("instruction_prompt", "chosen_response", "rejected_response"), Value("string"))
    features = Features({**texts, "chosen_images": feature, "rejected_images": List(Value("string"))})
    return Dataset.from_list([row(chosen_images=value)], features=features)


@pytest.mark.parametrize(
    ("value", "feature", "written"),
    [
        ("a.png", Value("string"), False),
        (["a.png"], List(Value("string")), False),
        (png("red"), Value("binary"), True),
        ([png("red")], List(Value("binary")), True),
        ({"bytes": png("red"), "path": "../no/such/file.png"}, ImageFeature(), True),
        ([{"bytes": png("red"), "path": None}], List(ImageFeature()), True),
        (Image.new("RGB", (6, 4), "red"), ImageFeature(), True),
        ({"bytes": None, "path": "a.png"}, ImageFeature(), False),
    ],
)
def test_images_may_be_paths_or_bytes_alone_or_in_a_list(folder: Path, value: Any, feature: Any, written: bool) -> None:
    (one,) = dataset_to_pairs(images(value, feature), folder).pairs
    assert (one.image_a != "a.png") == written
    with Image.open(folder / one.image_a) as image:
        assert image.getpixel((0, 0)) == (255, 0, 0)


def test_absolute_paths_elsewhere_stay_absolute(folder: Path) -> None:
    read = dataset_to_pairs(images(str(folder / "a.png"), Value("string")), folder / "elsewhere")
    assert [(one.reason, one.row) for one in read.refused] == [("missing", 0)], "b.png is not in that folder"
    (folder / "elsewhere").mkdir()
    (folder / "b.png").rename(folder / "elsewhere/b.png")
    (one,) = dataset_to_pairs(images(str(folder / "a.png"), Value("string")), folder / "elsewhere").pairs
    assert (one.image_a, one.image_b) == (str(folder / "a.png"), "b.png")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chosen_response": None}, "malformed"),
        ({"chosen_response": "cut\0off"}, "malformed"),
        ({"chosen_images": []}, "malformed"),
        ({"chosen_images": ["a.png", "b.png"]}, "malformed"),
        ({"chosen_images": [None]}, "malformed"),
        ({"chosen_images": None}, "malformed"),
        ({"chosen_images": ["absent.png"]}, "missing"),
        ({"chosen_images": ["a\0.png"]}, "malformed"),
        ({"chosen_images": ["../outside.png"]}, "outside_root"),
    ],
)
def test_a_bad_row_is_refused_alone(folder: Path, changes: dict[str, Any], reason: str) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (folder / "a.png").rename(inside / "a.png")
    (folder / "b.png").rename(inside / "b.png")
    (folder / "c.bmp").rename(folder / "outside.png")
    read = dataset_to_pairs(Dataset.from_list([row(), row(**changes), row()]), inside)
    assert [(one.row, one.reason) for one in read.refused] == [(1, reason)]
    assert read.refused[0].detail
    assert [one.row for one in read.pairs] == [0, 2]


@pytest.mark.parametrize(("data", "reason"), [(b"junk", "not_an_image"), (png("red")[:50], "truncated")])
def test_bytes_that_are_no_image_are_refused_alone(folder: Path, data: bytes, reason: str) -> None:
    features = Features({"chosen_images": ImageFeature(), "rejected_images": ImageFeature()})
    texts = {name: ["x", "y"] for name in ("instruction_prompt", "chosen_response", "rejected_response")}
    pictures = {"chosen_images": [data, png("red")], "rejected_images": [png("blue"), png("blue")]}
    dataset = Dataset.from_dict(
        {**pictures, **texts}, features=Features({**features, **dict.fromkeys(texts, Value("string"))})
    )
    read = dataset_to_pairs(dataset, folder)
    assert [(one.row, one.reason) for one in read.refused] == [(0, reason)]
    assert [one.row for one in read.pairs] == [1]


def test_what_cannot_become_a_data_set_is_an_error_that_names_the_row(folder: Path) -> None:
    (folder / "empty.png").touch()
    with pytest.raises(PairFileError, match=r"row 3: .* is no image file"):
        pairs_to_dataset([pair(row=3, image_b="empty.png")], folder)
    for embed in (True, False):
        with pytest.raises(PairFileError, match=r"row 3: .*absent\.png"):
            pairs_to_dataset([pair(row=3, image_a="absent.png")], folder, embed)
    with pytest.raises(PairFileError, match="leads outside"):
        pairs_to_dataset([pair(image_a="../a.png")], folder / "inside")
    with pytest.raises(PairFileError, match="must have a column 'rejected_images'"):
        dataset_to_pairs(Dataset.from_list([row()]).remove_columns("rejected_images"), folder)
    assert pairs_to_dataset([], folder).num_rows == 0


def test_trl_gets_each_image_with_its_own_text_chosen(folder: Path) -> None:
    exported = pairs_to_trl([pair(system="Be brief.", image_a=str(folder / "a.png"), image_b=str(folder / "b.png"))])
    dataset = Dataset.from_list(list(exported.rows)).cast_column("images", List(ImageFeature()))
    pixels = [one["images"][0].getpixel((0, 0)) for one in dataset]
    said = [[one[side][0]["content"][0]["text"] for side in ("chosen", "rejected")] for one in dataset]
    assert (pixels, said) == ([(255, 0, 0), (0, 0, 255)], [["A cup.", "A mug."], ["A mug.", "A cup."]])
    assert [turn["role"] for turn in exported.rows[0]["prompt"]] == ["system", "user"]
    assert exported.rows[0]["prompt"][1]["content"] == [{"type": "image"}, {"type": "text", "text": "What?"}]


def test_swift_gets_the_same_text_on_both_images_or_both_texts_on_one() -> None:
    user = {"role": "user", "content": "<image>What?"}
    assert pairs_to_swift([pair()]).rows == (
        {"messages": [user, says("A cup.")], "images": ["a.png"], "rejected_images": ["b.png"]},
        {"messages": [user, says("A mug.")], "images": ["b.png"], "rejected_images": ["a.png"]},
    )
    assert pairs_to_swift([pair()], contrast="text").rows == (
        {"messages": [user, says("A cup.")], "images": ["a.png"], "rejected_response": "A mug."},
        {"messages": [user, says("A mug.")], "images": ["b.png"], "rejected_response": "A cup."},
    )
    with pytest.raises(SvcoLossError, match="contrast must be"):
        pairs_to_swift([], contrast="both")  # type: ignore[arg-type]


def says(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


@pytest.mark.parametrize("contrast", ["image", "text"])
def test_pairs_come_back_from_the_rows_of_swift(contrast: Any) -> None:
    pairs = [pair(), pair(system="Be brief."), pair(image_a="c.png", text_x="Zwei 🐕."), pair()]
    lines = [json.dumps(one) for one in pairs_to_swift(pairs, contrast=contrast).rows]
    read = swift_to_pairs(json.loads(line) for line in lines)
    assert read.refused == ()
    assert read.pairs == tuple(pair(**{**vars(one), "row": 2 * n}) for n, one in enumerate(pairs))


def swift(**changes: Any) -> dict[str, Any]:
    return {**pairs_to_swift([pair()]).rows[0], "rejected_response": "A mug."} | changes


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("junk", "malformed"),
        (swift(messages=[]), "malformed"),
        (swift(messages=[says("A cup.")]), "malformed"),
        (swift(messages="hello"), "malformed"),
        (swift(messages=[{"role": "user", "content": "no tag"}, says("A cup.")]), "malformed"),
        (swift(images=["a.png", "b.png"]), "malformed"),
        (swift(rejected_images=[]), "malformed"),
        (swift(rejected_response=7), "malformed"),
        (swift(rejected_images=None, rejected_response=None), "malformed"),
        (swift(rejected_images=None), "no_partner"),
        (swift(rejected_response=None), "no_partner"),
    ],
)
def test_a_bad_row_of_swift_is_refused_alone(bad: Any, reason: str) -> None:
    read = swift_to_pairs([swift(), bad, swift(images="a.png", rejected_images=[{"path": "b.png", "bytes": None}])])
    assert [(one.row, one.reason) for one in read.refused] == [(1, reason)]
    assert read.refused[0].detail
    assert read.pairs == (pair(row=0), pair(row=2))


@pytest.mark.parametrize("export", [pairs_to_trl, pairs_to_swift])
def test_a_text_that_would_be_taken_for_a_picture_is_refused_alone(export: Any) -> None:
    exported = export([pair(row=0), pair(row=1, text_y="An <image> of a mug."), pair(row=2)])
    assert len(exported.rows) == 4
    assert [(one.row, one.reason) for one in exported.refused] == [(1, "image_tag")]
