"""The exported table: the published columns as plain lists, and the way back into a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from code_caption import Rules
from shard_runner import StageAccount, read_rows
from world2code.published import SCHEMA, published_row
from world2code.settings import W2cSettings

RunUntil = Callable[[W2cSettings, Path, str], dict[str, StageAccount]]

NAMES = [
    "general_caption",
    "detail_caption",
    "validness",
    "dino_box",
    "dino_scores",
    "dino_phrases",
    "ocr_info_vlm_pred",
    "describe_label",
    "groups",
    "group_boxes",
    "group_son_ids",
    "element_father_ids",
    "area_element_id_pair",
    "area_captions",
    "area_sons",
    "area_boxes",
    "element_validness",
    "caption_phrase",
    "element_desc_validness",
    "relation_phrases",
    "relation_validness",
    "group_phrase",
    "group_validness",
]


@pytest.fixture(scope="session")
def table(finished_run: Path) -> pa.Table:
    return pq.read_table(finished_run / "export" / "published.parquet")


def test_every_published_column_is_there_as_a_plain_list(table: pa.Table) -> None:
    assert len(NAMES) == 23
    assert set(NAMES) <= set(table.column_names)
    for field in table.schema:
        kind = field.type
        while pa.types.is_list(kind):
            kind = kind.value_type
        assert kind in (pa.string(), pa.float64(), pa.int64(), pa.bool_()), field
    assert table.schema.field("dino_box").type == pa.list_(pa.list_(pa.float64()))


def test_lists_about_boxes_go_with_the_boxes(table: pa.Table, finished_run: Path) -> None:
    evidence = {row["id"]: row["evidence"] for row in read_rows(finished_run, "validate")}
    assert table.num_rows == len(evidence)
    about_boxes = ("dino_scores", "dino_phrases", "ocr_info_vlm_pred", "describe_label", "element_father_ids",
                   "element_validness", "caption_phrase", "element_desc_validness")  # fmt: skip
    for row in table.to_pylist():
        found = evidence[row["id"]]
        assert row["dino_box"] == [one["box_xyxy_px"] for one in found["sightings"]]
        assert row["dino_phrases"] == [one["name"] for one in found["sightings"]]
        assert {len(row[name]) for name in about_boxes} == {len(row["dino_box"])}
        assert len(row["group_phrase"]) == len(set(row["group_phrase"])) == len(row["group_validness"])
        pairs = ("area_captions", "area_sons", "area_boxes", "relation_phrases", "relation_validness")
        assert {len(row[name]) for name in pairs} == {len(row["area_element_id_pair"])}
        for pair, sons in zip(row["area_element_id_pair"], row["area_sons"], strict=True):
            assert set(pair) <= set(sons)
        for phrases, answers in zip(row["relation_phrases"], row["relation_validness"], strict=True):
            assert len(phrases) == len(answers)
    assert any(phrases for row in table.to_pylist() for phrases in row["relation_phrases"])


def test_a_row_by_hand() -> None:
    said = [{"text": "a dog and two cats", "mean_logprob": 0.0, "is_whole": True}]
    sightings = [
        {"key": k, "name": name, "box_xyxy_px": [50.0 * k, 0.0, 50.0 * k + 40, 90.0], "score": 0.9 - k / 10}
        for k, name in enumerate(("dog", "cat", "cat"))
    ]
    evidence: dict[str, Any] = {
        "size_wh": [200, 100],
        "sightings": sightings,
        "captions": said,
        "control": ["hat", 0.1],
        "exists": [[0, 0.9, True], [1, 0.8, True], [2, 0.2, True]],
        "counts": [["cat", 2, 0.4, True], ["cat", 3, 0.3, False]],
        "region_captions": [[0, said], [1, said]],
        "readings": [[0, ["EXIT", "EXIT"]], [1, [""]]],
        "pair_captions": [["0", "1", said]],
        "claims": [["", "two cats", 0.1, True], ["0", "dog", 0.9, True], ["", "hat", 0.9, True]],
        "phrases": [["a dog and two cats", ["dog", "two cats"]]],
        "errors": [],
    }
    row = {"id": "a", "image": "a.png", "scene": "", "captions": [said[0] | {"kind": "general"}], "evidence": evidence}
    made = published_row(row, Rules(counting="off"))
    assert made["general_caption"] == ["a dog and two cats"]
    assert made["detail_caption"] == []
    assert made["ocr_info_vlm_pred"] == [["EXIT"], [""], []]
    assert made["element_validness"] == [["yes"], ["yes"], ["no"]]
    assert made["caption_phrase"] == [["dog"], [], []]
    assert made["element_desc_validness"] == [[["yes"]], [], []]
    assert made["area_element_id_pair"] == [[0, 1]]
    assert made["area_boxes"] == [[0, 0, 90, 90]]
    assert made["area_sons"] == [[0, 1]]
    assert (made["relation_phrases"], made["relation_validness"]) == ([["two cats"]], [[["no"]]])
    assert (made["group_phrase"], made["group_validness"]) == (["cat"], [["unknown"]])
    assert made["element_father_ids"] == [-1, -1, -1]
    assert set(made) == set(SCHEMA.names)


def test_the_table_can_be_fed_back(
    table: pa.Table, finished_run: Path, world: Path, small_settings: W2cSettings, tmp_path: Path, run_until: RunUntil
) -> None:
    data = {"data": finished_run / "export" / "published.parquet", "images": world, "reuse": True, "detector": None}
    settings = W2cSettings.model_validate(small_settings.model_dump() | data)
    accounts = run_until(settings, tmp_path, "ground")
    assert accounts["ground"].rows_out == table.num_rows
    before = {row["id"]: row for row in read_rows(finished_run, "ground")}
    for row in read_rows(tmp_path, "ground"):
        assert row["sightings"] == before[row["id"]]["sightings"]
        assert row["scene"] == before[row["id"]]["scene"]
        assert [(one["kind"], one["text"]) for one in row["captions"]] == [
            (one["kind"], one["text"]) for one in before[row["id"]]["captions"]
        ]
