"""Detectors, segmenters, occluders and language models in the place of annotations, squares and rules."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvc.pipeline import build_pipeline, check_needs
from cvc.settings import CvcSettings
from occlusion import decode_mask
from PIL import Image
from pydantic import ValidationError
from shard_runner import read_rows, run, status
from shard_runner.folder import read_parquet

from .tiny_vision import save_detector, save_segmenter


@pytest.fixture(scope="session")
def vision(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of a detector and of a segmenter with random weights."""
    folder = tmp_path_factory.mktemp("vision")
    made = {"detector": save_detector(folder / "detector"), "segmenter": save_segmenter(folder / "segmenter")}
    return {name: str(path) for name, path in made.items()}


def changed(settings: CvcSettings, **changes: Any) -> CvcSettings:
    """The settings, checked again, with some that differ."""
    return CvcSettings(**(settings.model_dump() | changes))


def until(step: str, settings: CvcSettings, out: Path) -> list[dict[str, Any]]:
    """Run up to a step and return its rows."""
    check_needs(settings, step)
    run(build_pipeline(settings, out), out, seed=0, only=[step], progress=False)
    assert all(account.adds_up for account in status(out))
    return list(read_rows(out, step))


def test_a_detector_and_a_segmenter_stand_in_for_annotations_and_see_each_image_once(
    small_settings: CvcSettings, vision: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import SamModel
    from transformers.models.grounding_dino.modeling_grounding_dino import GroundingDinoConvEncoder

    seen: Counter[str] = Counter()
    for kind, method in ((GroundingDinoConvEncoder, "forward"), (SamModel, "get_image_embeddings")):
        monkeypatch.setattr(kind, method, _counted(getattr(kind, method), kind.__name__, seen))
    parts = {**vision, "annotations": None, "min_score": 0.0, "causality_filter": False, "max_hidden": 1.0}
    rows = until("occlude", changed(small_settings, **parts, min_covered=0.0), tmp_path)
    found = list(read_rows(tmp_path, "boxes"))
    asked = {row["image"] for row in read_rows(tmp_path, "select")}
    images = {row["image"] for row in found}
    assert seen == {"GroundingDinoConvEncoder": len(asked), "SamModel": len(images)}, "once, with one batch"
    assert max(Counter(row["image"] for row in found).values()) > 1
    assert rows
    for row in rows:
        assert len(row["boxes"]) == len(row["scores"]) == len(row["masks"]) == len(row["object_shares"]) >= 1
        assert all(mask["size"] == [row["height"], row["width"]] for mask in row["masks"])
        assert (tmp_path / row["occluded"]).is_file()


def _counted(method: Any, name: str, seen: Counter[str]) -> Any:
    def call(*arguments: Any, **named: Any) -> Any:
        seen[name] += 1
        return method(*arguments, **named)

    return call


def test_what_a_detector_does_not_find_or_cannot_read_is_dropped_with_its_reason(
    small_settings: CvcSettings, vision: dict[str, str], world: Path, tmp_path: Path
) -> None:
    captions = json.loads((world / "captions.json").read_text())[:1]
    captions[0]["text_input"] = "A duck next to a st.bernard on grass."
    (tmp_path / "captions.json").write_text(json.dumps(captions))
    lexicon = json.loads((world / "lexicon.json").read_text()) | {"st.bernard": "animal"}
    (tmp_path / "lexicon.json").write_text(json.dumps(lexicon))
    files = {"captions": tmp_path / "captions.json", "lexicon": tmp_path / "lexicon.json", "annotations": None}
    settings = changed(small_settings, **files, detector=vision["detector"], min_score=1.0, causality_filter=False)
    assert until("boxes", settings, tmp_path / "run") == []
    [boxes] = [account for account in status(tmp_path / "run") if account.name == "boxes"]
    assert boxes.dropped["not_found"] >= 1
    assert set(boxes.dropped) == {"not_found", "sub_sentence"}


def test_caps_keep_the_most_causal_of_each_image_and_kind(small_settings: CvcSettings, tmp_path: Path) -> None:
    settings = changed(small_settings, causality_filter=False)
    every = until("select", settings, tmp_path / "all")
    capped = until("select", changed(settings, most_per_image=1, most_per_head=2), tmp_path / "capped")
    dropped = Counter(row["reason"] for row in read_parquet(tmp_path / "capped" / "select" / "dropped.parquet"))
    assert max(Counter(row["image"] for row in capped).values()) == 1
    assert max(Counter(row["lemma"] for row in capped).values()) <= 2
    assert dropped["over_image_cap"] >= 1
    assert dropped["over_image_cap"] + dropped["over_head_cap"] == len(every) - len(capped)
    best = {row["image"]: row["ppl_head"] for row in sorted(every, key=lambda row: -row["ppl_head"])}
    assert all(row["ppl_head"] == best[row["image"]] for row in capped)


@pytest.mark.parametrize(
    ("occluder", "words"),
    [("fill", "A blank area hides"), ("blur", "A blurred area hides"), ("pixelate", "A pixelated area hides")],
)
def test_another_occluder_changes_its_mask_alone_and_is_what_the_question_speaks_of(
    small_settings: CvcSettings, world: Path, tmp_path: Path, occluder: str, words: str
) -> None:
    masks = {"occluder": occluder, "segmenter": "annotations"}
    rows = until("question", changed(small_settings, **masks), tmp_path)
    assert rows
    for row in rows:
        before = np.asarray(Image.open(world / "images" / row["image"]).convert("RGB"))
        after = np.asarray(Image.open(tmp_path / row["occluded"]))
        inside = np.logical_or.reduce([decode_mask(mask) for mask in row["masks"]])
        assert (before == after)[~inside].all()
        assert not (before == after)[inside].all()
        assert row["stem"].startswith(words)


def test_a_thing_of_which_some_annotations_cannot_be_used_is_dropped(
    small_settings: CvcSettings, world: Path, tmp_path: Path
) -> None:
    instances = json.loads((world / "instances.json").read_text())
    first = instances["annotations"][0]
    instances["annotations"].append(first | {"id": 10**6, "iscrowd": 1})
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    settings = changed(small_settings, annotations=tmp_path / "instances.json", causality_filter=False)
    whole = until("boxes", changed(small_settings, causality_filter=False), tmp_path / "whole")
    kept = until("boxes", settings, tmp_path / "crowd")
    [boxes] = [account for account in status(tmp_path / "crowd") if account.name == "boxes"]
    assert boxes.dropped["partly_annotated"] == len(whole) - len(kept) == 1


def test_replies_of_another_backend_or_precision_are_asked_for_anew(
    small_settings: CvcSettings, tmp_path: Path
) -> None:
    def configs(**changes: Any) -> list[object]:
        settings = changed(small_settings, entities="llm", questions="llm", **changes)
        steps = {step.name: step for step in build_pipeline(settings, tmp_path)}
        return [steps[name].config for name in ("entities", "question")]

    assert configs() == configs()
    for one, other in zip(configs(), configs(dtype="bfloat16"), strict=True):
        assert one != other


def test_what_still_gives_a_thing_away_is_listed_or_dropped(small_settings: CvcSettings, tmp_path: Path) -> None:
    blurred = changed(small_settings, occluder="fill", segmenter="annotations")
    listed = until("occlude", blurred, tmp_path / "listed")
    leaking = {row["id"] for row in listed if row["leaks"]}
    kept = until("occlude", changed(blurred, drop_leaks=True), tmp_path / "kept")
    reasons = {row["reason"] for row in read_parquet(tmp_path / "kept" / "occlude" / "dropped.parquet")}
    assert leaking
    assert {row["id"] for row in kept} == {row["id"] for row in listed} - leaking
    assert "leak_outline" in reasons
    assert not any("file_name" in row["leaks"] or "metadata" in row["leaks"] for row in listed)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"min_score": 0.3}, "min_score belongs to a detector"),
        ({"detector": "owlv2", "annotations": "a.json"}, "annotations are not read with detector owlv2"),
        ({"detector": "glip-t", "segmenter": "annotations"}, "takes masks that detector glip-t does not give"),
        ({"sam_type": "vit_b"}, "sam_type is that of sam_checkpoint"),
        ({"glip_python": "python"}, "glip_python belongs to detector glip; got detector annotations"),
        ({"segmenter": "segment-anything"}, "segment-anything needs sam_checkpoint"),
        ({"sam_checkpoint": "sam.pth"}, "no other segmenter takes it"),
        ({"text_model": "llm"}, "text_model is for entities llm or questions llm"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        CvcSettings(**given)
