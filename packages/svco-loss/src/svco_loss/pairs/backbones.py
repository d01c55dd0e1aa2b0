"""Any vision backbone of transformers as an embedder of images."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from svco_loss.errors import EmbeddingError
from svco_loss.pairs.pixels import require_rgb
from svco_loss.pairs.vectors import checked_vectors

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from PIL import Image

_CLASS_TOKENS = ("cls_token", "class_embedding", "class_token")


class BackboneEmbedder:
    """An `ImageEmbedder` on a model of transformers; made by `load_image_embedder`."""

    def __init__(self, model: Any, processor: Any, *, content: str, has_pooler: bool, batch_size: int) -> None:
        """Take a model in evaluation mode on its device, its image processor, what names its weights, whether a pooler
        that it may have has weights, and the images of a forward pass.

        Raises:
            EmbeddingError: the model has no vector for a whole image.
        """
        self._model, self._processor, self._batch_size = model, processor, batch_size
        self.pooling: str = "image features" if hasattr(model, "get_image_features") else self._found(has_pooler)
        """`image features`, `pooled output` or `class token`."""
        libraries = ", ".join(f"{name} {version(name)}" for name in ("transformers", "pillow"))
        self.name: str = f"{libraries}, {content}, {str(model.dtype).removeprefix('torch.')}, {self.pooling}"
        """Libraries with their versions, the weights by content, the number type, and the pooling."""
        self._width = self._pass([_blank()]).shape[1]

    def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
        """Return unit vectors `(N, D)`, float32, of images in RGB.

        Raises:
            EmbeddingError: the processor cannot prepare a batch, or a vector has numbers that are not finite.
            SvcoLossError: an image is not in RGB.
        """
        import numpy as np

        for image in images:
            require_rgb(image)
        starts = range(0, len(images), self._batch_size)
        passes = [self._pass(images[start : start + self._batch_size]) for start in starts]
        return np.concatenate(passes) if passes else np.zeros((0, self._width), np.float32)

    def _found(self, has_pooler: bool) -> str:
        """Which vector of a model's output stands for the whole image."""
        import torch

        with torch.inference_mode():
            output = self._model(**self._prepared([_blank()] * self._batch_size))
        if has_pooler and getattr(output, "pooler_output", None) is not None:
            return "pooled output"
        if any(name.endswith(_CLASS_TOKENS) for name, _ in self._model.named_parameters()):
            return "class token"
        raise EmbeddingError(f"{type(self._model).__name__} has neither image features, pooled output nor class token")

    def _pass(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """One forward pass over exactly `batch_size` images."""
        import numpy as np
        import torch

        filled = [*images, *[images[-1]] * (self._batch_size - len(images))]
        with torch.inference_mode():
            vectors = self._pooled(self._prepared(filled))
        if vectors.ndim != 2 or len(vectors) != len(filled):
            raise EmbeddingError(f"an image must become one vector; this model gives shape {tuple(vectors.shape)}")
        rows = vectors[: len(images)].double().cpu().numpy()
        with np.errstate(invalid="ignore", divide="ignore"):
            return checked_vectors(rows / np.linalg.norm(rows, axis=1, keepdims=True), len(images))

    def _prepared(self, images: list[Image.Image]) -> dict[str, torch.Tensor]:
        try:
            inputs = self._processor(images=images, return_tensors="pt")
        except ValueError as error:
            raise EmbeddingError(f"the image processor refuses a batch: {error} Try batch_size=1.") from error
        moved = {name: value.to(self._model.device) for name, value in inputs.items()}
        return moved | {"pixel_values": moved["pixel_values"].to(self._model.dtype)}

    def _pooled(self, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        whole = self.pooling == "image features"
        output = self._model.get_image_features(**inputs) if whole else self._model(**inputs)
        if self.pooling == "class token":
            return output.last_hidden_state[:, 0]
        vectors = getattr(output, "pooler_output", output)
        return vectors.flatten(1) if vectors.ndim == 4 and vectors.shape[2:] == (1, 1) else vectors


def _blank() -> Image.Image:
    from PIL import Image

    return Image.new("RGB", (64, 64), "gray")
