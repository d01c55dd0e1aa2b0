from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from occlusion import (
    Detection,
    Detector,
    GroundingDinoDetector,
    MissingExtraError,
    OcclusionError,
    OwlDetector,
    load_detector,
)
from occlusion.detectors import DEFAULT_CHECKPOINTS
from PIL import Image

from .conftest import noise

CLASSES = {
    "grounding-dino": GroundingDinoDetector,
    "mm-grounding-dino": GroundingDinoDetector,
    "owlv2": OwlDetector,
    "owlvit": OwlDetector,
}


def test_every_kind_has_a_checkpoint_and_a_class(checkpoints: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(DEFAULT_CHECKPOINTS) == set(CLASSES) == set(checkpoints)
    monkeypatch.setattr("occlusion.detectors.choice.DEFAULT_CHECKPOINTS", checkpoints)
    for kind, detector_class in CLASSES.items():
        assert type(load_detector(kind)) is detector_class


def test_options_reach_the_detector_and_all_answer_alike(checkpoints: dict[str, str]) -> None:
    zero: dict[Any, dict[str, Any]] = {
        GroundingDinoDetector: {"box_threshold": 0.0, "text_threshold": 0.0, "batch_size": 2},
        OwlDetector: {"box_threshold": 0.0},
    }
    for kind, folder in checkpoints.items():
        detect: Detector = load_detector(folder, device="cpu", **zero[CLASSES[kind]])
        found = detect(noise(90, 60), ["Red Chair", "cat"])
        assert found
        assert {one.phrase for one in found} <= {"Red Chair", "cat"}
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_annotations_of_either_form_are_a_detector(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = {"image": "a.png", "phrase": "dog", "box_xyxy_px": [1.0, 2.0, 4.0, 6.0], "width": 9, "height": 9}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "a.parquet")
    coco = {
        "images": [{"id": 1, "file_name": "a.png", "width": 9, "height": 9}],
        "categories": [{"id": 7, "name": "dog"}],
        "annotations": [{"id": 5, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]}],
    }
    (tmp_path / "a.json").write_text(json.dumps(coco))
    noise(9, 9).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        for path in (tmp_path / "a.parquet", tmp_path, tmp_path / "a.json"):
            assert load_detector("annotations", path=path)(image, ["Puppies"]) == [
                Detection("Puppies", (1, 2, 4, 6), 1)
            ]
    with pytest.raises(OcclusionError, match="must be given by path="):
        load_detector("annotations")


def test_glip_is_a_kind_and_its_options_reach_it() -> None:
    for kind in ("glip", "glip-l", "glip-t"):
        with pytest.raises(OcclusionError, match=r"box_threshold must be 0 to 1.*got 7"):
            load_detector(kind, box_threshold=7)


def test_what_is_no_detector_is_refused_in_one_line(tmp_path: Path) -> None:
    from transformers import BertConfig

    BertConfig().save_pretrained(tmp_path / "bert")
    (tmp_path / "empty").mkdir()
    for name, reason, text in (
        ("bert", "unknown_detector", "'owlvit'] by its config's model_type; got 'bert'"),
        ("empty", "bad_checkpoint", "must be a folder or hub id of a detection model"),
    ):
        with pytest.raises(OcclusionError) as caught:
            load_detector(str(tmp_path / name))
        assert (caught.value.reason, text in str(caught.value)) == (reason, True)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("engine", ["torch", "transformers"])
def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    for make in (lambda: load_detector("owlv2"), lambda: OwlDetector("x"), lambda: GroundingDinoDetector("x")):
        with pytest.raises(MissingExtraError, match=rf"{engine} is not installed; run: pip install 'occlusion\[hf\]'"):
            make()


def test_a_missing_resampler_of_owlv2_is_said_at_once(
    loaded: dict[str, tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match="scipy"):
        OwlDetector(*loaded["owlv2"])
