"""Extract a short answer from free text and judge it on a ladder that says which rung decided."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from answer_judge.aliases import AliasTable
from answer_judge.cognition import CognitionJudge, ExplainedAnswer
from answer_judge.cognition_prompt import COGNITION_RUBRIC, COGNITION_SCALE, cognition_prompt
from answer_judge.cognition_replies import Cognition, read_cognition
from answer_judge.concept_naming import NAMING_SHARE, Naming, named_concepts
from answer_judge.deadlines import DeadlineLadder
from answer_judge.errors import (
    CacheError,
    EmbeddingError,
    GenerationError,
    JudgeError,
    LabelError,
    MissingExtra,
    OptionError,
    SelectionError,
    ThresholdError,
    VerifierError,
    WorkerError,
)
from answer_judge.everyday_kinds import EVERYDAY_KINDS
from answer_judge.everyday_names import EVERYDAY_ALIASES
from answer_judge.explanation_means import DefinedMean, MeanQuality, defined_mean, mean_quality
from answer_judge.explanation_quality import ConceptVisibility, ExplanationQuality, explanation_quality
from answer_judge.explanations import Explanation, explanation_of
from answer_judge.extraction import UNKNOWN, extract_answer
from answer_judge.extraction_prompt import extraction_prompt
from answer_judge.labels import LabelSet, Mention, Resolution
from answer_judge.ladder import Ladder, default_ladder
from answer_judge.leaks import LEAK_PHRASES, find_leak
from answer_judge.llm_extraction import Extraction, LlmExtractor
from answer_judge.misspelling import MISSPELLING_THRESHOLD, Misspelling, find_misspelling
from answer_judge.normalising import normalise
from answer_judge.options import Options
from answer_judge.parity import parity_contains, parity_norm
from answer_judge.rejection import ScoredAnswer, Selection, SelectionCounts, count_selections, select_answers
from answer_judge.rungs import (
    AliasRung,
    AnsweredRung,
    ExactRung,
    GuardRung,
    InstructionRung,
    LengthRung,
    LexicalRung,
    NormalisedRung,
    NumberRung,
    OptionRung,
    SpellingRung,
    VerifierRung,
    YesNoRung,
    YesProbability,
    split_list,
    verification_prompt,
)
from answer_judge.text_generation import TextGenerator
from answer_judge.threshold_curve import (
    CurvePoint,
    LabelledPairs,
    choose_threshold,
    labelled_pairs,
    threshold_curve,
)
from answer_judge.threshold_picture import curve_to_svg
from answer_judge.thresholds import KNOWN_THRESHOLDS, PUBLISHED_THRESHOLD, KnownThreshold, threshold_of
from answer_judge.verdicts import UNDECIDED, Opinion, Pair, Rung, Verdict

if TYPE_CHECKING:
    from answer_judge.concept_bank import ConceptBank
    from answer_judge.concept_selection import PUBLISHED_STD_FACTOR, ConceptSelection, select_concepts
    from answer_judge.concepts import group_by_image, score_concepts
    from answer_judge.embedders import BgeM3Embedder, SentenceTransformersEmbedder, load_embedder, minilm_embedder
    from answer_judge.embedding import Embedder, EmbeddingRung
    from answer_judge.embedding_cache import CachedEmbedder, CacheSize
    from answer_judge.info_nce_scores import PUBLISHED_TAU, info_nce

__all__ = [
    "COGNITION_RUBRIC",
    "COGNITION_SCALE",
    "EVERYDAY_ALIASES",
    "EVERYDAY_KINDS",
    "KNOWN_THRESHOLDS",
    "LEAK_PHRASES",
    "MISSPELLING_THRESHOLD",
    "NAMING_SHARE",
    "PUBLISHED_STD_FACTOR",
    "PUBLISHED_TAU",
    "PUBLISHED_THRESHOLD",
    "UNDECIDED",
    "UNKNOWN",
    "AliasRung",
    "AliasTable",
    "AnsweredRung",
    "BgeM3Embedder",
    "CacheError",
    "CacheSize",
    "CachedEmbedder",
    "Cognition",
    "CognitionJudge",
    "ConceptBank",
    "ConceptSelection",
    "ConceptVisibility",
    "CurvePoint",
    "DeadlineLadder",
    "DefinedMean",
    "Embedder",
    "EmbeddingError",
    "EmbeddingRung",
    "ExactRung",
    "ExplainedAnswer",
    "Explanation",
    "ExplanationQuality",
    "Extraction",
    "GenerationError",
    "GuardRung",
    "InstructionRung",
    "JudgeError",
    "KnownThreshold",
    "LabelError",
    "LabelSet",
    "LabelledPairs",
    "Ladder",
    "LengthRung",
    "LexicalRung",
    "LlmExtractor",
    "MeanQuality",
    "Mention",
    "MissingExtra",
    "Misspelling",
    "Naming",
    "NormalisedRung",
    "NumberRung",
    "Opinion",
    "OptionError",
    "OptionRung",
    "Options",
    "Pair",
    "Resolution",
    "Rung",
    "ScoredAnswer",
    "Selection",
    "SelectionCounts",
    "SelectionError",
    "SentenceTransformersEmbedder",
    "SpellingRung",
    "TextGenerator",
    "ThresholdError",
    "Verdict",
    "VerifierError",
    "VerifierRung",
    "WorkerError",
    "YesNoRung",
    "YesProbability",
    "choose_threshold",
    "cognition_prompt",
    "count_selections",
    "curve_to_svg",
    "default_ladder",
    "defined_mean",
    "explanation_of",
    "explanation_quality",
    "extract_answer",
    "extraction_prompt",
    "find_leak",
    "find_misspelling",
    "group_by_image",
    "info_nce",
    "labelled_pairs",
    "load_embedder",
    "mean_quality",
    "minilm_embedder",
    "named_concepts",
    "normalise",
    "parity_contains",
    "parity_norm",
    "read_cognition",
    "score_concepts",
    "select_answers",
    "select_concepts",
    "split_list",
    "threshold_curve",
    "threshold_of",
    "verification_prompt",
]

_NEED_NUMPY = {
    "concept_bank": ("ConceptBank",),
    "concept_selection": ("PUBLISHED_STD_FACTOR", "ConceptSelection", "select_concepts"),
    "concepts": ("group_by_image", "score_concepts"),
    "embedders": ("BgeM3Embedder", "SentenceTransformersEmbedder", "load_embedder", "minilm_embedder"),
    "embedding": ("Embedder", "EmbeddingRung"),
    "embedding_cache": ("CacheSize", "CachedEmbedder"),
    "info_nce_scores": ("PUBLISHED_TAU", "info_nce"),
}
"""Names by module, loaded when they are first asked for: numpy takes longer to import than all rules together."""


def __getattr__(name: str) -> object:
    for module, names in _NEED_NUMPY.items():
        if name in names:
            return getattr(import_module(f"answer_judge.{module}"), name)
    raise AttributeError(f"module 'answer_judge' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
