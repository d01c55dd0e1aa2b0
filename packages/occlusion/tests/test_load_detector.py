from __future__ import annotations

import json
import shutil
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
    Sam3PhraseSegmenter,
    load_detector,
)
from occlusion.checkpoints import read_checkpoint
from occlusion.detectors import DEFAULT_CHECKPOINTS
from PIL import Image
from safetensors.torch import load_file, save_file

from .conftest import copy_without, noise

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


def test_a_lowest_score_takes_the_place_of_every_threshold(
    checkpoints: dict[str, str], video_checkpoints: dict[str, Path]
) -> None:
    for kind, text in (
        (checkpoints["grounding-dino"], "thresholds must be 0 to 1, max_text_tokens 4 or more; got 7, 7, "),
        (checkpoints["mm-grounding-dino"], "thresholds must be 0 to 1, max_text_tokens 4 or more; got 7, 7, "),
        (checkpoints["owlv2"], "box_threshold must be 0 to 1, and template have one {}; got 7, "),
        (str(video_checkpoints["sam3_video"]), "threshold must be 0 to 1; got 7."),
        ("glip-t", "box_threshold must be 0 to 1"),
        ("sam3", "threshold must be 0 to 1; got 7."),
        ("annotations", "annotations have no scores; leave min_score out."),
    ):
        with pytest.raises(OcclusionError) as caught:
            load_detector(kind, min_score=7)
        assert (caught.value.reason, text in str(caught.value)) == ("bad_option", True), str(caught.value)


@pytest.mark.parametrize("kind", ["grounding-dino", "owlv2", "sam3_video"])
def test_with_a_lowest_score_there_is_what_scores_higher_and_nothing_else(
    checkpoints: dict[str, str], video_checkpoints: dict[str, Path], kind: str
) -> None:
    folder, image = checkpoints.get(kind, str(video_checkpoints["sam3_video"])), noise(90, 60)
    everything = load_detector(folder, min_score=0.0)(image, ["cat", "bird"])
    scores = sorted(one.score for one in everything)
    middle = (scores[len(scores) // 2] + scores[len(scores) // 2 - 1]) / 2
    above = [one for one in everything if one.score > middle]
    assert 0 < len(above) < len(everything)
    assert load_detector(folder, min_score=middle)(image, ["cat", "bird"]) == above


def test_a_checkpoint_of_sam_3_is_a_detector(video_checkpoints: dict[str, Path]) -> None:
    folder = str(video_checkpoints["sam3_video"])
    detect = load_detector(folder, min_score=0.0, phrases_per_batch=1, device="cpu")
    assert isinstance(detect, Sam3PhraseSegmenter)
    found = detect(noise(90, 50), ["Cat", "red chair"])
    assert {one.phrase for one in found} == {"Cat", "red chair"}
    assert [one.detection for one in detect.segment(noise(90, 50), ["Cat", "red chair"])] == found


@pytest.mark.parametrize(("kind", "part"), [("grounding-dino", "model.text_projection"), ("owlv2", "class_head")])
def test_a_checkpoint_without_all_weights_is_refused(
    checkpoints: dict[str, str], tmp_path: Path, kind: str, part: str
) -> None:
    copy_without(Path(checkpoints[kind]), part, tmp_path / "part")
    with pytest.raises(
        OcclusionError, match=rf"must have all weights of \w+ObjectDetection; \d are.*: {part}"
    ) as caught:
        load_detector(str(tmp_path / "part"))
    assert caught.value.reason == "missing_weights"


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


@pytest.mark.parametrize("damage", ["cut in half", "another shape"])
def test_damaged_weights_are_a_bad_checkpoint(checkpoints: dict[str, str], tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "owl"
    shutil.copytree(checkpoints["owlvit"], folder)
    weights = folder / "model.safetensors"
    if damage == "cut in half":
        weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    else:
        tensors = load_file(weights)
        name = next(name for name, tensor in tensors.items() if tensor.ndim == 2)
        save_file(tensors | {name: tensors[name][:-1].contiguous()}, weights, metadata={"format": "pt"})
    with pytest.raises(OcclusionError, match="must be a folder or hub id of a detection model") as caught:
        load_detector(str(folder))
    assert caught.value.reason == "bad_checkpoint"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [KeyError("model_type"), RuntimeError("sizes differ:\n1 and 2")])
def test_what_cannot_be_read_is_said_in_one_line_but_not_a_lack_of_memory(error: Exception) -> None:
    def load(raised: Exception) -> None:
        raise raised

    with pytest.raises(OcclusionError, match=r"KeyError 'model_type'$|sizes differ:$"):
        read_checkpoint(lambda: load(error), "here")
    with pytest.raises(RuntimeError, match="out of memory"):
        read_checkpoint(lambda: load(RuntimeError("CUDA out of memory")), "here")


def test_options_that_a_detector_does_not_have_are_bad_options(checkpoints: dict[str, str], tmp_path: Path) -> None:
    for kind, options, text in (
        (checkpoints["owlvit"], {"thresh": 0.1}, "must be those of OwlDetector: .*'thresh'"),
        (checkpoints["owlvit"], {"min_score": 0.1, "box_threshold": 0.2}, "min_score stands for box_threshold"),
        ("glip", {"short_side": 800}, "must be those of GlipDetector: .*'short_side'"),
        ("annotations", {"path": tmp_path / "a.json", "columns": None}, "'columns'"),
        ("annotations", {}, "by path="),
        ("annotations", {"min_score": 0.5, "path": "a.json"}, "have no scores"),
    ):
        with pytest.raises(OcclusionError, match=text) as caught:
            load_detector(kind, **options)
        assert caught.value.reason == "bad_option"
