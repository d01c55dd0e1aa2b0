"""A loaded model with what sampling needs to know of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import torch
from torch import Tensor

from trial_sampler.errors import ModelError, SampleFailure, SamplerError
from trial_sampler.hf.shared_prefix import can_share

Decoding = Literal["auto", "shared", "rows"]


class Network:
    """A model, its processor, and the LoRA adapters that it may answer with."""

    def __init__(self, model: Any, processor: Any, decoding: Decoding) -> None:
        """Take a model of transformers, bare or wrapped by peft."""
        if decoding not in ("auto", "shared", "rows"):
            raise SamplerError(f"decoding must be 'auto', 'shared' or 'rows'; got {decoding!r}")
        self._wrapper: Any = model.eval() if hasattr(model, "peft_config") else None
        self.model: Any = model.eval() if self._wrapper is None else model.get_base_model()
        self.processor, self._decoding = processor, decoding
        self.decoder: Any = self.model.get_decoder()
        self.end_ids = torch.tensor(_end_ids(self.model, processor.tokenizer), device=self.model.device)
        self._longest: int | None = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    @property
    def adapters(self) -> list[str]:
        """The names of the adapters."""
        return [] if self._wrapper is None else sorted(self._wrapper.peft_config)

    @property
    def may_share(self) -> bool:
        """Whether prompts may be kept once for all their trials, if the model's layers allow it."""
        return self._decoding != "rows"

    @contextmanager
    def answering_with(self, adapter: str | None) -> Generator[None]:
        """Answer with an adapter, or None: with the base model."""
        if self._wrapper is None:
            yield
        elif adapter is None:
            with self._wrapper.disable_adapter():
                yield
        else:
            self._wrapper.set_adapter(adapter, inference_mode=True)
            yield

    def placed(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the inputs on the model's device."""
        return {name: value.to(self.model.device) for name, value in inputs.items()}

    def too_long(self, length: int, new_tokens: int) -> SampleFailure | None:
        """Return why a prompt and its answer do not fit, or None: they do."""
        if self._longest is None or length + new_tokens <= self._longest:
            return None
        detail = f"prompt and new tokens must fit in {self._longest} positions; got {length} + {new_tokens}"
        return SampleFailure("too_long", detail)

    def shares(self, cache: Any) -> bool:
        """Whether the prompts in a prefilled cache are kept once for all their trials.

        Raises:
            ModelError: they must be (`decoding="shared"`) and cannot.
        """
        if not self.may_share:
            return False
        able = can_share(cache, self.model.config.get_text_config().num_hidden_layers)
        if not able and self._decoding == "shared":
            raise ModelError(f"{type(self.model).__name__} has layers without plain attention; pass decoding='rows'")
        return able


def _end_ids(model: Any, tokenizer: Any) -> list[int]:
    stated = model.generation_config.eos_token_id
    ids = {tokenizer.eos_token_id, *(stated if isinstance(stated, list) else [stated])}
    return sorted(token for token in ids if token is not None)
