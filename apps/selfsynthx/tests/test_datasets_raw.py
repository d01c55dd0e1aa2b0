"""Raw downloads, each as a small replica of how its authors packed it."""

import csv
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from selfsynthx.datasets import (
    RAW_SETS,
    LabelledSet,
    Shares,
    known_specs,
    label_matcher,
    load_spec,
    raw_options,
    read_raw,
)
from selfsynthx.datasets.raw.matlab_lists import read_text_cells
from selfsynthx.errors import InputError, SettingsError

Rows = list[tuple[str, str, str, str]]


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), "green").save(path)


def written(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))


def rows_of(found: LabelledSet) -> Rows:
    return [(row["id"], row["image"], row["label"], row["split"]) for row in found.rows]


# MATLAB lists


def element(kind: int, content: bytes, order: str) -> bytes:
    return struct.pack(f"{order}II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def matrix(name: str, kind: int, dims: tuple[int, int], content: bytes, order: str) -> bytes:
    flags = element(6, struct.pack(f"{order}II", kind, 0), order)
    short = struct.pack(f"{order}I", len(name) << 16 | 1) + name.encode().ljust(4, b"\0")
    named = short if 0 < len(name) <= 4 else element(1, name.encode(), order)
    return element(14, flags + element(5, struct.pack(f"{order}2i", *dims), order) + named + content, order)


def text(value: str, order: str) -> bytes:
    utf_16 = value.encode("utf-16-le" if order == "<" else "utf-16-be")
    return matrix("", 4, (1, len(value)), element(4, utf_16, order), order)


def mat_file(lists: dict[str, list[str]], *, order: str = "<", packed: bool = True) -> bytes:
    """A MATLAB 5 file as MATLAB writes it: 16-bit texts in cells, variables packed."""
    head = b"MATLAB 5.0 MAT-file".ljust(124) + (b"\x00\x01IM" if order == "<" else b"\x01\x00MI")
    made = b""
    for name, texts in lists.items():
        one = matrix(name, 1, (len(texts), 1), b"".join(text(value, order) for value in texts), order)
        shrunk = zlib.compress(one)
        made += struct.pack(f"{order}II", 15, len(shrunk)) + shrunk if packed else one
    return head + made


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packed", [True, False])
def test_texts_of_a_matlab_list_are_read(order: str, packed: bool, tmp_path: Path) -> None:
    texts = ["n02085620-Chihuahua/n02085620_5927.jpg", "", "é.jpg", "ab"]
    lists = {"abc": ["other"], "file_list": texts, "annotation_list": ["x"]}
    (tmp_path / "list.mat").write_bytes(mat_file(lists, order=order, packed=packed))
    assert read_text_cells(tmp_path / "list.mat", "file_list") == texts
    assert read_text_cells(tmp_path / "list.mat", "abc") == ["other"]


@pytest.mark.parametrize("packed", [True, False])
def test_lists_that_scipy_writes_are_read(packed: bool, tmp_path: Path) -> None:
    numpy, scipy_io = pytest.importorskip("numpy"), pytest.importorskip("scipy.io")
    cells = numpy.empty((3, 1), dtype=object)
    cells[:, 0] = ["a/b.jpg", "é/ü.jpg", "n02085620-Chihuahua/n02085620_10074.jpg"]
    values = {"labels": numpy.ones((3, 1)), "file_list": cells}
    scipy_io.savemat(tmp_path / "list.mat", values, do_compression=packed)
    assert read_text_cells(tmp_path / "list.mat", "file_list") == list(cells[:, 0])
    with pytest.raises(InputError, match="must have a cell array labels; it has labels, file_list"):
        read_text_cells(tmp_path / "list.mat", "labels")


def test_damaged_matlab_lists_are_refused(tmp_path: Path) -> None:
    whole = mat_file({"file_list": ["a/b.jpg"] * 30})
    path = tmp_path / "list.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")
    with pytest.raises(InputError, match=r"list.mat must be a MATLAB 5 file; its header says otherwise"):
        read_text_cells(path, "file_list")
    with pytest.raises(InputError, match="can't be read: No such file"):
        read_text_cells(tmp_path / "none.mat", "file_list")
    for cut in range(129, len(whole), 7):
        path.write_bytes(whole[:cut])
        with pytest.raises(InputError, match="is damaged or no list of texts"):
            read_text_cells(path, "file_list")
    numbers = matrix("file_list", 1, (1, 1), matrix("", 6, (1, 1), element(9, bytes(8), "<"), "<"), "<")
    path.write_bytes(whole[:128] + numbers)
    with pytest.raises(InputError, match="a cell holds something else than a text"):
        read_text_cells(path, "file_list")


