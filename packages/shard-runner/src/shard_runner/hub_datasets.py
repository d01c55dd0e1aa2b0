"""Hugging Face datasets in and out (extra `shard-runner[datasets]`)."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from shard_runner.columns import is_json
from shard_runner.dataset_values import PlainValues, check_features, holds_images, image_places
from shard_runner.errors import TableError
from shard_runner.part_tables import Parts, common_schema
from shard_runner.plain import Row, to_json
from shard_runner.stages import Source
from shard_runner.table_sources import with_id
from shard_runner.uris import masked

if TYPE_CHECKING:
    import datasets

_BATCH_ROWS = 16  # a row may hold whole images


def dataset_source(
    name: str,
    dataset: Any,
    *,
    id_column: str | None = "id",
    images: str | Path | None = None,
    split: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> Source:
    """Return a source of the rows of a Hugging Face dataset.

    Images are not decoded: their bytes go, unchanged, to `<digest>.<ext>` in `images`, one file for each content, and
    the row holds the path. A `ClassLabel` stays its number. Formats and transforms set on the dataset do not count.

    A `Dataset` is read again only when its features, number of rows or content change: the digest of its Arrow
    columns, and for images held by path, of path, size and time (`datasets` has no public fingerprint of a dataset).
    The same rows laid out otherwise in memory are read once more. An `IterableDataset` is read by every run.

    Args:
        name: The source's name.
        dataset: A `Dataset` or `IterableDataset`, a dictionary of them, or what `datasets.load_dataset` or
            `load_from_disk` takes: the id of a hub's data set, or a local folder.
        id_column: As for `table_source`; None makes `NAME-0`, `NAME-1` and so on.
        images: Folder for images, made where there is none. It must stay as long as the run's rows are used.
        split: Which part, such as `train`; needed where there are several.
        config: Plain values that say more of how the rows were made.

    Raises:
        TableError: at once for an object, while reading for a name: when it can't be loaded, has several splits, or
            holds bytes, audio, video or times, which are no plain values; when an image can't be read.
    """
    _datasets()
    folder = Path(images) if images is not None else None
    named = isinstance(dataset, str | Path)
    if not named:
        _checked(_picked(dataset, split), folder)

    def opened() -> Any:
        return _checked(_picked(_loaded(dataset, split) if named else dataset, split), folder)

    def rows() -> Iterator[Row]:
        for position, row in enumerate(_plain_rows(opened(), folder)):
            yield with_id(row, id_column, f"{name}-{position}")

    def fingerprint() -> str:
        return dataset_digest(opened())

    repeatable = named or hasattr(_picked(dataset, split), "num_rows")
    made_from = {**(config or {}), "id_column": id_column}
    return Source(name=name, rows=rows, config=made_from, fingerprint=fingerprint if repeatable else None)


def _datasets() -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        if error.name != "datasets":
            raise
        raise TableError("datasets is missing; install it with: pip install 'shard-runner[datasets]'") from None
    return datasets


def _loaded(name: str | Path, split: str | None) -> Any:
    datasets = _datasets()
    try:
        if any((Path(name) / mark).exists() for mark in ("state.json", "dataset_dict.json")):
            return datasets.load_from_disk(str(name))
        return datasets.load_dataset(str(name), split=split)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise TableError(f"data set {str(name)!r} can't be loaded: {masked(' '.join(str(error).split()))}") from error


def _picked(dataset: Any, split: str | None) -> Any:
    if not isinstance(dataset, dict):
        return dataset
    splits = cast("dict[str, Any]", dataset)
    if split is None and len(splits) == 1:
        return next(iter(splits.values()))
    if split not in splits:
        raise TableError(f"the data set has the splits {', '.join(splits)}; got split={split!r}. Name one of them")
    return splits[split]


def _checked(dataset: Any, images: Path | None) -> Any:
    if not hasattr(dataset, "with_format"):
        raise TableError(f"a dataset must be of the datasets library, or the name of one; got {type(dataset).__name__}")
    if dataset.features is not None:
        check_features(dataset.features, images=images)
    return dataset


def _tables(dataset: Any, rows: int) -> Iterator[pa.Table]:
    yield from dataset.with_format("arrow").iter(batch_size=rows)  # Arrow holds images undecoded, nested ones too


def _plain_rows(dataset: Any, images: Path | None) -> Iterator[Row]:
    values = PlainValues(images)
    for table in _tables(dataset, _BATCH_ROWS):
        features = dataset.features
        if features is None:  # of a stream, which may tell only as it is read
            features = _datasets().Features.from_arrow_schema(table.schema)
            check_features(features, images=images)
        for row in table.to_pylist():
            yield {column: values.plain(value, features[column]) for column, value in row.items()}


def dataset_digest(dataset: "datasets.Dataset") -> str:
    """Return a digest of a dataset's features, number of rows and content."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(to_json([dataset.features.to_dict(), dataset.num_rows], sort_keys=True).encode())
    by_path = {name: feature for name, feature in dataset.features.items() if holds_images(feature)}
    for table in _tables(dataset, 4 * _BATCH_ROWS):
        for batch in table.replace_schema_metadata(None).combine_chunks().to_batches():
            digest.update(batch.serialize())
        for row in table.select(list(by_path)).to_pylist():
            places = [place for name, feature in by_path.items() for place in image_places(row[name], feature)]
            digest.update(to_json(places).encode())
    return digest.hexdigest()


