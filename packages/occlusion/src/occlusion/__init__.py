"""Hide what must be there: caption to entities, causality, boxes, masks, an occluded image and a question."""

from occlusion.annotations import CocoAnnotations, FoundObjects, Refused
from occlusion.causality import (
    HIGH_CAUSALITY_MAX_PPL,
    Causality,
    CausalityScorer,
    MaskedLmCausality,
    Unscored,
    is_causal,
)
from occlusion.dedup import deduplicate
from occlusion.detections import Detection, Detector, by_score, normalized_phrases
from occlusion.detectors import (
    DEFAULT_CHECKPOINTS,
    AnnotatedDetector,
    GroundingDinoDetector,
    OwlDetector,
    load_detector,
    suppress,
)
from occlusion.entities import Entity, EntityExtractor, SpacyEntities, blank_english, load_english
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.grabcut import FoundMask, grabcut_mask
from occlusion.lexicon import default_lexicon, look_up
from occlusion.masks import Rle, decode_mask, encode_mask, segmentation_to_rle
from occlusion.nouns import is_plural, plural, singular
from occlusion.patches import IMAGENET_MEAN_RGB, Occlusion, occlude, patch_side_px
from occlusion.questions import REASONING_REQUEST, SHORT_REQUEST, Question, tells, write_question

__all__ = [
    "DEFAULT_CHECKPOINTS",
    "HIGH_CAUSALITY_MAX_PPL",
    "IMAGENET_MEAN_RGB",
    "REASONING_REQUEST",
    "SHORT_REQUEST",
    "AnnotatedDetector",
    "Causality",
    "CausalityScorer",
    "CocoAnnotations",
    "Detection",
    "Detector",
    "Entity",
    "EntityExtractor",
    "FoundMask",
    "FoundObjects",
    "GroundingDinoDetector",
    "MaskedLmCausality",
    "MissingExtraError",
    "Occlusion",
    "OcclusionError",
    "OwlDetector",
    "Question",
    "Refused",
    "Rle",
    "SpacyEntities",
    "Unscored",
    "blank_english",
    "by_score",
    "decode_mask",
    "deduplicate",
    "default_lexicon",
    "encode_mask",
    "grabcut_mask",
    "is_causal",
    "is_plural",
    "load_detector",
    "load_english",
    "look_up",
    "normalized_phrases",
    "occlude",
    "patch_side_px",
    "plural",
    "segmentation_to_rle",
    "singular",
    "suppress",
    "tells",
    "write_question",
]
