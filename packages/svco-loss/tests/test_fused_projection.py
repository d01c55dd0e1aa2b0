"""The choice of projection, Liger's fused kernel, and output embeddings whose weights are gathered for each call.

The kernel itself is compared where liger-kernel is installed: on a GPU, or on a CPU with `TRITON_INTERPRET=1`.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib import metadata
from types import ModuleType
from typing import Any

import pytest
import torch
from svco_loss import SvcoLossError, UnsupportedModelError, pair_logps
from svco_loss.liger_projecting import fused, liger_projector
from svco_loss.projecting import chunk_logps, token_logps
from torch import Tensor


def inputs(device: str = "cpu", bias: bool = False) -> tuple[torch.nn.Linear, Tensor, Tensor, Tensor]:
    """Output embeddings, hidden states, targets, and a different upstream gradient for each token."""
    draw = torch.Generator().manual_seed(0)
    head = torch.nn.Linear(32, 99, bias=bias)
    hidden, upstream = torch.randn(7, 32, generator=draw), torch.randn(7, generator=draw)
    targets = torch.randint(99, (7,), generator=draw)
    return head.to(device), hidden.to(device).requires_grad_(), targets.to(device), upstream.to(device)


def values_and_gradients(project: Any, head: Any, hidden: Tensor, targets: Tensor, upstream: Tensor) -> list[Tensor]:
    weights = [hidden, *(weight for weight in head.parameters() if weight.requires_grad)]
    logps = project(hidden, targets)
    return [logps.detach(), *torch.autograd.grad(logps, weights, upstream)]


class PlainLosses(torch.nn.Module):
    """What `LigerFusedLinearCrossEntropyLoss` promises, in plain torch."""

    def __init__(self, reduction: str) -> None:
        super().__init__()
        assert reduction == "none"

    def forward(self, weight: Tensor, hidden: Tensor, targets: Tensor, bias: Tensor | None) -> Tensor:
        logits = torch.nn.functional.linear(hidden, weight, bias)
        return torch.nn.functional.cross_entropy(logits, targets, reduction="none")


@pytest.fixture
def plain_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A liger-kernel 0.8.5 made of plain torch."""
    module: Any = ModuleType("liger_kernel.transformers")
    module.LigerFusedLinearCrossEntropyLoss = PlainLosses
    monkeypatch.setitem(sys.modules, "liger_kernel", ModuleType("liger_kernel"))
    monkeypatch.setitem(sys.modules, "liger_kernel.transformers", module)
    monkeypatch.setattr(metadata, "version", lambda name: "0.8.5")


@pytest.mark.usefixtures("plain_kernel")
@pytest.mark.parametrize("bias", [False, True])
def test_the_kernel_gets_weight_bias_and_targets_and_gives_losses(bias: bool) -> None:
    head, hidden, targets, upstream = inputs(bias=bias)
    found = values_and_gradients(fused(head), head, hidden, targets, upstream)
    expected = values_and_gradients(partial(chunk_logps, head), head, hidden, targets, upstream)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_ligers_kernel_gives_the_same_values_and_gradients(bias: bool, frozen: bool) -> None:
    pytest.importorskip("liger_kernel")
    if not torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1":
        pytest.skip("Liger's kernel needs a GPU, or TRITON_INTERPRET=1")
    head, hidden, targets, upstream = inputs("cuda" if torch.cuda.is_available() else "cpu", bias)
    head.requires_grad_(not frozen)
    found = values_and_gradients(fused(head), head, hidden, targets, upstream)
    expected = values_and_gradients(partial(chunk_logps, head), head, hidden, targets, upstream)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_on_a_gpu_both_projections_give_the_same_gradients(llava: Any) -> None:
    pytest.importorskip("liger_kernel")
    model, batch = llava.model().cuda(), llava.batch("right").to("cuda")
    found: list[Tensor] = []
    for projection in ("chunked", "liger"):
        model.zero_grad()
        pair_logps(model, batch, projection=projection).stacked().square().sum().backward()
        found.append(torch.cat([w.grad.flatten() for w in model.parameters() if w.grad is not None]))
    assert (found[0] - found[1]).norm() <= 1e-3 * found[0].norm()


