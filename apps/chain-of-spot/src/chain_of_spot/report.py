"""One page that shows a whole run, and its few lines for the terminal."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Row, rows_so_far, status
from shard_runner.cli import rounds_above

from chain_of_spot.evaluation import AFTER, BEFORE, load_contrasts, load_plain, ways
from chain_of_spot.exporting import MAP_SCORES
from chain_of_spot.rounds_report import make_rounds_report
from chain_of_spot.settings import CosSettings
from chain_of_spot.spots import HEIGHT_PX, asked_card, map_card

if TYPE_CHECKING:
    from bench_eval import Contrasts
    from run_report import Section

REPORT = "report.html"
"""File name of the page in the run folder."""

MAX_SHOWN = 80
"""Cards in each gallery; each brings its picture into the file."""

_INTRODUCTION = (
    "For each question a relevance map shows where in the image its answer is looked up; the smallest square that "
    "holds enough of it becomes the region of interest. The model learns to say the region first and to answer once "
    "it is shown the crop. It is then asked held-out questions in the same two turns."
)

_TESTS = (
    "Paired by question: exact McNemar test, or sign flips of clusters where questions share an image; 95 % cluster "
    "bootstrap; not corrected for the number of lines."
)


def make_report(settings: CosSettings, run_dir: Path) -> Path:
    """Write `report.html` from what a run folder holds so far, and return its path.

    Raises:
        shard_runner.LedgerError: the folder holds no run.
    """
    from run_report import Link, Prose, StageAccounts, loss_curves, settings_table, write_report

    if settings.rounds > 1:
        return make_rounds_report(settings, run_dir, run_dir / REPORT)
    accounts = status(run_dir)
    annotated, against = rows_so_far(run_dir, "annotate"), load_contrasts(run_dir)
    sections: list[Section] = [
        Prose(_INTRODUCTION),
        *_key_facts(annotated, against, run_dir),
        *_comparisons(against, settings, run_dir),
        *_map_scores(run_dir),
        *loss_curves(sorted(run_dir.glob("train*/history.json")), note="Of answers and boxes."),
        *_box_readings(run_dir),
        *_galleries(settings, run_dir, annotated),
        StageAccounts(accounts),
        settings_table(settings.model_dump(mode="json")),
    ]
    above = Link("all rounds", f"../{REPORT}") if rounds_above(run_dir) else None
    return write_report(run_dir / REPORT, title="Chain-of-Spot", sections=sections, above=above)


def headline(run_dir: Path) -> str:
    """The comparisons as small tables of text, or what is missing for them."""
    from bench_eval import comparisons_to_text, contrasts_to_rows, text_table, ways_to_rows

    against = load_contrasts(run_dir)
    if not against.get(BEFORE):
        return "Nothing is compared yet: run the whole pipeline, with --eval-data."
    tables = [
        comparisons_to_text(against[BEFORE]),
        text_table([("percent right", AFTER, *against), *ways_to_rows(against)]),
        text_table([("the method against", "task", "points", "p"), *contrasts_to_rows(against, _shown_tasks(against))]),
    ]
    return "\n\n".join([*tables, "\n".join(_pointing_lines(run_dir))]).rstrip()


def read_map_scores(run_dir: Path) -> dict[str, Any]:
    """How well maps and regions meet true boxes; empty where the data has none."""
    path = run_dir / "export" / MAP_SCORES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _pointing_lines(run_dir: Path) -> list[str]:
    scores = read_map_scores(run_dir)
    lines = {"pointing": "maps point at the true box", "regions": "regions hold of the true box"}
    return [
        f"{text}: {_percent(scores[name]['share'])} (random {_percent(scores[name]['random'])}, "
        f"centre {_percent(scores[name]['centre'])}; n = {scores[name]['n']})"
        for name, text in lines.items()
        if name in scores
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _key_facts(annotated: Sequence[Row], against: "Contrasts", run_dir: Path) -> "list[Section]":
    from run_report import Fact, KeyFacts

    facts: list[Fact] = []
    if annotated:
        placed = sum(bool(row["box_xyxy_px"]) for row in annotated)
        facts.append(Fact("questions", len(annotated), f"{placed} with a region"))
    scores = read_map_scores(run_dir)
    if "pointing" in scores:
        game = scores["pointing"]
        facts.append(Fact("maps point right", _percent(game["share"]), f"random {_percent(game['random'])}"))
    if lines := against.get(BEFORE, ()):
        first = lines[0]
        change = f"{100 * first.before:.1f} → {100 * first.after:.1f} %"
        facts.append(Fact(first.task, change, f"{first.n} held-out questions"))
    return [KeyFacts(facts)] if facts else []


def _comparisons(against: "Contrasts", settings: CosSettings, run_dir: Path) -> "list[Section]":
    """Before and after with intervals; every other way in one table, and the method against each in another."""
    import run_report
    from bench_eval import contrasts_to_rows, ways_to_rows

    if not against.get(BEFORE):
        return []
    notes = "; ".join(f"{way.name}: {way.note[0].lower()}{way.note[1:].rstrip('.')}" for way in ways(settings))
    return [
        run_report.Comparison(against[BEFORE], note=f"The method, in two turns, against the model before. {_TESTS}"),
        run_report.Table(
            ("percent right", AFTER, *against), ways_to_rows(against), title="Every way of asking", note=notes
        ),
        run_report.Table(
            ("the method against", "task", "percentage points", "p"),
            contrasts_to_rows(against, _shown_tasks(against)),
            title="Against every control",
        ),
        run_report.Comparison(
            load_plain(run_dir), title="Both asked at once", note="What training did to answers without a zoom."
        ),
    ]


def _shown_tasks(against: "Contrasts") -> set[str]:
    """The first task and all together."""
    lines = against[BEFORE]
    return {lines[0].task, lines[-1].task}


def _map_scores(run_dir: Path) -> "list[Section]":
    from run_report import Table

    scores = read_map_scores(run_dir)
    names = {
        "pointing": "strongest patch within 15 px of the true box",
        "regions": "share of the true box in the region",
    }
    rows = [
        (text, *(_percent(scores[name][kind]) for kind in ("share", "random", "centre")), scores[name]["n"])
        for name, text in names.items()
        if name in scores
    ]
    return (
        [Table(("", "map", "random place", "centre", "n"), rows, title="Do maps find the true boxes?")] if rows else []
    )


def _box_readings(run_dir: Path) -> "list[Section]":
    """How the boxes that the model wrote were read."""
    from run_report import Table

    counts = Counter(row["box_reading"] for row in rows_so_far(run_dir, f"answers-{AFTER}"))
    rows = [(name, count) for name, count in counts.most_common()]
    return [Table(("reading", "questions"), rows, title="Boxes that the model wrote")] if rows else []


def _galleries(settings: CosSettings, run_dir: Path, annotated: Sequence[Row]) -> "list[Section]":
    from run_report import Gallery, evenly_spaced

    before = {row["id"]: row for row in rows_so_far(run_dir, f"grades-{BEFORE}")}
    asked = rows_so_far(run_dir, f"grades-{AFTER}")
    found: list[Section] = []
    if asked:
        items = [asked_card(row, before) for row in evenly_spaced(asked, MAX_SHOWN)]
        note = f"{len(items)} of {len(asked)}. Left: where the model wants to look; right: what it is shown."
        found.append(Gallery(items, title="Held-out questions, in two turns", note=note, max_side_px=3 * HEIGHT_PX))
    if annotated:
        items = [map_card(row, settings.image_root) for row in evenly_spaced(annotated, MAX_SHOWN)]
        note = f"{len(items)} of {len(annotated)}. Map from cold to hot, region in white, true boxes dashed; the crop."
        found.append(Gallery(items, title="Questions to learn from", note=note, max_side_px=3 * HEIGHT_PX))
    return found
