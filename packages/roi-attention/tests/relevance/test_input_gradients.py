"""Gradients of pixels: those of plain autograd, on the token whose patch they belong to, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance import Targets, find_images, input_gradient_rows
from small_vlms import FIRST, TOKENS, make, make_inputs
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

ASKED = Targets(
    torch.tensor([[32, 33], [31, 33]]), torch.tensor([[7, 8], [9, 10]]), torch.tensor([[0.25, 0.75], [1.0, 0.0]])
)


def images_of(model: Any, inputs: dict[str, torch.Tensor]) -> list[Any]:
    return [own[0] for own in find_images(model, inputs, [1] * len(inputs["input_ids"]))]


def test_every_patch_of_every_sample_and_target_has_the_length_of_its_own_gradient() -> None:
    model, inputs = make("llava"), make_inputs("llava")
    ours = input_gradient_rows(model, inputs, ASKED, images_of(model, inputs))
    pixels = inputs["pixel_values"].clone().requires_grad_()
    logits = model(**{**inputs, "pixel_values": pixels}, use_cache=False).logits
    for sample in range(2):
        for target in range(2):
            place, token = ASKED.positions_B_T[sample, target], ASKED.tokens_B_T[sample, target]
            (gradient,) = torch.autograd.grad(logits[sample, place, token], pixels, retain_graph=True)
            patches = gradient[sample].reshape(3, 4, 8, 4, 8).permute(1, 3, 0, 2, 4).reshape(TOKENS, -1)
            expected = patches.norm(dim=1) * ASKED.weights_B_T[sample, target]
            found = ours.rows_B_T_N[sample, target]
            assert torch.allclose(found[FIRST : FIRST + TOKENS], expected, rtol=1e-5, atol=0)
            assert found.sum() == found[FIRST : FIRST + TOKENS].sum()


def test_targets_and_logits_are_told_like_those_of_the_sweep() -> None:
    model, inputs = make("llava"), make_inputs("llava")
    places = torch.tensor([[33], [30]])
    asked = Targets(places, torch.full_like(places, -1), torch.ones(2, 1))
    found = input_gradient_rows(model, inputs, asked, images_of(model, inputs))
    logits = model(**inputs).logits
    assert torch.equal(found.tokens_B_T[:, 0], torch.stack([logits[0, 33], logits[1, 30]]).argmax(-1))
    assert torch.allclose(found.logits_B_T_V[:, 0], torch.stack([logits[0, 33], logits[1, 30]]))


def test_a_shift_of_all_logits_has_no_gradient_under_log_odds() -> None:
    """Adding one and the same direction to all output words moves their logits alike, and the map with it or not."""
    model, inputs = make("llava"), make_inputs("llava")
    images, before = images_of(model, inputs), {}
    for moved in (False, True):
        if moved:
            model.lm_head.weight += torch.randn(48, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        for score in ("logit", "log_odds"):
            rows = input_gradient_rows(model, inputs, ASKED, images, score=score).rows_B_T_N
            before.setdefault(score, []).append(rows)
    assert torch.allclose(*before["log_odds"], rtol=1e-5)
    assert not torch.allclose(*before["logit"], rtol=1e-2)


@pytest.mark.parametrize("family", ["qwen2_5_vl", "qwen3_vl"])
def test_four_neighbours_in_the_list_of_patches_are_one_token(family: str) -> None:
    """Changing the four patches of a token changes that token's features most."""
    model, inputs = make(family), make_inputs(family, batch=1)
    pixels, grid = inputs["pixel_values"], inputs["image_grid_thw"]
    before = features(model, pixels, grid)
    for token in (0, 3, 6, 13):
        changed = pixels.clone()
        changed[4 * token : 4 * token + 4] += 1
        assert int((features(model, changed, grid) - before).norm(dim=-1).argmax()) == token


def features(model: Any, pixels: torch.Tensor, grid: torch.Tensor) -> torch.Tensor:
    """What the decoder is given for each image token: `(16, W)`."""
    return torch.cat(list(model.model.get_image_features(pixels, grid).pooler_output))


def test_the_processors_order_of_patches_is_that_of_the_grids_tokens() -> None:
    """A white square on the token in row 1 and column 2, of 3 rows and 4 columns, changes its four patches alone."""
    processor = Qwen2VLImageProcessorPil(
        patch_size=4, merge_size=2, size={"shortest_edge": 64, "longest_edge": 64_000}, do_resize=False
    )
    pixels = np.zeros((24, 32, 3), np.uint8)
    before = processor(Image.fromarray(pixels), return_tensors="pt")
    assert before["image_grid_thw"].tolist() == [[1, 6, 8]]
    pixels[8:16, 16:24] = 255
    after = processor(Image.fromarray(pixels), return_tensors="pt")
    changed = (before["pixel_values"] != after["pixel_values"]).any(-1).nonzero().flatten()
    token = 1 * 4 + 2
    assert changed.tolist() == list(range(4 * token, 4 * token + 4))


def test_pictures_cut_into_tiles_are_refused() -> None:
    model, inputs = make("idefics3"), make_inputs("idefics3")
    with pytest.raises(UnsupportedModelError, match="are not one picture a sample") as refused:
        input_gradient_rows(model, inputs, ASKED, images_of(model, inputs))
    assert refused.value.reason == "pixels"


@pytest.mark.parametrize("frozen", [True, False])
def test_a_tower_that_lets_no_gradient_through_is_refused(frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model, inputs = make("llava"), make_inputs("llava")
    model.requires_grad_(not frozen)
    monkeypatch.setattr(model.model, "get_image_features", torch.no_grad()(model.model.get_image_features))
    with pytest.raises(UnsupportedModelError, match="no gradient reaches the pixels"):
        input_gradient_rows(model, inputs, ASKED, images_of(model, inputs))