# CUB-200-2011


@pytest.fixture
def cub(tmp_path: Path) -> Path:
    root = tmp_path / "CUB_200_2011"
    names = {1: "001.Black_footed_Albatross", 2: "002.Laysan_Albatross"}
    images = {k: f"{names[1 + k // 4]}/Bird_{k:04}.jpg" for k in range(8)}
    for image in images.values():
        picture(root / "images" / image)
    written(root / "images.txt", *(f"{k} {image}" for k, image in images.items()))
    written(root / "classes.txt", *(f"{k} {name}" for k, name in names.items()))
    written(root / "image_class_labels.txt", *(f"{k} {1 + k // 4}" for k in images))
    written(root / "train_test_split.txt", *(f"{k} {int(k % 4 < 3)}" for k in images))
    return tmp_path


def test_birds_have_the_official_split(cub: Path) -> None:
    found = read_raw("cub-200", cub, validation_share=0.0)
    first, second = "001.Black_footed_Albatross", "002.Laysan_Albatross"
    assert rows_of(found) == [
        ("0", f"images/{first}/Bird_0000.jpg", "Black footed Albatross", "train"),
        ("1", f"images/{first}/Bird_0001.jpg", "Black footed Albatross", "train"),
        ("2", f"images/{first}/Bird_0002.jpg", "Black footed Albatross", "train"),
        ("3", f"images/{first}/Bird_0003.jpg", "Black footed Albatross", "test"),
        ("4", f"images/{second}/Bird_0004.jpg", "Laysan Albatross", "train"),
        ("5", f"images/{second}/Bird_0005.jpg", "Laysan Albatross", "train"),
        ("6", f"images/{second}/Bird_0006.jpg", "Laysan Albatross", "train"),
        ("7", f"images/{second}/Bird_0007.jpg", "Laysan Albatross", "test"),
    ]
    assert found == read_raw("cub-200", cub / "CUB_200_2011", validation_share=0.0)
    carved = read_raw("cub-200", cub, validation_share=0.34)
    assert carved.counts() == {"train": 4, "validation": 2, "test": 2}
    assert carved.of_split("test") == found.of_split("test")


def test_birds_whose_image_is_missing_or_elsewhere_are_refused(cub: Path, tmp_path: Path) -> None:
    root = cub / "CUB_200_2011"
    picture(tmp_path / "secret.jpg")
    (root / "images" / "001.Black_footed_Albatross" / "Bird_0001.jpg").unlink()
    lines = (root / "images.txt").read_text().replace("002.Laysan_Albatross/Bird_0005.jpg", "../../secret.jpg")
    (root / "images.txt").write_text(lines)
    found = read_raw("cub-200", cub)
    assert [(one.id, one.reason) for one in found.refused] == [("1", "missing"), ("5", "outside_root")]


def test_lists_that_do_not_go_together_are_refused(cub: Path) -> None:
    root = cub / "CUB_200_2011"
    labels = (root / "image_class_labels.txt").read_text()
    written(root / "image_class_labels.txt", *labels.splitlines()[:-1])
    with pytest.raises(InputError, match=r"'7' of images.txt leads to nothing in image_class_labels.txt"):
        read_raw("cub-200", cub)
    written(root / "image_class_labels.txt", *labels.splitlines(), "7 1")
    with pytest.raises(InputError, match=r"image_class_labels.txt must have each id once; '7' comes twice"):
        read_raw("cub-200", cub)
    written(root / "image_class_labels.txt", "0")
    with pytest.raises(InputError, match=r"image_class_labels.txt, line 1: expected two fields, got '0'"):
        read_raw("cub-200", cub)


