"""The row sweep equals whole matrices, for every family, in batches, under padding, and leaves the model as it was."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from full_matrices import reference_rows
from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance import Targets, attention_rows, relevance_rows
from small_vlms import FAMILIES, FIRST, TOKENS, make, make_inputs
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

IMAGE = slice(FIRST, FIRST + TOKENS)


def targets(positions: list[int], *, batch: int = 2) -> Targets:
    places = torch.tensor([positions] * batch)
    tokens = torch.randint(0, 90, places.shape, generator=torch.Generator().manual_seed(3))
    return Targets(places, tokens, torch.full(places.shape, 1 / len(positions), dtype=torch.float64))


def worst(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((ours - theirs).abs().max() / theirs.abs().max())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("joint", [False, True])
def test_rows_equal_the_full_matrices_of_every_family(family: str, joint: bool) -> None:
    model, inputs, asked = make(family), make_inputs(family), targets([30, 31, 32])
    ours = relevance_rows(model, inputs, asked, combine="joint" if joint else "per_token", tile=7)
    theirs = reference_rows(model, inputs, asked.positions_B_T, asked.tokens_B_T, asked.weights_B_T, joint=joint)
    assert theirs[..., IMAGE].max() > 0
    assert worst(ours.rows_B_T_N, theirs) < 1e-12


@pytest.mark.parametrize("tile", [1, 5, 34, 128])
def test_the_size_of_a_tile_does_not_matter(tile: int) -> None:
    model, inputs, asked = make("llava_interleave"), make_inputs("llava_interleave"), targets([33])
    whole = relevance_rows(model, inputs, asked)
    assert worst(relevance_rows(model, inputs, asked, tile=tile).rows_B_T_N, whole.rows_B_T_N) < 1e-13


def test_log_probabilities_are_explained_like_the_reference() -> None:
    model, inputs, asked = make("llava"), make_inputs("llava"), targets([31, 32])
    ours = relevance_rows(model, inputs, asked, score="log_prob")
    theirs = reference_rows(model, inputs, asked.positions_B_T, asked.tokens_B_T, asked.weights_B_T, log_prob=True)
    assert worst(ours.rows_B_T_N, theirs) < 1e-12


@pytest.mark.parametrize("family", ["llava", "llava_interleave", "qwen3_vl", "idefics3"])
def test_text_rows_alone_equal_the_restricted_rule(family: str) -> None:
    model, inputs, asked = make(family), make_inputs(family), targets([30, 32])
    end = torch.full((2,), FIRST + TOKENS)
    ours = relevance_rows(model, inputs, asked, text_rows_from=end)
    theirs = reference_rows(model, inputs, asked.positions_B_T, asked.tokens_B_T, asked.weights_B_T, closed_before=end)
    assert worst(ours.rows_B_T_N, theirs) < 1e-12


def test_images_that_end_at_different_places_restrict_each_sample_by_its_own() -> None:
    model, inputs, asked = make("llava"), make_inputs("llava"), targets([32])
    ends = torch.tensor([FIRST + TOKENS, FIRST + TOKENS + 4])
    ours = relevance_rows(model, inputs, asked, text_rows_from=ends)
    theirs = reference_rows(model, inputs, asked.positions_B_T, asked.tokens_B_T, asked.weights_B_T, closed_before=ends)
    assert worst(ours.rows_B_T_N, theirs) < 1e-12


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_gets_nothing_and_samples_do_not_mix(side: str) -> None:
    model, inputs = make("llava_interleave"), make_inputs("llava_interleave")
    alone = {name: value[:1] for name, value in inputs.items()}
    asked, shift = targets([33], batch=1), 6 if side == "left" else 0
    pad = (shift, 6 - shift)
    padded = {
        "input_ids": torch.nn.functional.pad(inputs["input_ids"], pad, value=0),
        "attention_mask": torch.nn.functional.pad(inputs["attention_mask"], pad),
        "pixel_values": inputs["pixel_values"],
    }
    padded["position_ids"] = (padded["attention_mask"].cumsum(-1) - 1).clamp_min(0)
    both = Targets(torch.tensor([[33 + shift]] * 2), asked.tokens_B_T.repeat(2, 1), asked.weights_B_T.repeat(2, 1))
    one = relevance_rows(model, alone, asked).rows_B_T_N[0, 0]
    in_batch = relevance_rows(model, padded, both).rows_B_T_N[0, 0]
    assert worst(in_batch[shift : shift + 34], one) < 1e-12
    assert in_batch[:shift].abs().sum() == in_batch[shift + 34 :].abs().sum() == 0


def test_the_other_sample_of_a_batch_changes_nothing() -> None:
    model, inputs, asked = make("qwen2_5_vl"), make_inputs("qwen2_5_vl"), targets([33])
    other = {name: value.clone() for name, value in inputs.items()}
    other["input_ids"][1, 25:] = 7
    first, second = (relevance_rows(model, one, asked).rows_B_T_N for one in (inputs, other))
    assert worst(second[0], first[0]) < 1e-13
    assert worst(second[1], first[1]) > 1e-3


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_are_those_of_the_untouched_model_and_the_kernel_is_back(family: str) -> None:
    model, inputs, asked = make(family), make_inputs(family), targets([30, 33])
    before = model(**inputs, use_cache=False).logits[:, [30, 33]]
    found = relevance_rows(model, inputs, asked)
    assert torch.equal(found.logits_B_T_V, before)
    assert torch.equal(model(**inputs, use_cache=False).logits[:, [30, 33]], before)
    assert model.get_decoder().config._attn_implementation == "sdpa"
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.get_decoder().layers)


def test_no_attention_matrix_is_ever_made(monkeypatch: pytest.MonkeyPatch) -> None:
    from roi_attention.relevance import tiles

    sizes: list[int] = []
    plain = tiles.attention_tile

    def watched(*args: Any) -> torch.Tensor:
        made = plain(*args)
        sizes.append(made.numel())
        return made

    monkeypatch.setattr(tiles, "attention_tile", watched)
    relevance_rows(make("llava"), make_inputs("llava"), targets([33]), tile=4)
    assert sizes
    assert max(sizes) <= 2 * 4 * 4 * 34  # samples, heads, queries of a tile, keys


def test_the_first_order_share_is_one_for_one_layer() -> None:
    model, inputs, asked = make("llava"), make_inputs("llava"), targets([33])
    found = relevance_rows(model, inputs, asked)
    share = found.first_order_B_T_N[..., IMAGE].sum() / found.rows_B_T_N[..., IMAGE].sum()
    assert 0 < share < 1
    model.get_decoder().layers = model.get_decoder().layers[:1]
    one = relevance_rows(model, inputs, asked)
    assert worst(one.first_order_B_T_N[..., IMAGE], one.rows_B_T_N[..., IMAGE]) < 1e-14


def test_a_token_that_is_not_named_is_the_most_likely_one() -> None:
    model, inputs = make("llava"), make_inputs("llava")
    places = torch.tensor([[33], [33]])
    found = relevance_rows(model, inputs, Targets(places, torch.full_like(places, -1), torch.ones(2, 1)))
    assert torch.equal(found.tokens_B_T, model(**inputs).logits[:, 33].argmax(-1, keepdim=True))


@pytest.mark.parametrize("family", ["llava_interleave", "gemma3", "qwen3_vl"])
def test_attention_rows_are_those_of_the_matrices(family: str) -> None:
    from full_matrices import attention_matrices

    model, inputs, asked = make(family), make_inputs(family), targets([30, 33])
    _, matrices = attention_matrices(model, inputs)
    theirs = torch.stack([matrix.mean(1)[:, [30, 33]] for matrix in matrices]).mean(0) / 2
    assert worst(attention_rows(model, inputs, asked).rows_B_T_N, theirs.detach()) < 1e-12
    last = matrices[-1].mean(1)[:, [30, 33]] / 2
    assert worst(attention_rows(model, inputs, asked, layers=[-1]).rows_B_T_N, last.detach()) < 1e-12


def test_float32_stays_close_to_float64() -> None:
    exact = relevance_rows(make("llava"), make_inputs("llava"), targets([33])).rows_B_T_N[..., IMAGE]
    inputs = make_inputs("llava")
    inputs["pixel_values"] = inputs["pixel_values"].float()
    rough = relevance_rows(make("llava").float(), inputs, targets([33])).rows_B_T_N[..., IMAGE]
    assert rough.dtype == torch.float32
    assert worst(rough.double(), exact) < 1e-4


def test_a_model_that_attends_eagerly_is_refused_with_what_to_do() -> None:
    model = make("llava")
    model.set_attn_implementation("eager")
    with pytest.raises(UnsupportedModelError, match="load it with attn_implementation='sdpa'"):
        relevance_rows(model, make_inputs("llava"), targets([33]))


def test_a_model_without_a_plain_decoder_is_refused() -> None:
    with pytest.raises(UnsupportedModelError, match="no decoder with `layers` and `norm`"):
        relevance_rows(torch.nn.Linear(2, 2).eval(), make_inputs("llava"), targets([33]))


def test_a_kernel_that_looks_up_its_own_name_finds_it() -> None:
    """As transformers' flash kernels do, to know which library to call."""
    seen: list[str] = []

    def knows_its_name(module: Any, *args: Any, **kwargs: Any) -> Any:
        seen.append(module.config._attn_implementation)
        return sdpa_attention_forward(module, *args, **kwargs)

    AttentionInterface.register("knows_its_name", knows_its_name)
    AttentionMaskInterface.register("knows_its_name", sdpa_mask)
    model, inputs, asked = make("llava"), make_inputs("llava"), targets([33])
    plain = relevance_rows(model, inputs, asked).rows_B_T_N
    model.get_decoder().set_attn_implementation("knows_its_name")
    assert torch.equal(relevance_rows(model, inputs, asked).rows_B_T_N, plain)
    assert set(seen) == {"knows_its_name"}
    assert model.get_decoder().config._attn_implementation == "knows_its_name"
