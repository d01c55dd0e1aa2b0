"""Plain torch for the kernels that vLLM's CPU platform calls and its CUDA wheel lacks: slow, for tests without a GPU.

With them the released wheel runs whole on a CPU: its renderer, scheduler, caches, sampler and adapters, and its own
LLaVA. vLLM finds this module as a plugin, through the entry point that the test's fixture writes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

_LIBRARY = torch.library.Library("_C", "FRAGMENT")
_ATTENTION = "Tensor? alibi, int window, Tensor table, float cap, Tensor plan, Tensor? sinks, Tensor? dynamic"
_SCALES = "float k_scale, float v_scale, str cache_dtype"


def register() -> None:
    """Define the kernels; called by vLLM in each of its processes."""
    if hasattr(torch.ops._C, "greedy_argmax"):
        return
    _define("gelu_quick(Tensor(a!) out, Tensor x) -> ()", _gelu_quick)
    _define("silu_and_mul(Tensor(a!) out, Tensor x) -> ()", _silu_and_mul)
    _define("greedy_argmax(Tensor logits) -> Tensor", lambda logits: logits.argmax(-1))
    _define("fused_gumbel_argmax(Tensor logits, Tensor seeds) -> Tensor", _gumbel_argmax)
    _define("init_cpu_memory_env(int[] nodes) -> ()", lambda nodes: None)
    _define(
        "get_scheduler_metadata(int requests, int heads, int kv_heads, int head_dim, Tensor lengths, ScalarType dtype, "
        "Tensor starts, bool causal, int window, str isa, bool splits, Tensor? dynamic, str cache_dtype) -> Tensor",
        lambda *_: torch.empty(0),
    )
    _define(
        "cpu_attn_reshape_and_cache(Tensor key, Tensor value, Tensor(a!) keys, Tensor(b!) values, Tensor slots, "
        f"str isa, {_SCALES}) -> ()",
        _cache,
    )
    _define(
        "cpu_attention_with_kv_cache(Tensor query, Tensor keys, Tensor values, Tensor(a!) out, Tensor starts, "
        f"Tensor lengths, float scale, bool causal, {_ATTENTION}, {_SCALES}) -> ()",
        _attend,
    )
    # vLLM 0.32's own fallback for this Triton kernel takes its arguments in another order than the kernel does.
    import vllm.utils.cpu_triton_utils as fallbacks

    fallbacks._compute_slot_mapping_kernel_impl = _map_slots


def _define(schema: str, kernel: Any) -> None:
    _LIBRARY.define(schema)
    _LIBRARY.impl(schema.partition("(")[0], kernel, "CompositeExplicitAutograd")


def _gelu_quick(out: Tensor, x: Tensor) -> None:
    out.copy_(x * torch.sigmoid(1.702 * x))


def _silu_and_mul(out: Tensor, x: Tensor) -> None:
    gate, up = x.chunk(2, -1)
    out.copy_(torch.nn.functional.silu(gate) * up)


def _gumbel_argmax(logits: Tensor, seeds: Tensor) -> Tensor:
    chosen: list[Tensor] = []
    for row, seed in zip(logits, seeds.tolist(), strict=True):
        noise = torch.empty_like(row).exponential_(generator=torch.Generator().manual_seed(seed))
        chosen.append((row.softmax(-1) / noise).argmax())
    return torch.stack(chosen)


def _map_slots(
    tokens: int,
    most: int,
    starts: Tensor,
    positions: Tensor,
    table: Tensor,
    stride: int,
    slots: Tensor,
    size: int,
    *_: Any,
) -> None:
    for row, (start, end) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        place = positions[start:end].long()
        slots[start:end] = table[row][place // size].long() * size + place % size


def _cache(key: Tensor, value: Tensor, keys: Tensor, values: Tensor, slots: Tensor, *_: Any) -> None:
    used = slots >= 0
    place, size = slots[used].long(), keys.shape[2]
    keys[place // size, :, place % size] = key[: len(slots)][used]
    values[place // size, :, place % size] = value[: len(slots)][used]


def _attend(
    query: Tensor, keys: Tensor, values: Tensor, out: Tensor, starts: Tensor, lengths: Tensor, scale: float,
    causal: bool, alibi: Tensor | None, window: int, table: Tensor, *_: Any,
) -> None:  # fmt: skip
    assert alibi is None
    assert window < 0
    size, repeat = keys.shape[2], query.shape[1] // keys.shape[1]
    for row, length in enumerate(lengths.tolist()):
        start, end = int(starts[row]), int(starts[row + 1])
        blocks = table[row][: -(-length // size)].long()
        key, value = (
            cache[blocks].transpose(0, 1).flatten(1, 2)[None, :, :length].repeat_interleave(repeat, 1)
            for cache in (keys, values)
        )
        mask = torch.ones(end - start, length, dtype=torch.bool).tril(length - (end - start)) if causal else None
        rows = query[start:end].transpose(0, 1)[None]
        mixed = torch.nn.functional.scaled_dot_product_attention(rows, key, value, attn_mask=mask, scale=scale)
        out.view(-1, *query.shape[1:])[start:end] = mixed[0].transpose(0, 1)