# FGVC-Aircraft


@pytest.fixture
def aircraft(tmp_path: Path) -> Path:
    data = tmp_path / "fgvc-aircraft-2013b" / "data"
    planes = [("Boeing", "Boeing 737", "737-800"), ("Boeing", "Boeing 717", "Boeing 717"), ("Airbus", "A320", "A320")]
    for part, split in enumerate(("train", "val", "test")):
        numbers = [f"{part}{k:06}" for k in range(3)]
        for level, name in enumerate(("manufacturer", "family", "variant")):
            lines = [f"{number} {plane[level]}" for number, plane in zip(numbers, planes, strict=True)]
            written(data / f"images_{name}_{split}.txt", *lines)
        for number in numbers:
            picture(data / "images" / f"{number}.jpg")
    return tmp_path


@pytest.mark.parametrize(
    ("granularity", "labels"),
    [
        ("variant", ["737-800", "Boeing 717", "A320"]),
        ("maker_variant", ["Boeing 737-800", "Boeing 717", "Airbus A320"]),
        ("family", ["Boeing 737", "Boeing 717", "A320"]),
        ("manufacturer", ["Boeing", "Boeing", "Airbus"]),
    ],
)
def test_aircraft_have_labels_of_the_chosen_granularity(granularity: str, labels: list[str], aircraft: Path) -> None:
    found = read_raw("fgvc-aircraft", aircraft, granularity=granularity)
    splits = ("train", "validation", "test")
    assert rows_of(found) == [
        (f"{part}{k:06}", f"images/{part}{k:06}.jpg", labels[k], split)
        for part, split in enumerate(splits)
        for k in range(3)
    ]


def test_aircraft_are_told_apart_by_variant_unless_asked_otherwise(aircraft: Path) -> None:
    assert read_raw("fgvc-aircraft", aircraft / "fgvc-aircraft-2013b" / "data").labels == (
        "737-800",
        "A320",
        "Boeing 717",
    )
    with pytest.raises(SettingsError, match=r"granularity must be one of variant, .*; got 'model'"):
        read_raw("fgvc-aircraft", aircraft, granularity="model")


# Stanford Dogs


@pytest.fixture
def dogs(tmp_path: Path) -> Path:
    for split, numbers in (("train", (1, 2, 3, 4)), ("test", (5,))):
        files = [
            f"{folder}/{folder[:9]}_{k}.jpg"
            for folder in ("n02085620-Chihuahua", "n02086240-Shih-Tzu", "n02113624-toy_poodle")
            for k in numbers
        ]
        for file in files:
            picture(tmp_path / "Images" / file)
        (tmp_path / f"{split}_list.mat").write_bytes(mat_file({"file_list": files}))
    return tmp_path


def test_dogs_have_the_official_split(dogs: Path) -> None:
    found = read_raw("stanford-dogs", dogs, validation_share=0.25)
    assert found.labels == ("Chihuahua", "Shih-Tzu", "toy poodle")
    assert found.counts() == {"train": 9, "validation": 3, "test": 3}
    assert rows_of(found)[-1] == (
        "n02113624_5", "Images/n02113624-toy_poodle/n02113624_5.jpg", "toy poodle", "test",
    )  # fmt: skip
    whole = read_raw("stanford-dogs", dogs, validation_share=0.0)
    assert rows_of(whole)[0] == ("n02085620_1", "Images/n02085620-Chihuahua/n02085620_1.jpg", "Chihuahua", "train")


def test_a_list_of_dogs_may_not_lead_outside(dogs: Path, tmp_path: Path) -> None:
    files = ["../../n1-cat.jpg", "n02085620-Chihuahua/n02085620_1.jpg", "n02086240-Shih-Tzu/n02086240_1.jpg",
             "n02113624-toy_poodle/n02113624_1.jpg"]  # fmt: skip
    (dogs / "train_list.mat").write_bytes(mat_file({"file_list": files}))
    found = read_raw("stanford-dogs", dogs)
    assert [one.reason for one in found.refused] == ["blank_label"]
    files[0] = "n02085620-Chihuahua/../../../x.jpg"
    (dogs / "train_list.mat").write_bytes(mat_file({"file_list": files}))
    assert [one.reason for one in read_raw("stanford-dogs", dogs).refused] == ["outside_root"]


