"""Labelled sets from folders and files, and rows that cannot be used."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from selfsynthx.datasets import (
    REFUSALS,
    LabelledSet,
    Shares,
    read_labelled,
    refusals_to_text,
    write_labelled,
)
from selfsynthx.errors import InputError, SettingsError


def pictures(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), "green").save(root / name)
    return root


def rows_of(found: LabelledSet) -> list[tuple[str, str, str, str]]:
    return [(row["id"], row["image"], row["label"], row["split"]) for row in found.rows]


def as_json(path: Path, rows: Any) -> Path:
    path.write_text(json.dumps(rows))
    return path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Six pictures, 0.png to 5.png."""
    return pictures(tmp_path / "images", *(f"{k}.png" for k in range(6)))


def good(**changes: Any) -> list[dict[str, Any]]:
    """Two labels, each in train and in test; the changes go to a fifth row."""
    rows = [
        {
            "id": f"r{k}",
            "image": f"{k}.png",
            "label": "gull" if k % 2 else "tern",
            "split": "train" if k < 2 else "test",
        }
        for k in range(4)
    ]
    return [*rows, {"id": "r4", "image": "4.png", "label": "gull", "split": "train"} | changes]


# folders


def test_a_folder_of_class_folders_is_split_by_label(tmp_path: Path) -> None:
    root = pictures(tmp_path / "birds", *(f"{label}/{k}.png" for label in ("Herring_Gull", "tern") for k in range(10)))
    (root / "tern" / "notes.txt").write_text("no picture")
    (root / ".cache").mkdir()
    found = read_labelled(root, seed=1)
    assert found.labels == ("Herring Gull", "tern")
    assert found.counts() == {"train": 16, "validation": 2, "test": 2}
    assert found.rows[0]["id"] == found.rows[0]["image"] == "Herring_Gull/0.png"
    assert found.root == root
    assert read_labelled(root, seed=1) == found
    assert read_labelled(root, seed=2) != found
    assert read_labelled(root, shares=Shares(0.5, 0.0, 0.5)).counts() == {"train": 10, "validation": 0, "test": 10}


def test_split_folders_are_kept_and_validation_is_carved_where_there_is_none(tmp_path: Path) -> None:
    names = [f"{split}/{label}/{k}.png" for split in ("train", "test") for label in "ab" for k in range(10)]
    root = pictures(tmp_path / "set", *names)
    found = read_labelled(root)
    assert found.counts() == {"train": 18, "validation": 2, "test": 20}
    assert all(row["image"].startswith("train/") for row in found.of_split("validation"))
    pictures(root, "val/a/0.png", "val/b/0.png")
    assert read_labelled(root).counts() == {"train": 20, "validation": 2, "test": 20}


def test_folders_that_make_no_set_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"empty must hold a folder of images for each class; there is no image"):
        read_labelled(tmp_path / "empty")
    mixed = pictures(tmp_path / "mixed", "train/a/0.png", "extra/b/0.png")
    with pytest.raises(InputError, match="not both; beside splits: extra"):
        read_labelled(mixed)
    single = pictures(tmp_path / "single", *(f"a/{k}.png" for k in range(5)))
    with pytest.raises(InputError, match="must have two labels or more; every row is labelled 'a'"):
        read_labelled(single)


# files


@pytest.mark.parametrize("suffix", [".parquet", ".json", ".jsonl", ".csv"])
def test_a_set_that_is_written_reads_the_same(suffix: str, images: Path, tmp_path: Path) -> None:
    source = as_json(tmp_path / "rows.json", good(label='Gull, "Western" é'))
    found = read_labelled(source, images=images, shares=Shares(0.9, 0.0, 0.1))
    write_labelled(found, tmp_path / "out" / f"set{suffix}")
    again = read_labelled(tmp_path / "out" / f"set{suffix}", images=images, shares=Shares(0.9, 0.0, 0.1))
    assert again == found
    assert rows_of(found)[4] == ("r4", "4.png", 'Gull, "Western" é', "train")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"set{suffix}"]


