"""Relevance maps of ViT, CLIP, DETR and LXMERT on stock transformers, without eager attention or model edits."""

from roi_attention.errors import MissingExtraError

try:
    from roi_attention.encoders.clip import ClipRelevance, explain_clip
    from roi_attention.encoders.detr import ExplainedObject, explain_detr
    from roi_attention.encoders.lxmert import AnswerRelevance, explain_lxmert
    from roi_attention.encoders.vit import explain_vit
except ModuleNotFoundError as missing:
    raise MissingExtraError(missing.name or "torch", "hf") from missing

__all__ = [
    "AnswerRelevance",
    "ClipRelevance",
    "ExplainedObject",
    "explain_clip",
    "explain_detr",
    "explain_lxmert",
    "explain_vit",
]
