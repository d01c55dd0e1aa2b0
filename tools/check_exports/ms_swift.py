# /// script
# requires-python = "==3.11.*"
# dependencies = ["ms-swift==4.6.0", "torch==2.13.0", "torchvision==0.28.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""Read an export with ms-swift's own loader and template; run by `run.py`, which makes the folder it is given."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from swift.dataset import load_dataset
from swift.model import get_model_processor
from swift.template import get_template
from swift.template.template_inputs import TemplateInputs
from swift.template.vision_utils import load_image

folder = Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
rows, _ = load_dataset(str(folder / "ms_swift.jsonl"), split_dataset_ratio=0.0, strict=True, load_from_cache_file=False)
assert len(rows) == len(expected), f"{len(rows)} of {len(expected)} rows arrived"

_, processor = get_model_processor(str(folder / "model"), model_type="llava1_5_hf", load_model=False)
template = get_template(processor, template_type="llava1_5_hf")
template.set_mode("train")
for row, wanted in zip(rows, expected, strict=True):
    turns = [[message["role"], message["content"]] for message in row["messages"]]
    assert turns == wanted["turns"], f"{turns} for {wanted['turns']}"
    inputs = TemplateInputs.from_dict(dict(row)).chosen
    paths = [image["path"] if isinstance(image, dict) else image for image in inputs.images]
    pixels = [hashlib.sha256(load_image(path).convert("RGB").tobytes()).hexdigest() for path in paths]
    assert pixels == wanted["pixels"], f"other images: {paths}"
    encoded = template.encode(dict(row))
    learned = processor.tokenizer.decode([label for label in encoded["labels"] if label != -100])
    skipped = [message for message in row["messages"] if message.get("loss") is False]
    for message in row["messages"]:
        if message["role"] == "assistant":
            assert (message["content"] in learned) == (message not in skipped), learned
    images = 0 if encoded.get("pixel_values") is None else len(encoded["pixel_values"])
    assert images == len(wanted["pixels"]), f"{images} images for {len(wanted['pixels'])}"
print(f"ms-swift: {len(rows)} rows, {sum(len(row['pixels']) for row in expected)} images as they were")
