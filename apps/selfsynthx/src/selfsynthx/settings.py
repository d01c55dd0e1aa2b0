"""All choices of a run in one validated model; the only place where an option is described."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from shard_runner.cli import RunSettings, plain_address

from selfsynthx.datasets.loading import load_spec
from selfsynthx.errors import SettingsError

if TYPE_CHECKING:
    from llava_train import RoundSettings

    from selfsynthx.datasets.spec import DatasetSpec

TINY = "tiny"
"""Name of the embedded world's own model."""

LABELS = "labels"
"""Control that learns the label sentence in place of every answer."""

Control = Literal["labels"]


class SynthSettings(RunSettings):
    """Settings of one run; defaults are those of SelfSynthX (arXiv 2502.14044) wherever it names one."""

    # Someone may put a key into an address: a refused one is not repeated.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)
    missing_error = SettingsError

    seed: int = Field(0, ge=0, description="Seed of the run: splits, questions, samples, adapters, order of rows.")

    data: Path | None = Field(
        None,
        description="Labelled pictures: a folder with one folder for each label, or Parquet, JSON, JSONL or CSV with"
        " columns for image, label and, where there are any, id and split.",
    )
    images: Path | None = Field(None, description="Folder that image paths start from; by default that of --data.")
    dataset: str = Field(
        "generic",
        description="Prompts, questions and policies: cub-200, fgvc-aircraft, stanford-dogs, ham10000, chest-xray,"
        " plant-disease, generic, or a YAML file of your own.",
    )
    validation_share: float = Field(
        0.1, gt=0, lt=1, description="Of the training rows, to choose the best round on, where the data set has none."
    )
    test_share: float = Field(0.2, gt=0, lt=1, description="Of all rows, where the data set is not split.")
    truth: Path | None = Field(
        None,
        description="JSON {id: [features that can be seen]} where that is known: explanations are scored against it,"
        " never chosen by it.",
    )
    published: bool = Field(
        False,
        description="Do as the released code does where ours differs: augmentation, lead-ins, question mix, negatives"
        " that hold the anchors, match without digits, cut-off and leaking answers kept.",
    )

    model: str | None = Field(
        None, description="Folder or Hub id of the chat VLM that explains and learns; `tiny` is the embedded world's."
    )
    backend: Literal["hf", "vllm"] = Field("hf", description="What generates: transformers, or vLLM.")
    device: Literal["auto", "cpu"] = Field("auto", description="`cpu` keeps everything off a GPU that is there.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Computation: by default bfloat16 on a GPU that has it, else float32."
    )
    prompts_per_batch: int = Field(8, ge=1, description="Questions asked together; results don't depend on it.")
    images_per_batch: int = Field(32, ge=1, description="Pictures asked about together. Paper: 32.")

    concepts: Path | None = Field(
        None,
        description='Features of each label: {"1": {"name", "visual_features"}} or {label: [features]}. Without a file'
        " --concepts-model is asked.",
    )
    concepts_model: str | None = Field(None, description="Model that lists the features of a label. Paper: GPT-4o.")
    concepts_url: str | None = Field(
        None,
        description="Address of its server, such as http://127.0.0.1:8000/v1; without one it is a folder or Hub id. Its"
        " key is read from OPENAI_API_KEY.",
    )
    concepts_tokens: int = Field(512, ge=1, description="Longest list of features.")
    least_features: int = Field(3, ge=1, description="Features that each label must have.")

    descriptions: int = Field(10, ge=1, description="Descriptions for each of the data set's prompts. Paper: 10.")
    description_temperature: float = Field(1.0, ge=0, description="Of descriptions. Paper: 1.")
    description_tokens: int = Field(256, ge=1, description="Longest description. Paper: 256.")

    embedder: str = Field(
        "intfloat/e5-large-v2",
        description="Embeds descriptions, concepts and answers: any sentence-transformers folder or Hub id, or `minilm`"
        " (a package, no download). Paper: e5-large-v2, without its prefixes.",
    )
    tau: float = Field(0.1, gt=0, description="Temperature of InfoNCE. Released code: 0.1.")
    std_factor: float = Field(0.4, description="Concepts this many deviations above the mean are kept. Paper: 0.4.")
    least_concepts: int = Field(3, ge=1, description="Concepts kept in any case. Paper: 3.")
    negatives: Literal["other_images", "other_labels"] = Field(
        "other_images", description="Descriptions that count against a concept. Paper: of every other image."
    )

    questions: int = Field(8, ge=1, description="Questions about each picture in each round. Paper: 8.")
    teacher_temperature: float = Field(0.3, ge=0, description="Of the first round's answers. Paper: 0.3.")
    teacher_tokens: int = Field(128, ge=1, description="Longest of them. Paper: 128.")
    rescue: float = Field(
        0.7, gt=0, le=1, description="An answer with words this close to its label gets a sentence that names it."
    )

    rounds: int = Field(4, ge=1, description="Most rounds. Paper: 4.")
    patience: int | None = Field(
        None, ge=1, description="Stop after so many rounds without a better validation accuracy; default never."
    )
    least_distinct: float = Field(
        0.0, ge=0, le=1, description="Stop when a smaller share than this of a round's answers is distinct."
    )
    candidates: int = Field(3, ge=1, description="Answers drawn for each question from the second round on. Paper: 3.")
    answer_temperature: float = Field(0.7, ge=0, description="Of these. Paper: 0.7.")
    answer_top_p: float = Field(0.6, gt=0, le=1, description="Of these. Paper: 0.6.")
    answer_tokens: int = Field(196, ge=1, description="Longest of them. Paper: 196.")
    order: Literal["check_then_rank", "rank_then_check"] = Field(
        "check_then_rank",
        description="Take the best of the answers that reach the label, or look at the best answer alone (as the paper,"
        " and with --published).",
    )

    train_method: Literal["lora", "full"] = Field("lora", description="Fresh adapters in each round, or all weights.")
    lora_r: int = Field(128, ge=1, description="Rank of the adapters. Paper: 128.")
    lora_alpha: int = Field(256, ge=1, description="Their scale is alpha / r. Paper: 256.")
    lora_dropout: float = Field(0.05, ge=0, lt=1, description="In front of them. Paper: 0.05.")
    train_projector: bool = Field(True, description="Train the projector in full. Paper.")
    learning_rate: float = Field(1e-5, gt=0, description="Peak rate. Paper: 1e-5.")
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = Field("linear", description="Paper: linear.")
    warmup_ratio: float = Field(0.05, ge=0, lt=1, description="Share of the steps. Paper: 0.05.")
    epochs: float = Field(2.0, gt=0, description="Passes over a round's rows. Paper: 2.")
    max_steps: int | None = Field(None, ge=1, description="Optimiser steps of a round; overrides epochs.")
    batch_size: int = Field(32, ge=1, description="Rows per forward pass. Paper: 32.")
    gradient_accumulation: int = Field(1, ge=1, description="Forward passes per step. Paper: 1.")
    length_weighting: float = Field(
        0.0, ge=0, description="Answers of n tokens weigh n ** -p a token; tiny models need 0.5. Paper: 0."
    )
    max_length: int = Field(2048, ge=1, description="Longest row in tokens; longer ones are refused. Paper: 2048.")
    gradient_checkpointing: bool = Field(True, description="Less memory in training, about 20 % slower. Paper.")
    packing: bool = Field(False, description="Several rows in one sequence, each seeing itself alone: same losses.")
    augment: Literal["dataset", "none", "mild", "flip", "medical", "published"] = Field(
        "dataset", description="How pictures are changed in training; by default as the data set's policy says."
    )
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints.")
    report_to: str = Field("none", description="`tensorboard`, `trackio`, `wandb`, comma-separated, or `none`.")
    mix: Path | None = Field(None, description="LLaVA JSON of general rows, to keep what the model could do.")
    mix_images: Path | None = Field(None, description="Folder of its images; by default its own.")
    mix_ratio: float = Field(1.0, ge=0, description="General rows for each own row. Paper: 1.")
    controls: list[Control] = Field(
        [], description="`labels`: train beside it on the label sentences alone, same questions, rows and steps."
    )

    eval_tokens: int = Field(256, ge=1, description="Longest answer to the evaluation question. Paper: 256.")
    judge: str | None = Field(
        None, description="Model that scores explanations, 1 to 5 (our form of the paper's cognition score); none."
    )
    judge_url: str | None = Field(None, description="Address of its server; without one it is a folder or Hub id.")

    @field_validator("model")
    @classmethod
    def _tiny_is_a_path(cls, value: str | None) -> str | None:
        if value != TINY:
            return value
        import scene_world

        return str(scene_world.tiny_explainer_path())

    @field_validator("concepts_url", "judge_url")
    @classmethod
    def _address_is_plain(cls, value: str | None, info: ValidationInfo) -> str | None:
        return plain_address(value, name=info.field_name or "")

    @model_validator(mode="after")
    def _parts_go_together(self) -> "SynthSettings":
        for model, url in (("concepts_model", "concepts_url"), ("judge", "judge_url")):
            if getattr(self, url) is not None and getattr(self, model) is None:
                raise ValueError(f"{url} needs {model}: the model's name on that server.")
        if len(set(self.controls)) < len(self.controls):
            raise ValueError(f"controls must differ; got {self.controls}.")
        return self

    @cached_property
    def spec(self) -> "DatasetSpec":
        """What is particular to the data set.

        Raises:
            SettingsError: no such data set, or a file of it that is not valid.
            InputError: its file cannot be read.
        """
        spec = load_spec(self.dataset)
        return spec.as_published() if self.published else spec

    @property
    def chosen_order(self) -> Literal["check_then_rank", "rank_then_check"]:
        """How answers are chosen."""
        return "rank_then_check" if self.published else self.order

    @property
    def chosen_augmentation(self) -> str:
        """How pictures are changed in training."""
        return self.spec.augmentation if self.augment == "dataset" else self.augment

    @property
    def arms(self) -> list[str]:
        """The method, which has no name, then its controls."""
        return ["", *self.controls]

    def needed_model(self) -> str:
        """The base model."""
        return self.needed("model", "a folder or Hub id of the chat VLM that explains and learns")

    def round_settings(self) -> "RoundSettings":
        """Number of rounds and stop rules, as `llava-train` takes them."""
        from llava_train import RoundSettings

        return RoundSettings(rounds=self.rounds, patience=self.patience, least_distinct=self.least_distinct)


ASKING = ("backend", "dtype", "seed")
"""Settings that every answer depends on."""
