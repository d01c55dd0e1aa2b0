"""The real worker with random weights. Slow, and needs the worker's environment:

    OCCLUSION_GLIP_PYTHON=/path/to/env/bin/python pytest packages/occlusion/tests/test_glip_real.py -m slow

The path after `uv sync --script .../glip_worker.py` is that of `uv python find --script .../glip_worker.py`.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from occlusion.detectors.glip import GlipDetector
from occlusion.workers import WorkerLimits

from .conftest import noise

PYTHON = os.environ.get("OCCLUSION_GLIP_PYTHON", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="set OCCLUSION_GLIP_PYTHON to the python of the worker's environment"),
]

# GLIP's fusion layers take text features of 768.
MAKE_TEXT_MODEL = """
import sys
from transformers import BertConfig, BertModel, BertTokenizerFast
letters = [chr(97 + i) for i in range(26)]
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", "cat", "red", "chair"]
words += [*letters, *("##" + one for one in letters)]
open(sys.argv[1] + "/vocab.txt", "w").write("\\n".join(words))
BertTokenizerFast(sys.argv[1] + "/vocab.txt").save_pretrained(sys.argv[1])
config = BertConfig(vocab_size=len(words), hidden_size=768, num_hidden_layers=1, intermediate_size=64)
BertModel(config).save_pretrained(sys.argv[1])
"""


def test_the_real_worker_finds_phrases_on_random_weights(tmp_path: Path) -> None:
    subprocess.run([PYTHON, "-c", MAKE_TEXT_MODEL, str(tmp_path)], check=True)
    options = {"weights": "random", "language_model": tmp_path, "box_threshold": 0.0, "launcher": [PYTHON]}
    limits = WorkerLimits(start_timeout_s=300, call_timeout_s=600, max_restarts=0)
    begun = time.monotonic()
    with GlipDetector("glip-t", limits=limits, short_side_px=320, stderr_path=tmp_path / "log", **options) as detect:
        print("greets after", round(time.monotonic() - begun, 1), "s:", detect.versions)
        assert detect.versions["mmdet"] == "3.3.0"
        image, phrases = noise(90, 60), ["  Cat", "RED chair"]
        begun = time.monotonic()
        found = detect(image, phrases)
        print("one image:", round(time.monotonic() - begun, 1), "s,", len(found), "boxes, best", found[0])
        assert {one.phrase for one in found} == set(phrases)
        assert len(found) == 100  # The most that the published configuration keeps.
        assert all(one.box_xyxy_px[2] <= 90 and one.box_xyxy_px[3] <= 60 for one in found)
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        refused = detect.refusal("cat " * 300)
        assert refused is not None
        assert refused.reason == "phrase_too_long"
        assert detect.refusal("\u9d28").reason == "special_token"  # type: ignore[union-attr]
        many = ["cat " * k + "chair" for k in range(1, 25)]  # 348 tokens: two texts.
        names = {one.phrase for one in detect(image, many)}
        assert names <= set(many)