# HAM10000


@pytest.fixture
def ham(tmp_path: Path) -> Path:
    rows: list[list[str]] = []
    for k in range(20):
        for copy in range(2):
            image_id = f"ISIC_{k:03}{copy}"
            rows.append([f"HAM_{k:04}", image_id, "nv" if k % 2 else "mel", "histo", "80.0", "male", "scalp"])
            picture(tmp_path / f"HAM10000_images_part_{1 + copy}" / f"{image_id}.jpg")
    with (tmp_path / "HAM10000_metadata.csv").open("w", newline="") as file:
        names = ["lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization"]
        csv.writer(file).writerows([names, *rows])
    return tmp_path


def test_images_of_one_lesion_are_in_one_split(ham: Path) -> None:
    found = read_raw("ham10000", ham, seed=2)
    assert found.labels == ("melanocytic nevus", "melanoma")
    assert found.counts() == {"train": 32, "validation": 4, "test": 4}
    splits: dict[str, set[str]] = {}
    for row in found.rows:
        splits.setdefault(row["id"][:-1], set()).add(row["split"])
    assert len(splits) == 20
    assert all(len(one) == 1 for one in splits.values())
    assert rows_of(found)[1][:3] == ("ISIC_0001", "HAM10000_images_part_2/ISIC_0001.jpg", "melanoma")
    assert read_raw("ham10000", ham, shares=Shares(0.5, 0.0, 0.5)).counts()["test"] == 20


def test_lesions_without_image_are_refused_and_unknown_codes_stop(ham: Path) -> None:
    (ham / "HAM10000_images_part_1" / "ISIC_0050.jpg").unlink()
    assert [(one.id, one.reason) for one in read_raw("ham10000", ham).refused] == [("ISIC_0050", "missing")]
    table = (ham / "HAM10000_metadata.csv").read_text()
    (ham / "HAM10000_metadata.csv").write_text(table.replace("ISIC_0001,mel", "ISIC_0001,scc"))
    with pytest.raises(InputError, match=r"HAM10000_metadata.csv, line 3: expected .* got 'HAM_0000' and 'scc'"):
        read_raw("ham10000", ham)
    (ham / "HAM10000_metadata.csv").write_text("lesion_id,image\n")
    with pytest.raises(InputError, match="it lacks image_id, dx"):
        read_raw("ham10000", ham)


# chest X-rays


@pytest.fixture
def lungs(tmp_path: Path) -> Path:
    root = tmp_path / "chest_xray"
    for split, patients in (("train", range(10)), ("val", range(10, 11)), ("test", range(11, 13))):
        for patient in patients:
            for copy in range(2):
                picture(root / split / "PNEUMONIA" / f"person{patient}_bacteria_{copy}.jpeg")
                picture(root / split / "NORMAL" / f"IM-{patient:04}-000{copy}.jpeg")
    (root / "train" / "NORMAL" / ".DS_Store").touch()
    (root / "__MACOSX").mkdir()
    return tmp_path


def test_lungs_have_the_folders_split_and_validation_grows_by_patients(lungs: Path) -> None:
    plain = read_raw("chest-xray", lungs, validation_share=0.0)
    assert plain.counts() == {"train": 40, "validation": 4, "test": 8}
    assert rows_of(plain)[0] == (
        "train/NORMAL/IM-0000-0000.jpeg", "train/NORMAL/IM-0000-0000.jpeg", "no pneumonia", "train",
    )  # fmt: skip
    grown = read_raw("chest-xray", lungs, validation_share=0.1)
    assert grown.counts() == {"train": 36, "validation": 8, "test": 8}
    moved = [
        row["image"].rpartition("/")[2] for row in grown.of_split("validation") if row["image"].startswith("train")
    ]
    assert len({name.partition("_")[0] if name.startswith("p") else name[:7] for name in moved}) == 2
    published = read_raw("chest-xray", lungs, negative_label="normal")
    assert published.labels == ("normal", "pneumonia")


