"""All choices of one training on pairs, with their sources."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from llava_train import SettingsError, TrainerSettings, require_range

from svco_loss.betas import Betas, DpoBetas, MdpoBetas, SvcoBetas

Reference = Literal["stored", "adapter", "model"]
LongAnswers = Literal["refuse", "cut"]
Attention = Literal["sdpa", "eager", "flex_attention"]
Projection = Literal["chunked", "liger"]

FORMS: dict[str, type[Betas]] = {"svco": SvcoBetas, "mdpo": MdpoBetas, "dpo": DpoBetas}
"""Forms of the loss by name."""


@dataclass(frozen=True, kw_only=True)
class SvcoSettings(TrainerSettings):
    """Settings of one training on pairs; defaults are those of S-VCO (arXiv 2502.13928) wherever it names one.

    Published on 8 devices: full fine-tuning with a frozen vision tower, rate 1e-6, cosine, warm-up 5 %, weight decay
    0.02, Adam beta2 0.95, 1 epoch, batch 1, accumulation 4, answers up to 128 tokens, evaluation and checkpoint every
    31 steps, fp16 with ZeRO-3 and gradient checkpointing (here bfloat16 where the GPU has it).

    >>> SvcoSettings(model="some/vlm").rate, SvcoSettings(model="some/vlm", method="lora").rate
    (1e-06, 1e-05)
    """

    method: Literal["lora", "full"] = "full"
    """Published: full. `lora` trains adapters on the language model alone."""
    betas: Betas = field(default_factory=SvcoBetas)
    """How strongly each term counts, and which form the loss has. Published: four terms with 0.1."""
    report_beta: float = 0.1
    """Beta at which terms with beta 0 are reported in evaluation. Published."""
    sft_weight: float = 0.0
    """Weight of -log p per token of each text with its own image, added to the loss. Ours; published: none."""
    reference: Reference = "stored"
    """Where the reference's log-probabilities come from: computed once before training and `stored`, the model with its
    `adapter` switched off at every step (LoRA alone), or a second `model` in memory (the published way)."""
    reference_model: str | None = None
    """Checkpoint of the reference `model`; None: the one that training begins with."""
    max_answer_tokens: int = 128
    """Longest text in tokens, end token included. Published: 128, longer ones are cut without a word."""
    long_answers: LongAnswers = "refuse"
    """Leave pairs with longer texts out (`refuse`), or `cut` the texts (published); both are counted."""
    adam_beta2: float = 0.95
    """Decay of AdamW's second moment. Published."""
    weight_decay: float = 0.02
    """Decoupled weight decay of AdamW. Published."""
    warmup_ratio: float = 0.05
    """Share of the steps in which the rate rises. Published."""
    batch_size: int = 1
    """Pairs per device and forward pass. Published: 1 on each of 8."""
    gradient_accumulation: int = 4
    """Forward passes per optimiser step; loss and gradient equal those of one batch of all their pairs. Published."""
    gradient_checkpointing: bool = True
    """Recompute activations in the backward pass: less memory, about 20 % slower. Published."""
    save_every: int = 31
    """Steps between two checkpoints. Published."""
    eval_every: int = 31
    """Steps between two evaluations, where there are validation pairs. Published."""
    attention: Attention = "sdpa"
    """Attention implementation of the language model."""
    chunk_tokens: int = 256
    """Answer tokens whose logits exist together."""
    projection: Projection = "chunked"
    """`liger` makes log-probabilities by liger-kernel's fused kernel, on a GPU with the extra `liger`."""

    def __post_init__(self) -> None:
        """Check values that would otherwise fail late or be ignored.

        Raises:
            SettingsError: a value lies outside its range, or two do not go together.
        """
        super().__post_init__()
        _check_choices(self)
        for name in ("max_answer_tokens", "eval_every", "chunk_tokens", "report_beta"):
            require_range(self, name, lambda value: value > 0, "above 0")
        require_range(self, "sft_weight", lambda value: value >= 0, "0 or more")
        require_range(self, "adam_beta2", lambda value: 0 < value < 1, "between 0 and 1")

    @property
    def rate(self) -> float:
        """Peak learning rate: 1e-6 for `full` as published, 1e-5 for `lora` (ours), unless given."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 1e-6 if self.method == "full" else 1e-5

    @property
    def logps_options(self) -> dict[str, Any]:
        """How log-probabilities are made, as `pair_logps` takes it."""
        return {"chunk_tokens": self.chunk_tokens, "projection": self.projection}

    def as_dict(self) -> dict[str, Any]:
        """All settings as plain values, such as JSON holds; the form of the loss is named."""
        form = next(name for name, betas in FORMS.items() if type(self.betas) is betas)
        return asdict(self) | {"betas": {"form": form, **self.betas.by_term()}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SvcoSettings:
        """The settings that `as_dict` was called on.

        >>> settings = SvcoSettings(model="some/vlm", betas=SvcoBetas(reject_a=0))
        >>> SvcoSettings.from_dict(settings.as_dict()) == settings
        True
        """
        betas: dict[str, Any] = dict(values["betas"])
        plain: dict[str, Any] = values | {"betas": FORMS[betas.pop("form")](**betas)}
        return cls(**plain)


def _check_choices(settings: SvcoSettings) -> None:
    choices = {
        "reference": get_args(Reference),
        "long_answers": get_args(LongAnswers),
        "attention": get_args(Attention),
        "projection": get_args(Projection),
    }
    for name, allowed in choices.items():
        if getattr(settings, name) not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(allowed)}; got {getattr(settings, name)!r}.")
    if type(settings.betas) not in FORMS.values():
        raise SettingsError(f"betas must be one of {', '.join(FORMS)}; got {type(settings.betas).__name__}.")
    if settings.reference == "adapter" and settings.method == "full":
        raise SettingsError("reference 'adapter' needs method 'lora': there is nothing to switch off in full training.")
    if settings.reference_model is not None and settings.reference != "model":
        raise SettingsError(f"reference_model belongs to reference 'model'; got reference {settings.reference!r}.")
