from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import occlusion
import pytest
from occlusion import blank_english
from PIL import Image

from .conftest import noise
from .sam_models import box_model, write_processor
from .test_causality_architectures import byte_bpe

BLOCKS = re.findall(r"```python\n(.*?)```", (Path(__file__).parents[1] / "README.md").read_text(), re.DOTALL)


def with_small(code: str, small: dict[str, str]) -> str:
    """The code with small checkpoints in the place of those of the hub."""
    for name, other in small.items():
        assert name in code
        code = code.replace(name, other)
    return code


def save_roberta(folder: Path) -> None:
    import torch
    from transformers import RobertaConfig, RobertaForMaskedLM

    torch.manual_seed(0)
    tokenizer = byte_bpe()
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 1}
    config = RobertaConfig(vocab_size=len(tokenizer), max_position_embeddings=130, pad_token_id=1, **sizes)
    RobertaForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def test_the_first_example_prints_what_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    exec(BLOCKS[0], {})
    assert capsys.readouterr().out.splitlines() == re.findall(r"^# (.+)", BLOCKS[0], re.MULTILINE)


def test_the_second_hides_an_object_of_a_photograph(
    checkpoints: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(BLOCKS[1].splitlines()) <= 15
    save_roberta(tmp_path / "roberta")
    box_model("sam").save_pretrained(tmp_path / "sam")
    write_processor(tmp_path / "sam", "sam")
    monkeypatch.setattr(occlusion, "is_causal", lambda score: score.ppl_head > 1)  # Random weights guess nothing.
    monkeypatch.chdir(tmp_path)
    noise(96, 64).save("street.jpg")
    small = {
        'load_english("en_core_web_sm")': "blank_english()",
        "FacebookAI/roberta-large": "roberta",
        "grounding-dino": checkpoints["grounding-dino"],
        "sam-huge": "./sam",
    }
    exec(with_small(BLOCKS[1], small), {"blank_english": blank_english})
    with Image.open("street.jpg") as before, Image.open("street-1.png") as after:
        assert after.size == before.size == (96, 64)
        changed_hw = (np.asarray(before) != np.asarray(after)).any(axis=2)
    assert 0 < changed_hw.mean() < 1
    asked = capsys.readouterr().out.splitlines()
    assert len(asked) == 1
    assert asked[0].startswith("Gray blocks hide")
    assert "man" not in asked[0].lower().split()


def test_the_third_prints_boxes(
    checkpoints: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    noise(96, 64).save("street.jpg")
    small: dict[str, Any] = {'"grounding-dino"': repr(checkpoints["grounding-dino"]), '"cuda"': '"cpu"'}
    exec(with_small(BLOCKS[2], small), {})
    printed = capsys.readouterr().out.splitlines()
    assert printed
    assert all(re.match(r"(red bicycle|traffic light|shop window) \(.+\) 0\.\d+$", line) for line in printed)