# plant leaves


@pytest.fixture
def leaves(tmp_path: Path) -> Path:
    name = "New Plant Diseases Dataset(Augmented)"
    root = tmp_path / name / name
    for folder in ("Tomato___Early_blight", "Pepper,_bell___healthy"):
        for k in range(10):
            picture(root / "train" / folder / f"{k:04}___RS_Early.B {k}.JPG")
            picture(root / "train" / folder / f"{k:04}___RS_Early.B {k}_new30degFlipLR.JPG")
        picture(root / "valid" / folder / "0003___RS_Early.B 3_90deg.JPG")
        picture(root / "valid" / folder / "0099___RS_Early.B 99.JPG")
    return tmp_path


def test_leaves_that_are_also_in_test_are_left_out_of_train(leaves: Path) -> None:
    found = read_raw("plant-disease", leaves, validation_share=0.0)
    assert found.labels == ("Bell pepper healthy", "Tomato Early blight")
    assert found.counts() == {"train": 36, "validation": 0, "test": 4}
    assert found.refusal_counts() == {"leaf_in_test": 4}
    first = "train/Pepper,_bell___healthy/0000___RS_Early.B 0.JPG"
    assert rows_of(found)[0] == (first, first, "Bell pepper healthy", "train")
    kept = read_raw("plant-disease", leaves, validation_share=0.0, keep_shared_leaves=True)
    assert kept.counts() == {"train": 40, "validation": 0, "test": 4}
    assert kept.refused == ()


def test_copies_of_a_leaf_are_carved_together(leaves: Path) -> None:
    carved = read_raw("plant-disease", leaves, validation_share=0.2)
    places: dict[str, set[str]] = {}
    for row in carved.rows:
        if row["split"] != "test":
            name = row["image"].split("/", 1)[1].replace("_new30degFlipLR", "")
            places.setdefault(name, set()).add(row["split"])
    assert len(places) == 18
    assert all(len(one) == 1 for one in places.values())
    assert carved.counts()["validation"] == 8


# all of them


@pytest.mark.parametrize("key", RAW_SETS)
def test_each_data_set_has_a_spec_and_an_empty_folder_says_what_is_missing(key: str, tmp_path: Path) -> None:
    assert key in known_specs()
    with pytest.raises(
        InputError, match=r"must have .*; .* lacks .*\. Unpack .* from its authors and give the folder"
    ) as e:
        read_raw(key, tmp_path)
    assert "\n" not in str(e.value)
    with pytest.raises(InputError, match="the folder of the unpacked download must be given"):
        read_raw(key, tmp_path / "nowhere")


@pytest.mark.parametrize("made", ["cub", "aircraft", "dogs", "ham", "lungs", "leaves"])
def test_labels_of_each_data_set_are_recognised_by_its_matcher(made: str, request: pytest.FixtureRequest) -> None:
    keys = {"cub": "cub-200", "aircraft": "fgvc-aircraft", "dogs": "stanford-dogs", "ham": "ham10000",
            "lungs": "chest-xray", "leaves": "plant-disease"}  # fmt: skip
    raw: Path = request.getfixturevalue(made)
    found = read_raw(keys[made], raw)
    assert set(label_matcher(load_spec(keys[made]), found.labels).labels) == set(found.labels)


def test_unknown_data_sets_and_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"got 'CUB_200'\. Did you mean 'cub-200'\?"):
        read_raw("CUB_200", tmp_path)
    with pytest.raises(SettingsError, match="fgvc-aircraft has the options granularity; got 'seed'"):
        read_raw("fgvc-aircraft", tmp_path, seed=1)
    assert raw_options("chest-xray") == ("validation_share", "seed", "negative_label")


def test_a_share_of_validation_must_be_a_share(cub: Path) -> None:
    with pytest.raises(SettingsError, match=r"below 1; got 1\.5"):
        read_raw("cub-200", cub, validation_share=1.5)