def rows_to_dataset(run_dir: str | Path, name: str, *, images: Sequence[str] = ()) -> "datasets.Dataset":
    """Return the rows of a finished source or stage as a dataset in memory.

    Columns that the run holds as JSON texts become what they say where `datasets` gives them back equal (`Json`
    features, where this version has them, hold dicts of different keys); a column where it does not, such as one
    with NaN in a dict or integers beyond 64 bits, stays JSON text. A missing key becomes None, an integer among
    floats a float.

    Args:
        run_dir: The run folder.
        name: The source or stage.
        images: Columns of image paths, or lists of them, that become `datasets.Image`.

    Raises:
        LedgerError: when the stage has not finished, or is damaged.
        TableError: when a column named in `images` is not there or holds no paths.
    """
    datasets = _datasets()
    parts = Parts.of(run_dir, name)
    schema = common_schema(parts)
    full = (part for part in parts.tables(schema) if part.num_rows)
    table = pa.concat_tables([schema.empty_table(), *full])
    parts.check_unchanged()
    texts = [field.name for field in schema if is_json(field)]
    typed = {column: _typed(column, table.column(column).to_pylist()) for column in texts}
    plain = table.select([column for column in table.column_names if typed.get(column) is None])
    pieces = [datasets.Dataset(_without_marks(plain)), *filter(None, typed.values())]
    made = datasets.concatenate_datasets(pieces, axis=1).select_columns(table.column_names)
    for column in images:
        made = made.cast_column(column, _image_feature(made.features, column))
    return made


def _without_marks(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([field.remove_metadata() for field in table.schema]))


def _typed(column: str, texts: list[str | None]) -> Any:
    """Return a dataset of the one column of values that JSON texts say, or None where it would change them."""
    datasets = _datasets()
    values = [None if text is None else json.loads(text) for text in texts]
    mixed = {"on_mixed_types": "use_json"} if hasattr(datasets, "Json") else {}
    try:
        made = datasets.Dataset.from_dict({column: values}, **mixed)
        same = _comparable(made[column][:]) == _comparable(values)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return None
    return made if same else None


def _comparable(values: Any) -> str:
    return to_json(json.loads(to_json(values), parse_int=float), sort_keys=True)


def _image_feature(features: Mapping[str, Any], column: str) -> Any:
    datasets = _datasets()
    if column not in features:
        raise TableError(f"there is no column {column!r} to hold images; the rows have {', '.join(features)}")
    feature = features[column]
    if getattr(feature, "dtype", "") == "string":
        return datasets.Image()
    if getattr(getattr(feature, "feature", None), "dtype", "") == "string":
        return datasets.List(datasets.Image())
    raise TableError(f"column {column!r} must hold paths of images or lists of them; it holds {feature}")
