"""TRL's DPO on the rows of a `PairBatch`, as far as it can express them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from svco_loss import PairBatch
from tokenizers import Tokenizer, models
from transformers import LlavaProcessor, PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from trl import DPOConfig, DPOTrainer


def dpo_trainer(model: Any, lora: LoraConfig, folder: Path) -> DPOTrainer:
    """Return a trainer whose `training_step` takes `dpo_inputs`; the reference is the model without its adapter.

    Args:
        model: without an adapter, on its device; TRL changes its `forward` for good.
        lora: of the adapter that the trainer makes.
        folder: that it may write to.
    """
    row = {"images": ["none"], "prompt": "none", "chosen": "none", "rejected": "none"}  # batches are made elsewhere
    arguments = DPOConfig(
        output_dir=str(folder), use_cpu=model.device.type == "cpu", bf16=False, gradient_checkpointing=False,
        max_length=None, remove_unused_columns=False, report_to="none",
    )  # fmt: skip
    trainer = DPOTrainer(
        model, args=arguments, train_dataset=Dataset.from_list([row]), processing_class=_processor(), peft_config=lora
    )
    trainer.current_gradient_accumulation_steps = 1  # which `train` sets before its first step
    return trainer


def dpo_inputs(batch: PairBatch) -> dict[str, torch.Tensor]:
    """Return what TRL's own collator would make of two rows a pair: each image, its text chosen, the other rejected.

    All rows must be of one length, so that none is padded.
    """
    prompts = torch.cat([batch.prompt_a.ids_B_T, batch.prompt_b.ids_B_T])
    chosen = torch.cat([batch.answer_x.ids_B_T, batch.answer_y.ids_B_T])
    rejected = torch.cat([batch.answer_y.ids_B_T, batch.answer_x.ids_B_T])
    images = torch.cat([batch.images_a["pixel_values"], batch.images_b["pixel_values"]])
    completions = torch.cat([chosen, rejected])
    ids = torch.cat([torch.cat([prompts, prompts]), completions], dim=1)
    is_completion = torch.zeros_like(ids)
    is_completion[:, prompts.shape[1] :] = 1
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "completion_mask": is_completion,
        "pixel_values": torch.cat([images, images]),
    }


def dpo_logp(trainer: DPOTrainer) -> float:
    """Return the mean log-probability of chosen texts since the last call."""
    trainer.log({})
    return float(trainer.state.log_history[-1]["logps/chosen"])


def _processor() -> LlavaProcessor:
    """One that TRL takes for a VLM's; it has nothing to process."""
    words = {"<pad>": 0, "<s>": 1, "</s>": 2, "<image>": 3}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<pad>")), pad_token="<pad>", bos_token="<s>",
        eos_token="</s>", extra_special_tokens={"image_token": "<image>"},
    )  # fmt: skip
    return LlavaProcessor(image_processor=CLIPImageProcessorPil(), tokenizer=tokenizer, patch_size=14)
