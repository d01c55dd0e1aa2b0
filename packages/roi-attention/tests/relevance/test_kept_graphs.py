"""Keeping graphs from the forward pass, or running layers again for a few rows, changes no number."""

from __future__ import annotations

from typing import Any

import pytest
import small_vlms
import torch
from roi_attention.errors import UnsupportedModelError
from roi_attention.relevance import Targets, relevance_rows
from roi_attention.relevance.layer_steps import run_with_gradients
from roi_attention.relevance.layer_traces import trace_layers
from small_vlms import FAMILIES, FIRST, TOKENS, make, make_inputs

PLACES = torch.tensor([[30, 31, 32], [28, 32, 32]])
ASKED = Targets(PLACES, PLACES, torch.full(PLACES.shape, 1 / 3, dtype=torch.float64))


@pytest.mark.parametrize("family", FAMILIES)
def test_maps_are_the_same_however_many_graphs_are_kept(family: str) -> None:
    model, inputs = make(family), make_inputs(family)
    none, one, all_, more = (relevance_rows(model, inputs, ASKED, kept_graphs=kept) for kept in (0, 1, 3, 9))
    assert none.rows_B_T_N.max() > 0
    for found in (one, all_, more):
        assert torch.equal(found.rows_B_T_N, none.rows_B_T_N)
        assert torch.equal(found.first_order_B_T_N, none.first_order_B_T_N)
        assert torch.equal(found.logits_B_T_V, none.logits_B_T_V)


def test_a_quarter_of_the_layers_keep_theirs_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    from roi_attention.relevance import sweep

    kept: list[int] = []

    def traced(*args: Any, kept_graphs: int, **how: Any) -> Any:
        kept.append(kept_graphs)
        return trace_layers(*args, kept_graphs=kept_graphs, **how)

    monkeypatch.setattr(sweep, "trace_layers", traced)
    monkeypatch.setitem(small_vlms._TEXT, "num_hidden_layers", 8)
    model, inputs = make("llava"), make_inputs("llava")
    relevance_rows(model, inputs, ASKED)
    relevance_rows(model, inputs, ASKED, text_rows_from=torch.full((2,), FIRST + TOKENS))
    assert kept == [2, 0]


def test_gradients_stay_off_after_a_pass_with_kept_graphs_and_weights_get_none() -> None:
    model, inputs = make("llava"), make_inputs("llava")
    model.requires_grad_()
    with torch.no_grad():
        relevance_rows(model, inputs, ASKED, kept_graphs=3)
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    assert all(weight.grad is None for weight in model.parameters())


def test_gradients_are_on_again_after_a_pass_that_breaks_in_a_layer_with_a_kept_graph(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, inputs = make("llava"), make_inputs("llava")
    monkeypatch.setattr(model.get_decoder().layers[2].mlp, "forward", lambda _: 1 / 0)
    with torch.no_grad():
        with pytest.raises(ZeroDivisionError):
            relevance_rows(model, inputs, ASKED, kept_graphs=1)
        assert not torch.is_grad_enabled()
    assert model.get_decoder().config._attn_implementation == "sdpa"
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in model.get_decoder().layers)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_layer_that_attends_past_the_interface_is_refused(kept: int) -> None:
    model, inputs = make("llava"), make_inputs("llava")
    model.get_decoder().layers[2] = make("llava").get_decoder().layers[2]  # its config is not the model's
    with pytest.raises(UnsupportedModelError, match="LlamaDecoderLayer must attend once"):
        relevance_rows(model, inputs, ASKED, kept_graphs=kept)


@pytest.mark.parametrize("family", ["llava_interleave", "gemma3", "qwen3_vl"])
@pytest.mark.parametrize("kept", [0, 3])
def test_the_last_rows_of_a_layer_pass_back_what_the_whole_layer_does(family: str, kept: int) -> None:
    model, inputs = make(family), make_inputs(family)
    whole, few = (
        run_with_gradients(trace_layers(model, inputs, torch.tensor([33]), kept_graphs=kept), 2, rows)
        for rows in (34, 5)
    )
    assert few.output.shape == (2, 5, 48)
    assert torch.allclose(few.output, whole.output[:, -5:], rtol=1e-12)
    above = torch.randn(2, 5, 48, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    padded = torch.nn.functional.pad(above, (0, 0, 29, 0))
    wanted = [
        torch.autograd.grad(run.output, [run.given, run.attended], grad)
        for run, grad in ((whole, padded), (few, above))
    ]
    assert torch.allclose(wanted[1][0], wanted[0][0], rtol=1e-10, atol=1e-14)
    assert torch.allclose(wanted[1][1], wanted[0][1][:, -5:], rtol=1e-10, atol=1e-14)
    assert wanted[0][1][:, :-5].abs().sum() == 0
