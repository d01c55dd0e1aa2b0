# /// script
# requires-python = "==3.11.*"
# dependencies = ["llamafactory==0.9.5", "torch==2.11.0", "torchvision==0.26.0", "torchaudio==2.11.0"]
#
# [tool.uv]
# exclude-newer = "2026-11-20T00:00:00Z"
# ///
"""Read an export with LLaMA-Factory's own loader and template; run by `run.py`, which makes the folder it is given."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
from llamafactory.data.converter import SharegptDatasetConverter
from llamafactory.data.parser import get_dataset_list
from llamafactory.hparams import get_train_args
from llamafactory.model import load_tokenizer
from PIL import Image

folder = Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
arguments = {
    "model_name_or_path": str(folder / "model"), "stage": "sft", "do_train": True, "finetuning_type": "lora",
    "dataset": "own", "dataset_dir": str(folder), "template": "llava", "output_dir": str(folder / "out"),
    "overwrite_cache": True, "preprocessing_num_workers": 1, "cutoff_len": 4096, "report_to": "none", "use_cpu": True,
}  # fmt: skip
model_args, data_args, training_args, _, _ = get_train_args(arguments)

(attributes,) = get_dataset_list(["own"], str(folder))
convert = SharegptDatasetConverter(attributes, data_args)
written = json.loads((folder / attributes.dataset_name).read_text(encoding="utf-8"))
for row, wanted in zip(written, expected, strict=True):
    read = convert(row)
    system = [["system", read["_system"]]] if read["_system"] else []
    turns = system + [[message["role"], message["content"]] for message in read["_prompt"] + read["_response"]]
    assert turns == wanted["turns"], f"{turns} for {wanted['turns']}"
    paths = read["_images"] or []
    pixels = [hashlib.sha256(Image.open(path).convert("RGB").tobytes()).hexdigest() for path in paths]
    assert pixels == wanted["pixels"], f"other images: {paths}"

loaded = load_tokenizer(model_args)
template = get_template_and_fix_tokenizer(loaded["tokenizer"], data_args)
rows = get_dataset(template, model_args, data_args, training_args, stage="sft", **loaded)["train_dataset"]
assert len(rows) == len(expected), f"{len(rows)} of {len(expected)} rows arrived"
for row, wanted in zip(rows, expected, strict=True):
    learned = loaded["tokenizer"].decode([label for label in row["labels"] if label != -100])
    answers = [content for role, content in wanted["turns"] if role == "assistant"]
    assert all(answer in learned for answer in answers), f"{learned!r} for {answers}"
    assert len(row["images"] or []) == len(wanted["pixels"])
    image_id = loaded["tokenizer"].convert_tokens_to_ids("<image>")
    assert (image_id in row["input_ids"]) == bool(wanted["pixels"])
print(f"LLaMA-Factory: {len(rows)} rows, {sum(len(row['pixels']) for row in expected)} images as they were")
