import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shard_runner import LedgerError, Outcome, Row, Source, Stage, TableError, read_rows, run
from shard_runner.hub_datasets import dataset_source, rows_to_dataset
from shard_runner.image_files import store_image

datasets = pytest.importorskip("datasets")
pil_image = pytest.importorskip("PIL.Image")


@pytest.fixture(autouse=True)
def quiet_and_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))


def image_bytes(color: str, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    pil_image.new("RGB", (4, 3), color).save(file, form)
    return file.getvalue()


RED, BLUE = image_bytes("red"), image_bytes("blue", "JPEG")


def pictures() -> Any:
    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "image": datasets.Image(),
            "more": datasets.List(datasets.Image()),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
            "grid": datasets.Array2D((1, 2), "int32"),
            "turn": {"role": datasets.Value("string"), "view": datasets.Image()},
        }
    )
    red, blue = {"bytes": RED, "path": None}, {"bytes": BLUE, "path": "far/away.jpeg"}
    rows = {
        "id": ["a/b", "👩‍🚀\n"],
        "image": [red, blue],
        "more": [[blue, red], []],
        "label": [1, 0],
        "grid": [[[1, 2]], [[3, 4]]],
        "turn": [{"role": "user", "view": red}, {"role": "bot", "view": None}],
    }
    return datasets.Dataset.from_dict(rows, features=features)


def fingerprint_of(source: Source) -> str:
    assert source.fingerprint is not None
    return source.fingerprint()


