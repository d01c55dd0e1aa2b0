"""One page that shows a whole run, and its few lines for the terminal."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from shard_runner import rows_so_far, status

from selfsynthx.comparing import BASE, load_contrasts
from selfsynthx.datasets import REFUSALS
from selfsynthx.evaluation import grades_name
from selfsynthx.pipeline import rows_name
from selfsynthx.report_cards import MAX_SHOWN, asked_card, learned_card
from selfsynthx.report_rounds import compared_with, comparison_sections, explanation_table, percent, round_sections
from selfsynthx.selecting import SELECT
from selfsynthx.selection_scores import score_selection
from selfsynthx.settings import SynthSettings
from selfsynthx.sources import REFUSED, load_refused

if TYPE_CHECKING:
    from run_report import Section

REPORT = "report.html"
"""File name of the page in the run folder."""

_INTRODUCTION = (
    "The model describes each picture; the features of its label that the descriptions stand out for are kept. Told "
    "label and features, it answers questions, and learns the answers that name the label, without what it was told. "
    "In later rounds it answers from the picture alone, and learns of each question's answers the one that reaches "
    "the label and names the picture's features best. Held-out pictures are asked before and after each round."
)


def make_report(settings: SynthSettings, run_dir: Path) -> Path:
    """Write `report.html` from what a run folder holds so far, and return its path.

    Raises:
        shard_runner.LedgerError: the folder holds no run.
    """
    from llava_train import load_rounds
    from run_report import Prose, StageAccounts, loss_curves, settings_table, write_report

    accounts = status(run_dir)
    found = load_rounds(run_dir)
    rounds = round_sections(settings, found, run_dir) if found else []
    against = load_contrasts(run_dir)
    others = {name: lines for name, lines in against.items() if name != BASE}
    sections: list[Section] = [
        Prose(_INTRODUCTION),
        *rounds[:1],  # the figures, before all else
        *comparison_sections({BASE: against.get(BASE, [])}),
        *rounds[1:],
        *comparison_sections(others),
        *_selection(settings, run_dir),
        *loss_curves(sorted(run_dir.glob("train-*/history.json")), note="Of answers."),
        *_galleries(settings.rounds if found is None else found.last.number, run_dir),
        *_refused(run_dir),
        StageAccounts(accounts),
        settings_table(settings.model_dump(mode="json")),
    ]
    return write_report(run_dir / REPORT, title="SelfSynthX", sections=sections)


def headline(run_dir: Path) -> str:
    """The rounds and the comparisons of the last one as small tables of text, or what is missing for them."""
    from bench_eval import comparisons_to_text, text_table
    from llava_train import load_rounds

    found = load_rounds(run_dir)
    if found is None:
        return "No round is finished yet: `selfsynthx run` goes through them."
    refused = len(load_refused(run_dir))
    tables = [f"{refused} rows of the data are left out; {REFUSED} says why"] if refused else []
    best = f"round {found.best.number}" if found.best.number else "the base model"
    tables += [text_table(explanation_table(found)), f"best by validation: {best}; {found.stopped}"]
    tables += [
        f"last round against {compared_with(name)}, test pictures\n{comparisons_to_text(lines)}"
        for name, lines in load_contrasts(run_dir).items()
        if lines
    ]
    return "\n\n".join(tables)


def _selection(settings: SynthSettings, run_dir: Path) -> "list[Section]":
    """Are the chosen features those that can be seen? Where that is known."""
    from run_report import Table

    scores = score_selection(settings, run_dir)
    names = {
        "precision": "of those chosen, can be seen",
        "recall": "of those that can be seen, chosen",
        "all_precision": "of all of the labels, can be seen",
    }
    lines = [(text, percent(scores[name])) for name, text in names.items() if scores]
    return [Table(("features of a picture", "percent"), lines, title="Chosen features")] if lines else []


def _refused(run_dir: Path) -> "list[Section]":
    """Rows of the data that were left out before any work, by reason."""
    from run_report import Table

    counts = Counter(one["reason"] for one in load_refused(run_dir))
    lines = [(reason, REFUSALS[reason], str(count)) for reason, count in counts.most_common()]
    note = "Each with what was found: refused.json."
    return [Table(("reason", "the row", "rows"), lines, title="Rows left out", note=note)] if lines else []


def _galleries(rounds: int, run_dir: Path) -> "list[Section]":
    from run_report import Gallery, evenly_spaced

    sections: list[Section] = []
    selected = {row["id"]: row for row in rows_so_far(run_dir, SELECT)}
    for number in range(1, rounds + 1):
        rows = [row for row in rows_so_far(run_dir, rows_name(number)) if row["picture"] in selected]
        if rows:
            items = [learned_card(row, selected[row["picture"]]) for row in evenly_spaced(rows, MAX_SHOWN)]
            note = f"{len(items)} of {len(rows)}. Features with their scores (kept: +), candidates with scores."
            sections.append(Gallery(items, title=f"What round {number} learns from", note=note))
    base = {row["id"]: row for row in rows_so_far(run_dir, grades_name(0))}
    asked = [row for row in rows_so_far(run_dir, grades_name(rounds)) if row["task"] == "test"]
    if asked:
        items = [asked_card(row, base.get(row["id"])) for row in evenly_spaced(asked, MAX_SHOWN)]
        note = f"{len(items)} of {len(asked)}. Answers of the base model and of the last round; what can be seen."
        sections.append(Gallery(items, title="Held-out pictures", note=note))
    return sections
