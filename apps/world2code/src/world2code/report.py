"""One page that shows a whole run, and its few lines for the terminal."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import Row, rows_so_far, status

from world2code.evaluation import AFTER, BEFORE, load_contrasts
from world2code.report_cards import SIDE_PX, asked_card, scene_card
from world2code.row_evidence import evidence_of
from world2code.scoring import read_quality
from world2code.settings import W2cSettings

if TYPE_CHECKING:
    from bench_eval import Contrasts
    from run_report import Section

REPORT = "report.html"
"""File name of the page in the run folder."""

MAX_SHOWN = 60
"""Cards in each gallery; each brings its picture into the file."""

_INTRODUCTION = (
    "The model describes each image several times; a detector finds boxes for the names; the model is then asked again "
    "about every box, count and phrase, and what it does not confirm is dropped. What is left is written as Python "
    "code and as questions, from which the model learns. It is then asked held-out questions, before and after."
)

_TESTS = (
    "Paired by question: exact McNemar test, or sign flips of clusters where questions share an image; 95 % cluster "
    "bootstrap; not corrected for the number of lines."
)


def make_report(settings: W2cSettings, run_dir: Path) -> Path:
    """Write `report.html` from what a run folder holds so far, and return its path.

    Raises:
        shard_runner.LedgerError: the folder holds no run.
    """
    from run_report import Prose, StageAccounts, loss_curves, settings_table, write_report

    accounts = status(run_dir)
    rendered, validated = rows_so_far(run_dir, "render"), rows_so_far(run_dir, "validate")
    against = load_contrasts(run_dir)
    sections: list[Section] = [
        Prose(_INTRODUCTION),
        *_key_facts(rendered, validated, against, settings, run_dir),
        *_comparisons(against),
        *_quality(run_dir),
        *_drops(rendered, run_dir),
        *loss_curves(sorted(run_dir.glob("train*/history.json")), note="Of answers."),
        *_galleries(settings, run_dir, rendered, validated),
        StageAccounts(accounts),
        settings_table(settings.model_dump(mode="json")),
    ]
    return write_report(run_dir / REPORT, title="World to Code", sections=sections)


def headline(run_dir: Path) -> str:
    """Quality and comparisons as small tables of text, or what is missing for them."""
    from bench_eval import comparisons_to_text, contrasts_to_rows, text_table, ways_to_rows

    tables = [text_table(quality_table(run_dir))] if read_quality(run_dir) else []
    against = load_contrasts(run_dir)
    if against.get(BEFORE):
        tables.append(comparisons_to_text(against[BEFORE]))
        if len(against) > 1:
            tables.append(text_table([("percent right", AFTER, *against), *ways_to_rows(against)]))
            tables.append(text_table([("the method against", "task", "points", "p"), *contrasts_to_rows(against)]))
    else:
        tables.append("Nothing is compared yet: run the whole pipeline, with --eval-data.")
    return "\n\n".join(tables)


def quality_table(run_dir: Path) -> list[tuple[str, ...]]:
    """Precision and recall in percent, one line for each set of rules."""
    rows = read_quality(run_dir)
    kinds = list(dict.fromkeys(row["kind"] for row in rows))
    found = {(row["rule"], row["kind"]): row for row in rows}
    header = ("precision / recall, percent", *kinds)
    return [
        header,
        *((rule, *(_rates(found[rule, kind]) for kind in kinds)) for rule in dict.fromkeys(r["rule"] for r in rows)),
    ]


def _rates(row: Mapping[str, Any]) -> str:
    return " / ".join("–" if row[name] is None else f"{100 * row[name]:.1f}" for name in ("precision", "recall"))


def _key_facts(
    rendered: Sequence[Row], validated: Sequence[Row], against: "Contrasts", settings: W2cSettings, run_dir: Path
) -> "list[Section]":
    from code_caption import calibrate
    from run_report import Fact, KeyFacts

    facts: list[Fact] = []
    if rendered:
        calls, sequences = (sum(row[name] for row in rendered) / len(rendered) for name in ("calls", "sequences"))
        facts.append(Fact("scenes", len(rendered), f"{calls:.0f} calls, {sequences:.0f} sequences an image"))
    p_yes = [evidence.control[1] for row in validated if (evidence := evidence_of(row)).control is not None]
    if p_yes:
        found = calibrate(p_yes, threshold=settings.existence_threshold)
        note = (
            f"{found.accepted} of {found.controls} names that are not there; for 5 %: threshold {found.threshold:.2f}"
        )
        facts.append(Fact("controls accepted", f"{100 * (found.accepted_share or 0):.1f} %", note))
    refused = _read_list(run_dir / "train" / "refused.json")
    if refused:
        reasons = Counter(one["reason"] for one in refused).most_common()
        note = ", ".join(f"{count} {reason}" for reason, count in reasons)
        facts.append(Fact("rows refused by training", len(refused), note))
    for line in against.get(BEFORE, ())[:1]:
        facts.append(Fact(line.task, f"{100 * line.before:.1f} → {100 * line.after:.1f} %", f"{line.n} questions"))
    return [KeyFacts(facts)] if facts else []


def _read_list(path: Path) -> list[dict[str, Any]]:
    """A JSON list that a step left; empty where there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def _comparisons(against: "Contrasts") -> "list[Section]":
    """Before and after with intervals; every control in one table, and the method against each in another."""
    import run_report
    from bench_eval import contrasts_to_rows, ways_to_rows

    if not against.get(BEFORE):
        return []
    sections: list[Section] = [run_report.Comparison(against[BEFORE], note=f"Before and after training. {_TESTS}")]
    if len(against) > 1:
        sections += [
            run_report.Table(("percent right", AFTER, *against), ways_to_rows(against), title="Every model"),
            run_report.Table(
                ("the method against", "task", "percentage points", "p"),
                contrasts_to_rows(against),
                title="Against every control",
            ),
        ]
    return sections


