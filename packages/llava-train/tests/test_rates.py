"""Each part of a model moves by its own rate, or not at all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from llava_train import (
    SettingsError,
    SftSettings,
    find_parts,
    freeze_parts,
    load_model,
    lora_config,
    train,
)
from llava_train.model_parts import part_of
from llava_train.optimizer_groups import optimizer_groups

Rows = list[dict[str, Any]]
RATE, PROJECTOR, VISION = 1e-2, 1e-3, 1e-4


@pytest.fixture
def settings(tiny: Path) -> SftSettings:
    """One step: AdamW's first moves each weight that has a gradient by its rate, whatever the gradient's size."""
    return SftSettings(
        model=str(tiny), method="full", learning_rate=RATE, max_steps=1, batch_size=8, warmup_ratio=0.0, device="cpu",
        dtype="float32",
    )  # fmt: skip


def longest_moves(settings: SftSettings, rows: Rows, folder: Path) -> dict[str, float]:
    """For each part, how far its weight that went farthest went."""
    result = train(settings, rows, folder)
    before, after = (load_model(str(one), "float32") for one in (settings.model, result.model_folder))
    parts, way = find_parts(before), defaultdict[str, float](float)
    new = after.state_dict()
    for name, weight in before.state_dict().items():
        part = part_of(name, parts)
        way[part] = max(way[part], float((new[name].float() - weight.float()).abs().max()))
    return dict(way)


@pytest.mark.parametrize(
    ("options", "moves"),
    [
        ({"projector_rate": PROJECTOR}, (RATE, PROJECTOR, 0)),
        (
            {"train_vision": True, "vision_rate": VISION, "projector_rate": PROJECTOR},
            (RATE, PROJECTOR, VISION),
        ),
        ({"train_language": False}, (0, RATE, 0)),  # LLaVA's stage 1
    ],
)
def test_each_part_moves_by_its_rate(
    settings: SftSettings, rows: Rows, tmp_path: Path, options: dict[str, Any], moves: tuple[float, float, float]
) -> None:
    way = longest_moves(replace(settings, **options), rows, tmp_path)
    assert (way["language"], way["projector"], way["vision"]) == pytest.approx(moves, rel=0.02)


def test_adapters_and_the_whole_projector_beside_them_have_their_rates(tiny: Path) -> None:
    from peft import get_peft_model

    settings = SftSettings(
        model=str(tiny), train_projector=True, projector_rate=PROJECTOR, train_vision=True, vision_rate=VISION,
        learning_rate=RATE, weight_decay=0.1,
    )  # fmt: skip
    model = load_model(str(tiny), "float32")
    parts = find_parts(model)
    adapted = get_peft_model(model, lora_config(model, parts, settings))
    names = {id(weight): name for name, weight in adapted.named_parameters()}
    decayed = {name for name in names.values() if name.endswith("weight")}
    groups = optimizer_groups(adapted, parts, settings, decayed)
    rate_of = {names[id(weight)]: group["lr"] for group in groups for weight in group["params"]}
    assert set(rate_of) == {name for name, weight in adapted.named_parameters() if weight.requires_grad}
    expected = {"language_model": RATE, "multi_modal_projector": PROJECTOR, "vision_tower": VISION}
    for name, rate in rate_of.items():
        assert [rate] == [value for part, value in expected.items() if f".{part}." in name]
    assert {group["weight_decay"] for group in groups} == {0.1, 0.0}


def test_the_merger_of_qwen_vl_is_a_projector_though_it_stands_in_the_vision_tower() -> None:
    model = torch.nn.Module()
    model.visual, model.language_model = torch.nn.Module(), torch.nn.Linear(2, 2)
    model.visual.blocks, model.visual.merger = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)
    model.get_decoder, model.get_output_embeddings = lambda: model.language_model, lambda: None
    model.get_encoder = lambda modality: model.visual
    parts = find_parts(model)
    assert (parts.vision, parts.projectors) == ("visual", ("visual.merger",))
    freeze_parts(model, parts, SftSettings(model="m", method="full"))
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert trained == {f"{part}.{kind}" for part in ("language_model", "visual.merger") for kind in ("weight", "bias")}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vision_rate": 1e-6}, "vision_rate needs train_vision"),
        ({"projector_rate": 1e-6}, "projector_rate needs train_projector"),
        ({"method": "full", "projector_rate": 0.0}, "projector_rate must be above 0"),
        ({"train_language": False}, "train_language=False needs method 'full'"),
        ({"method": "full", "train_language": False, "train_projector": False}, "nothing is trained"),
    ],
)
def test_switches_that_contradict_one_another_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        SftSettings(model="m", **options)