def test_images_go_undecoded_to_one_file_for_each_content(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    rows = list(dataset_source("pictures", pictures(), images=folder).rows())
    red, blue = rows[0]["image"], rows[1]["image"]
    assert (Path(red).read_bytes(), Path(blue).read_bytes()) == (RED, BLUE)
    assert (Path(red).suffix, Path(blue).suffix) == (".png", ".jpg")
    assert rows == [
        {
            "id": "a/b",
            "image": red,
            "more": [blue, red],
            "label": 1,
            "grid": [[1, 2]],
            "turn": {"role": "user", "view": red},
        },
        {
            "id": "👩‍🚀\n",
            "image": blue,
            "more": [],
            "label": 0,
            "grid": [[3, 4]],
            "turn": {"role": "bot", "view": None},
        },
    ]
    assert sorted(map(str, folder.iterdir())) == sorted([red, blue])
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert list(dataset_source("pictures", pictures(), images=folder).rows()) == rows
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_a_stream_gives_the_rows_of_its_dataset_and_is_read_by_every_run(tmp_path: Path) -> None:
    whole = dataset_source("pictures", pictures(), images=tmp_path)
    stream = dataset_source("pictures", pictures().to_iterable_dataset(), images=tmp_path)
    assert list(stream.rows()) == list(whole.rows())
    assert stream.fingerprint is None


def test_a_stream_without_features_is_typed_by_what_it_holds(tmp_path: Path) -> None:
    def plain() -> Iterator[Row]:
        yield {"key": 3, "tags": ["x"]}

    def images() -> Iterator[Row]:
        yield {"id": "a", "image": {"bytes": RED, "path": None}}

    source = dataset_source("rows", datasets.IterableDataset.from_generator(plain), id_column="key")
    assert list(source.rows()) == [{"id": "3", "key": 3, "tags": ["x"]}]
    stream = datasets.IterableDataset.from_generator(images)
    with pytest.raises(TableError, match=r"column 'image' holds bytes, .* declare it as datasets.Image"):
        list(dataset_source("rows", stream, images=tmp_path).rows())
    features = datasets.Features({"id": datasets.Value("string"), "image": datasets.Image()})
    declared = datasets.IterableDataset.from_generator(images, features=features)
    assert Path(next(iter(dataset_source("rows", declared, images=tmp_path).rows()))["image"]).read_bytes() == RED


def test_images_held_by_path_are_copied_and_watched(tmp_path: Path) -> None:
    path = tmp_path / "red.PNG"
    path.write_bytes(RED)
    dataset = datasets.Dataset.from_dict({"id": ["a"], "image": [str(path)]}).cast_column("image", datasets.Image())
    source = dataset_source("rows", dataset, images=tmp_path / "out")
    assert Path(next(iter(source.rows()))["image"]).read_bytes() == RED
    known = fingerprint_of(source)
    assert fingerprint_of(source) == known
    path.write_bytes(RED + b"more")
    assert fingerprint_of(source) != known
    path.unlink()
    with pytest.raises(TableError, match=r"image '.*red.PNG' of the dataset can't be read: No such file"):
        list(source.rows())


def test_the_fingerprint_is_the_same_each_time_a_dataset_is_loaded(tmp_path: Path) -> None:
    chat = [[{"role": "user", "text": "é" * k, "score": None if k % 2 else 0.5}] * (k % 3) for k in range(90)]
    memory = datasets.Dataset.from_dict({"id": list(map(str, range(90))), "chat": chat})
    memory.save_to_disk(tmp_path / "saved", num_shards=4)
    saved = fingerprint_of(dataset_source("rows", tmp_path / "saved"))
    assert fingerprint_of(dataset_source("rows", datasets.load_from_disk(tmp_path / "saved"))) == saved
    known = fingerprint_of(dataset_source("rows", memory))
    assert fingerprint_of(dataset_source("rows", memory)) == known
    changed = [*chat[:-1], []]
    assert fingerprint_of(dataset_source("rows", memory.remove_columns("chat").add_column("chat", changed))) != known


def test_the_fingerprint_follows_features_rows_order_and_content(tmp_path: Path) -> None:
    def of(dataset: Any) -> str:
        return fingerprint_of(dataset_source("rows", dataset, images=tmp_path))

    known = of(pictures())
    assert of(pictures()) == known
    assert of(datasets.concatenate_datasets([pictures().select([0]), pictures().select([1])])) == known
    assert of(pictures().select([1, 0])) != known
    assert of(pictures().select([0])) != known
    assert of(pictures().rename_column("label", "kind")) != known
    assert of(pictures().cast_column("label", datasets.ClassLabel(names=["cat", "cow"]))) != known


@pytest.mark.parametrize(
    ("feature", "value", "message"),
    [
        ("Image", {"bytes": RED, "path": None}, r"column 'x' holds images; pass images=FOLDER"),
        ("binary", b"x", "column 'x' holds bytes, which are no plain value; remove it"),
        ("timestamp[s]", 0, r"column 'x' holds timestamp\[s\], which is no plain value; cast it to string"),
        ("Audio", None, "column 'x' holds Audio, which is no plain value; remove it"),
    ],
)
def test_columns_that_are_no_plain_values_are_refused_before_any_work(feature: str, value: Any, message: str) -> None:
    made = getattr(datasets, feature)() if feature[0].isupper() else datasets.Value(feature)
    for kind, values in ((made, [value]), (datasets.List(made), [[value]]), ({"y": made}, [{"y": value}])):
        dataset = datasets.Dataset.from_dict({"x": values}, features=datasets.Features({"x": kind}))
        with pytest.raises(TableError, match=message):
            dataset_source("rows", dataset)


def test_splits_and_names_are_picked_or_refused(tmp_path: Path) -> None:
    both = datasets.DatasetDict({"train": pictures().select([0]), "test": pictures().select([1])})
    assert [row["id"] for row in dataset_source("rows", both, split="test", images=tmp_path).rows()] == ["👩‍🚀\n"]
    with pytest.raises(TableError, match=r"has the splits train, test; got split=None. Name one of them"):
        dataset_source("rows", both, images=tmp_path)
    with pytest.raises(TableError, match="must be of the datasets library, or the name of one; got list"):
        dataset_source("rows", [{"id": "a"}])
    both.save_to_disk(tmp_path / "saved")
    saved = dataset_source("rows", tmp_path / "saved", split="train", images=tmp_path / "out")
    assert [row["id"] for row in saved.rows()] == ["a/b"]
    assert fingerprint_of(saved) == fingerprint_of(saved)
    with pytest.raises(TableError, match=r"data set '.*nothing' can't be loaded: "):
        list(dataset_source("rows", tmp_path / "nothing").rows())


def test_a_local_folder_loads_by_name_and_ids_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text('{"x": 1}\n{"x": 2}\n')
    source = dataset_source("rows", str(tmp_path / "data"), id_column=None)
    assert list(source.rows()) == [{"x": 1, "id": "rows-0"}, {"x": 2, "id": "rows-1"}]
    assert fingerprint_of(source) == fingerprint_of(source)


def test_a_missing_library_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    for deed in (lambda: dataset_source("rows", "name"), lambda: rows_to_dataset("run", "rows")):
        with pytest.raises(TableError, match=r"install it with: pip install 'shard-runner\[datasets\]'"):
            deed()


def captions(run_dir: Path, rows: list[Row]) -> Path:
    def make() -> Any:
        return lambda batch: [[row] if row.get("keep", True) else [] for row in batch]

    pipeline = [Source(name="rows", rows=lambda: rows), Stage(name="captions", make=make, batch_size=2)]
    run(pipeline, run_dir, seed=0, shard_size=2)
    return run_dir


CHAT: list[Row] = [
    {
        "id": "a",
        "messages": [{"type": "image"}, {"type": "text", "text": "é"}],
        "box": [0.0, 1.5],
        "n": 1,
        "keep": True,
    },
    {"id": "b", "messages": [], "box": [], "n": 2.5, "keep": True},
    {"id": "c", "keep": False},  # the second part has no rows: both of its inputs give none
    {"id": "d", "keep": False},
    {"id": "e\n/👩‍🚀", "messages": [{"type": "text", "text": ""}], "box": None, "big": 2**70, "keep": True},
]


def test_load_dataset_reads_a_finished_run(tmp_path: Path) -> None:
    run_dir = captions(tmp_path / "run", CHAT)
    files = str(run_dir / "captions" / "part-*.parquet")
    made = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "cache"))
    assert made["id"][:] == ["a", "b", "e\n/👩‍🚀"]
    assert made["box"][:] == [[0.0, 1.5], [], None]
    assert [json.loads(text) for text in made["messages"]] == [row["messages"] for row in CHAT if row["keep"]]


