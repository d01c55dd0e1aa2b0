"""Pairs as rows, and their way from the user's file to the split: steps `pairs` to `export`."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from itertools import zip_longest
from pathlib import Path

from shard_runner import Dropped, Failed, Outcome, Row, Source, Stage, StageFn, Task, TaskContext
from svco_loss.pairs import ImagePair, RefusedPair

from svco.errors import InputError
from svco.settings import SvcoRunSettings

TRAIN, VALIDATION = "train", "validation"
"""Values of a row's `part`."""

FIELDS = ("question", "image_a", "image_b", "text_x", "text_y", "system", "category")


def pairs_source(settings: SvcoRunSettings) -> Source:
    """Read the pairs; rows `{id, question, image_a, image_b, text_x, text_y, system, category, malformed, part}`.

    `part` is empty where the split is still to be made; `stamp_a` and `stamp_b` tell changed pictures.
    """

    def rows() -> Iterator[Row]:
        from box_space import image_stamp

        stamp_of = cache(partial(image_stamp, root=settings.image_root))  # many pairs share a picture
        held = settings.validation_data
        data = settings.needed("data", "pairs as MVC JSON")
        seen = Counter[str]()
        learned = (row | {"part": "" if held is None else TRAIN} for row in read_pairs(data, seen))
        checked = () if held is None else (row | {"part": VALIDATION} for row in read_pairs(held, seen))
        in_turn = zip_longest(learned, checked)  # a limit leaves some of both
        for row in (row for both in in_turn for row in both if row is not None):
            yield row | {"stamp_a": stamp_of(row["image_a"]), "stamp_b": stamp_of(row["image_b"])}

    return Source(name="pairs", rows=rows)


def read_pairs(path: Path, seen: Counter[str]) -> Iterator[Row]:
    """Yield pairs of MVC JSON as rows, malformed ones with the reason; ids follow from what a pair says.

    Args:
        path: the file.
        seen: ids so far, so that the second of two equal pairs is told apart.

    Raises:
        InputError: the file is no MVC JSON, or an empty one.
    """
    from svco_loss import PairFileError
    from svco_loss.pairs import read_mvc

    try:
        found = read_mvc(path)
    except PairFileError as error:
        raise InputError(str(error)) from error
    if not found.pairs and not found.refused:
        raise InputError(f"{path.name} holds no pairs.")
    for entry in sorted([*found.pairs, *found.refused], key=lambda one: one.row):
        if isinstance(entry, RefusedPair):
            yield {"id": f"{path.stem}-row-{entry.row}"} | dict.fromkeys(FIELDS, "") | {"malformed": entry.detail}
        else:
            name = pair_id(entry)
            seen[name] += 1
            unique = name if seen[name] == 1 else f"{name}-{seen[name]}"
            yield {"id": unique, **{field: getattr(entry, field) for field in FIELDS}, "malformed": ""}


def pair_id(pair: ImagePair) -> str:
    """Name a pair by its category and what it says.

    >>> pair_id(ImagePair("What?", "a.png", "b.png", "A cup.", "A mug.", category="kind"))
    'kind-522478f127'
    """
    digest = hashlib.blake2b(digest_size=5)
    for field in FIELDS:
        digest.update(f"{len(getattr(pair, field))}:{getattr(pair, field)}".encode("utf-8", "surrogatepass"))
    return f"{pair.category or 'pair'}-{digest.hexdigest()}"


def row_to_pair(row: Row, number: int = 0) -> ImagePair:
    """The pair of a row; `number` is what a refusal would name it by."""
    return ImagePair(**{field: row[field] for field in FIELDS}, row=number)


def check_stage(settings: SvcoRunSettings) -> Stage:
    """Open both images and look at the texts; adds `changed_share` and `box_changed`, where the images differ."""

    def make() -> StageFn:
        return lambda rows: [_checked(row, settings) for row in rows]

    return Stage(name="check", make=make, config=settings.picked("max_changed") | _root(settings), batch_size=64)


def _root(settings: SvcoRunSettings) -> dict[str, str]:
    return {"images": str(settings.image_root)}


def _checked(row: Row, settings: SvcoRunSettings) -> Outcome:
    from svco_loss.pairs import minimality, open_pair, wrong_text

    if row["malformed"]:
        return Dropped("malformed", row["malformed"])
    pair = row_to_pair(row)
    if refusal := wrong_text(pair):
        return Dropped(refusal.reason, refusal.detail)
    images = open_pair(pair, settings.image_root)
    if isinstance(images, RefusedPair):
        return (Dropped if images.reason == "same_image" else Failed)(images.reason, images.detail)
    change = minimality(*images)
    if change.changed_share > settings.max_changed:
        return Dropped("changed_too_much", f"{change.changed_share:.2f} of the pixels; at most {settings.max_changed}")
    kept = {name: value for name, value in row.items() if name != "malformed"}
    return [kept | {"changed_share": change.changed_share, "box_changed": list(change.box_xyxy_px or ())}]


def split_stage(settings: SvcoRunSettings) -> Stage:
    """Put each pair into `part` train or validation; pairs that share an image stay together.

    With --validation-data pairs are in their parts already.
    """

    def split(rows: list[Row]) -> list[Outcome]:
        from svco_loss.pairs import split_pairs

        if settings.validation_data is not None:
            return [[row] for row in rows]
        pairs = [row_to_pair(row, number) for number, row in enumerate(rows)]
        most = min(settings.validation, len(rows) // 5)
        held = {pair.row for pair in split_pairs(pairs, validation=most, seed=settings.seed).validation}
        return [[row | {"part": VALIDATION if number in held else TRAIN}] for number, row in enumerate(rows)]

    config = settings.picked("validation", "seed") | {"is_given": settings.validation_data is not None}
    return Stage(name="split", make=lambda: split, config=config, whole_input=True)


def export_task(settings: SvcoRunSettings) -> Task:
    """Write the pairs of both parts as MVC JSON, for other trainers."""

    def run(ctx: TaskContext) -> None:
        from svco_loss.pairs import write_mvc

        rows = list(ctx.read_rows("split"))
        for part in (TRAIN, VALIDATION):
            write_mvc([row_to_pair(row) for row in rows if row["part"] == part], ctx.folder / f"mvc-{part}.json")

    return Task(name="export", run=run, inputs=("split",))
