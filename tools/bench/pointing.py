"""Which maps point at the true object? Every method of `roi-attention` on drawn scenes with the tiny model.

    uv run python tools/bench/pointing.py                half a minute: 128 scenes
    uv run python tools/bench/pointing.py --scenes 500

Each scene has one sign whose character is too small to be read in the whole picture; the model is asked what it says,
and the true answer is explained. A map points right when the middle of its strongest patch lies within 15 px of the
plate with the character; a region is half of the picture wide. Baselines: a point drawn anywhere, the middle of the
picture. No times are compared. The last line is one JSON object; `agree` says that the full rule beats both baselines.
"""

from __future__ import annotations

import argparse
import json
from statistics import mean
from typing import Any

import scene_world as world
import torch
from box_space import Box, OriginalPixels
from roi_attention import find_region, pointing_game, region_score
from roi_attention.relevance import ImageQuestion, explain
from transformers import AutoModelForImageTextToText, AutoProcessor

QUESTION, NEUTRAL, BATCH, TOLERANCE_PX = "What does the sign say?", "Describe the image.", 32, 15.0
WAYS: dict[str, dict[str, Any]] = {
    "relevance, logit": {},
    "relevance, log_odds": {"score": "log_odds"},
    "relevance, neutral": {"neutral": NEUTRAL},
    "text_rows": {"method": "text_rows"},
    "attention": {"method": "attention"},
    "attention, neutral": {"method": "attention", "neutral": NEUTRAL},
    "input_gradient": {"method": "input_gradient"},
}


def measure(model: Any, processor: Any, asked: list[ImageQuestion], true_boxes: list[Box], how: dict[str, Any]) -> Any:
    """Pointing game and mean share of the true box in the region, for one way of making maps."""
    batches = [asked[start : start + BATCH] for start in range(0, len(asked), BATCH)]
    maps = [found.whole for batch in batches for found in explain(model, processor, batch, **how)]
    game = pointing_game(list(zip(maps, true_boxes, strict=True)), tolerance_px=TOLERANCE_PX)
    regions = [find_region(one, mass=0.2, sides=(0.5,), shortest=0.5) for one in maps]
    held = mean(region_score(region.box, box).covered for region, box in zip(regions, true_boxes, strict=True))
    return {"points": game.share, "region": held, "random": game.random_share, "centre": game.centre_share}


def main() -> None:
    """Measure every way and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=128)
    scenes = [world.sample_sign_scene("pointing", index) for index in range(parser.parse_args().scenes)]
    torch.set_num_threads(1)
    path = world.tiny_vlm_path()
    model = AutoModelForImageTextToText.from_pretrained(path, dtype="float32").eval().requires_grad_(False)
    processor = AutoProcessor.from_pretrained(path)
    signs = [next(thing for thing in scene.things if thing.kind == "sign") for scene in scenes]
    asked = [ImageQuestion(world.render_large(s), QUESTION, t.text) for s, t in zip(scenes, signs, strict=True)]
    original = OriginalPixels(world.LARGE_PX, world.LARGE_PX)
    boxes = [Box(*world.plate_box_xyxy_px(sign), space=original) for sign in signs]
    found = {name: measure(model, processor, asked, boxes, how) for name, how in WAYS.items()}
    print(f"{'map':<22}{'points':>8}{'region holds':>14}")
    for name, scores in found.items():
        print(f"{name:<22}{100 * scores['points']:>7.1f}%{100 * scores['region']:>13.1f}%")
    own = found["relevance, logit"]
    print(f"a point anywhere: {100 * own['random']:.1f}%; the middle of the picture: {100 * own['centre']:.1f}%")
    agree = own["points"] > max(own["random"], own["centre"])
    print(json.dumps({"name": "pointing", "scenes": len(scenes), "agree": agree, "ways": found}))


if __name__ == "__main__":
    main()
