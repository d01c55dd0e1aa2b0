"""All choices of a run in one validated model; the only place where an option is described."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator
from shard_runner.cli import RunSettings

from chain_of_spot.arms import Control
from chain_of_spot.errors import SettingsError

if TYPE_CHECKING:
    from roi_attention.zoom import Wording, ZoomSettings

TINY = "tiny"
"""Name of the embedded world's own model."""

VALIDATION_SHARE = 0.5
"""Default of `validation_share` with several rounds."""


class CosSettings(RunSettings):
    """Settings of one run; defaults are those of Chain-of-Spot (arXiv 2403.12966) wherever it names one."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)
    missing_error = SettingsError

    seed: int = Field(0, ge=0, description="Seed of the run: adapters, order of rows, crops of the control `random`.")

    data: Path | None = Field(
        None,
        description="LLaVA mix: JSON or JSONL of {id, image, conversations}. Every question of an image is annotated."
        " A row may hold `boxes`, true boxes in pixels, to score the maps by.",
    )
    images: Path | None = Field(
        None, description="Folder of the images; paths that leave it are refused. By default that of --data."
    )
    dataset: str | None = Field(None, description="Name of the data set in keys. By default the file name of --data.")
    model: str | None = Field(
        None, description="Folder or Hub id of the chat VLM that explains and learns; `tiny` is the embedded world's."
    )
    device: Literal["auto", "cpu"] = Field("auto", description="`cpu` keeps everything off a GPU that is there.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Computation: by default bfloat16 on a GPU that has it, else float32."
    )

    boxes: Path | None = Field(
        None,
        description="Take the regions from a file instead of maps: annotations.json of an earlier run, or the "
        "published {name: {params: [top, left, side]}}.",
    )
    method: Literal["relevance", "text_rows", "attention", "input_gradient"] = Field(
        "relevance",
        description="How maps are made: gradient-weighted relevance through all layers, the same ending at the image, "
        "mean attention, or gradients of the pixels. Paper: relevance, of LXMERT.",
    )
    score: Literal["logit", "log_prob", "log_odds"] = Field(
        "logit", description="The scalar whose gradient is taken. Paper: logit."
    )
    explain: Literal["answer", "own"] = Field(
        "answer", description="Explain the answer of the data, or the model's own next token."
    )
    neutral: str | None = Field(
        None, description="Divide maps by the one for this question, such as `Describe the image.`"
    )
    map_batch: int = Field(4, ge=1, description="Questions whose maps are made together; results don't depend on it.")

    mass: float = Field(0.5, gt=0, le=1, description="Share of the relevance that a region must hold. Ours.")
    sides: list[float] = Field(
        [0.25, 0.35, 0.5, 0.7, 1.0],
        min_length=1,
        description="Sides of regions that are tried, as shares of the shorter side of the image. Ours.",
    )
    no_region: Literal["whole", "plain", "drop"] = Field(
        "whole",
        description="What becomes of a question without a region: a dialogue that looks at the `whole` image (as "
        "published), a `plain` row without a zoom, or nothing.",
    )

    frame: Literal["auto", "padded", "whole"] = Field(
        "auto", description="Pictures on a square canvas, or as they are; by default what the processor needs."
    )
    form: Literal["auto", "llava", "qwen"] = Field(
        "auto", description="Box texts: fractions, or thousandths as Qwen-VL; by default fractions if padded."
    )
    digits: int = Field(3, ge=1, le=6, description="Decimals of fractions. Paper: 3.")
    where_request: str | None = Field(None, description="Text that asks where; holds {question}. By default our own.")
    region_is: str | None = Field(None, description="Text that shows the crop; holds {region}. By default our own.")
    answer_request: str | None = Field(None, description="Text that asks what; holds {question}. By default our own.")
    quotes: bool = Field(True, description="Put questions in quotation marks.")
    others: bool = Field(False, description="Let the image's other questions follow each dialogue. Paper: yes.")
    where_weight: float = Field(1.0, ge=0, description="Loss weight of the box turn. Paper: 1.")
    answer_weight: float = Field(1.0, ge=0, description="Loss weight of answers. Paper: 1.")
    text_rows: bool = Field(True, description="Train on the mix's rows without an image too. Paper: yes.")

    train_method: Literal["full", "lora"] = Field(
        "full", description="All weights but the vision tower, or adapters. Paper: full."
    )
    lora_r: int = Field(16, ge=1, description="Rank of the adapters.")
    lora_alpha: int = Field(32, ge=1, description="Scale of the adapters is lora_alpha / lora_r.")
    learning_rate: float | None = Field(
        None, gt=0, description="Peak rate; by default 2e-5 for full (paper) and 2e-4 for lora."
    )
    epochs: float = Field(1.0, gt=0, description="Passes over the dialogues, unless max_steps is given. Paper: 1.")
    max_steps: int | None = Field(None, ge=1, description="Optimiser steps; overrides epochs.")
    batch_size: int = Field(16, ge=1, description="Dialogues in one forward pass. Paper: 16 on each GPU.")
    gradient_accumulation: int = Field(1, ge=1, description="Forward passes of one optimiser step. Paper: 1.")
    warmup_ratio: float = Field(0.03, ge=0, lt=1, description="Share of the steps in which the rate rises. Paper.")
    length_weighting: float = Field(0.0, ge=0, description="Each answer of n tokens weighs them by n ** -p. Paper: 0.")
    max_length: int = Field(
        4096,
        ge=1,
        description="Longest dialogue in tokens, images counted; longer ones are refused. Paper: cuts at 2048.",
    )
    gradient_checkpointing: bool = Field(True, description="Less memory in training, about 20 % slower. Paper.")
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints.")
    report_to: str = Field("none", description="`tensorboard`, `trackio`, `wandb`, comma-separated, or `none`.")
    controls: list[Control] = Field(
        [],
        description="Also train controls on the same questions and number of steps, and compare: crops at `random` "
        "places, of the `centre`, the `whole` image twice, or `plain` rows without boxes.",
    )

    eval_data: Path | None = Field(
        None, description="JSON list of {id, image, question, answer, task, cluster}; asked before and after."
    )
    backend: Literal["hf", "vllm"] = Field("hf", description="What answers the evaluation questions.")
    max_where_tokens: int = Field(64, ge=1, description="Longest box text.")
    max_new_tokens: int = Field(128, ge=1, description="Longest answer.")
    prompts_per_batch: int = Field(8, ge=1, description="Questions asked together; results don't depend on it.")

    rounds: int = Field(
        1,
        ge=1,
        description="Go through the whole method so many times, each time with the model of the round before, in "
        "RUN/round-1, RUN/round-2, ... Paper: 1.",
    )
    validation_share: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of the clusters of --eval-data that only choose the best round; models are compared on the "
        f"others. By default {VALIDATION_SHARE} with several rounds, and none with one.",
    )
    patience: int | None = Field(
        None, ge=1, description="Stop after so many rounds without a better validation score; by default never."
    )
    least_distinct: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Stop before training on regions of which a smaller share than this is distinct; the more "
        "questions, the smaller the share.",
    )

    @field_validator("model")
    @classmethod
    def _tiny_is_a_path(cls, value: str | None) -> str | None:
        if value != TINY:
            return value
        import scene_world

        return str(scene_world.tiny_vlm_path())

    @field_validator("sides")
    @classmethod
    def _sides_are_shares(cls, value: list[float]) -> list[float]:
        if not all(0 < side <= 1 for side in value):
            raise ValueError("sides must be above 0 and at most 1.")
        return value

    @model_validator(mode="after")
    def _parts_go_together(self) -> "CosSettings":
        if not self.where_weight and not self.answer_weight:
            raise ValueError("where_weight and answer_weight cannot both be 0: nothing would be learnt.")
        self.wording()
        return self

    @model_validator(mode="after")
    def _rounds_can_be_gone_through(self) -> "CosSettings":
        if self.rounds == 1 and (self.patience is not None or self.least_distinct):
            raise ValueError("patience and least_distinct stop rounds; give rounds 2 or more with them.")
        if self.rounds > 1 and self.boxes is not None:
            raise ValueError("rounds above 1 find regions anew with each model; leave boxes out.")
        return self

    @property
    def image_root(self) -> Path:
        """Folder of the images."""
        return self.images or self.needed("data", "a LLaVA mix").parent

    @property
    def dataset_name(self) -> str:
        """Name of the data set."""
        return self.dataset or self.needed("data", "a LLaVA mix").stem

    def wording(self) -> "Wording":
        """The texts of the dialogues.

        Raises:
            ValueError: a placeholder is missing.
        """
        from roi_attention.zoom import Wording

        texts = {name: getattr(self, name) for name in ("where_request", "region_is", "answer_request")}
        return Wording(quotes=self.quotes, **{name: text for name, text in texts.items() if text is not None})

    def zoom(self, processor: Any) -> "ZoomSettings":
        """What training and inference share, for a model with this processor."""
        from roi_attention.zoom import ZoomSettings, model_frame

        frame = model_frame(processor) if self.frame == "auto" else self.frame
        form = ("llava" if frame == "padded" else "qwen") if self.form == "auto" else self.form
        return ZoomSettings(frame=frame, form=form, digits=self.digits, wording=self.wording())


ZOOM = ("frame", "form", "digits", "where_request", "region_is", "answer_request", "quotes")
"""Settings that the words and pictures of a dialogue depend on."""
