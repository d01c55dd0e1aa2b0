"""The published columns: written as plain Arrow lists, and read where they are plain; pickled ones are refused."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from shard_runner import Row

from world2code.passed_columns import passed_schema, passed_values
from world2code.row_evidence import evidence_of

if TYPE_CHECKING:
    from code_caption import Answer, BoxPixels, Evidence, Rules

_TEXTS, _BOX = pa.list_(pa.string()), pa.list_(pa.float64())
_NUMBERS = pa.list_(pa.int64())

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("image_path", pa.string()),
        ("scene", pa.string()),
        ("validness", pa.bool_()),
        ("general_caption", _TEXTS),
        ("detail_caption", _TEXTS),
        ("dino_box", pa.list_(_BOX)),
        ("dino_scores", pa.list_(pa.float64())),
        ("dino_phrases", _TEXTS),
        ("ocr_info_vlm_pred", pa.list_(_TEXTS)),
        ("describe_label", pa.list_(_TEXTS)),
        ("groups", _TEXTS),
        ("group_boxes", pa.list_(_BOX)),
        ("group_son_ids", pa.list_(_NUMBERS)),
        ("element_father_ids", _NUMBERS),
        ("area_element_id_pair", pa.list_(_NUMBERS)),
        ("area_captions", pa.list_(_TEXTS)),
        ("area_sons", pa.list_(_NUMBERS)),
        ("area_boxes", pa.list_(_BOX)),
        ("element_validness", pa.list_(_TEXTS)),
        ("caption_phrase", pa.list_(_TEXTS)),
        ("element_desc_validness", pa.list_(pa.list_(_TEXTS))),
        ("relation_phrases", pa.list_(_TEXTS)),
        ("relation_validness", pa.list_(pa.list_(_TEXTS))),
        ("group_phrase", _TEXTS),
        ("group_validness", pa.list_(_TEXTS)),
    ]
)
"""Names of the published code, with lists in place of pickles, empty where nothing was asked; and the true scene."""

CAPTIONS, BOXES = ("detail_caption", "general_caption"), ("dino_box", "dino_phrases", "dino_scores")
"""Columns that `--reuse` takes."""

_ROWS_AT_A_TIME = 500


def write_published(read: Callable[[], Iterable[Row]], path: Path, rules: "Rules") -> None:
    """Write the evidence of rows; groups and pairs are those under the rules. Never more than some rows in memory.

    Args:
        read: returns the rows, anew with each call.
        path: of the Parquet file.
        rules: decide which boxes are groups and pairs.
    """
    partial = path.with_suffix(".partial")
    passed = passed_schema(read(), SCHEMA.names)
    schema = pa.schema([*SCHEMA, *passed])
    waiting: Iterator[Row] = iter(read())
    with pq.ParquetWriter(partial, schema) as writer:
        while batch := list(islice(waiting, _ROWS_AT_A_TIME)):
            rows = [published_row(row, rules) | passed_values(row, passed) for row in batch]
            writer.write_table(pa.Table.from_pylist(rows, schema=schema))
    partial.replace(path)


def published_row(row: Row, rules: "Rules") -> dict[str, Any]:
    """One row under the published names; lists about boxes are aligned with `dino_box`."""
    evidence = evidence_of(row)
    # Of the numbers that were asked about, the largest is that of all boxes, as published.
    counts = {name: answer for (name, _), answer in sorted(evidence.counts.items())}
    ones = sorted(evidence.sightings, key=lambda one: one.key)
    captions: dict[str, list[str]] = {"detailed": [], "general": []}
    for said in row["captions"]:
        captions[said["kind"]].append(said["text"])
    return {
        "id": row["id"],
        "image_path": row["image"],
        "scene": row["scene"] or None,
        "validness": True,
        "general_caption": captions["general"],
        "detail_caption": captions["detailed"],
        "dino_box": [list(one.box_xyxy_px) for one in ones],
        "dino_scores": [one.score for one in ones],
        "dino_phrases": [one.name for one in ones],
        "ocr_info_vlm_pred": [list(evidence.readings.get(one.key, ()))[:1] for one in ones],
        "describe_label": [[said.text for said in evidence.region_captions.get(one.key, ())] for one in ones],
        "element_validness": [_said(evidence.exists.get(one.key)) for one in ones],
        **_claims("caption_phrase", "element_desc_validness", [_claimed(str(one.key), evidence) for one in ones]),
        **_structure(evidence, rules),
        "group_phrase": list(counts),
        "group_validness": [_said(answer) for answer in counts.values()],
    }


def _structure(evidence: "Evidence", rules: "Rules") -> dict[str, Any]:
    from code_caption import around, surviving_units

    units = surviving_units(evidence, rules)
    groups = [unit for unit in units if unit.is_group]
    father = {key: number for number, unit in enumerate(groups) for key in unit.keys}
    by_label = {unit.label: unit for unit in units}
    pairs = [pair for pair in sorted(evidence.pair_captions) if pair[0] in by_label and pair[1] in by_label]
    boxes = [around((by_label[a].box_xyxy_px, by_label[b].box_xyxy_px)) for a, b in pairs]
    return {
        "groups": [unit.name for unit in groups],
        "group_boxes": [list(unit.box_xyxy_px) for unit in groups],
        "group_son_ids": [list(unit.keys) for unit in groups],
        "element_father_ids": [father.get(key, -1) for key in sorted(evidence.by_key())],
        "area_element_id_pair": [[by_label[label].keys[0] for label in pair] for pair in pairs],
        "area_captions": [[said.text for said in evidence.pair_captions[pair]] for pair in pairs],
        "area_sons": [_covered(box, evidence) for box in boxes],
        "area_boxes": [list(box) for box in boxes],
        **_claims("relation_phrases", "relation_validness", [_of_pair(pair, evidence) for pair in pairs]),
    }


def _covered(box: "BoxPixels", evidence: "Evidence") -> list[int]:
    """Keys of the boxes that meet a box."""
    from code_caption import do_meet

    return [key for key, one in sorted(evidence.by_key().items()) if do_meet(box, one.box_xyxy_px)]


Claims = list[tuple[str, "Answer"]]
"""Phrases that were asked about in one view, with the answers."""


def _claims(phrases: str, answers: str, claimed: list[Claims]) -> dict[str, Any]:
    return {
        phrases: [[phrase for phrase, _ in of_view] for of_view in claimed],
        answers: [[_said(answer) for _, answer in of_view] for of_view in claimed],
    }


def _claimed(view: str, evidence: "Evidence") -> Claims:
    return [(phrase, answer) for (of, phrase), answer in sorted(evidence.claims.items()) if of == view]


def _of_pair(pair: tuple[str, str], evidence: "Evidence") -> Claims:
    """Claims of a pair's captions: they are asked about in the whole image, together with those of other captions."""
    texts = [said.text for said in evidence.pair_captions[pair]]
    phrases = {phrase for text in texts for phrase in evidence.phrases.get(text, ())}
    return [one for view in ("", "|".join(pair)) for one in _claimed(view, evidence) if one[0] in phrases]


