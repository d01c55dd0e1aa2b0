"""What the method learns from: specs of data sets, labelled pictures, and visual features of labels."""

from selfsynthx.datasets.articles import with_article
from selfsynthx.datasets.feature_replies import parse_features
from selfsynthx.datasets.filling import (
    description_prompts,
    label_concepts_prompt,
    label_sentence,
    lead_in,
    question_pool,
    teacher_prompt,
    visible_prompt,
)
from selfsynthx.datasets.label_concepts import (
    ConceptCheck,
    ConceptLeak,
    LabelConcepts,
    check_concepts,
    read_concepts,
    write_concepts,
)
from selfsynthx.datasets.labelled import REFUSALS, LabelledSet, Refusal, refusals_to_text
from selfsynthx.datasets.labelled_files import read_labelled, write_labelled
from selfsynthx.datasets.loading import known_specs, load_spec
from selfsynthx.datasets.matching import label_matcher
from selfsynthx.datasets.raw import RAW_SETS, raw_options, read_raw
from selfsynthx.datasets.spec import QUESTION_KINDS, Augmentation, DatasetSpec, QuestionKind
from selfsynthx.datasets.splits import SPLITS, LabelledRow, Shares, Split, carve_validation, split_rows

__all__ = [
    "QUESTION_KINDS",
    "RAW_SETS",
    "REFUSALS",
    "SPLITS",
    "Augmentation",
    "ConceptCheck",
    "ConceptLeak",
    "DatasetSpec",
    "LabelConcepts",
    "LabelledRow",
    "LabelledSet",
    "QuestionKind",
    "Refusal",
    "Shares",
    "Split",
    "carve_validation",
    "check_concepts",
    "description_prompts",
    "known_specs",
    "label_concepts_prompt",
    "label_matcher",
    "label_sentence",
    "lead_in",
    "load_spec",
    "parse_features",
    "question_pool",
    "raw_options",
    "read_concepts",
    "read_labelled",
    "read_raw",
    "refusals_to_text",
    "split_rows",
    "teacher_prompt",
    "visible_prompt",
    "with_article",
    "write_concepts",
    "write_labelled",
]
