import json
from pathlib import Path

import llava_train
import numpy as np
import pytest
from cvc.errors import SettingsError
from cvc.pipeline import build_pipeline, check_needs
from cvc.settings import CvcSettings
from PIL import Image
from shard_runner import read_rows, run, status
from shard_runner.folder import read_parquet


@pytest.fixture
def odd_folder(world: Path, tmp_path: Path) -> Path:
    """Six images of the world, and one image of every bad or odd kind, each with a good caption."""
    images = tmp_path / "images"
    images.mkdir()
    captions = json.loads((world / "captions.json").read_text())[:12]
    for name in {row["image"] for row in captions}:
        (images / name).write_bytes((world / "images" / name).read_bytes())
    good = Image.open(world / "images" / captions[0]["image"]).convert("RGB")
    good.convert("CMYK").save(images / "cmyk.jpg")
    Image.fromarray(np.full((96, 96), 40_000, np.uint16)).save(images / "sixteen-bit.png")
    good.save(images / "animated.gif", save_all=True, append_images=[good.rotate(90)])
    exif = Image.Exif()
    exif[0x0112] = 6
    good.resize((96, 48)).save(images / "rotated.jpg", exif=exif)
    whole = (images / captions[0]["image"]).read_bytes()
    (images / "truncated.png").write_bytes(whole[: len(whole) // 2])
    (images / "corrupt.png").write_bytes(whole[:60] + b"\0" * 400 + whole[460:])
    (images / "text.png").write_text("not a picture")
    (images / "empty.png").write_bytes(b"")
    Image.new("1", (9_000, 9_999)).save(images / "bomb.png")
    (tmp_path / "outside.png").write_bytes(whole)
    odd = ("cmyk.jpg", "sixteen-bit.png", "animated.gif", "rotated.jpg", "truncated.png", "corrupt.png", "text.png")
    odd += ("empty.png", "bomb.png", "../outside.png", "no-such.png", "nul\0.png")
    texts = [{"image": name, "text_input": "A duck next to a pond on grass."} for name in odd]
    strange = ["", "   ", None, 7, "🦆🦆", "ברווז באגם", "A duck\0 next to a pond on grass.", "x" * 100_000, "\ud800"]
    texts += [{"image": captions[0]["image"], "text_input": text} for text in strange]
    texts += [{"text_input": "A duck without a picture."}, "junk"]
    (tmp_path / "captions.json").write_text(json.dumps(captions + texts))
    return tmp_path


def test_bad_images_are_quarantined_by_name_and_reason_while_the_run_goes_on(
    odd_folder: Path, small_settings: CvcSettings, tmp_path: Path
) -> None:
    changes = {"images": odd_folder / "images", "captions": odd_folder / "captions.json", "max_pixels": 10_000_000}
    settings = small_settings.model_copy(update=changes)
    out = tmp_path / "run"
    run(build_pipeline(settings, out), out, seed=0, only=["judge"], progress=False)
    failed = {row["id"]: row["reason"] for row in read_parquet(out / "images" / "failed.parquet")}
    assert failed == {
        "truncated": "truncated",
        "corrupt": "corrupt",
        "text": "not_an_image",
        "empty": "not_an_image",
        "bomb": "too_large",
        "../outside": "outside_root",
        "no-such": "missing",
        "nul\0": "missing",
        "(no image)": "no_image_named",
    }
    opened = {row["image_id"]: (row["width"], row["height"]) for row in read_rows(out, "images")}
    assert opened["rotated"] == (48, 96)
    assert {"cmyk", "sixteen-bit", "animated"} <= set(opened)
    assert len(list(read_rows(out, "judge"))) >= 6
    assert all(account.adds_up for account in status(out))


def test_odd_captions_get_their_verdict_and_leave_their_neighbours_alone(
    odd_folder: Path, small_settings: CvcSettings, tmp_path: Path
) -> None:
    changes = {"images": odd_folder / "images", "captions": odd_folder / "captions.json", "max_pixels": 10_000_000}
    settings = small_settings.model_copy(update=changes)
    out = tmp_path / "run"
    run(build_pipeline(settings, out), out, seed=0, only=["causality"], progress=False)
    [entities] = [account for account in status(out) if account.name == "entities"]
    assert entities.dropped == {"caption_not_text": 3, "empty_caption": 2, "no_entity": 3}
    assert not entities.failed


def test_annotations_of_another_size_are_refused(world: Path, small_settings: CvcSettings, tmp_path: Path) -> None:
    instances = json.loads((world / "instances.json").read_text())
    instances["images"] = [image | {"width": 192} for image in instances["images"]]
    instances["annotations"] = [
        {k: v for k, v in one.items() if k != "segmentation"} for one in instances["annotations"]
    ]
    (tmp_path / "instances.json").write_text(json.dumps(instances))
    settings = small_settings.model_copy(update={"annotations": tmp_path / "instances.json"})
    run(build_pipeline(settings, tmp_path), tmp_path, seed=0, only=["boxes"], progress=False)
    [boxes] = [account for account in status(tmp_path) if account.name == "boxes"]
    assert boxes.dropped == {"other_size": boxes.rows_in}


@pytest.mark.parametrize(
    ("given", "step", "words"),
    [
        ({}, "images", "--captions is needed"),
        ({"captions": "c.json"}, "images", "--images is needed"),
        ({"captions": "c.json", "images": "i"}, "occlude", "--annotations is needed: boxes come from COCO"),
        ({"captions": "c.json", "images": "i", "annotations": "a.json"}, "mix", "--model is needed"),
    ],
)
def test_what_a_step_needs_is_said_before_any_work(given: dict[str, str], step: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        check_needs(CvcSettings.model_validate(given), step)


@pytest.mark.parametrize(
    "given",
    [
        {"model": "./none"},
        {"model": "served", "backend": "server", "base_url": "http://127.0.0.1:9/v1", "weights": "./none"},
    ],
)
def test_a_model_that_is_no_folder_is_told_before_any_work(given: dict[str, str]) -> None:
    paths = {"captions": "c.json", "images": "i", "annotations": "a.json"}
    settings = CvcSettings.model_validate(paths | given)
    check_needs(settings, "question")
    with pytest.raises(llava_train.SettingsError, match=r"model '\./none' is no folder"):
        check_needs(settings, "train")
