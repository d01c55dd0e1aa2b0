"""FlexAttention: the mask in blocks, and values against six plain sequences.

On a CPU torch runs FlexAttention forwards alone, compiled or not, so that the gradients are compared by one test marked
`gpu`, which has been run on no machine yet. `force_eager` is torch's public switch against compiling, which takes half
a minute; a test marked `slow` compiles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from svco_loss import PairBatch, TokenRows, UnsupportedModelError, pair_logps, plain_pair_logps
from svco_loss.attention_masks import block_mask
from svco_loss.branches import BranchedRows
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, create_mask
from torch.utils._python_dispatch import TorchDispatchMode

pytestmark = [
    pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning"),
    # torch's own compiler warns while it is imported, and looks for a GPU.
    pytest.mark.filterwarnings("ignore:.*torch.jit.script_method.* is deprecated:DeprecationWarning"),
]


@pytest.fixture
def uncompiled() -> Iterator[None]:
    with torch.compiler.set_stance("force_eager"):
        yield


def flexed(model: Any) -> Any:
    """The model with FlexAttention in its text part, also where transformers offers it for other families alone."""
    model.config.get_text_config()._attn_implementation = "flex_attention"
    return model


def branched(rows: list[tuple[int, int, int]], side: Any = "right") -> BranchedRows:
    """Rows of so many tokens in prompt, x and y."""
    lengths = zip(*rows, strict=True)
    parts = (TokenRows.of([[5] * n for n in part], padding_side=side) for part in lengths)
    return BranchedRows.of(*parts, filler=0)


def blocks(counts: Tensor, indices: Tensor) -> list[list[list[int]]]:
    """For each row and block of queries: its blocks of keys."""
    pairs = zip(counts[:, 0].tolist(), indices[:, 0].tolist(), strict=True)
    return [[sorted(keys[:n]) for n, keys in zip(*row, strict=True)] for row in pairs]


def shown(mask: BlockMask) -> list[Any]:
    assert mask.full_kv_num_blocks is not None
    assert mask.full_kv_indices is not None
    return [blocks(mask.kv_num_blocks, mask.kv_indices), blocks(mask.full_kv_num_blocks, mask.full_kv_indices)]


def test_blocks_of_two_tokens_by_hand() -> None:
    """[p p | p - | x x | y y], where - is padding of the prompt."""
    mask = block_mask(branched([(3, 2, 2), (4, 2, 2)]), block=2)
    partial, full = shown(mask)
    assert partial[0] == [[0], [1], [1, 2], [1, 3]]  # y's block does not hold x's
    assert full[0] == [[], [0], [0], [0]]
    assert partial[1] == [[0], [1], [2], [3]]
    assert full[1] == [[], [0], [0, 1], [0, 1]]
    assert mask.shape == (2, 1, 8, 8)


lengths = st.tuples(st.integers(1, 20), st.integers(1, 20), st.integers(1, 20))


@settings(deadline=None, max_examples=20)
@given(st.lists(lengths, min_size=1, max_size=3), st.sampled_from(["left", "right"]), st.integers(2, 8))
def test_the_blocks_are_those_that_torch_finds_from_the_whole_mask(rows: Any, side: str, block: int) -> None:
    both = branched(rows, side)
    found, (count, length) = block_mask(both, block), both.ids_R_L.shape
    whole = create_block_mask(found.mask_mod, count, None, length, length, device="cpu", BLOCK_SIZE=block)
    assert shown(found) == shown(whole)
    assert torch.equal(create_mask(found.mask_mod, count, None, length, length, "cpu")[:, 0], both.sees_R_L_L())


class Largest(TorchDispatchMode):
    """Notes the number of values in the largest tensor that is made."""

    values = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else [result]:
            self.values = max(self.values, tensor.numel() if isinstance(tensor, Tensor) else 0)
        return result


def test_no_tensor_of_the_masks_size_is_made() -> None:
    rows = branched([(6000, 1000, 1000)])
    with Largest() as largest:
        block_mask(rows)
    assert largest.values < 50_000  # a dense mask holds 64 million


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("side", ["left", "right"])
def test_values_are_those_of_six_plain_sequences(family: Any, side: Any) -> None:
    model, batch = family.model(), family.batch(side)
    with torch.no_grad():
        plain = plain_pair_logps(model, batch).stacked()
        found = pair_logps(flexed(model), batch).stacked()
    torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-4)
    assert plain.std() > 1  # the six differ, so that a mix-up would show


@pytest.mark.usefixtures("uncompiled")
@pytest.mark.parametrize("parts", [{"text_config": "flex_attention"}, "flex_attention"])
def test_a_llava_may_have_flex_attention_in_its_text_part_or_in_both(llava: Any, parts: Any) -> None:
    model, batch = llava.model(), llava.batch("right")
    with torch.no_grad():
        expected = pair_logps(model, batch).stacked()
        model.set_attn_implementation(parts)
        torch.testing.assert_close(pair_logps(model, batch).stacked(), expected, rtol=1e-5, atol=1e-4)


def test_gradients_on_a_cpu_are_refused_before_the_forward_pass(llava: Any) -> None:
    model, batch = flexed(llava.model()), llava.batch("right")
    with pytest.raises(UnsupportedModelError, match=r"no backward pass on cpu; .*no_grad\(\), or load with attn_impl"):
        pair_logps(model, batch)


@pytest.mark.usefixtures("uncompiled")
def test_torch_itself_still_refuses_gradients_on_a_cpu() -> None:
    """When this fails, torch has a backward pass there: drop our refusal and compare gradients here."""
    from torch.nn.attention.flex_attention import flex_attention

    query = torch.ones(1, 1, 4, 16, requires_grad=True)
    with pytest.raises(NotImplementedError, match="backward on CPU"):
        flex_attention(query, query, query)


def test_attention_dropout_in_training_is_refused(llava: Any) -> None:
    model, batch = flexed(llava.model()), llava.batch("right")
    model.config.get_text_config().attention_dropout = 0.1
    with (
        torch.no_grad(),
        pytest.raises(UnsupportedModelError, match=r"attention_dropout = 0\.1 in training. Set it to"),
    ):
        pair_logps(model, batch)


def longer(batch: PairBatch, lengths: list[int]) -> PairBatch:
    """The batch with longer questions and answers, so that rows have several blocks of 128 tokens."""

    def put(rows: TokenRows, length: int, front: bool) -> TokenRows:
        more = [(5 + index * 7 % 80) for index in range(length)]
        both = [[*row, *more] if front else [*more, *row] for row in (row.tolist() for row in rows.real_rows())]
        return TokenRows.of(both, padding_side="left")

    prompts = [put(rows, lengths[0], True) for rows in (batch.prompt_a, batch.prompt_b, batch.prompt_none)]
    answers = [put(rows, n, False) for rows, n in zip((batch.answer_x, batch.answer_y), lengths[1:], strict=True)]
    return PairBatch(*prompts, *answers, batch.images_a, batch.images_b)


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [[150, 140, 20], pytest.param([10, 130, 150], marks=pytest.mark.long)])
def test_compiled_with_several_blocks_values_are_those_of_six_plain_sequences(llava: Any, lengths: Any) -> None:
    model, batch = llava.model(), longer(llava.batch("left"), lengths)
    model.config.get_text_config().max_position_embeddings = 512
    with torch.no_grad():
        plain = plain_pair_logps(model, batch).stacked()
        found = pair_logps(flexed(model), batch).stacked()
    torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-3)


def wide_llava(llava: Any) -> Any:
    """A LLaVA whose heads have 16 channels, the fewest that FlexAttention takes on a GPU."""
    from transformers import LlavaForConditionalGeneration

    config = llava.make().config
    config.text_config.hidden_size, config.text_config.head_dim = 64, 16
    torch.manual_seed(0)
    return LlavaForConditionalGeneration(config).train()


@pytest.mark.gpu
@pytest.mark.parametrize("lengths", [[0, 0, 0], [150, 140, 20]])
def test_gradients_on_a_gpu_are_those_of_six_plain_sequences(llava: Any, lengths: Any) -> None:
    model, batch = wide_llava(llava).cuda(), longer(llava.batch("left"), lengths).to("cuda")
    weights = torch.arange(12.0, device="cuda").view(6, 2) / 3 - 2
    found: list[dict[str, Tensor]] = []
    for form, attention in ((plain_pair_logps, "sdpa"), (pair_logps, "flex_attention")):
        model.set_attn_implementation({"text_config": attention})
        model.zero_grad()
        (form(model, batch).stacked() * weights).sum().backward()
        found.append(
            {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}
        )
    plain, flex = found
    whole = torch.cat([gradient.flatten() for gradient in plain.values()]).norm()
    assert set(plain) == set(flex)
    for name, gradient in plain.items():
        assert (flex[name] - gradient).norm() <= 1e-3 * gradient.norm() + 1e-6 * whole, name
