"""The pairs that differ least: `svco prepare rank`."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

import click
from svco_loss.pairs import CheckedPairs, Minimality, RefusedPair, most_minimal, pair_minimalities

from svco.errors import SettingsError
from svco.preparing.claims import claim
from svco.preparing.options import debug_option, image_folder, out_file, pairs_file
from svco.preparing.usable import read_usable


@click.command("rank", short_help="The pairs whose images differ least.")
@pairs_file
@image_folder("Folder of the images; paths that leave it are refused.")
@click.option("--top", type=click.IntRange(min=1), metavar="K", help="Most pairs to keep.")
@click.option(
    "--max-changed",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="SHARE",
    help="Share of changed pixels that all kept pairs stay under.",
)
@click.option("--embedder", metavar="MODEL", help="Also measure the distance of the images' vectors, CLIP's or DINO's.")
@out_file
@debug_option
def rank_command(
    mvc: Path, images: Path | None, top: int | None, max_changed: float | None, embedder: str | None, out: Path
) -> None:
    """The pairs whose images differ least, from the least changed on: by --top, --max-changed or both.

    MVC is any MVC JSON with its images. What was measured of each kept pair stands under `measured` beside --out.
    Paths stay as they are.

    \b
      svco prepare rank mvc.json --top 1000 --max-changed 0.2 --out minimal.json
    """
    from svco_loss.pairs import load_image_embedder

    if top is None and max_changed is None:
        raise SettingsError("--top or --max-changed is needed: what to keep.")
    claimed = claim("rank", out, source=mvc)
    root = images or mvc.parent
    found = read_usable(mvc)
    model = load_image_embedder(embedder) if embedder else None
    measured = pair_minimalities(found.pairs, image_root=root, embedder=model)
    kept = most_minimal(found.pairs, measured, k=top, changed_share_below=max_changed)
    by_row = {pair.row: one for pair, one in zip(found.pairs, measured, strict=True)}
    rows = {pair.row for pair in kept}
    refused = [_why_left_out(row, one) for row, one in by_row.items() if row not in rows]
    figures = {pair.row: one for pair in kept if isinstance(one := by_row[pair.row], Minimality)}
    beside = [{"row": row} | asdict(one) for row, one in figures.items()]
    note = _medians([one for one in measured if isinstance(one, Minimality)], list(figures.values()))
    claimed.write_pairs(CheckedPairs(tuple(kept), (*found.refused, *refused)), images=root, note=note, measured=beside)


def _why_left_out(row: int, one: Minimality | RefusedPair) -> RefusedPair:
    if isinstance(one, RefusedPair):
        return one
    if one.changed_share == 0:
        return RefusedPair(row, "nothing_changed", "no pixel differs by more than compression explains")
    return RefusedPair(row, "not_minimal", f"{one.changed_share:.4f} of the pixels changed")


def _medians(before: Sequence[Minimality], after: Sequence[Minimality]) -> str:
    if not after:
        return ""
    shares = [median(one.changed_share for one in side) for side in (after, before)]
    text = f"; median changed share {shares[0]:.4f} (before {shares[1]:.4f})"
    distances = [one.embedding_distance for one in after if one.embedding_distance is not None]
    return text + (f", median embedding distance {median(distances):.4f}" if distances else "")
