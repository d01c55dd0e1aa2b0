"""Images as vectors whose dot product is their likeness: what an embedder is, and one from any vision model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from svco_loss.errors import EmbeddingError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from PIL import Image

    from svco_loss.pairs.backbones import BackboneEmbedder

PUBLISHED_SEMANTIC_MODEL = "google/siglip-so400m-patch14-384"
"""Says what an image shows. Source: arXiv 2502.13928."""
PUBLISHED_VISUAL_MODEL = "facebook/dinov2-large"
"""Says how an image looks. Source: arXiv 2502.13928."""

_NEEDED = ("transformers", "PIL", "numpy", "safetensors")
_NO_PART_OF_IMAGES = ("text_", "logit_")
_BATCH_ON_GPU = 32


class ImageEmbedder(Protocol):
    """Turns images into unit vectors, each from its image alone."""

    @property
    def name(self) -> str:
        """One line that changes whenever the vectors may, for caches."""
        ...

    def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
        """Return vectors `(N, D)`, float32, of length 1, of images in RGB."""
        ...


def load_image_embedder(
    model: str | os.PathLike[str],
    *,
    device: str | None = None,
    dtype: str | torch.dtype | None = None,
    batch_size: int | None = None,
) -> BackboneEmbedder:
    """Load a model folder or hub id as an `ImageEmbedder`; weights must be safetensors, and no code of theirs is run.

    Vectors are the image features of models that have them (CLIP, SigLIP, SigLIP 2); else the pooled output (DINOv2
    and DINOv3: the class token after the last norm); else, where a model has no pooled output or its checkpoint no
    weights for it, the class token of the last layer. `pooling` says which.

    Args:
        model: the published data was filtered with `PUBLISHED_SEMANTIC_MODEL` and `PUBLISHED_VISUAL_MODEL`.
        device: by default, or `auto`, the GPU if there is one.
        dtype: by default bfloat16 on a GPU (float16 where it cannot) and float32 elsewhere.
        batch_size: images of a forward pass. Every pass has exactly as many, the last is filled up, because the
            rounding of a pass depends on its shape. By default 32 on a GPU and 1 on a CPU, which gains little by more.

    Raises:
        EmbeddingError: a library is missing, the model cannot be loaded, or it has no vector for a whole image.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise EmbeddingError(f"load_image_embedder needs {missing[0]}: pip install 'svco-loss[similarity]'")
    if batch_size is not None and batch_size < 1:
        raise EmbeddingError(f"batch_size must be at least 1; got {batch_size}")
    source = os.fspath(model)
    try:
        return _loaded(source, device, dtype, batch_size)
    except EmbeddingError:
        raise
    except Exception as error:  # broken folders raise nearly anything: OS, Value, Import, Key, Safetensor errors...
        why = " ".join(str(error).split())[:300]
        raise EmbeddingError(
            f"{source!r} cannot be loaded as an image embedder ({type(error).__name__}: {why}). Pass a hub id, or a "
            "folder with config.json, preprocessor_config.json and model.safetensors"
        ) from error


def _loaded(
    source: str, device: str | None, dtype: str | torch.dtype | None, batch_size: int | None
) -> BackboneEmbedder:
    import torch

    from svco_loss.pairs.backbones import BackboneEmbedder
    from svco_loss.pairs.image_processors import load_image_processor

    found = "cuda" if torch.cuda.is_available() else "cpu"
    target = torch.device(found if device in (None, "auto") else device)
    content, revision = _content(source)
    processor = load_image_processor(source, revision)
    network, has_pooler = _network(source, revision, dtype or _number_type(target))
    size = batch_size or (1 if target.type == "cpu" else _BATCH_ON_GPU)
    network = network.to(target).eval().requires_grad_(False)
    return BackboneEmbedder(network, processor, content=content, has_pooler=has_pooler, batch_size=size)


def _content(source: str) -> tuple[str, str | None]:
    """What names the weights, and the commit to load of a hub id."""
    from svco_loss.pairs.model_content import folder_digest, hub_commit

    if Path(source).is_dir():
        return folder_digest(Path(source)), None
    commit = hub_commit(source)
    return f"{source}@{commit}", commit


def _number_type(target: torch.device) -> torch.dtype:
    import torch

    if target.type != "cuda":
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def _network(source: str, revision: str | None, dtype: str | torch.dtype) -> tuple[Any, bool]:
    """The model, and whether a pooler that it may have got weights: made-up ones would differ from load to load."""
    from transformers import AutoModel

    network, report = AutoModel.from_pretrained(
        source, revision=revision, dtype=dtype, use_safetensors=True, trust_remote_code=False, output_loading_info=True
    )
    missing = {name for name in report["missing_keys"] if not name.startswith(_NO_PART_OF_IMAGES)}
    pooler = {name for name in missing if name.startswith("pooler.")}
    if missing - pooler or report["mismatched_keys"]:
        lacking = sorted(missing - pooler) or sorted(map(str, report["mismatched_keys"]))
        raise EmbeddingError(f"{source!r} lacks weights of its image side: {', '.join(lacking[:3])}")
    return network, not pooler
