"""All choices of a run in one validated model; the only place where an option is described."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator
from shard_runner.cli import RunSettings, plain_address

from cvc.errors import SettingsError
from cvc.examples import MixRule

GIVEN_MASKS = ("auto", "annotations")
"""Values of `segmenter` that keep the masks that came with the boxes."""

DETECTORS_OF_BOXES = ("grounding-dino", "mm-grounding-dino", "owlv2", "owlvit", "glip", "glip-l", "glip-t")
"""Detectors by name that give no masks."""

TINY = "tiny"
"""Name of the embedded world's own models."""

VALIDATION_SHARE = 0.5
"""Default of `validation_share` with several rounds."""


class CvcSettings(RunSettings):
    """Settings of one run; defaults are those of the CVC paper (arXiv 2508.04453) wherever it names one."""

    # Someone may put a key into an address: a refused one is not repeated.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)
    missing_error = SettingsError

    seed: int = Field(0, ge=0, description="Seed of the run; every row derives its own from it and its id.")

    images: Path | None = Field(None, description="Folder of images; paths that leave it are refused.")
    captions: Path | None = Field(
        None,
        description="JSON of captions: the CVC list of {image, text_input}, {image, caption(s)}, or COCO captions.",
    )
    annotations: Path | None = Field(
        None, description="COCO instances JSON, or Parquet: boxes and masks of the named things."
    )
    max_pixels: int = Field(
        89_478_485, gt=0, description="Images with more pixels are quarantined before decoding. Pillow's own alarm."
    )

    model: str | None = Field(
        None,
        description="Folder or Hub id of the chat VLM that guesses and learns; `tiny` is the embedded world's. With "
        "`--backend server`, the name under which it is served.",
    )
    backend: Literal["hf", "vllm", "server"] = Field(
        "hf",
        description="What draws the trials: `hf` (transformers) or `vllm`, both in this process, or `server`, any "
        "OpenAI-compatible one.",
    )
    base_url: str | None = Field(
        None,
        description="Address of the server, as `http://127.0.0.1:8000/v1`; its key is read from OPENAI_API_KEY. Not "
        "part of what decides whether earlier trials still hold; the name of the model is.",
    )
    weights: str | None = Field(
        None,
        description="Folder or Hub id of the model's weights, with `--backend server`: training and evaluation open "
        "them in this process. Steps up to `export` do without.",
    )
    device: Literal["auto", "cpu"] = Field("auto", description="`cpu` keeps everything off a GPU that is there.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Computation: by default bfloat16 on a GPU that has it, else float32."
    )
    prompts_per_batch: int = Field(
        8, ge=1, description="Prompts that are sampled together; results don't depend on it."
    )

    entities: Literal["spacy", "blank", "llm"] = Field(
        "spacy",
        description="What finds the things that captions name: `spacy` (noun chunks of `--spacy-model`), `blank` "
        "(rules over the lexicon, no download) or `llm` (a prompt to `--text-model`). Paper: a language model.",
    )
    spacy_model: str = Field("en_core_web_sm", description="spaCy pipeline of `--entities spacy`.")
    text_model: str | None = Field(
        None,
        description="Model of `--entities llm` and `--questions llm`, opened by `--backend` as `--model` is (on a "
        "server, any language model); by default `--model` itself.",
    )
    lexicon: Path | None = Field(
        None,
        description="JSON {noun: category} for `--entities blank` and questions; by default about 4,000 nouns.",
    )
    mlm: str = Field(
        "FacebookAI/roberta-large",
        description="Masked language model of causality; `tiny` is the embedded world's. Paper: RoBERTa-large.",
    )
    causality_filter: bool = Field(True, description="Keep only causal entities. Paper: yes; no is its ablation.")
    max_ppl: float = Field(
        3.33, gt=1, description="Highest perplexity of the head in its caption, exclusive. Paper: 3.33, i.e. p > 0.3."
    )
    mlm_batch: int = Field(32, ge=1, description="Masked captions in one forward pass.")

    most_per_image: int | None = Field(
        None, ge=1, description="Most things looked for in one image, those of lowest perplexity; by default all. Ours."
    )
    most_per_head: int | None = Field(
        None,
        ge=1,
        description="Most instances of one kind of thing (head), for an even data set; by default all. Ours.",
    )

    detector: str = Field(
        "annotations",
        description="What finds boxes: `annotations` (of `--annotations`), `grounding-dino`, `mm-grounding-dino`, "
        "`owlv2`, `owlvit`, `glip` (a worker in an environment of its own), `sam3` (with masks), or a folder or Hub id "
        "of one. Paper: GLIP-L.",
    )
    min_score: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Lowest score of a box; by default the detector's own, as scores of different detectors do not "
        "compare. Paper: 0.6, of GLIP.",
    )
    glip_python: Path | None = Field(
        None, description="Python of an environment with mmdet for `--detector glip`; by default uv makes one."
    )
    segmenter: str = Field(
        "auto",
        description="What the blocks walk over: `annotations` (masks that come with the boxes), `auto` (those, GrabCut "
        "where there is none), `grabcut`, `box` (the whole box), `sam`, `sam-huge`, `sam2`, `sam3`, "
        "`segment-anything`, or a folder or Hub id of a SAM. Paper: SAM ViT-H.",
    )
    sam_checkpoint: Path | None = Field(
        None, description="File of `--segmenter segment-anything`, such as sam_vit_h_4b8939.pth."
    )
    sam_type: Literal["vit_h", "vit_l", "vit_b"] = Field("vit_h", description="Model type of `--sam-checkpoint`.")
    occluder: Literal["patches", "fill", "blur", "pixelate"] = Field(
        "patches",
        description="What hides the thing: squares at random points of its mask, or its whole mask filled, blurred or "
        "pixelated. Paper: patches.",
    )
    dilate_px: int = Field(0, ge=0, description="The mask grows by so many pixels before it is hidden. Ours; paper: 0.")
    min_covered: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Blocks are added until they cover this share of the mask. Ours; paper: one walk, 0.",
    )
    max_hidden: float = Field(
        0.6, gt=0, le=1, description="Largest share of the image that the blocks may cover. Ours; paper: none."
    )

    drop_leaks: bool = Field(
        False,
        description="Drop instances whose picture still gives the thing away: too few of its pixels changed, its own "
        "outline shows, something in the file names it. Else rows list it in `leaks`. Ours.",
    )
    questions: Literal["rules", "llm"] = Field(
        "rules",
        description="What writes the questions: rules over the lexicon, or `--text-model`; both are checked not to "
        "tell. Paper: a language model.",
    )
    question_fallback: bool = Field(
        True, description="With `--questions llm`, rules write where the model's question is refused; rows say so."
    )

    held_out_share: float = Field(
        0.1, ge=0, lt=1, description="Share of images kept for evaluation when there is no --eval-data. Ours."
    )
    eval_data: Path | None = Field(
        None,
        description="JSON list of {id, image, question, answer, task, cluster}; `completion` rows get n trials too.",
    )

    n: int = Field(16, ge=1, description="Trials of each instance. Paper: 16.")
    temperature: float = Field(1.0, gt=0, description="Temperature of the trials. Paper: 1.0.")
    top_p: float = Field(0.9, gt=0, le=1, description="Nucleus mass of the trials. Paper: 0.9.")
    max_new_tokens: int = Field(384, ge=1, description="Longest trial in tokens. Paper: 384.")

    adaptive: bool = Field(
        False,
        description="Draw trials in groups, judge on the way, and stop at an instance that is certain to be too easy: "
        "the same rationale examples from fewer trials. Paper: no, all n are drawn.",
    )
    adaptive_group: int = Field(4, ge=1, description="Trials between two looks at the verdicts, with `--adaptive`.")
    hopeless_after: int | None = Field(
        None,
        ge=1,
        description="With `--adaptive`, also give an instance up when its first so many trials are all wrong. Saves "
        "more, and loses instances that a later trial would have solved.",
    )

    embedder: str | None = Field(
        None,
        description="Embedding model of the judge's last rung: `BAAI/bge-m3` in the paper, any sentence-transformers "
        "model, `minilm` (a package, no download), or none (default): rules alone.",
    )
    min_similarity: float | None = Field(
        None,
        ge=-1,
        le=1,
        description="Cosine above which an answer is right; by default the embedding model's own, where one is known: "
        "0.85 for BGE-M3 (paper), 0.81 for all-MiniLM-L6-v2.",
    )

    accept_kinds: bool = Field(
        False, description="Count a kind of the hidden thing as right, such as `poodle` for `dog`. Paper: no."
    )

    min_right: int = Field(1, ge=1, description="Fewest right trials of an instance for rationale examples. Paper: 1.")
    max_right: int = Field(4, ge=1, description="Most right trials of an instance for rationale examples. Paper: 4.")
    rationale_examples: bool = Field(True, description="Train on right rationales of hard instances. Paper: yes.")
    answer_examples: bool = Field(True, description="Train on each distinct right short answer. Paper: yes.")

    base_data: Path | None = Field(
        None, description="LLaVA JSON mixed in so that general ability is kept. Paper: the LLaVA-1.5 mix of 665k rows."
    )
    base_images: Path | None = Field(None, description="Folder of the base data's images; by default that of its JSON.")
    base_ratio: float = Field(
        1.0, ge=0, description="Base rows for each row of one's own; `inf` takes all of them once, as the paper does."
    )

    train_method: Literal["lora", "full"] = Field("lora", description="Adapters or all weights. Paper: full.")
    lora_r: int = Field(16, ge=1, description="Rank of the adapters.")
    lora_alpha: int = Field(32, ge=1, description="Scale of the adapters is lora_alpha / lora_r.")
    learning_rate: float | None = Field(
        None, gt=0, description="Peak rate; by default 2e-4 for lora and 2e-5 for full. Paper: 2e-5, full."
    )
    epochs: float = Field(1.0, gt=0, description="Passes over the rows, unless max_steps is given. Paper: 1.")
    max_steps: int | None = Field(None, ge=1, description="Optimiser steps; overrides epochs.")
    batch_size: int = Field(16, ge=1, description="Rows in one forward pass. Paper: 16 on each of 8 GPUs.")
    gradient_accumulation: int = Field(
        8, ge=1, description="Forward passes of one optimiser step. 16 x 8 is the paper's batch of 128."
    )
    warmup_ratio: float = Field(
        0.03, ge=0, lt=1, description="Share of the steps in which the rate rises. Paper: 0.03."
    )
    length_weighting: float = Field(
        0.0, ge=0, description="An answer of n tokens weighs its tokens by n ** -p. LLaVA: 0; tiny models need 0.5."
    )
    max_length: int = Field(
        2048, ge=1, description="Longest training row in tokens; longer ones are refused. LLaVA: 2048."
    )

    gradient_checkpointing: bool = Field(False, description="Less memory in training, about 20 % slower.")
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints.")
    report_to: str = Field("none", description="`tensorboard`, `trackio`, `wandb`, comma-separated, or `none`.")

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
        description="Share of the held-out images (with `--eval-data`, clusters) that only choose the best round; "
        f"models are compared on the others. By default {VALIDATION_SHARE} with several rounds, and none with one.",
    )
    patience: int | None = Field(
        None, ge=1, description="Stop after so many rounds without a better validation score; by default never."
    )
    least_distinct: float = Field(
        0.0, ge=0, le=1, description="Stop before training on trials of which a smaller share than this is distinct."
    )

    @field_validator("model", "weights", "mlm", "text_model")
    @classmethod
    def _tiny_is_a_path(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value != TINY:
            return value
        import scene_world

        return str(scene_world.tiny_mlm_path() if info.field_name == "mlm" else scene_world.tiny_vlm_path())

    @field_validator("base_url")
    @classmethod
    def _address_is_plain(cls, value: str | None) -> str | None:
        return plain_address(value, name="base_url")

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "CvcSettings":
        if self.min_right > self.max_right:
            raise ValueError(f"min_right must not exceed max_right; got {self.min_right} and {self.max_right}.")
        return self

    @model_validator(mode="after")
    def _server_and_address_go_together(self) -> "CvcSettings":
        if self.backend == "server" and self.base_url is None:
            raise ValueError("backend server needs base_url, such as http://127.0.0.1:8000/v1.")
        for name in ("base_url", "weights"):
            if self.backend != "server" and getattr(self, name) is not None:
                raise ValueError(f"{name} belongs to backend server; got backend {self.backend}.")
        if self.backend == "server" and self.weights is None and self.dtype != "auto":
            raise ValueError(f"dtype is that of weights in this process, and none are given; got {self.dtype}.")
        return self

    @model_validator(mode="after")
    def _parts_go_together(self) -> "CvcSettings":
        if self.detector == "annotations" and self.min_score is not None:
            raise ValueError("min_score belongs to a detector; annotations have no scores.")
        if self.glip_python is not None and not self.detector.startswith("glip"):
            raise ValueError(f"glip_python belongs to detector glip; got detector {self.detector}.")
        if self.detector != "annotations" and self.annotations is not None:
            raise ValueError(f"annotations are not read with detector {self.detector}; give one of the two.")
        if self.segmenter == "annotations" and self.detector in DETECTORS_OF_BOXES:
            raise ValueError(f"segmenter annotations takes masks that detector {self.detector} does not give.")
        if self.sam_type != "vit_h" and self.sam_checkpoint is None:
            raise ValueError("sam_type is that of sam_checkpoint; got none.")
        if (self.sam_checkpoint is None) == (self.segmenter == "segment-anything"):
            raise ValueError("segmenter segment-anything needs sam_checkpoint, and no other segmenter takes it.")
        if self.text_model is not None and "llm" not in (self.entities, self.questions):
            raise ValueError("text_model is for entities llm or questions llm; got neither.")
        return self

    @model_validator(mode="after")
    def _giving_up_is_adaptive(self) -> "CvcSettings":
        if self.hopeless_after is not None and not self.adaptive:
            raise ValueError("hopeless_after needs adaptive: without it all n trials are drawn.")
        return self

    @model_validator(mode="after")
    def _rounds_can_be_gone_through(self) -> "CvcSettings":
        if self.rounds == 1 and (self.patience is not None or self.least_distinct):
            raise ValueError("patience and least_distinct stop rounds; give rounds 2 or more with them.")
        if self.rounds > 1 and self.backend == "server":
            raise ValueError("rounds above 1 need backend hf or vllm: a server would have to be given each new model.")
        return self

    @property
    def mix_rule(self) -> MixRule:
        """The rule that turns judged trials into training rows."""
        return MixRule(
            min_right=self.min_right,
            max_right=self.max_right,
            rationale_examples=self.rationale_examples,
            answer_examples=self.answer_examples,
        )

    @property
    def checkpoint(self) -> str | None:
        """Folder or Hub id of the weights that learn and are evaluated: `weights` with a server, else `model`."""
        return self.weights if self.backend == "server" else self.model

    def needed_checkpoint(self) -> str:
        """The checkpoint.

        Raises:
            SettingsError: it was not given.
        """
        if self.backend == "server":
            why = "training and evaluation open the weights themselves, and --model is a name on a server"
            return self.needed("weights", f"{why}; steps up to `export` do without")
        return self.needed("model", "the model that learns")

    def with_weights_at_hand(self) -> "CvcSettings":
        """These settings for what needs the weights themselves: instead of a server, transformers in this process."""
        if self.backend != "server":
            return self
        return self.model_copy(update={"backend": "hf", "base_url": None, "model": self.weights, "weights": None})
