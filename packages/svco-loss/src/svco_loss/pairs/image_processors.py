"""Image processors of transformers that need no torchvision, so that vectors are the same with and without it."""

from __future__ import annotations

from typing import Any

_DINOV3 = "DINOv3ViTImageProcessor"


def load_image_processor(model: str, revision: str | None) -> Any:
    """Return the Pillow form of a model's image processor.

    DINOv3's exists for torchvision alone; ViT's stands in for it with DINOv3's settings. That one resizes before it
    scales to 0..1 instead of after, which rounds each resized pixel to a 255th.
    """
    # from its own module: transformers 5.17 exports it only where torchvision is installed
    from transformers.models.auto.image_processing_auto import AutoImageProcessor
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    settings, _ = ViTImageProcessorPil.get_image_processor_dict(model, revision=revision)
    if str(settings.get("image_processor_type")).startswith(_DINOV3):
        return ViTImageProcessorPil.from_dict(settings)
    return AutoImageProcessor.from_pretrained(model, revision=revision, backend="pil", trust_remote_code=False)
