"""Relevance maps of a VLM's image tokens, regions of interest, and two-turn zoom dialogues.

Maps of chat models are made in `roi_attention.relevance`, those of encoders in `roi_attention.encoders` (both need the
extra `hf`); dialogues stand in `roi_attention.zoom`.
"""

from roi_attention.box_scores import box_scores_to_map, otsu_mask
from roi_attention.errors import MapError, MissingExtraError, RoiAttentionError, UnsupportedModelError, ZoomError
from roi_attention.maps import Method, RelevanceMap
from roi_attention.overlays import draw_box, overlay, side_by_side
from roi_attention.perturbation import (
    Curve,
    PerturbationTest,
    deletion_curve,
    insertion_curve,
    mean_curve,
    perturbation_test,
    random_order,
)
from roi_attention.pointing import PointingScore, RegionScore, pointing_game, pointing_hit, region_score
from roi_attention.regions import SIDES, MassChoice, Region, find_region, mass_inside, tune_mass
from roi_attention.saving import MapRow, map_to_row, row_to_map

__all__ = [
    "SIDES",
    "Curve",
    "MapError",
    "MapRow",
    "MassChoice",
    "Method",
    "MissingExtraError",
    "PerturbationTest",
    "PointingScore",
    "Region",
    "RegionScore",
    "RelevanceMap",
    "RoiAttentionError",
    "UnsupportedModelError",
    "ZoomError",
    "box_scores_to_map",
    "deletion_curve",
    "draw_box",
    "find_region",
    "insertion_curve",
    "map_to_row",
    "mass_inside",
    "mean_curve",
    "otsu_mask",
    "overlay",
    "perturbation_test",
    "pointing_game",
    "pointing_hit",
    "random_order",
    "region_score",
    "row_to_map",
    "side_by_side",
    "tune_mass",
]
