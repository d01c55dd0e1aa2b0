"""One page that shows a whole run, and its few lines for the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import Row, rows_so_far, status
from shard_runner.cli import rounds_above

from cvc.evaluation import AFTER, BEFORE, COMPLETION
from cvc.report_instances import instance_sections
from cvc.rounds_report import make_rounds_report
from cvc.settings import CvcSettings

if TYPE_CHECKING:
    from bench_eval import Comparison
    from run_report import GalleryItem, Section

REPORT = "report.html"
"""File name of the page in the run folder."""

MAX_SHOWN = 120
"""Instances in each gallery; each brings its picture into the file."""


def make_report(settings: CvcSettings, run_dir: Path) -> Path:
    """Write `report.html` from what a run folder holds so far, and return its path."""
    from run_report import Link, Prose, StageAccounts, loss_curves, settings_table, write_report

    if settings.rounds > 1:
        return make_rounds_report(settings, run_dir, run_dir / REPORT)
    judged, mixed = rows_so_far(run_dir, "judge"), rows_so_far(run_dir, "mix")
    before, after = rows_so_far(run_dir, f"grades-{BEFORE}"), rows_so_far(run_dir, f"grades-{AFTER}")
    compared = read_comparison(run_dir)
    sections: list[Section] = [
        Prose(_introduction(settings)),
        *_key_facts(judged, mixed, compared, settings),
        *_comparison(compared),
        *_pass_rates(judged, before, after, settings),
        *loss_curves([run_dir / "train" / "history.json"], note="Of answers and rationales.", smoothing=0.8),
        *instance_sections(rows_so_far(run_dir, "question")),
        *_galleries(judged, after, settings, run_dir),
        StageAccounts(status(run_dir)),
        settings_table(settings.model_dump(mode="json")),
    ]
    title = "Causality-driven visual object completion"
    above = Link("all rounds", f"../{REPORT}") if rounds_above(run_dir) else None
    return write_report(run_dir / REPORT, title=title, sections=sections, above=above)


def _introduction(settings: CvcSettings) -> str:
    return (
        "Something that must be there, given the rest of the picture, is hidden. The model guesses it many times, with "
        f"a reason. The few right rationales on hard instances ({_bounds(settings)} right guesses of {settings.n}) and "
        "the right short answers become its training data. It is then asked about held-out pictures again."
    )


def _bounds(settings: CvcSettings) -> str:
    return f"{settings.min_right} to {settings.max_right}"


def read_comparison(run_dir: Path) -> "list[Comparison]":
    """The lines of the finished comparison of a run; none before it."""
    from bench_eval import load_contrasts

    return load_contrasts(run_dir / "eval").get(BEFORE, [])


def savings(settings: CvcSettings, run_dir: Path) -> str:
    """What an adaptive draw saved, in a line of text; empty for a full draw."""
    judged = rows_so_far(run_dir, "judge") if settings.adaptive else []
    if not judged:
        return ""
    drawn, full, share = _drawn(judged, settings)
    return f"adaptive trials: {drawn} of {full} drawn, {share} saved"


def _drawn(judged: Sequence[Row], settings: CvcSettings) -> tuple[int, int, str]:
    """Trials drawn, trials of the full draw, share saved."""
    drawn, full = sum(row["drawn"] for row in judged), settings.n * len(judged)
    return drawn, full, f"{100 * (1 - drawn / full):.0f} %"


def headline(run_dir: Path) -> str:
    """The comparison as a small table of text, or what is missing for it."""
    from bench_eval import comparisons_to_text

    lines = read_comparison(run_dir)
    return comparisons_to_text(lines) if lines else "Nothing is compared yet: run the whole pipeline."


def _key_facts(
    judged: Sequence[Row], mixed: Sequence[Row], compared: "Sequence[Comparison]", settings: CvcSettings
) -> "list[Section]":
    from run_report import Fact, KeyFacts

    rationales = sum(row["kind"] == "rationale" for row in mixed)
    facts = [
        Fact("instances", len(judged), "with trials"),
        Fact(
            "hard but solvable",
            len({row["instance"] for row in mixed if row["kind"] == "rationale"}),
            f"{_bounds(settings)} right",
        ),
        Fact("training rows", len(mixed), f"{rationales} rationales, {len(mixed) - rationales} answers"),
    ]
    if settings.adaptive and judged:
        drawn, full, share = _drawn(judged, settings)
        facts.append(Fact("trials drawn", drawn, f"{share} of {full} saved"))
    if compared:
        first = compared[0]
        change = f"{100 * first.before:.1f} → {100 * first.after:.1f} %"
        facts.append(Fact(first.task, change, f"{first.n} held-out instances"))
    return [KeyFacts(facts)]


def _comparison(compared: "Sequence[Comparison]") -> "list[Section]":
    import run_report

    note = "Paired by row: exact McNemar test for right or wrong, else sign flips of clusters; 95 % cluster bootstrap."
    return [run_report.Comparison(compared, note=note)] if compared else []


def _pass_rates(
    judged: Sequence[Row], before: Sequence[Row], after: Sequence[Row], settings: CvcSettings
) -> "list[Section]":
    from run_report import Histogram, count_right

    sections: list[Section] = []
    if judged:
        label = "hard but solvable: their right rationales are learned"
        bounds = (settings.min_right, settings.max_right)
        last = last_bar(settings)
        counts = {"instances for training": count_right([min(row["right"], last) for row in judged], last)}
        sections.append(
            Histogram(
                counts,
                title="How hard the instances are",
                note=_where_draws_stop(judged, settings),
                highlight=bounds,
                highlight_label=label,
            )
        )
    both = {"before": before, "after": after}
    held_out = {name: [row["right"] for row in rows if row["task"] == COMPLETION] for name, rows in both.items()}
    if all(held_out.values()):
        series = {name: count_right(right, settings.n) for name, right in held_out.items()}
        sections.append(Histogram(series, title="Right trials on held-out instances"))
    return sections


def last_bar(settings: CvcSettings) -> int:
    """The last bar of the histogram of right trials: n, or the first count at which an adaptive draw may stop.

    >>> last_bar(CvcSettings()), last_bar(CvcSettings(adaptive=True))
    (16, 5)
    """
    return min(settings.n, settings.max_right + 1) if settings.adaptive else settings.n


def _where_draws_stop(judged: Sequence[Row], settings: CvcSettings) -> str:
    if not settings.adaptive:
        return ""
    given_up = sum(row["settled_by"] == "rule" and row["right"] <= settings.max_right for row in judged)
    lost = f" {given_up} were given up before." if given_up else ""
    return f"Up to {settings.n} trials; the last bar is that many right or more, where the draw stops.{lost}"


def _galleries(judged: Sequence[Row], after: Sequence[Row], settings: CvcSettings, run_dir: Path) -> "list[Section]":
    from run_report import Gallery, evenly_spaced

    held_out = [row for row in after if row["task"] == COMPLETION]
    titled = [
        ("Instances for training", judged, _trained_item),
        ("Held-out instances, after training", held_out, _held_out_item),
    ]
    found: list[Section] = []
    for title, rows, to_item in titled:
        items = [to_item(row, run_dir) for row in evenly_spaced(rows, MAX_SHOWN)]
        if items:
            note, hard = f"{len(items)} of {len(rows)}.", settings.max_right / settings.n
            found.append(Gallery(items, title=title, note=note, hard_share=hard))
    return found


def _trained_item(row: Row, run_dir: Path) -> "GalleryItem":
    from run_report import row_to_gallery_item

    shown = row | {"question": row["reasoning"], "answer": row["head"]}
    return row_to_gallery_item(shown, image=run_dir / row["occluded"], tags=[row["category"]])


def _held_out_item(row: Row, run_dir: Path) -> "GalleryItem":
    from run_report import row_to_gallery_item

    shown = row | {"answer": row["references"][0], "caption": f"Greedy answer: {row['greedy']['text']}"}
    tag = "greedy right" if row["greedy"]["verdict"] else "greedy wrong"
    return row_to_gallery_item(shown, image=run_dir / row["image"], tags=[tag])
