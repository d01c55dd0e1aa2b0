"""The user's images in every form that they come in, and bad rows among good ones."""

import json
import pickle
import re
import struct
import zlib
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from shard_runner import StageAccount, TableError, read_rows
from world2code.errors import InputError, SettingsError
from world2code.grounding import load_detector
from world2code.settings import W2cSettings
from world2code.sources import image_path, images_source
from world2code.user_rows import passed_of, read_user_rows, scene_of

Made = Callable[..., W2cSettings]
RunUntil = Callable[[W2cSettings, Path, str], dict[str, StageAccount]]


def size_of(row: dict[str, Any]) -> tuple[int, int]:
    return row["width"], row["height"]


def png(size_wh: tuple[int, int] = (40, 20)) -> bytes:
    made = BytesIO()
    Image.new("RGB", size_wh, "red").save(made, format="PNG")
    return made.getvalue()


def bomb() -> bytes:
    """A PNG file of some bytes that claims to be 60000 pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def write_rows(rows: list[dict[str, Any]], path: Path) -> Path:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture
def described(scripted: Any, made: Made, run_until: RunUntil, tmp_path: Path) -> Any:
    """Runs the step `captions` and returns its account and its rows."""

    def run(**changes: Any) -> tuple[StageAccount, list[Any]]:
        accounts = run_until(made(**changes), tmp_path / "run", "captions")
        assert all(account.adds_up for account in accounts.values())
        return accounts["captions"], list(read_rows(tmp_path / "run", "captions"))

    return run


# folders and tables


def test_every_image_of_a_folder_is_a_row(described: Any, tmp_path: Path) -> None:
    (tmp_path / "photos" / "deep" / "er").mkdir(parents=True)
    for name in ("b.PNG", "deep/er/a.png", "deep/ä ö.jpg"):
        Image.new("RGB", (40, 20)).save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "notes.txt").write_text("no image")
    account, rows = described(images=tmp_path / "photos")
    assert account.rows_out == 3
    assert [row["id"] for row in rows] == ["b.PNG", "deep/er/a.png", "deep/ä ö.jpg"]
    assert all(size_of(row) == (40, 20) and row["image"] == row["id"] for row in rows)


@pytest.mark.parametrize("column", ["image", "frame", "binary"])
@pytest.mark.parametrize("is_struct", [False, True])
def test_images_may_come_as_bytes(column: str, is_struct: bool, described: Any, tmp_path: Path) -> None:
    contents = [png((40, 20)), png((30, 60))]
    cells = [{"bytes": content, "path": "elsewhere.png"} if is_struct else content for content in contents]
    data = write_rows([{column: cell, "tag": k} for k, cell in enumerate(cells)], tmp_path / "data.parquet")
    _, rows = described(data=data)
    assert [size_of(row) for row in rows] == [(40, 20), (30, 60)]
    assert [row["id"] for row in rows] == ["row-0", "row-1"]
    assert [row["passed"] for row in rows] == [{"tag": 0}, {"tag": 1}]
    for row, content in zip(rows, contents, strict=True):
        assert image_path(row, W2cSettings.model_validate({"data": data}), tmp_path / "run").read_bytes() == content


@pytest.mark.parametrize("column", ["image_path", "path", "image", "frame"])
@pytest.mark.parametrize("suffix", [".parquet", ".json", ".jsonl"])
def test_images_may_come_as_paths(column: str, suffix: str, described: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.png").write_bytes(png())
    rows: list[dict[str, Any]] = [{column: "sub/a.png", "id": 0, "more": {"likes": [1, 2]}, "n": None}]
    _, found = described(data=write_rows(rows, tmp_path / f"data{suffix}"))
    assert [row["id"] for row in found] == ["0"]
    assert size_of(found[0]) == (40, 20)
    assert found[0]["passed"] == {"more": {"likes": [1, 2]}, "n": None}


def test_a_stored_path_in_a_struct_is_taken_where_it_has_no_bytes(described: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    rows = [{"image": {"bytes": None, "path": "a.png"}}, {"image": {"bytes": png((8, 9)), "path": None}}]
    _, found = described(data=write_rows(rows, tmp_path / "data.parquet"))
    assert [size_of(row) for row in found] == [(40, 20), (8, 9)]


def test_other_columns_pass_through_whatever_they_are_called(
    scripted: Any, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png())
    other = {"evidence": "mine", "captions": 3, "calls": "many", "taken": date(2026, 1, 2), "mask": b"\x00"}
    data = write_rows([{"image_path": "a.png", **other}], tmp_path / "data.parquet")
    boxes: dict[str, list[Any]] = {"images": [{"id": 1, "file_name": "a.png", "width": 40, "height": 20}]}
    boxes["categories"] = [{"id": 1, "name": "dog"}]
    boxes["annotations"] = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 30, 15]}]
    (tmp_path / "boxes.json").write_text(json.dumps(boxes))
    run_until(made(data=data), tmp_path / "run", "export")
    (row,) = read_rows(tmp_path / "run", "validate")
    assert row["passed"] == {"evidence": "mine", "captions": 3, "calls": "many", "taken": "2026-01-02"}
    assert row["bytes_columns"] == ["mask"]
    (published,) = pq.read_table(tmp_path / "run" / "export" / "published.parquet").to_pylist()
    assert {name: published[name] for name in row["passed"]} == row["passed"]


def test_images_of_parquet_are_read_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"image": png(), "id": str(k)} for k in range(40)]
    path = write_rows(rows, tmp_path / "data.parquet")
    monkeypatch.setattr(pq.ParquetFile, "read", lambda *_, **__: pytest.fail("the whole file was read"))
    assert [row["id"] for row in read_user_rows(path)] == [str(k) for k in range(40)]


# bad rows


def test_bad_rows_get_their_reasons_and_their_neighbours_are_unharmed(
    described: Any, scripted: Any, tmp_path: Path
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "good.png").write_bytes(png())
    (folder / "torn.png").write_bytes(png((300, 300))[:90])
    (folder / "bomb.png").write_bytes(bomb())
    (folder / "text.png").write_text("no picture")
    (folder / "empty.png").write_bytes(b"")
    Image.new("CMYK", (40, 20)).save(folder / "cmyk.jpg")
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 20)).save(folder / "turned.jpg", exif=turned)
    (tmp_path / "outside.png").write_bytes(png())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    rows: list[dict[str, Any]] = [{"id": name, "image_path": name} for name in sorted(p.name for p in folder.iterdir())]
    rows += [
        {"id": "up", "image_path": "../outside.png"},
        {"id": "absolute", "image_path": str(tmp_path / "outside.png")},
        {"id": "absent", "image_path": "absent.png"},
        {"id": "nul", "image_path": "a\0.png"},
        {"id": "number", "image_path": 7},
        {},
        {"id": "good.png", "image_path": "good.png"},
        {"id": "a/b/../c", "image_path": "good.png"},
        {"id": "bad scene", "image_path": "good.png", "scene": "kitchen"},
        {"id": "last", "image_path": "good.png"},
    ]
    account, found = described(data=write_rows(rows, tmp_path / "data.json"), images=folder)
    assert account.failed == {
        "bad_scene": 1,
        "missing": 4,
        "not_an_image": 2,
        "outside_root": 3,
        "too_large": 1,
        "truncated": 1,
    }
    assert [row["id"] for row in found] == ["cmyk.jpg", "good.png", "turned.jpg", "a/b/../c", "last"]
    sizes = {row["id"]: size_of(row) for row in found}
    assert sizes["turned.jpg"] == (20, 40)
    assert sizes["cmyk.jpg"] == (40, 20)
    assert {name.rsplit("/", 1)[0] for name in scripted.asked} == set(sizes)


def test_a_repeated_id_is_dropped_and_counted(made: Made, scripted: Any, run_until: RunUntil, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png())
    rows = [{"id": "1", "image_path": "a.png"}, {"id": 1, "image_path": "a.png"}, {"id": "2", "image_path": "a.png"}]
    accounts = run_until(made(data=write_rows(rows, tmp_path / "data.json")), tmp_path / "run", "captions")
    assert accounts["images"].dropped == {"duplicate_id": 1}
    assert accounts["captions"].rows_out == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.parquet", b"PAR1", "a.parquet is not a whole Parquet file"),
        ("b.json", b'[{"id": 1', "truncated"),
        ("c.csv", b"id,image", "must end in"),
        ("absent.parquet", None, "can't be read"),
    ],
)
def test_a_table_that_cannot_be_read_is_an_error_of_one_line(
    name: str, content: bytes | None, words: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises((InputError, TableError), match=words) as raised:
        list(read_user_rows(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_a_folder_without_images_is_told(made: Made, scripted: Any, run_until: RunUntil, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a folder"):
        run_until(made(), tmp_path / "run", "captions")
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="holds no image"):
        run_until(made(), tmp_path / "run", "captions")


# captions and boxes that the data has

PUBLISHED = {
    "detail_caption": ["a dog beside a cat"],
    "general_caption": ["a dog"],
    "dino_box": [[1.0, 2.0, 30.0, 18.0], [-5.0, 0.0, 10.0, 90.0]],
    "dino_phrases": ["dog(0.61)", "cat (0.4)"],
    "dino_scores": [0.61, 0.4],
}


def reuse(rows: list[dict[str, Any]], made: Made, tmp_path: Path) -> W2cSettings:
    (tmp_path / "a.png").write_bytes(png())
    data = write_rows(
        [{"id": str(k), "image_path": "a.png", **row} for k, row in enumerate(rows)], tmp_path / "d.parquet"
    )
    return made(data=data, reuse=True, detector=None)


def test_published_columns_are_taken_as_they_are(
    made: Made, scripted: Any, run_until: RunUntil, tmp_path: Path
) -> None:
    run_until(reuse([PUBLISHED], made, tmp_path), tmp_path / "run", "ground")
    (row,) = read_rows(tmp_path / "run", "ground")
    assert [(one["kind"], one["text"]) for one in row["captions"]] == [
        ("detailed", "a dog beside a cat"),
        ("general", "a dog"),
    ]
    found = [(one["name"], one["box_xyxy_px"], one["score"]) for one in row["sightings"]]
    assert found == [("dog", [1, 2, 30, 18], 0.61), ("cat", [0, 0, 10, 20], 0.4)]
    assert scripted.asked == []


class Trap:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_pickled_columns_are_refused_and_nothing_is_unpickled(
    made: Made, scripted: Any, run_until: RunUntil, tmp_path: Path
) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"))
    boxes = [PUBLISHED | {"dino_box": trap, "dino_scores": trap, "dino_phrases": trap}]
    accounts = run_until(reuse(boxes, made, tmp_path), tmp_path / "boxes", "ground")
    assert accounts["ground"].failed == {"pickled": 1}
    assert accounts["ground"].rows_in == 1
    detail = failure(tmp_path / "boxes" / "ground")
    assert "dino_box, dino_phrases, dino_scores must hold plain lists; bytes are pickles and are never loaded" in detail
    captions = [PUBLISHED | {"detail_caption": trap}]
    accounts = run_until(reuse(captions, made, tmp_path), tmp_path / "captions", "ground")
    assert accounts["captions"].failed == {"pickled": 1}
    assert not (tmp_path / "sprung").exists()


def failure(folder: Path) -> str:
    (entry,) = pq.read_table(folder / "failed.parquet").to_pylist()
    return entry["detail"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dino_scores": [0.9]}, "must be equally long; got 2, 2 and 1"),
        ({"dino_box": [[1.0, 2.0, 3.0]] * 2}, r"must hold lists of four finite numbers, pixels; got \[1.0, 2.0, 3.0\]"),
        ({"dino_box": [[50.0, 50.0, 60.0, 60.0]] * 2}, "x0 < x1"),
        ({"dino_box": [[None, 2.0, 3.0, 4.0]] * 2}, r"got \[None, 2.0, 3.0, 4.0\]"),
        ({"dino_box": [[float("nan"), 2.0, 3.0, 4.0]] * 2}, r"got \[nan, 2.0"),
        ({"dino_box": None}, "needs dino_box, dino_phrases and dino_scores as lists"),
    ],
)
def test_boxes_that_do_not_hold_together_fail_their_row(
    changes: dict[str, Any], words: str, made: Made, scripted: Any, run_until: RunUntil, tmp_path: Path
) -> None:
    accounts = run_until(reuse([PUBLISHED | changes, PUBLISHED], made, tmp_path), tmp_path / "run", "ground")
    assert sum(accounts["ground"].failed.values()) == 1
    assert re.search(words, failure(tmp_path / "run" / "ground"))
    assert [row["id"] for row in read_rows(tmp_path / "run", "ground")] == ["1"]


def test_a_replaced_picture_renews_its_rows_and_no_others(
    scripted: Any, draw: Any, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    draw({name: [("dog", (10, 10, 60, 60))] for name in ("a.png", "b.png")})
    settings = made()
    run_until(settings, tmp_path / "run", "rows")
    before = list(read_rows(tmp_path / "run", "rows"))
    Image.new("RGB", (200, 100), (0, 200, 0)).save(tmp_path / "images" / "b.png")
    scripted.asked.clear()
    run_until(settings, tmp_path / "run", "rows")  # the model says the same about the new picture
    assert {name.partition("/")[0] for name in scripted.asked} == {"b.png"}
    after = list(read_rows(tmp_path / "run", "rows"))
    is_old = ["a.png" in row["images"][0] for row in before]
    assert [one == other for one, other in zip(before, after, strict=True)] == is_old
    assert set(is_old) == {True, False}


def test_boxes_of_a_table_are_those_of_a_coco_file(
    scripted: Any, draw: Any, made: Made, run_until: RunUntil, tmp_path: Path
) -> None:
    draw({"a.png": [("dog", (10, 10, 60, 60))]})
    row = {"image": "a.png", "phrase": "dog", "box_xyxy_px": [10.0, 10.0, 60.0, 60.0], "width": 200, "height": 100}
    write_rows([row], tmp_path / "boxes.parquet")
    found: list[Any] = []
    for name in ("boxes.json", "boxes.parquet"):
        run_until(made(detector=str(tmp_path / name)), tmp_path / name.replace(".", "-"), "ground")
        found.append([row["sightings"] for row in read_rows(tmp_path / name.replace(".", "-"), "ground")])
    assert found[0] == found[1] != []
    (tmp_path / "boxes.parquet").write_text("torn")
    with pytest.raises(SettingsError, match=r"--detector .*boxes\.parquet"):
        load_detector(made(detector=str(tmp_path / "boxes.parquet")))


def test_nothing_outside_the_folder_is_stamped(made: Made, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for path in (tmp_path / "images" / "a.png", tmp_path / "outside.png"):
        path.write_bytes(b"one")
    (tmp_path / "images" / "link.png").symlink_to(tmp_path / "outside.png")
    names = ["a.png", "../outside.png", str(tmp_path / "outside.png"), "link.png", "missing.png"]
    (tmp_path / "rows.json").write_text(json.dumps([{"image_path": name} for name in names]))
    settings = made(data=tmp_path / "rows.json", images=tmp_path / "images")
    stamps = [row["stamp"] for row in images_source(settings, tmp_path / "run").rows()]
    assert [bool(stamp) for stamp in stamps] == [True, False, False, False, False]


def test_values_that_a_table_may_hold_pass_through_as_plain_ones() -> None:
    row = {"image": b"x", "image_path": "a/b.jpg", "pairs": [("k", timedelta(seconds=2))], "bad": [("k", b"pickle")]}
    passed, left_out = passed_of(row, "image")
    assert passed == {"source_image_path": "a/b.jpg", "pairs": [["k", "0:00:02"]]}
    assert left_out == ["bad"]
    assert scene_of({"scene": b"pickle"}) == "bytes"
