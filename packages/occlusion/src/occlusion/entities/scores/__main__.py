"""Print how well an extractor finds labelled entities.

python -m occlusion.entities.scores tests/data/entities.jsonl --entities blank --entities spacy:en_core_web_sm
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from occlusion.entities.entity import EntityExtractor
from occlusion.entities.scores.labelled import LabelledCaption, read_labelled_captions
from occlusion.entities.scores.scoring import MatchScore, mistakes, score_entities
from occlusion.entities.spacy_entities import SpacyEntities, blank_english, load_english
from occlusion.errors import OcclusionError

_HEADER = """\
| entities | split | captions | labelled | head P | head R | head F1 | phrase P | phrase R | phrase F1 |
|---|---|---|---|---|---|---|---|---|---|"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a Markdown table: a row for each extractor and split."""
    parser = argparse.ArgumentParser(prog="python -m occlusion.entities.scores", description=__doc__)
    parser.add_argument("file", help="JSON lines of caption, split and entities")
    parser.add_argument("--entities", action="append", help="blank (the default) or spacy:NAME; may be repeated")
    parser.add_argument(
        "--mistakes", metavar="SPLIT", help="also print what is too much (+) and missing (-) in a split"
    )
    options = parser.parse_args(arguments)
    try:
        _print_table(read_labelled_captions(options.file), options.entities or ["blank"], options.mistakes)
    except (OSError, OcclusionError) as error:
        parser.error(str(error))


def _print_table(rows: list[LabelledCaption], names: list[str], mistakes_of: str | None) -> None:
    extractors = {name: _extractor(name) for name in names}
    print(_HEADER)
    for name, extract in extractors.items():
        for split in dict.fromkeys(row.split for row in rows):
            print(_row(name, split, [row for row in rows if row.split == split], extract))
    for name, extract in extractors.items() if mistakes_of is not None else ():
        _print_mistakes(name, [row for row in rows if row.split == mistakes_of], extract)


def _extractor(name: str) -> EntityExtractor:
    kind, _, pipeline = name.partition(":")
    if kind == "blank" and not pipeline:
        return SpacyEntities(blank_english())
    if kind == "spacy" and pipeline:
        return SpacyEntities(load_english(pipeline))
    raise OcclusionError("unknown_extractor", f"--entities must be blank or spacy:NAME; got {name!r}.")


def _row(name: str, split: str, rows: list[LabelledCaption], extract: EntityExtractor) -> str:
    scores = score_entities(extract([row.caption for row in rows]), rows)
    figures = f"{_figures(scores.heads)} | {_figures(scores.phrases)}"
    return f"| {name} | {split} | {scores.captions_n} | {scores.heads.labelled_n} | {figures} |"


def _figures(score: MatchScore) -> str:
    return f"{score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f}"


def _print_mistakes(name: str, rows: list[LabelledCaption], extract: EntityExtractor) -> None:
    for row, found in zip(rows, extract([row.caption for row in rows]), strict=True):
        too_much, missing = mistakes(found, row)
        if too_much or missing:
            print(f"\n{name}: {row.caption}")
            print("\n".join([*(f"  + {one}" for one in too_much), *(f"  - {one}" for one in missing)]))


if __name__ == "__main__":
    main()
