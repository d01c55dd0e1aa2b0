"""Things that a caption names: by the rules of a parser or a lexicon, or by a language model."""

from occlusion.entities.entity import Entity, EntityExtractor
from occlusion.entities.llm_entities import LlmEntities
from occlusion.entities.prompt import ENTITY_EXAMPLES, EntityExample, few_shot_prompt
from occlusion.entities.replies import EntityReading, RejectedLine, RejectionReason, read_reply
from occlusion.entities.spacy_entities import SpacyEntities, blank_english, load_english

__all__ = [
    "ENTITY_EXAMPLES",
    "Entity",
    "EntityExample",
    "EntityExtractor",
    "EntityReading",
    "LlmEntities",
    "RejectedLine",
    "RejectionReason",
    "SpacyEntities",
    "blank_english",
    "few_shot_prompt",
    "load_english",
    "read_reply",
]