def test_an_unknown_projection_is_refused(llava: Any) -> None:
    with pytest.raises(SvcoLossError, match="must be 'chunked' or 'liger'; got 'fast'"):
        pair_logps(llava.model(), llava.batch("right"), projection="fast")


def test_a_missing_or_old_library_is_refused_with_the_command_that_installs_it(
    llava: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    for version, shown in ((missing, "none"), (lambda name: "0.8.1", r"0\.8\.1")):
        monkeypatch.setattr(metadata, "version", version)
        with pytest.raises(SvcoLossError, match=rf"got {shown}. Run: pip install 'liger-kernel>=0\.8\.2'"):
            pair_logps(llava.model(), llava.batch("right"), projection="liger")


@pytest.mark.usefixtures("plain_kernel")
def test_a_model_on_a_cpu_is_refused(llava: Any) -> None:
    with pytest.raises(UnsupportedModelError, match="needs the model on a GPU; got cpu"):
        pair_logps(llava.model(), llava.batch("right"), projection="liger")


def test_output_embeddings_with_an_adapter_are_refused(llava: Any) -> None:
    from peft import LoraConfig, get_peft_model

    for settings in ({"target_modules": ["lm_head"]}, {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"]}):
        model = get_peft_model(llava.model(), LoraConfig(r=2, **settings))
        with pytest.raises(UnsupportedModelError, match=r"a plain torch.nn.Linear; got (Linear|ModulesToSave)"):
            pair_logps(model, llava.batch("right"), projection="liger")


def test_split_weights_and_float64_are_refused() -> None:
    head = torch.nn.Linear(32, 99)
    head.weight.data = torch.empty(0)
    with pytest.raises(UnsupportedModelError, match=r"split over devices, as by ZeRO-3\. Use projection='chunked'"):
        liger_projector(head)
    with pytest.raises(UnsupportedModelError, match="computes in float32; got output embeddings in float64"):
        liger_projector(torch.nn.Linear(32, 99).double())


class WholeWeight(torch.autograd.Function):
    """A matrix product that saves the parameter itself, as DeepSpeed's for ZeRO-3; torch's own saves a view."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(hidden, weight)
        return hidden @ weight.t()

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor | None]:
        hidden, weight = ctx.saved_tensors
        return upstream[0] @ weight, upstream[0].t() @ hidden if ctx.needs_input_grad[1] else None


class Gathered(torch.nn.Linear):
    """A layer whose weight exists while it is called, and while gradients flow through what it returned."""

    def __init__(self) -> None:
        super().__init__(32, 99, bias=False)
        self.kept = self.weight.detach().clone()
        self.register_forward_pre_hook(lambda *_: self.gather())
        self.register_forward_hook(lambda _m, _i, output: self.release(output))
        self.release(None)

    def forward(self, hidden: Tensor) -> Tensor:
        return WholeWeight.apply(hidden, self.weight)

    def gather(self) -> None:
        self.weight.data = self.kept

    def release(self, output: Tensor | None) -> None:
        self.weight.data = torch.empty(0)
        if output is not None and output.requires_grad:
            output.register_hook(lambda _: self.gather())


@pytest.mark.parametrize("frozen", [False, True])
def test_weights_that_are_gathered_for_each_call_get_the_same_gradients(frozen: bool) -> None:
    """As ZeRO-3 of DeepSpeed does; a frozen weight is empty when the chunk has been computed again."""
    _, hidden, targets, upstream = inputs()
    head, whole = Gathered(), torch.nn.Linear(32, 99, bias=False)
    whole.weight.data = head.kept.clone()
    assert head.weight.shape == (0,)
    found: list[list[Tensor]] = []
    for one in (head, whole):
        one.requires_grad_(not frozen)
        project = partial(token_logps, one, chunk_tokens=3)
        found.append(values_and_gradients(project, one, hidden, targets, upstream))
    torch.testing.assert_close(found[0], found[1])
