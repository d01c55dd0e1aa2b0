"""Relevance maps of chat VLMs on stock transformers, under SDPA or flash kernels."""

from roi_attention.errors import MissingExtraError

try:
    from roi_attention.relevance.attention_rows import attention_rows
    from roi_attention.relevance.explaining import PER_TOKEN_UP_TO, Explanation, ImageQuestion, explain
    from roi_attention.relevance.image_tokens import ImageTokens, find_images
    from roi_attention.relevance.input_gradients import input_gradient_rows
    from roi_attention.relevance.sweep import Combine, Relevance, relevance_rows
    from roi_attention.relevance.targets import Score, Targets
except ModuleNotFoundError as missing:
    raise MissingExtraError(missing.name or "torch", "hf") from missing

__all__ = [
    "PER_TOKEN_UP_TO",
    "Combine",
    "Explanation",
    "ImageQuestion",
    "ImageTokens",
    "Relevance",
    "Score",
    "Targets",
    "attention_rows",
    "explain",
    "find_images",
    "input_gradient_rows",
    "relevance_rows",
]
