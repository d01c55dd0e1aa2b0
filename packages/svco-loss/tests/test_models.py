"""Adapters, references, and models that are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from svco_loss import UnsupportedModelError, pair_logps, plain_pair_logps, svco_loss, without_adapter


def lora(model: Any, **settings: Any) -> Any:
    """The model with a LoRA adapter that does something."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    config = LoraConfig(
        r=4, target_modules=r".*language_model.*(q_proj|v_proj|up_proj)", init_lora_weights=False, **settings
    )
    return get_peft_model(model, config)


def test_a_model_with_lora_agrees_with_its_plain_form_and_trains_the_adapter_alone(family: Any) -> None:
    model, batch = lora(family.model()), family.batch("right")
    found: dict[str, dict[str, torch.Tensor]] = {}
    for form in (pair_logps, plain_pair_logps):
        model.zero_grad()
        with without_adapter(model):
            reference = form(model, batch)
        svco_loss(form(model, batch), reference).loss.backward()
        found[form.__name__] = {n: w.grad.clone() for n, w in model.named_parameters() if w.grad is not None}
    shared, plain = found["pair_logps"], found["plain_pair_logps"]
    assert set(shared) == set(plain)
    assert all("lora_" in name for name in shared)
    for name, gradient in plain.items():
        assert (shared[name] - gradient).norm() <= 1e-4 * gradient.norm() + 1e-6, name


def test_gradient_checkpointing_with_lora_changes_nothing(llava: Any) -> None:
    model, batch = lora(llava.model()), llava.batch("right")
    found: list[torch.Tensor] = []
    for checkpointing in (False, True):
        if checkpointing:
            model.gradient_checkpointing_enable()
        model.zero_grad()
        pair_logps(model, batch).x_given_a.sum().backward()
        found.append(torch.cat([w.grad.flatten() for w in model.parameters() if w.grad is not None]))
    torch.testing.assert_close(found[0], found[1])


def test_without_its_adapter_a_model_is_the_one_that_training_began_with(llava: Any) -> None:
    batch = llava.batch("right")
    before = pair_logps(llava.model(), batch).stacked().detach()
    model = lora(llava.model(), lora_dropout=0.5)
    with without_adapter(model):
        reference = pair_logps(model, batch).stacked()
        assert not model.training
    assert not reference.requires_grad
    torch.testing.assert_close(reference, before)
    model.eval()
    assert not torch.allclose(pair_logps(model, batch).stacked(), before)


def test_modes_and_adapter_come_back_after_an_error(llava: Any) -> None:
    model = lora(llava.model())
    tower = model.get_base_model().get_encoder(modality="image")
    tower.eval()
    with pytest.raises(RuntimeError, match="in between"), without_adapter(model):
        raise RuntimeError("in between")
    assert model.training
    assert not tower.training
    assert torch.is_grad_enabled()
    assert pair_logps(model, llava.batch("right")).x_given_a.requires_grad


def test_a_model_without_adapter_has_no_reference_inside(llava: Any) -> None:
    refused = pytest.raises(UnsupportedModelError, match=r"must be a peft.PeftModel; got LlavaFor.*keep a frozen copy")
    with refused, without_adapter(llava.model()):
        pass


def test_attention_that_takes_no_mask_of_its_caller_is_refused(llava: Any) -> None:
    model = llava.model()
    for name in ("flash_attention_2", "paged|sdpa"):
        model.config.get_text_config()._attn_implementation = name
        refused = rf"sdpa or eager or flex_attention; got {re.escape(name)}.*attn_implementation='sdpa'"
        with pytest.raises(UnsupportedModelError, match=refused):
            pair_logps(model, llava.batch("right"))


def test_sliding_windows_are_refused(qwen: Any, llava: Any) -> None:
    layered, plain = qwen.model(), llava.model()
    layered.config.get_text_config().layer_types = ["full_attention", "sliding_attention"]
    plain.config.get_text_config().sliding_window = 16
    for model, family in ((layered, qwen), (plain, llava)):
        with pytest.raises(UnsupportedModelError, match=r"full attention; got sliding_attention.*plain_pair_logps"):
            pair_logps(model, family.batch("right"))


def test_logits_that_are_changed_after_the_output_embeddings_are_refused(llava: Any) -> None:
    model = llava.model()
    model.config.get_text_config().final_logit_softcapping = 30.0
    with pytest.raises(UnsupportedModelError, match=r"final_logit_softcapping = 30\.0"):
        pair_logps(model, llava.batch("right"))


def test_untried_families_and_other_objects_are_refused(llava: Any) -> None:
    model, batch = llava.model(), llava.batch("right")
    model.config.model_type = "paligemma"
    with pytest.raises(UnsupportedModelError, match=r"one of llava, .*; got paligemma. Use plain_pair_logps"):
        pair_logps(model, batch)
    with pytest.raises(UnsupportedModelError, match="transformers image-text model or a PeftModel; got Linear"):
        pair_logps(torch.nn.Linear(2, 2), batch)


def test_learned_prompts_are_refused(llava: Any) -> None:
    from peft import PromptTuningConfig, get_peft_model

    model = get_peft_model(llava.model(), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2))
    with pytest.raises(UnsupportedModelError, match="such as LoRA; got PROMPT_TUNING"):
        pair_logps(model, llava.batch("right"))