def test_a_finished_run_becomes_a_dataset_with_its_values(tmp_path: Path) -> None:
    run_dir = captions(tmp_path / "run", CHAT)
    made = rows_to_dataset(run_dir, "captions")
    rows = list(read_rows(run_dir, "captions"))
    assert made["id"][:] == [row["id"] for row in rows]
    assert made["box"][:] == [row["box"] for row in rows]
    assert made["n"][:] == [1, 2.5, None]
    assert made["big"][:] == [None, None, str(2**70)]  # beyond 64 bits: JSON text
    expected = [row["messages"] for row in rows]
    if hasattr(datasets, "Json"):
        assert made["messages"][:] == expected
    else:
        assert [json.loads(text) for text in made["messages"]] == expected
    assert made.column_names == ["id", "messages", "box", "n", "keep", "big"]


def test_a_stage_without_rows_becomes_a_dataset_without_rows(tmp_path: Path) -> None:
    assert rows_to_dataset(captions(tmp_path / "run", []), "captions").num_rows == 0
    with pytest.raises(LedgerError, match="has no finished rows of 'other'"):
        rows_to_dataset(tmp_path / "run", "other")


def test_paths_become_images_again(tmp_path: Path) -> None:
    source = dataset_source("pictures", pictures(), images=tmp_path / "images")
    run([source], tmp_path / "run", seed=0)
    made = rows_to_dataset(tmp_path / "run", "pictures", images=["image", "more"])
    assert made.features["image"] == datasets.Image()
    assert made[0]["image"].getpixel((0, 0)) == (255, 0, 0)
    assert [image.size for image in made[0]["more"]] == [(4, 3), (4, 3)]
    with pytest.raises(TableError, match="there is no column 'none' to hold images; the rows have id, image"):
        rows_to_dataset(tmp_path / "run", "pictures", images=["none"])
    with pytest.raises(TableError, match="column 'label' must hold paths of images or lists of them; it holds Value"):
        rows_to_dataset(tmp_path / "run", "pictures", images=["label"])


def test_a_run_over_a_dataset_gives_the_rows_and_knows_the_unchanged(tmp_path: Path) -> None:
    run([dataset_source("pictures", pictures(), images=tmp_path / "images")], tmp_path / "run", seed=0)
    assert [row["id"] for row in read_rows(tmp_path / "run", "pictures")] == ["a/b", "👩‍🚀\n"]


def test_a_dataset_read_another_way_is_made_again(tmp_path: Path) -> None:
    dataset, seen = datasets.Dataset.from_dict({"id": ["a", "b"]}), list[str]()

    def work(rows: list[Row]) -> list[Outcome]:
        seen.extend(row["id"] for row in rows)
        return [[row] for row in rows]

    for config, times in ((None, 1), ({"revision": "a"}, 2), ({"revision": "a"}, 2), ({"revision": "b"}, 3)):
        source = dataset_source("rows", dataset, config=config)
        assert source.config == {**(config or {}), "id_column": "id"}
        run([source, Stage(name="work", make=lambda: work)], tmp_path / "run", seed=0)
        assert seen == ["a", "b"] * times


@pytest.mark.parametrize(
    ("data", "name", "suffix"),
    [
        (RED, "x.gif", ".png"),
        (BLUE, "", ".jpg"),
        (image_bytes("red", "WEBP"), "", ".webp"),
        (image_bytes("red", "GIF"), "", ".gif"),
        (image_bytes("red", "BMP"), "", ".bmp"),
        (image_bytes("red", "TIFF"), "", ".tif"),
        (b"", "a/b.PNG", ".png"),
        (b"nonsense", "", ".img"),
    ],
)
def test_image_files_are_named_for_the_format_of_their_bytes(
    tmp_path: Path, data: bytes, name: str, suffix: str
) -> None:
    path = store_image(tmp_path / "new", data, name)
    assert (path.read_bytes(), path.suffix, len(path.stem)) == (data, suffix, 32)
    assert list((tmp_path / "new").iterdir()) == [path]