def _said(answer: "Answer | None") -> list[str]:
    """An answer as a one-element list of text, as published."""
    return [] if answer is None else ["yes" if answer.is_yes() else "no" if answer.is_known else "unknown"]


def refused_column(row: Row, names: Iterable[str]) -> str:
    """Why a row's columns cannot be reused; empty where none of them holds bytes."""
    pickled = sorted(set(names) & set(row["bytes_columns"]))
    expected = "must hold plain lists; bytes are pickles and are never loaded. Write them as Arrow lists"
    return f"--reuse: {', '.join(pickled)} {expected}." if pickled else ""


def captions_of(row: Row) -> list[dict[str, Any]]:
    """Captions of a row that has the published columns, the detailed ones first; empty where it has none."""
    passed = row["passed"]
    kinds = {"detailed": passed.get("detail_caption"), "general": passed.get("general_caption")}
    return [
        {"text": text, "mean_logprob": 0.0, "is_whole": True, "kind": kind}
        for kind, texts in kinds.items()
        for text in (texts if isinstance(texts, list) else ())
        if isinstance(text, str) and text.strip()
    ]


def boxes_of(row: Row) -> list[tuple[str, list[float], float]]:
    """Names, boxes and scores of a row that has the published columns.

    Raises:
        ValueError: there are none, the three lists do not go together, or one of them holds something else.
    """
    boxes, names, scores = (row["passed"].get(name) for name in BOXES)
    if not (isinstance(boxes, list) and isinstance(names, list) and isinstance(scores, list)):
        raise ValueError("--reuse needs dino_box, dino_phrases and dino_scores as lists; the row lacks one.")
    if not len(boxes) == len(names) == len(scores):
        raise ValueError(f"dino_box, dino_phrases and dino_scores must be equally long; got {len(boxes)}, {len(names)} "
                         f"and {len(scores)}.")  # fmt: skip
    bad = [box for box in boxes if not _is_box(box)]
    if bad:
        raise ValueError(f"dino_box must hold lists of four finite numbers, pixels; got {bad[0]!r}.")
    odd = [pair for pair in zip(names, scores, strict=True) if not isinstance(pair[0], str) or not _is_number(pair[1])]
    if odd:
        raise ValueError(f"dino_phrases must hold texts and dino_scores finite numbers; got {odd[0]!r}.")
    return [
        (name.partition("(")[0].strip(), [float(v) for v in box], float(score))
        for name, box, score in zip(names, boxes, scores, strict=True)
    ]


def _is_box(box: Any) -> bool:
    return isinstance(box, list) and len(box) == 4 and all(map(_is_number, box))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and isfinite(value)
