"""How well maps and regions meet true boxes, where the data has them, beside regions that know nothing of the map."""

from collections.abc import Sequence
from statistics import mean
from typing import Any

from box_space import Box, OriginalPixels
from shard_runner import Row

from chain_of_spot.arms import control_box
from chain_of_spot.true_boxes import true_boxes

TOLERANCE_PX = 15.0
"""Of the pointing game, as usual (Zhang et al. 2016)."""


def map_scores(rows: Sequence[Row]) -> dict[str, Any]:
    """Pointing game of the maps and share of the true boxes that regions hold; empty without true boxes.

    Args:
        rows: of the step `annotate`; those without a map or without true boxes do not count.
    """
    from roi_attention import pointing_game, row_to_map

    mapped = [row for row in rows if row["boxes"] and row.get("map")]
    found: dict[str, Any] = {}
    if mapped:
        game = pointing_game(((row_to_map(row["map"]), true_boxes(row)) for row in mapped), tolerance_px=TOLERANCE_PX)
        found["pointing"] = {
            "n": game.n, "share": game.share, "random": game.random_share, "centre": game.centre_share
        }  # fmt: skip
    placed = [row for row in rows if row["boxes"] and row["box_xyxy_px"]]
    if placed:
        found["regions"] = {"n": len(placed), **_covered(placed)}
    return found


def _covered(rows: Sequence[Row]) -> dict[str, float]:
    """Mean share of the true boxes that regions hold, theirs and equally large ones elsewhere."""
    from roi_attention import region_score

    shares: dict[str, list[float]] = {"share": [], "random": [], "centre": []}
    for row in rows:
        own = Box(*row["box_xyxy_px"], space=OriginalPixels(row["width"], row["height"]))
        places = {
            "share": own,
            "random": control_box("random", own, row["id"].encode()),
            "centre": control_box("centre", own, b""),
        }
        for name, box in places.items():
            shares[name].append(region_score(box, true_boxes(row)).covered)
    return {name: mean(values) for name, values in shares.items()}
