"""All choices of a run in one validated model; the only place where an option is described."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from shard_runner.cli import RunSettings, plain_address

from world2code.arms import METHOD, Arm
from world2code.errors import SettingsError

if TYPE_CHECKING:
    from code_caption import BoxText, Interview, QuestionWording, Rules

TINY = "tiny"
"""Name of the embedded world's own model."""

WORLD = "world"
"""Value of `detector` that finds things of the embedded world."""

Form = Literal["code", "caption", "region", "grounding", "boxes", "count", "attribute", "text", "exist"]
Filter = Literal["existence", "counting", "reranking", "reading"]


class Questions(BaseModel):
    """Texts of the questions; by default our own. Places in braces as in `code_caption.QuestionWording`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    detailed: str | None = Field(None, description="Asks for the detailed caption.")
    general: str | None = Field(None, description="Asks for the short caption.")
    exists: str | None = Field(None, description="Checks a box by its name: {name}, {a_name}.")
    claims: str | None = Field(None, description="Checks a phrase of a caption: {phrase}, {a_phrase}.")
    at_least: str | None = Field(None, description="Checks a count: {count}, {plural}.")
    how_many: str | None = Field(None, description="Asks for a count: {plural}.")
    region: str | None = Field(None, description="Asks for an element's caption: {name}, {a_name}, {box}.")
    read: str | None = Field(None, description="Asks for what is written on an element: {name}, {a_name}, {box}.")
    pair: str | None = Field(None, description="Asks for a sentence about two things: {a}, {b}, {box}.")


class W2cSettings(RunSettings):
    """Settings of one run; defaults are those of World to Code (arXiv 2409.20424) wherever it names one."""

    # Someone may put a key into an address: a refused one is not repeated.
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True)
    missing_error = SettingsError

    seed: int = Field(0, ge=0, description="Seed of the run: samples, adapters, order and wording of rows.")

    data: Path | None = Field(
        None,
        description="Rows with images: Parquet (bytes in `image`, `frame` or `binary`, or `image_path`, `path`), JSON"
        " or JSONL. Other columns pass through; a `scene` column of true scenes is scored against.",
    )
    images: Path | None = Field(
        None, description="Folder of the images; alone, every image in it is a row. Paths that leave it are refused."
    )
    reuse: bool = Field(
        False,
        description="Take captions and boxes from the published columns of --data (`detail_caption`, `general_caption`,"
        " `dino_box`, `dino_phrases`, `dino_scores`) instead of making them. Pickled columns are refused.",
    )
    model: str | None = Field(
        None, description="Folder or Hub id of the chat VLM that describes, judges and learns; `tiny` is the embedded"
        " world's.",
    )  # fmt: skip
    backend: Literal["hf", "vllm", "server"] = Field("hf", description="What describes and judges.")
    base_url: str | None = Field(
        None,
        description="Address of the server, such as http://127.0.0.1:8000/v1; its key is read from OPENAI_API_KEY.",
    )
    weights: str | None = Field(
        None,
        description="Folder or Hub id of the model's weights, with `--backend server`: their tokenizer measures code,"
        " training and evaluation open them in this process.",
    )
    device: Literal["auto", "cpu"] = Field("auto", description="`cpu` keeps everything off a GPU that is there.")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="Computation of the model in this process: by default bfloat16 on a GPU that has it, else float32.",
    )
    prompts_per_batch: int = Field(8, ge=1, description="Questions asked together; results don't depend on it.")
    images_per_batch: int = Field(8, ge=1, description="Images whose questions are asked together.")

    captions: int = Field(
        4, ge=1, description="Captions of each kind that are kept, also of boxes and pairs. Paper: 4."
    )
    captions_drawn: int = Field(8, ge=1, description="Captions that are drawn to keep the likeliest. Paper: 8.")
    temperature: float = Field(0.8, ge=0, description="Of captions. Paper: 0.8.")
    top_p: float = Field(0.95, gt=0, le=1, description="Nucleus of captions. Paper: 0.95.")
    max_new_tokens: int = Field(256, ge=1, description="Longest caption or text. Paper: 256.")

    entities: Literal["spacy", "blank"] = Field(
        "spacy",
        description="What finds the things that captions name: `spacy` (noun chunks of `--spacy-model`) or `blank` "
        "(rules over the lexicon, no download).",
    )
    spacy_model: str = Field("en_core_web_sm", description="spaCy pipeline of `--entities spacy`.")
    lexicon: Path | None = Field(
        None, description="JSON {noun: category} for `--entities blank`; by default about 4,000 nouns."
    )
    most_concepts: int = Field(40, ge=1, description="Names of an image that the detector looks for. Paper: 40.")

    detector: str | None = Field(
        None,
        description="Folder or Hub id of an open-vocabulary detector (Grounding DINO, OWLv2), a file of boxes (COCO"
        " instances .json, or .parquet), or `world`: the embedded world's.",
    )
    box_threshold: float = Field(0.23, ge=0, le=1, description="Least score of a box. Paper: 0.23.")
    suppress_iou: float = Field(0.5, gt=0, le=1, description="Of two boxes that overlap more, the better. Paper: 0.5.")
    suppress_across: bool = Field(
        True, description="Also boxes of different names. Paper: yes; it costs right boxes of parts and wholes."
    )

    filters: list[Filter] = Field(
        ["existence", "counting", "reranking", "reading"], description="Rules that are applied."
    )
    control: bool = Field(
        True, description="Ask about one name that is not there in each image; boxes must be at least as likely. Ours."
    )
    existence_threshold: float = Field(0.5, ge=0, le=1, description="Least p(yes) of a box. Ours.")
    counting: Literal["shrink", "drop"] = Field(
        "shrink", description="Boxes of a name that are not counted: keep the best ones, or none. Ours."
    )
    counting_threshold: float = Field(0.5, ge=0, le=1, description="Least p(yes) of a count. Ours.")
    count_form: Literal["at_least", "how_many"] = Field(
        "at_least", description="Check whether there are so many (paper), or let the model count once."
    )
    count_samples: int = Field(1, ge=1, description="Counts drawn where the model counts; 1 is greedy. Ours.")
    claims_threshold: float = Field(0.5, ge=0, le=1, description="Least p(yes) of a phrase of a caption. Ours.")
    strict: bool = Field(True, description="Drop a caption whose best version still has a rejected phrase. Ours.")
    reading_similarity: float = Field(0.8, ge=0, le=1, description="Least likeness of two readings. Ours.")
    read_names: list[str] | None = Field(None, description="Read text on things of these names only; default all.")
    least_read_px: float = Field(32, ge=0, description="Shorter side of boxes that are read. Ours.")
    least_elements: int = Field(1, ge=0, description="Images with fewer things left are dropped. Ours.")
    check_captions: bool = Field(True, description="Also choose the whole image's caption by its phrases. Ours.")
    yes_no: Literal["auto", "probability", "text"] = Field(
        "auto", description="Checks by first-token probability or in words; by default in words on servers."
    )
    view: Literal["crop", "in_place"] = Field(
        "crop", description="Show a box as a cut of the image (paper), or in its place with all else painted over."
    )
    exists_scale: float = Field(1.3, ge=1, description="Of a checked box. Paper: 1.3.")
    exists_floor_px: float = Field(200, ge=0, description="Shorter sides of checked boxes grow to this. Paper: 200.")
    region_view: Literal["crop", "in_place", "whole"] | None = Field(
        None, description="Of captions and readings of a box; by default as --view."
    )

    link_scale: float = Field(2.5, ge=1, description="Boxes of a name group if they meet once scaled. Paper: 2.5.")
    least_members: int = Field(3, ge=2, description="Fewer are no group. Paper: 3.")
    least_pair_share: float = Field(0.05, ge=0, le=1, description="Of the image, for each box of a pair. Paper: 0.05.")
    most_pairs: int | None = Field(None, ge=0, description="Pairs of an image, the closest first; default all. Paper.")

    questions: Questions = Field(Questions.model_validate({}), description="Texts of the questions.")
    box_form: Literal["llava", "qwen"] = Field("llava", description="Box texts: fractions, or thousandths.")
    box_frame: Literal["auto", "whole", "padded"] = Field(
        "auto",
        description="Boxes as shares of the image or of the padded square, also in code; by default the square for"
        " fractions, as LLaVA-1.5's recipe has it.",
    )
    digits: int = Field(2, ge=1, le=4, description="Decimals of fractions. LLaVA: 2.")
    box_step: float | None = Field(None, gt=0, le=0.5, description="Round fractions to multiples of this.")
    code_tokens: int = Field(
        1024, ge=64, description="Longest code caption in the model's tokens; the smallest elements are left out first."
    )

    forms: list[Form] = Field(
        ["code", "region", "grounding", "boxes", "count", "text"],
        min_length=1,
        description="Forms of training rows. Paper: code.",
    )
    most_per_form: int | None = Field(None, ge=1, description="Rows of one form from one image; default all.")
    row_wording: Path | None = Field(
        None, description="YAML of the texts of training rows, as code_caption.RowWording; by default our own."
    )
    mix: Path | None = Field(None, description="LLaVA JSON to mix in, such as the base recipe's.")
    mix_images: Path | None = Field(None, description="Folder of its images; by default its own.")
    mix_ratio: float = Field(1.0, ge=0, description="Rows of the mix for each own row.")

    train_method: Literal["full", "lora"] = Field(
        "full", description="All weights but the vision tower, or adapters. Paper: full."
    )
    lora_r: int = Field(16, ge=1, description="Rank of the adapters.")
    lora_alpha: int = Field(32, ge=1, description="Scale of the adapters is lora_alpha / lora_r.")
    learning_rate: float | None = Field(
        None, gt=0, description="Peak rate; by default 2e-5 for full (paper) and 2e-4 for lora."
    )
    epochs: float = Field(1.0, gt=0, description="Passes over the rows, unless max_steps is given. Paper: 1.")
    max_steps: int | None = Field(None, ge=1, description="Optimiser steps; overrides epochs.")
    batch_size: int = Field(16, ge=1, description="Rows in one forward pass.")
    gradient_accumulation: int = Field(1, ge=1, description="Forward passes of one optimiser step. Paper: 128 rows.")
    warmup_ratio: float = Field(0.03, ge=0, lt=1, description="Share of the steps in which the rate rises. Paper.")
    length_weighting: float = Field(0.0, ge=0, description="Each answer of n tokens weighs them by n ** -p. Paper: 0.")
    max_length: int = Field(
        4096, ge=1, description="Longest row in tokens, images counted; longer ones are refused. Paper: 4096, cut."
    )
    gradient_checkpointing: bool = Field(True, description="Less memory in training, about 20 % slower. Paper.")
    save_every: int = Field(100, ge=1, description="Steps between two checkpoints.")
    report_to: str = Field("none", description="`tensorboard`, `trackio`, `wandb`, comma-separated, or `none`.")
    controls: list[str] = Field(
        [],
        description="Also train on other data from the same images for the same number of steps, and compare:"
        " `unfiltered`, `existence`, `counting`, `reranking` (one rule alone), each also as `RULES-code`, `-caption` or"
        " `-qa` for one form of rows, `all-code` and so on with all rules.",
    )

    eval_data: Path | None = Field(
        None, description="JSON list of {id, image, question, answer, task, cluster}; asked before and after. Answers"
        " that are boxes count from IoU 0.5 on.",
    )  # fmt: skip
    eval_tokens: int = Field(128, ge=1, description="Longest answer to an evaluation question.")

    @field_validator("model", "weights")
    @classmethod
    def _tiny_is_a_path(cls, value: str | None) -> str | None:
        if value != TINY:
            return value
        import scene_world

        return str(scene_world.tiny_vlm_path())

    @field_validator("base_url")
    @classmethod
    def _address_is_plain(cls, value: str | None) -> str | None:
        return plain_address(value, name="base_url")

    @field_validator("controls")
    @classmethod
    def _controls_are_arms(cls, value: list[str]) -> list[str]:
        for name in value:
            Arm.parse(name)
        if len(set(value)) < len(value):
            raise ValueError(f"controls must differ; got {value}.")
        return value

    @model_validator(mode="after")
    def _parts_go_together(self) -> "W2cSettings":
        if self.captions_drawn < self.captions:
            raise ValueError(f"captions_drawn must be at least captions ({self.captions}); got {self.captions_drawn}.")
        if self.backend == "server" and self.base_url is None:
            raise ValueError("backend server needs base_url, such as http://127.0.0.1:8000/v1.")
        for name in ("base_url", "weights"):
            if self.backend != "server" and getattr(self, name) is not None:
                raise ValueError(f"{name} belongs to backend server; got backend {self.backend}.")
        if self.backend == "server" and self.weights is None and self.dtype != "auto":
            raise ValueError(f"dtype is that of weights in this process, and none are given; got {self.dtype}.")
        self.interview()
        self.box_text()
        return self

    @property
    def arms(self) -> list[Arm]:
        """The method, then its controls."""
        return [METHOD, *map(Arm.parse, self.controls)]

    def needed_model(self) -> str:
        """The model."""
        return self.needed("model", "a folder or Hub id of the chat VLM that describes and learns")

    def needed_weights(self) -> str:
        """The weights that learn and whose tokenizer is used: those of the model, unless it is served."""
        if self.backend != "server":
            return self.needed_model()
        why = "the tokenizer measures code, training and evaluation open the weights; --model is a name on a server"
        return self.needed("weights", why)

    def with_weights_at_hand(self) -> "W2cSettings":
        """These settings for what needs the weights themselves: instead of a server, transformers in this process."""
        if self.backend != "server":
            return self
        return self.model_copy(update={"backend": "hf", "base_url": None, "model": self.weights, "weights": None})

    def applied(self, arm: Arm) -> list[str]:
        """Names of the rules of an arm."""
        return {"all": list[str](self.filters), "unfiltered": list[str]()}.get(arm.rules, [arm.rules])

    def asked_rules(self) -> list[list[str]]:
        """The rules that any arm applies, for fingerprints: another control with the same ones asks nothing."""
        return [list(rules) for rules in sorted({tuple(sorted(self.applied(arm))) for arm in self.arms})]

    def worded(self, *names: str) -> dict[str, Any]:
        """Some texts of questions, for fingerprints."""
        return {f"questions.{name}": getattr(self.questions, name) for name in names}

    def box_text(self) -> "BoxText":
        """How boxes are written, in questions and in rows.

        Raises:
            ValueError: the numbers do not go together.
        """
        from code_caption import BoxText

        return BoxText(form=self.box_form, frame=self.frame, digits=self.digits, step=self.box_step)

    @property
    def frame(self) -> Literal["whole", "padded"]:
        """What boxes are shares of, also in code."""
        if self.box_frame != "auto":
            return self.box_frame
        return "padded" if self.box_form == "llava" else "whole"

    def rules(self, arm: Arm) -> "Rules":
        """The rules of an arm."""
        from code_caption import Rules

        applied = self.applied(arm)
        return Rules(
            existence="existence" in applied,
            control=self.control and "existence" in applied,
            existence_threshold=self.existence_threshold,
            counting=self.counting if "counting" in applied else "off",
            counting_threshold=self.counting_threshold,
            reranking="reranking" in applied,
            strict=self.strict,
            claims_threshold=self.claims_threshold,
            check_captions=self.check_captions,
            reading="reading" in applied,
            reading_similarity=self.reading_similarity,
            least_elements=self.least_elements if applied else 0,
            link_scale=self.link_scale,
            least_members=self.least_members,
            least_pair_share=self.least_pair_share,
            most_pairs=self.most_pairs,
        )

    def interview(self) -> "Interview":
        """How the model is asked, for whatever the method and its controls need."""
        from code_caption import Decoding, Framing, Interview

        sampled = self.caption_decoding()
        region = self.region_view or self.view
        counted = Decoding(n=self.count_samples, temperature=float(self.count_samples > 1), max_new_tokens=8)
        return Interview(
            rules=tuple(dict.fromkeys(self.rules(arm) for arm in self.arms)),
            wording=self.wording(),
            exists_view=Framing(self.view, self.exists_scale, self.exists_floor_px),
            region_view=Framing(region, 1.5),
            read_view=Framing(region),
            reread_view=Framing(region, 1.3),
            pair_view=Framing(self.view, 1.1),
            region_decoding=sampled,
            pair_decoding=sampled,
            read_decoding=Decoding(max_new_tokens=self.max_new_tokens),
            count_decoding=counted,
            count_form=self.count_form,
            read_names=None if self.read_names is None else frozenset(self.read_names),
            least_read_px=self.least_read_px,
        )

    def caption_decoding(self) -> Any:
        """How captions are drawn."""
        from code_caption import Decoding

        kept, drawn = (1, 1) if self.temperature == 0 else (self.captions, self.captions_drawn)
        return Decoding(kept, self.temperature, self.top_p, self.max_new_tokens, drawn)

    def wording(self) -> "QuestionWording":
        """The texts of the questions.

        Raises:
            ValueError: a place in braces is unknown, or one is missing.
        """
        from code_caption import QuestionWording

        return QuestionWording(**{name: text for name, text in self.questions.model_dump().items() if text is not None})


ASKING = ("dtype", "backend", "seed")
"""Settings that every answer depends on."""
