"""The labelled pictures as rows: sources `images`, `labels` and `eval-images`."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, cast

from shard_runner import Row, Source
from shard_runner.cli import write_json

from selfsynthx.datasets import LabelledSet, Shares, read_labelled
from selfsynthx.datasets.filling import question_pool
from selfsynthx.datasets.matching import label_matcher
from selfsynthx.errors import InputError
from selfsynthx.limiting import alternated, limited_set
from selfsynthx.settings import SynthSettings

IMAGES, LABEL_ROWS, EVAL_IMAGES = "images", "labels", "eval-images"
REFUSED = "refused.json"


def read_set(settings: SynthSettings) -> LabelledSet:
    """The labelled set of a run, split.

    Raises:
        SettingsError: there is none.
        InputError: it cannot be read, or is no set to learn from and to measure with.
    """
    path: Path = settings.needed("data", "labelled pictures, as a folder of folders or a file of rows")
    validation, test = settings.validation_share, settings.test_share
    shares = Shares(train=1 - validation - test, validation=validation, test=test)
    whole = read_labelled(path, images=settings.images, shares=shares, seed=settings.seed)
    found = limited_set(whole, settings.limit)
    if not found.of_split("validation"):
        raise InputError(f"{path.name} must have validation rows, to choose a round on; got none.")
    label_matcher(settings.spec, found.labels)
    return found


def images_source(settings: SynthSettings, found: LabelledSet) -> Source:
    """The pictures to learn from: `{id, image, label, stamp}`, paths absolute."""
    return Source(name=IMAGES, rows=cache(lambda: list(map(_row(found), found.of_split("train")))))


def labels_source(found: LabelledSet) -> Source:
    """The labels: `{id, label}`."""
    return Source(name=LABEL_ROWS, rows=lambda: ({"id": label, "label": label} for label in found.labels))


def eval_source(settings: SynthSettings, found: LabelledSet) -> Source:
    """Validation and test pictures with the evaluation question; `task` is the split, `visible` what can be seen.

    Source: the first question that asks for name and reason, for every picture, as the released code does.
    """

    def rows() -> Iterator[Row]:
        from trial_sampler import image_question

        question = question_pool(settings.spec, "explain")[0]
        truth = read_truth(settings.truth)
        row_of = _row(found)
        for labelled in alternated(found.of_split("validation"), found.of_split("test")):
            row = row_of(labelled)
            asked = {"question": question, "messages": image_question(question)}
            visible = truth.get(row["id"])
            yield {**row, **asked, "answer": row["label"], "task": labelled["split"], "visible": visible}

    # a run asks for its rows again for each step that it brings up to date; files are read once
    return Source(name=EVAL_IMAGES, rows=cache(lambda: list(rows())))


def read_truth(path: Path | None) -> dict[str, list[str]]:
    """What can be seen in each picture, by id; empty where that is not known.

    Raises:
        InputError: the file is no JSON object of lists of texts.
    """
    if path is None:
        return {}
    try:
        value: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--truth: {path.name} can't be read: {error}.") from error
    if not isinstance(value, dict) or not all(_is_texts(one) for one in cast("dict[str, Any]", value).values()):
        raise InputError(f"--truth: {path.name} must hold {{id: [features that can be seen]}}.")
    return cast("dict[str, list[str]]", value)


def save_refused(found: LabelledSet, run_dir: Path) -> None:
    """Write the rows that were left out, each with its reason: file `refused.json` of the run folder."""
    run_dir.mkdir(parents=True, exist_ok=True)
    write_json(run_dir / REFUSED, [asdict(one) for one in found.refused], indent=1)


def load_refused(run_dir: Path) -> list[dict[str, str]]:
    """The rows that a run left out, `{id, reason, detail}`; none where it does not say."""
    path = run_dir / REFUSED
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def _row(found: LabelledSet) -> Any:
    from box_space import image_stamp

    root = found.root.absolute()

    def row_of(row: Any) -> Row:
        stamp = image_stamp(row["image"], root=root)
        return {"id": row["id"], "image": str(root / row["image"]), "label": row["label"], "stamp": stamp}

    return row_of


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in cast("list[Any]", value))