def as_csv(path: Path, header: list[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([header, *(
            [f"{k}.png", f"bird {k % 2}", "Training" if k < 4 else "TEST"] for k in range(6)
        )])  # fmt: skip
    return path


def test_a_csv_is_read_by_the_usual_names_of_its_columns(images: Path, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "labels.csv", ["file_name", "class_name", "subset"])
    found = read_labelled(path, images=images, shares=Shares(0.9, 0.0, 0.1))
    assert rows_of(found)[0] == ("0.png", "0.png", "bird 0", "train")
    assert found.counts() == {"train": 4, "validation": 0, "test": 2}


def test_columns_of_other_names_are_refused_with_those_that_are_looked_for(images: Path, tmp_path: Path) -> None:
    path = as_csv(tmp_path / "labels.csv", ["pic", "species", "part"])
    with pytest.raises(InputError, match=r"labels.csv must have a column image or .* for the image; it has pic, spec"):
        read_labelled(path, images=images)
    path = as_csv(tmp_path / "labels.csv", ["path", "species", "part"])
    with pytest.raises(InputError, match="must have a column label or class or class_name for the label; it has path"):
        read_labelled(path, images=images)


def test_the_originals_pair_of_index_files_is_one_set(images: Path, tmp_path: Path) -> None:
    train = [{"id": k, "img_path": f"images/{k}.png", "label": "gull" if k % 2 else "tern"} for k in range(4)]
    test = [{"id": k - 4, "img_path": f"images/{k}.png", "label": "gull" if k % 2 else "tern"} for k in (4, 5)]
    path = as_json(tmp_path / "cub-200-train.json", train)
    with pytest.raises(InputError, match=r"one of a pair of index files; cub-200-test\.json must lie beside it"):
        read_labelled(path)
    as_json(tmp_path / "cub-200-test.json", test)
    found = read_labelled(path, shares=Shares(0.9, 0.0, 0.1))
    assert rows_of(found)[0] == ("train-0", "images/0.png", "tern", "train")
    assert rows_of(found)[-1] == ("test-1", "images/5.png", "gull", "test")


def test_a_list_without_splits_is_split(images: Path, tmp_path: Path) -> None:
    rows = [{"id": k, "img_path": f"{k}.png", "label": "gull" if k % 2 else "tern"} for k in range(6)]
    found = read_labelled(as_json(tmp_path / "all.json", rows), images=images, shares=Shares(0.5, 0.0, 0.5))
    assert found.counts() == {"train": 3, "validation": 0, "test": 3}
    assert {row["id"] for row in found.rows} == {"0", "1", "2", "3", "4", "5"}


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('[{"id": 1,')
    (tmp_path / "empty.csv").write_text("image,label\n")
    (tmp_path / "wide.csv").write_text("image,label\na.png,x,y\n")
    with pytest.raises(InputError, match="is truncated"):
        read_labelled(tmp_path / "torn.json")
    with pytest.raises(InputError, match=r"none.csv can't be read: No such file"):
        read_labelled(tmp_path / "none.csv")
    with pytest.raises(InputError, match=r"empty.csv holds no row"):
        read_labelled(tmp_path / "empty.csv")
    with pytest.raises(InputError, match=r"wide.csv, line 2: more fields than the header names"):
        read_labelled(tmp_path / "wide.csv")
    with pytest.raises(SettingsError, match=r"a folder or end in .parquet, .json, .jsonl, .csv; got 'set.xlsx'"):
        read_labelled(tmp_path / "set.xlsx")
    as_json(tmp_path / "rows.json", good())
    with pytest.raises(InputError, match="the image folder must be there"):
        read_labelled(tmp_path / "rows.json", images=tmp_path / "nowhere")


# rows that cannot be used


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": " "}, "no_id"),
        ({"id": None}, "no_id"),
        ({"id": "r0"}, "duplicate_id"),
        ({"label": " \n"}, "blank_label"),
        ({"label": None}, "blank_label"),
        ({"label": "?!"}, "label_without_letters"),
        ({"image": ""}, "no_image"),
        ({"image": "9.png"}, "missing"),
        ({"image": "a\0b"}, "missing"),
        ({"image": "../rows.json"}, "outside_root"),
        ({"image": "/etc/hostname"}, "outside_root"),
        ({"image": "link.png"}, "outside_root"),
        ({"image": "empty.png"}, "not_a_file"),
        ({"image": "folder"}, "not_a_file"),
        ({"image": "."}, "outside_root"),
        ({"image": "0.png"}, "duplicate_image"),
        ({"image": "./folder/../0.png"}, "duplicate_image"),
        ({"split": "somewhere"}, "unknown_split"),
        ({"split": ""}, "unknown_split"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_others_are_kept(
    changes: dict[str, Any], reason: str, images: Path, tmp_path: Path
) -> None:
    (images / "empty.png").touch()
    (images / "folder").mkdir()
    pictures(tmp_path, "secret.png")
    (images / "link.png").symlink_to(tmp_path / "secret.png")
    found = read_labelled(as_json(tmp_path / "rows.json", good(**changes)), images=images)
    assert [one.reason for one in found.refused] == [reason]
    assert [row["id"] for row in found.rows] == ["r0", "r1", "r2", "r3"]
    assert f"1 refused: {reason} ({REFUSALS[reason]}; first" in refusals_to_text(found)


def test_refused_rows_are_counted_by_reason(images: Path, tmp_path: Path) -> None:
    bad = [{"id": f"b{k}", "image": "9.png", "label": "gull", "split": "train"} for k in range(3)]
    rows = [*good(label=""), *bad]
    found = read_labelled(as_json(tmp_path / "rows.json", rows), images=images)
    assert found.refusal_counts() == {"missing": 3, "blank_label": 1}
    assert len(found.rows) + len(found.refused) == len(rows)
    assert refusals_to_text(found).startswith(
        "3 refused: missing (names an image that is not there; first 'b0': '9.png"
    )


def test_paths_and_labels_are_cleaned(images: Path, tmp_path: Path) -> None:
    rows = good(label="  Western\n gull ", image=str(images / "5.png"))
    rows[0]["image"] = "./0.png"
    found = read_labelled(as_json(tmp_path / "rows.json", rows), images=images, shares=Shares(0.9, 0.0, 0.1))
    assert (found.rows[0]["image"], found.rows[4]["image"], found.rows[4]["label"]) == (
        "0.png",
        "5.png",
        "Western gull",
    )


def test_a_root_behind_a_link_is_no_way_out(images: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(images)
    found = read_labelled(as_json(tmp_path / "rows.json", good()), images=tmp_path / "linked")
    assert (len(found.rows), found.refused) == (5, ())


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (
            {"label": "puffin", "split": "test"},
            r"must have each label in train; 'puffin' is only in validation or test",
        ),
        ({"label": "GULL"}, "labels must read differently"),
    ],
)
def test_labels_that_do_not_go_together_are_refused(
    changed: dict[str, Any], text: str, images: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=text):
        read_labelled(as_json(tmp_path / "rows.json", good(**changed)), images=images)


def test_a_set_without_train_or_test_or_any_row_is_refused(images: Path, tmp_path: Path) -> None:
    for lacking, other in (("test", "train"), ("train", "test")):
        rows = [row | {"split": other} for row in good()]
        with pytest.raises(InputError, match=f"rows.json must have {lacking} rows; got train"):
            read_labelled(as_json(tmp_path / "rows.json", rows), images=images, shares=Shares(0.9, 0.0, 0.1))
    rows = [row | {"image": "none.png"} for row in good()]
    with pytest.raises(InputError, match="holds no row that can be used; 5 refused: missing"):
        read_labelled(as_json(tmp_path / "rows.json", rows), images=images)


def test_parquet_without_ids_takes_the_path(images: Path, tmp_path: Path) -> None:
    table = pa.table(
        {"path": [f"{k}.png" for k in range(6)], "class": ["a", "b"] * 3, "subset": ["train"] * 4 + ["test"] * 2}
    )
    pq.write_table(table, tmp_path / "set.parquet")
    found = read_labelled(tmp_path / "set.parquet", images=images, shares=Shares(0.9, 0.0, 0.1))
    assert rows_of(found)[5] == ("5.png", "5.png", "b", "test")
    assert Counter(row["split"] for row in found.rows) == {"train": 4, "test": 2}
