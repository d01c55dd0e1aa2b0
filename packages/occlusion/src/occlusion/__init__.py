"""Hide what must be there: caption to entities, causality, boxes, masks, an occluded image and a question."""

from occlusion.annotations import CocoAnnotations, FoundObjects, Refused
from occlusion.causality import (
    HIGH_CAUSALITY_MAX_PPL,
    INFILL_PROMPT,
    Causality,
    CausalityScorer,
    CausalLmCausality,
    MaskedLmCausality,
    Unscored,
    is_causal,
)
from occlusion.class_balance import CapEffect, ClassBalance, ClassCount, class_balance, effective_classes
from occlusion.coverage import Coverage, coverage_of
from occlusion.detections import Detection, Detector, Undetected, by_score, normalized_phrases
from occlusion.detectors import (
    DEFAULT_CHECKPOINTS,
    GLIP_MODELS,
    AnnotatedDetector,
    GlipDetector,
    GroundingDinoDetector,
    OwlDetector,
    load_detector,
    suppress,
)
from occlusion.entities import Entity, EntityExtractor, SpacyEntities, blank_english, load_english
from occlusion.entity_prompt import ENTITY_EXAMPLES, EntityExample, few_shot_prompt
from occlusion.entity_replies import EntityReading, RejectedLine, RejectionReason, read_reply
from occlusion.entity_scores import (
    EntityScores,
    LabelledCaption,
    MatchScore,
    mistakes,
    read_labelled_captions,
    score_entities,
)
from occlusion.errors import MissingExtraError, OcclusionError
from occlusion.grabcut import grabcut_mask
from occlusion.leaks import LEAK_KINDS, Leak, find_leaks, save_occluded, words_in_common
from occlusion.lexicon import default_lexicon, look_up
from occlusion.llm_entities import LlmEntities
from occlusion.llm_questions import LlmQuestions, QuestionRefusal, UnwrittenQuestion
from occlusion.masks import Rle, decode_mask, encode_mask, segmentation_to_rle
from occlusion.nouns import is_plural, plural, singular
from occlusion.objects import Occlusion
from occlusion.occluders import (
    CONTEXT,
    OCCLUDER_NAMES,
    BlurOccluder,
    FillOccluder,
    Occluder,
    PatchOccluder,
    PixelateOccluder,
    dilate_mask,
    load_occluder,
)
from occlusion.parquet_annotations import ParquetAnnotations, ParquetColumns
from occlusion.patches import IMAGENET_MEAN_RGB, occlude, patch_side_px
from occlusion.question_wording import REASONING_REQUEST, SHORT_REQUEST, HiddenBy, Question
from occlusion.questions import tells, tells_phrase, write_question
from occlusion.segmentations import FoundMask, Segmenter, Unmasked
from occlusion.segmenters import (
    DEFAULT_SEGMENTERS,
    AnnotatedSegmenter,
    BoxSegmenter,
    GrabCutSegmenter,
    ModelFrame,
    Sam3PhraseSegmenter,
    SamSegmenter,
    SegmentAnythingSegmenter,
    SegmentedDetection,
    load_segmenter,
)
from occlusion.selection import cap_per_head, cap_per_image, deduplicate
from occlusion.text_generation import TextGenerator
from occlusion.workers import WorkerLimits, WorkerProcess

__all__ = [
    "CONTEXT",
    "DEFAULT_CHECKPOINTS",
    "DEFAULT_SEGMENTERS",
    "ENTITY_EXAMPLES",
    "GLIP_MODELS",
    "HIGH_CAUSALITY_MAX_PPL",
    "IMAGENET_MEAN_RGB",
    "INFILL_PROMPT",
    "LEAK_KINDS",
    "OCCLUDER_NAMES",
    "REASONING_REQUEST",
    "SHORT_REQUEST",
    "AnnotatedDetector",
    "AnnotatedSegmenter",
    "BlurOccluder",
    "BoxSegmenter",
    "CapEffect",
    "CausalLmCausality",
    "Causality",
    "CausalityScorer",
    "ClassBalance",
    "ClassCount",
    "CocoAnnotations",
    "Coverage",
    "Detection",
    "Detector",
    "Entity",
    "EntityExample",
    "EntityExtractor",
    "EntityReading",
    "EntityScores",
    "FillOccluder",
    "FoundMask",
    "FoundObjects",
    "GlipDetector",
    "GrabCutSegmenter",
    "GroundingDinoDetector",
    "HiddenBy",
    "LabelledCaption",
    "Leak",
    "LlmEntities",
    "LlmQuestions",
    "MaskedLmCausality",
    "MatchScore",
    "MissingExtraError",
    "ModelFrame",
    "Occluder",
    "Occlusion",
    "OcclusionError",
    "OwlDetector",
    "ParquetAnnotations",
    "ParquetColumns",
    "PatchOccluder",
    "PixelateOccluder",
    "Question",
    "QuestionRefusal",
    "Refused",
    "RejectedLine",
    "RejectionReason",
    "Rle",
    "Sam3PhraseSegmenter",
    "SamSegmenter",
    "SegmentAnythingSegmenter",
    "SegmentedDetection",
    "Segmenter",
    "SpacyEntities",
    "TextGenerator",
    "Undetected",
    "Unmasked",
    "Unscored",
    "UnwrittenQuestion",
    "WorkerLimits",
    "WorkerProcess",
    "blank_english",
    "by_score",
    "cap_per_head",
    "cap_per_image",
    "class_balance",
    "coverage_of",
    "decode_mask",
    "deduplicate",
    "default_lexicon",
    "dilate_mask",
    "effective_classes",
    "encode_mask",
    "few_shot_prompt",
    "find_leaks",
    "grabcut_mask",
    "is_causal",
    "is_plural",
    "load_detector",
    "load_english",
    "load_occluder",
    "load_segmenter",
    "look_up",
    "mistakes",
    "normalized_phrases",
    "occlude",
    "patch_side_px",
    "plural",
    "read_labelled_captions",
    "read_reply",
    "save_occluded",
    "score_entities",
    "segmentation_to_rle",
    "singular",
    "suppress",
    "tells",
    "tells_phrase",
    "words_in_common",
    "write_question",
]