def _quality(run_dir: Path) -> "list[Section]":
    from run_report import Table

    if not read_quality(run_dir):
        return []
    header, *rows = quality_table(run_dir)
    note = "Against the true scenes: elements by name and IoU 0.5, attributes of those, related pairs, exact counts."
    return [Table(header, rows, title="Scenes under each rule", note=note)]


def _drops(rendered: Sequence[Row], run_dir: Path) -> "list[Section]":
    """How often each rule dropped something for each reason."""
    from run_report import Table

    counts = Counter((drop["rule"], drop["reason"]) for row in rendered for drop in row["drops"])
    rows = [(rule, reason, count) for (rule, reason), count in sorted(counts.items())]
    return [Table(("rule", "reason", "dropped"), rows, title="What the rules dropped")] if rows else []


def _galleries(
    settings: W2cSettings, run_dir: Path, rendered: Sequence[Row], validated: Sequence[Row]
) -> "list[Section]":
    from run_report import Gallery, evenly_spaced

    before = {row["id"]: row for row in rows_so_far(run_dir, f"grades-{BEFORE}")}
    asked, evidence = rows_so_far(run_dir, f"grades-{AFTER}"), {row["id"]: row for row in validated}
    found: list[Section] = []
    if rendered:
        shown = [row for row in rendered if row["id"] in evidence]  # a step may be further than another
        items = [scene_card(row, evidence[row["id"]], settings, run_dir) for row in evenly_spaced(shown, MAX_SHOWN)]
        boxes = "Kept boxes green and thick, dropped ones red and thin; the code; what each rule dropped."
        note = f"{len(items)} of {len(shown)}. {boxes}"
        found.append(Gallery(items, title="Scenes to learn from", note=note, max_side_px=SIDE_PX))
    if asked:
        items = [asked_card(row, before, settings.box_text()) for row in evenly_spaced(asked, MAX_SHOWN)]
        note = f"{len(items)} of {len(asked)}. True boxes blue, the answer's green."
        found.append(Gallery(items, title="Held-out questions", note=note, max_side_px=SIDE_PX))
    return found
