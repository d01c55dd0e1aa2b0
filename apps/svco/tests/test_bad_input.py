"""Bad pairs get their verdicts before anything is trained, and their neighbours are unharmed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image
from shard_runner import run, status
from svco.cli import main
from svco.errors import InputError
from svco.pairs import read_pairs
from svco.pipeline import build_pipeline
from svco.settings import SvcoRunSettings


def mvc(**changes: Any) -> dict[str, Any]:
    row = {
        "system_prompt": "",
        "instruction_prompt": "Describe the image.",
        "chosen_images": ["a.png"],
        "rejected_images": ["b.png"],
        "chosen_response": "A red picture.",
        "rejected_response": "A blue picture.",
    }
    return row | changes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.new("RGB", (32, 32), "red").save(tmp_path / "a.png")
    Image.new("RGB", (32, 32), "blue").save(tmp_path / "b.png")
    Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save(tmp_path / "also-red.jpg")
    Image.effect_noise((64, 64), 60).save(tmp_path / "torn.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "torn.png").read_bytes()[:1500])
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def accounts_of(folder: Path, rows: list[Any], **settings: Any) -> dict[str, Any]:
    (folder / "mvc.json").write_text(json.dumps(rows))
    chosen = SvcoRunSettings(data=folder / "mvc.json", model="tiny", device="cpu", max_answer_tokens=20, **settings)
    out = folder / "run"
    run(build_pipeline(chosen, out), out, seed=0, only=["reference"], progress=False, max_failed_share=1.0)
    return {account.name: account for account in status(out)}


def test_every_bad_pair_has_its_reason_and_the_good_ones_go_on(folder: Path) -> None:
    rows = [
        mvc(),
        mvc(chosen_images=[]),
        "junk",
        mvc(chosen_response=" \n"),
        mvc(rejected_response="A red  picture."),
        mvc(rejected_images=["a.png"]),
        mvc(rejected_images=["none.png"]),
        mvc(rejected_images=["../b.png"]),
        mvc(chosen_images=["torn.png"]),
        mvc(chosen_images=["text.png"]),
        mvc(chosen_response="A 🦆 \x00 ברווז."),
        mvc(chosen_images=["also-red.jpg"]),
    ]
    check = accounts_of(folder, rows)["check"]
    assert check.rows_in == len(rows)
    assert check.dropped == {"malformed": 3, "empty_text": 1, "same_text": 1, "same_image": 1}
    assert check.failed == {"missing": 1, "outside_root": 1, "truncated": 1, "not_an_image": 1}
    assert check.done == 2


def test_texts_that_cannot_be_trained_on_are_dropped_before_training(folder: Path) -> None:
    long = "A red picture of a very long kind that goes on and on and on and on and on and on and on and on."
    rows = [mvc(), mvc(chosen_response=long), mvc(instruction_prompt="What is <image> ?")]
    reference = accounts_of(folder, rows)["reference"]
    assert reference.dropped == {"too_long": 1, "special_token_in_text": 1}
    assert reference.done == 1


def test_a_run_without_a_usable_pair_ends_with_one_clear_line(folder: Path) -> None:
    (folder / "mvc.json").write_text(json.dumps([mvc(chosen_response="")]))
    flags = ["--data", folder / "mvc.json", "--model", "tiny", "--device", "cpu", "--out", folder / "run"]
    done = CliRunner().invoke(main, ["train", *map(str, flags)])
    assert done.exit_code == 1
    assert "no pair is left to train on" in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_equal_pairs_keep_ids_of_their_own(folder: Path) -> None:
    (folder / "mvc.json").write_text(json.dumps([mvc(), mvc(), mvc(category="color")]))
    from collections import Counter

    ids = [row["id"] for row in read_pairs(folder / "mvc.json", Counter())]
    assert len(set(ids)) == 3
    assert ids[1] == f"{ids[0]}-2"
    assert ids[2].startswith("color-")


@pytest.mark.parametrize(
    ("text", "words"), [("[", "cannot be read as JSON"), ("{}", "must hold a list"), ("[]", "holds no pairs")]
)
def test_files_that_are_no_pairs_are_refused(tmp_path: Path, text: str, words: str) -> None:
    from collections import Counter

    (tmp_path / "mvc.json").write_text(text)
    with pytest.raises(InputError, match=words):
        list(read_pairs(tmp_path / "mvc.json", Counter()))


def test_pairs_that_differ_too_much_are_dropped(folder: Path) -> None:
    check = accounts_of(folder, [mvc()], max_changed=0.5)["check"]
    assert check.dropped == {"changed_too_much": 1}


def test_the_filter_uses_real_backbones_and_gives_reasons(folder: Path, tmp_path: Path) -> None:
    """Small random CLIP and DINOv2: thresholds at the ends of the scale decide."""
    import torch
    from transformers import CLIPConfig, CLIPModel, Dinov2Config, Dinov2Model
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(0)
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = small | {"image_size": 32, "patch_size": 8}
    CLIPModel(
        CLIPConfig(text_config=small | {"vocab_size": 50}, vision_config=vision, projection_dim=8)
    ).save_pretrained(tmp_path / "clip")
    dino = Dinov2Config(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8)
    Dinov2Model(dino).save_pretrained(tmp_path / "dino")
    side = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=side).save_pretrained(tmp_path / "clip")
    BitImageProcessorPil(size={"shortest_edge": 32}, crop_size=side).save_pretrained(tmp_path / "dino")
    models = {"filter": True, "semantic_model": str(tmp_path / "clip"), "visual_model": str(tmp_path / "dino")}
    rows = [mvc(), mvc(category="left_right")]
    for bounds, dropped in (
        ({"min_semantic": -1.0, "max_visual": 1.0}, {}),
        ({"min_semantic": 1.0, "max_visual": 1.0}, {"not_alike": 1}),
        ({"min_semantic": -1.0, "max_visual": -1.0}, {"too_alike": 1}),
    ):
        assert accounts_of(folder, rows, **models, **bounds)["filter"].dropped == dropped
