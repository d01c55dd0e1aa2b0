"""All choices of one supervised training, with their sources."""

from __future__ import annotations

from dataclasses import dataclass

from llava_train.trainer_settings import TrainerSettings, require_range


@dataclass(frozen=True, kw_only=True)
class SftSettings(TrainerSettings):
    """Settings of one supervised fine-tuning; defaults follow LLaVA-1.5 stage 2 where it has the choice.

    Source: Liu et al., "Improved Baselines with Visual Instruction Tuning" (arXiv 2310.03744), table 9, and the
    published scripts of stage 2 (full: learning rate 2e-5) and of its LoRA variant (2e-4).

    >>> SftSettings(model="some/vlm").rate
    0.0002
    >>> SftSettings(model="some/vlm", method="full").rate
    2e-05
    """

    length_weighting: float = 0.0
    """Each answer of n tokens weighs its tokens by n ** -p. 0 is the plain mean over tokens, as in LLaVA; 1 gives every
    answer the same say. Tiny models need about 0.5, or long captions drown the one-word answers."""
    max_length: int | None = 2048
    """Longest row in tokens, image tokens counted (LLaVA-1.5: 2048). Longer rows are refused, never cut."""

    def __post_init__(self) -> None:
        """Check values that would otherwise fail late or be ignored.

        Raises:
            SettingsError: a value lies outside its range.
        """
        super().__post_init__()
        require_range(self, "length_weighting", lambda value: value >= 0, "0 or more")
        if self.max_length is not None:
            require_range(self, "max_length", lambda value: value > 0, "above 0")
