"""All choices of one supervised training, with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from llava_train.augmenting import find_augmentation
from llava_train.errors import SettingsError
from llava_train.trainer_settings import TrainerSettings, require_range

GroupBy = Literal["none", "length", "modality_length"]


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
    augment: str = "none"
    """How images are changed in training, by a name of `AUGMENTATIONS`: `none`, `mild`, `flip`, `medical`, `published`.
    A change that would make the row's text false is left out; a row's own `"augment"` (false, or a name) comes first.
    """
    packing: bool = False
    """Lay several rows of a batch into one sequence, each seeing itself alone, instead of filling short ones up. The
    rows of each step, loss and gradient stay the same; worth it where rows of one batch differ in length."""
    pack_length: int | None = None
    """Length of packed sequences in tokens; None, or less than that, means as long as the longest row of the batch.
    Longer ones fill better where rows are long, and cost more attention. Without effect on FlashAttention, which takes
    a batch as one sequence."""
    group_by: GroupBy = "none"
    """`length`: batches of rows of similar length; `modality_length`: the same, with and without images apart, as
    LLaVA-1.5 trains. The order follows from `seed`; each row comes once an epoch."""
    workers: int = 0
    """Processes that read images and make batches beside the training, which share `cache_mb`; 0: it does so itself.
    Batches are the same."""

    def __post_init__(self) -> None:
        """Check values that would otherwise fail late or be ignored.

        Raises:
            SettingsError: a value lies outside its range.
        """
        super().__post_init__()
        require_range(self, "length_weighting", lambda value: value >= 0, "0 or more")
        if self.max_length is not None:
            require_range(self, "max_length", lambda value: value > 0, "above 0")
        require_range(self, "workers", lambda value: value >= 0, "0 or more")
        find_augmentation(self.augment)
        if self.group_by not in get_args(GroupBy):
            raise SettingsError(f"group_by must be one of {', '.join(get_args(GroupBy))}; got {self.group_by!r}.")
        if self.pack_length is not None:
            require_range(self, "pack_length", lambda value: value > 0, "above 0")
            if not self.packing:
                raise SettingsError(f"pack_length needs packing=True; got {self.pack_length} without it.")
