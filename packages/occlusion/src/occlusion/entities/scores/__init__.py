"""How well an extractor finds labelled entities; `python -m occlusion.entities.scores FILE` prints a table."""

from occlusion.entities.scores.labelled import LabelledCaption, read_labelled_captions
from occlusion.entities.scores.scoring import EntityScores, MatchScore, mistakes, score_entities

__all__ = [
    "EntityScores",
    "LabelledCaption",
    "MatchScore",
    "mistakes",
    "read_labelled_captions",
    "score_entities",
]
