"""All choices of a run in one validated model; the only place where an option is described."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, field_validator, model_validator
from shard_runner.cli import RunSettings

from svco.errors import SettingsError

TINY = "tiny"
"""Name of the embedded world's own model."""

Control = Literal["sft", "dpo", "mdpo"]


class SvcoRunSettings(RunSettings):
    """Settings of one run; defaults are those of the S-VCO paper (arXiv 2502.13928) wherever it names one."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    missing_error = SettingsError

    seed: int = Field(0, ge=0, description="Seed of the run: split, adapters, order of pairs.")

    data: Path | None = Field(
        None,
        description="Pairs as MVC JSON: a list of {instruction_prompt, chosen_images, rejected_images, "
        "chosen_response, rejected_response}. `svco prepare --help` makes it from other data.",
    )
    images: Path | None = Field(
        None, description="Folder of the images; paths that leave it are refused. By default that of --data."
    )
    model: str | None = Field(
        None, description="Folder or Hub id of the chat VLM that learns; `tiny` is the embedded world's."
    )
    device: Literal["auto", "cpu"] = Field("auto", description="`cpu` keeps everything off a GPU that is there.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Computation: by default bfloat16 on a GPU that has it, else float32. Paper: float16."
    )

    filter: bool = Field(
        False,
        description="Keep only hard but meaningful pairs, by two image models. MVC comes filtered; pairs of your own "
        "do not.",
    )
    semantic_model: str = Field(
        "google/siglip-so400m-patch14-384", description="CLIP or SigLIP of the filter, by folder or Hub id. Paper."
    )
    visual_model: str = Field("facebook/dinov2-large", description="DINOv2 of the filter, by folder or Hub id. Paper.")
    min_semantic: float = Field(
        0.7, ge=-1, le=1, description="Pairs must be more alike than this to the semantic model. Paper: 0.7."
    )
    max_visual: float = Field(
        0.5, ge=-1, le=1, description="Pairs must be less alike than this to the visual model. Paper: 0.5."
    )
    unfiltered: list[str] = Field(
        ["left_right"], description="Categories that skip the filter. Paper: left/right mirrors."
    )
    max_changed: float = Field(
        1.0, gt=0, le=1, description="Pairs that differ in a larger share of their pixels are dropped. Ours; paper: 1."
    )
    validation_data: Path | None = Field(
        None, description="Validation pairs as MVC JSON of their own; by default they are split from --data."
    )
    validation: int = Field(
        240, ge=0, description="Pairs kept for validation, at most a fifth; no image crosses the split. Paper: 240."
    )

    attend_a: float = Field(0.1, ge=0, description="Beta: text x prefers its image to none; 0 leaves it out. Paper.")
    reject_b: float = Field(0.1, ge=0, description="Beta: text x prefers no image to the other. Paper: 0.1.")
    attend_b: float = Field(0.1, ge=0, description="Beta: text y prefers its image to none. Paper: 0.1.")
    reject_a: float = Field(0.1, ge=0, description="Beta: text y prefers no image to the other. Paper: 0.1.")
    sft_weight: float = Field(
        0.0, ge=0, description="Weight of -log p per token of each text with its own image, added. Ours; paper: none."
    )
    reference: Literal["stored", "adapter", "model"] = Field(
        "stored",
        description="Reference log-probabilities: computed once and `stored`, the model with its `adapter` off (LoRA), "
        "or a second `model` in memory. Paper: model.",
    )
    max_answer_tokens: int = Field(128, ge=1, description="Longest text in tokens, its end counted. Paper: 128.")
    long_answers: Literal["refuse", "cut"] = Field(
        "refuse", description="What becomes of pairs with longer texts; both are counted. Paper: cut, uncounted."
    )

    train_method: Literal["full", "lora"] = Field(
        "full", description="All but the vision tower, or adapters. Paper: full."
    )
    lora_r: int = Field(16, ge=1, description="Rank of the adapters.")
    lora_alpha: int = Field(32, ge=1, description="Scale of the adapters is lora_alpha / lora_r.")
    learning_rate: float | None = Field(
        None, gt=0, description="Peak rate; by default 1e-6 for full (paper) and 1e-5 for lora (ours)."
    )
    projector_rate: float | None = Field(None, gt=0, description="Peak rate of the projector, if another.")
    train_vision: bool = Field(False, description="Train the vision tower too. Paper: no.")
    vision_rate: float | None = Field(None, gt=0, description="Peak rate of the vision tower, if another.")
    epochs: float = Field(1.0, gt=0, description="Passes over the pairs, unless max_steps is given. Paper: 1.")
    max_steps: int | None = Field(None, ge=1, description="Optimiser steps; overrides epochs.")
    batch_size: int = Field(1, ge=1, description="Pairs in one forward pass. Paper: 1 on each of 8 GPUs.")
    gradient_accumulation: int = Field(4, ge=1, description="Forward passes of one optimiser step. Paper: 4.")
    warmup_ratio: float = Field(0.05, ge=0, lt=1, description="Share of the steps in which the rate rises. Paper.")
    weight_decay: float = Field(0.02, ge=0, description="Weight decay of AdamW. Paper.")
    gradient_checkpointing: bool = Field(True, description="Less memory in training, about 20 % slower. Paper.")
    attention: Literal["sdpa", "eager", "flex_attention"] = Field(
        "sdpa", description="Attention of the language model in training."
    )
    projection: Literal["chunked", "liger"] = Field(
        "chunked", description="Log-probabilities in chunks, or by liger-kernel's fused kernel on a GPU."
    )
    save_every: int = Field(31, ge=1, description="Steps between two checkpoints. Paper: 31.")
    eval_every: int = Field(31, ge=1, description="Steps between two looks at the validation pairs. Paper: 31.")
    report_to: str = Field("none", description="`tensorboard`, `trackio`, `wandb`, comma-separated, or `none`.")
    launch: Literal["ddp", "zero2", "zero3"] | None = Field(
        None, description="Train in several processes by `accelerate launch` with this configuration. Paper: zero3."
    )
    processes: int = Field(1, ge=1, description="With --launch: number of processes, one a GPU. Paper: 8.")

    controls: list[Control] = Field(
        [],
        description="Also train controls with the same pairs and number of steps, and compare: `sft` on both texts "
        "with their images, one-sided `dpo`, `mdpo`.",
    )
    sft_rate: float | None = Field(
        None, gt=0, description="Peak rate of the control `sft`; by default 2e-5 for full and 2e-4 for lora."
    )
    dpo_rate: float | None = Field(None, gt=0, description="Peak rate of `dpo` and `mdpo`; by default --learning-rate.")

    eval_data: Path | None = Field(
        None,
        description="JSON list of {id, image, question, answer, task, pair, cluster}: rows of one `pair` are right "
        "together or not at all. Without it validation pairs alone are compared.",
    )
    max_new_tokens: int = Field(128, ge=1, description="Longest answer to an evaluation question.")
    prompts_per_batch: int = Field(8, ge=1, description="Questions asked together; results don't depend on it.")

    @field_validator("model")
    @classmethod
    def _tiny_is_a_path(cls, value: str | None) -> str | None:
        if value != TINY:
            return value
        import scene_world

        return str(scene_world.tiny_vlm_path())

    @model_validator(mode="after")
    def _parts_go_together(self) -> "SvcoRunSettings":
        if self.processes > 1 and self.launch is None:
            raise ValueError("processes belongs to launch; give --launch ddp, zero2 or zero3.")
        if self.reference == "adapter" and self.train_method == "full":
            raise ValueError("reference adapter needs train_method lora: full training has nothing to switch off.")
        if self.launch == "zero3" and self.reference == "model":
            raise ValueError("reference model and launch zero3 do not go together; use reference stored.")
        if not any((self.attend_a, self.reject_b, self.attend_b, self.reject_a)):
            raise ValueError("at least one of attend_a, reject_b, attend_b, reject_a must be above 0.")
        return self

    @property
    def image_root(self) -> Path:
        """Folder of the images."""
        return self.images or self.needed("data", "pairs as MVC JSON").parent
