"""Which model a command asks, and how it is opened: flags that all commands share."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from bench_eval.asking import Sampler
from bench_eval.runs import AskedModel
from bench_eval.sampling import sampler_through

CommandT = TypeVar("CommandT", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """Where answers come from: one backend and one set of weights, opened once however many tasks ask."""

    model: str
    """Folder, hub id, or the name under which a server serves it."""
    backend: str = "hf"
    base_url: str | None = None
    device: str | None = None
    dtype: str | None = None
    batch_size: int = 8
    """Prompts side by side."""
    adapter: str | None = None
    """LoRA adapter that `asked(tuned=True)` answers with: a folder or hub id; of a server, its served name."""
    _opened: list[Any] = field(default_factory=list[Any], repr=False)

    def asked(self, *, tuned: bool = False) -> AskedModel:
        """The base model, or the same weights with the adapter."""
        content = model_identity(self._path, self.backend)
        identity = f"{content} {self.backend} {self.dtype or 'auto'}"
        if tuned and self.adapter is not None:
            identity += f" + {model_identity(self.adapter, self.backend)}"
        return AskedModel(
            name=self.adapter if tuned and self.adapter else self.model,
            identity=identity,
            make_sampler=lambda: self._sampler(tuned),
            batch_size=_ROWS_AT_A_TIME.get(self.backend, 4 * self.batch_size),
        )

    def release(self) -> None:
        """Let the weights go, so that another model finds room."""
        self._opened.clear()
        gc.collect()
        if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()

    @property
    def _path(self) -> str:
        """Where the model is; `tiny` is that of the embedded world."""
        if self.model != "tiny" or self.backend != "hf":
            return self.model
        import scene_world

        return str(scene_world.tiny_vlm_path())

    def _sampler(self, tuned: bool) -> Sampler:
        from trial_sampler import Request, load_sampler

        if not self._opened:
            self._opened.append(
                load_sampler(
                    self._path,
                    backend=self.backend,
                    base_url=self.base_url,
                    device=self.device,
                    dtype=self.dtype,
                    batch_size=self.batch_size,
                    adapters={} if self.adapter is None else {_TUNED: self.adapter},
                )
            )
        sampler = self._opened[0]
        if self.adapter is not None:
            sampler = sampler.with_adapter(_TUNED if tuned else None)
        return sampler_through(sampler.sample, Request)


_TUNED = "tuned"
_READERS = {
    "base_url": ("--base-url", ("server",)),
    "device": ("--device", ("hf",)),
    "dtype": ("--dtype", ("hf", "vllm")),
    "batch_size": ("--prompts-per-batch", ("hf",)),
}
"""Flags of `backend_flags`, and the backends that read them."""
_ROWS_AT_A_TIME = {"vllm": 256, "server": 64}
"""They decide themselves how much goes side by side; what a kill undoes at most."""


def model_identity(model: str, backend: str) -> str:
    """Digest of a local model's content; a hub id, or the name that a server serves, stands for itself."""
    if backend == "server":
        return model
    from llava_train import model_digest

    return model_digest(model)


def is_adapter(path: str) -> bool:
    """Whether a local folder holds a LoRA adapter of PEFT and not a whole model."""
    return (Path(path) / "adapter_config.json").exists()


def backend_of(flags: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a command's flags into those of the backend and the rest.

    Raises:
        click.UsageError: one was given that the backend does not read, or a server has no address.
    """
    for name, (flag, readers) in _READERS.items():
        is_given = click.get_current_context().get_parameter_source(name) is not ParameterSource.DEFAULT
        if is_given and flags[name] != "auto" and flags["backend"] not in readers:
            raise click.UsageError(f"{flag} is read by --backend {' and '.join(readers)}; got {flags['backend']}.")
    if flags["backend"] == "server" and flags["base_url"] is None:
        raise click.UsageError("--backend server needs --base-url, such as http://127.0.0.1:8000/v1.")
    names = ("backend", *_READERS)
    return {name: flags[name] for name in names}, {name: flags[name] for name in flags if name not in names}


def backend_flags(command: CommandT) -> CommandT:
    """Add the flags that say how a model is opened."""
    flags = [
        click.option("--backend", type=click.Choice(["hf", "vllm", "server"]), default="hf", show_default=True,
                     help="transformers in this process, vLLM in this process, or any OpenAI-compatible server."),
        click.option("--base-url", help="Address of the server, as http://127.0.0.1:8000/v1; its key is read from "
                     "the environment, OPENAI_API_KEY."),
        click.option("--device", help="Torch device (hf); by default cuda where there is one."),
        click.option("--dtype", help="Torch dtype by name (hf, vllm); by default the checkpoint's, float32 on a CPU."),
        click.option("--prompts-per-batch", "batch_size", type=click.IntRange(min=1), default=8, show_default=True,
                     help="Prompts side by side (hf). Other sizes can change answers in their last digits."),
    ]  # fmt: skip
    for flag in reversed(flags):
        command = flag(command)
    return command
