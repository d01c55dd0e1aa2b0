"""Extract a short answer from free text and judge it on a ladder that says which rung decided."""

from answer_judge.aliases import EVERYDAY_ALIASES, AliasTable
from answer_judge.deadlines import DeadlineLadder
from answer_judge.embedders import BgeM3Embedder, SentenceTransformersEmbedder, minilm_embedder
from answer_judge.embedding import Embedder, EmbeddingRung
from answer_judge.embedding_cache import CachedEmbedder, CacheSize
from answer_judge.errors import CacheError, EmbeddingError, JudgeError, MissingExtra, ThresholdError, WorkerError
from answer_judge.extraction import UNKNOWN, extract_answer
from answer_judge.ladder import Ladder, default_ladder
from answer_judge.normalising import normalise
from answer_judge.rungs import AliasRung, AnsweredRung, ExactRung, GuardRung, LexicalRung, NormalisedRung, split_list
from answer_judge.thresholds import KNOWN_THRESHOLDS, PUBLISHED_THRESHOLD, KnownThreshold, threshold_of
from answer_judge.verdicts import UNDECIDED, Opinion, Pair, Rung, Verdict

__all__ = [
    "EVERYDAY_ALIASES",
    "KNOWN_THRESHOLDS",
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
    "DeadlineLadder",
    "Embedder",
    "EmbeddingError",
    "EmbeddingRung",
    "ExactRung",
    "GuardRung",
    "JudgeError",
    "KnownThreshold",
    "Ladder",
    "LexicalRung",
    "MissingExtra",
    "NormalisedRung",
    "Opinion",
    "Pair",
    "Rung",
    "SentenceTransformersEmbedder",
    "ThresholdError",
    "Verdict",
    "WorkerError",
    "default_ladder",
    "extract_answer",
    "minilm_embedder",
    "normalise",
    "split_list",
    "threshold_of",
]
