"""The decoding loop on a model whose positions have several axes, without a processor."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from trial_sampler.hf.decoding import TrialPlan, decode, prefill

IMAGE, START, END, PAD = 95, 93, 94, 0
STEPS = 8


@pytest.fixture(scope="module")
def qwen2_vl() -> Any:
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    torch.manual_seed(0)
    text: dict[str, Any] = {
        "vocab_size": 99, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 256, "initializer_range": 0.5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": PAD,
    }  # fmt: skip
    vision = {"depth": 1, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "mlp_ratio": 2, "patch_size": 4}
    config = Qwen2VLConfig(
        text_config=text, vision_config=vision, image_token_id=IMAGE, vision_start_token_id=START,
        vision_end_token_id=END, video_token_id=96,
    )  # fmt: skip
    model = Qwen2VLForConditionalGeneration(config).eval()
    model.generation_config.pad_token_id, model.generation_config.eos_token_id = PAD, 2
    return model


def prompts() -> dict[str, torch.Tensor]:
    """Two prompts of different length, padded on the left, with images of 4 x 4 and 4 x 8 patches."""
    rows = [[START, *[IMAGE] * 4, END, 5, 6], [7, 8, START, *[IMAGE] * 8, END, 9, 10, 11]]
    width = max(map(len, rows))
    ids = torch.tensor([[PAD] * (width - len(row)) + row for row in rows])
    return {
        "input_ids": ids,
        "attention_mask": torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows]),
        "mm_token_type_ids": (ids == IMAGE).int(),
        "image_grid_thw": torch.tensor([[1, 4, 4], [1, 4, 8]]),
        "pixel_values": torch.randn(48, 3 * 2 * 4 * 4, generator=torch.Generator().manual_seed(0)),
    }


def plan(prompt_of_trial: list[int], **changes: Any) -> TrialPlan:
    count = len(prompt_of_trial)
    return TrialPlan(
        **{
            "prompts_R": torch.tensor(prompt_of_trial),
            "temperatures_R": torch.zeros(count),
            "top_ps_R": torch.ones(count, dtype=torch.float64),
            "limits_R": torch.full((count,), STEPS),
            "uniforms_R_T": torch.full((count, STEPS), 0.5, dtype=torch.float64),
            "end_ids": torch.tensor([2]),
        }
        | changes
    )


def test_positions_of_several_axes_agree_with_generate(qwen2_vl: Any) -> None:
    drawn = decode(qwen2_vl, prefill(qwen2_vl, prompts()), plan([0, 0, 1]))
    with torch.inference_mode():
        expected = qwen2_vl.generate(**prompts(), do_sample=False, max_new_tokens=STEPS)[:, -STEPS:]
    assert drawn.lengths_R.tolist() == [STEPS] * 3
    assert drawn.tokens_R_T.tolist() == [expected[0].tolist(), expected[0].tolist(), expected[1].tolist()]


def test_finished_sequences_leave_and_the_others_go_on_unchanged(qwen2_vl: Any) -> None:
    whole = decode(qwen2_vl, prefill(qwen2_vl, prompts()), plan([0, 1, 0, 1]))
    widths: list[int] = []
    hook = qwen2_vl.lm_head.register_forward_hook(lambda _m, _i, output: widths.append(len(output)))
    try:
        limits = torch.tensor([2, STEPS, 4, 4])
        cut = decode(qwen2_vl, prefill(qwen2_vl, prompts()), plan([0, 1, 0, 1], limits_R=limits))
    finally:
        hook.remove()
    assert cut.lengths_R.tolist() == limits.tolist()
    for trial, length in enumerate(limits.tolist()):
        assert cut.tokens_R_T[trial, :length].tolist() == whole.tokens_R_T[trial, :length].tolist()
    assert widths == [2, 4, 3, 3, 1, 1, 1, 1]


def test_an_end_token_is_counted_and_marks_the_sequence_as_ended(qwen2_vl: Any) -> None:
    free = decode(qwen2_vl, prefill(qwen2_vl, prompts()), plan([0, 1]))
    third = int(free.tokens_R_T[0, 2])
    ended = decode(qwen2_vl, prefill(qwen2_vl, prompts()), plan([0, 1], end_ids=torch.tensor([third])))
    first = free.tokens_R_T[0].tolist().index(third) + 1
    assert (int(ended.lengths_R[0]), bool(ended.ended_R[0])) == (first, True)
    assert bool(ended.ended_R[1]) == (third in free.tokens_R_T[1].tolist())
