"""Hide what must be there: caption to entities, causality, boxes, masks, an occluded image and a question."""

from occlusion.causality import (
    HIGH_CAUSALITY_MAX_PPL,
    Causality,
    CausalityScorer,
    MaskedLmCausality,
    Unscored,
    is_causal,
)
from occlusion.dedup import deduplicate
from occlusion.entities import Entity, EntityExtractor, SpacyEntities, blank_english, load_english
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.lexicon import default_lexicon, look_up
from occlusion.nouns import is_plural, plural, singular
from occlusion.patches import IMAGENET_MEAN_RGB, Occlusion, occlude, patch_side_px
from occlusion.questions import REASONING_REQUEST, SHORT_REQUEST, Question, tells, write_question

__all__ = [
    "HIGH_CAUSALITY_MAX_PPL",
    "IMAGENET_MEAN_RGB",
    "REASONING_REQUEST",
    "SHORT_REQUEST",
    "Causality",
    "CausalityScorer",
    "Entity",
    "EntityExtractor",
    "MaskedLmCausality",
    "MissingExtraError",
    "Occlusion",
    "OcclusionError",
    "Question",
    "SpacyEntities",
    "Unscored",
    "blank_english",
    "deduplicate",
    "default_lexicon",
    "is_causal",
    "is_plural",
    "load_english",
    "look_up",
    "occlude",
    "patch_side_px",
    "plural",
    "singular",
    "tells",
    "write_question",
]
