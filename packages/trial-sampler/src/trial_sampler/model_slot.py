"""One model in memory at a time."""

from __future__ import annotations

import gc
from typing import Any

from trial_sampler.sampler import LoadedSampler, load_sampler


class ModelSlot:
    """Keeps the model that was opened last, for steps of one process that ask the same or one after another."""

    def __init__(self) -> None:
        """Begin with no model."""
        self._opened: tuple[object, LoadedSampler] | None = None

    def load(self, model: str, **how: Any) -> LoadedSampler:
        """Return the sampler of a model, opened by `load_sampler` with these arguments unless it is the one kept.

        Another one is let go first. Whoever still holds its sampler keeps it in memory.

        Raises:
            SamplerError: as `load_sampler`.
        """
        asked = (model, how)
        if self._opened is None or self._opened[0] != asked:
            self.release()
            self._opened = (asked, load_sampler(model, **how))
        return self._opened[1]

    def release(self) -> None:
        """Let go of the model that is kept, before something else needs the room."""
        self._opened = None
        gc.collect()
