"""The evidence of a row: as a step left it, or as the detector and the captions begin it."""

from typing import TYPE_CHECKING

from shard_runner import Row

if TYPE_CHECKING:
    from code_caption import Evidence


CALLS, SEQUENCES = "calls", "sequences"
"""Columns that count what an image cost so far."""


def evidence_of(row: Row) -> "Evidence":
    """What a row of `confirm` or a later step holds."""
    from code_caption import dict_to_evidence

    return dict_to_evidence(row["evidence"])


def start_evidence(row: Row) -> "Evidence":
    """What a row of `ground` begins with; of a later step, what it holds."""
    from code_caption import Evidence, Said, Sighting

    if "evidence" in row:
        return evidence_of(row)
    sightings = tuple(
        Sighting(one["key"], one["name"], tuple(one["box_xyxy_px"]), one["score"]) for one in row["sightings"]
    )
    captions = tuple(Said(one["text"], one["mean_logprob"], one["is_whole"]) for one in row["captions"])
    return Evidence((row["width"], row["height"]), sightings, captions, errors=dict(row["caption_errors"]))
