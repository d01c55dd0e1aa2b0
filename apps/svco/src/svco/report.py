"""One page that shows a whole run, and its few lines for the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from shard_runner import Row, StageAccount, rows_so_far, status

from svco.comparing import MEASURES
from svco.evaluation import AFTER, BEFORE, load_contrasts
from svco.pair_pictures import GAP_PX, MAX_WIDTH_PX, pair_card
from svco.pairs import TRAIN, VALIDATION
from svco.settings import SvcoRunSettings
from svco.training import BETAS

if TYPE_CHECKING:
    from bench_eval import Comparison, Contrasts
    from run_report import Section

REPORT = "report.html"
"""File name of the page in the run folder."""

MAX_SHOWN = 120
"""Pairs in each gallery; each brings its picture into the file."""

_INTRODUCTION = (
    "Each pair holds two nearly equal images, each with a text that is true of it alone. The model learns that a text "
    "gets likelier with its own image than with none, and less likely with the other; it is then asked about held-out "
    "pairs and questions again."
)

_TESTS = (
    "Paired by row: exact McNemar test for right or wrong, else sign flips of clusters; 95 % cluster bootstrap; not "
    "corrected for the number of lines. A pair of questions counts when both are right. On held-out pairs the texts' "
    "summed log-probabilities choose: for each image its text, for each text its image."
)

_CONTROLS = {
    "sft": "Supervised training on both texts, each with its own image.",
    "dpo": "One-sided: with the left image, its text is preferred to the other.",
    "mdpo": "One-sided: as dpo; the left text also prefers its image to the other, and stays as likely as it was.",
}


class _Chart(NamedTuple):
    """Curves over training, drawn once more for validation pairs where there were any."""

    title: str
    names: Mapping[str, str]
    """Metric -> what it is called."""
    y_label: str
    note: str


_CHARTS = (
    _Chart(
        "Margins",
        {f"{term}/margin": term for term in BETAS},
        "nats",
        "How much more than the frozen model each side prefers what it should. attend: a text with its own image over "
        "none; reject: a text with no image over the other one.",
    ),
    _Chart(
        "Rewards of the texts",
        {
            f"{text}_given_{image}/reward": f"text {text}, {side}"
            for text, images in (("x", "ab"), ("y", "ba"))
            for image, side in zip((*images, "none"), ("own image", "other image", "no image"), strict=True)
        },
        "nats",
        "Log-probability minus that of the frozen model. Margins can also grow while a true text, with its own image, "
        "gets less likely: the two lines of the own image should not fall.",
    ),
    _Chart("Loss", {"loss": "loss"}, "loss", "Each term starts at log 2, so all four at 2.77."),
    _Chart(
        "Accuracies",
        {f"{term}/accuracy": term for term in BETAS},
        "share of pairs",
        "Pairs whose margin is above 0.",
    ),
)


def make_report(settings: SvcoRunSettings, run_dir: Path) -> Path:
    """Write `report.html` from what a run folder holds so far, and return its path.

    Raises:
        shard_runner.LedgerError: the folder holds no run.
    """
    from run_report import Prose, StageAccounts, read_history, settings_table, write_report

    accounts = {account.name: account for account in status(run_dir)}
    pairs, against = _newest_rows(run_dir), load_contrasts(run_dir)
    sections: list[Section] = [
        Prose(_INTRODUCTION),
        *_key_facts(accounts, pairs, against.get(BEFORE, [])),
        *_comparisons(against),
        *_charts(read_history(run_dir / "train" / "history.json")),
        *_what_pairs_are(pairs),
        *_galleries(pairs, run_dir, settings),
        StageAccounts(list(accounts.values())),
        settings_table(settings.model_dump(mode="json")),
    ]
    return write_report(run_dir / REPORT, title="Symmetrical visual contrastive optimization", sections=sections)


def headline(run_dir: Path) -> str:
    """The comparisons as small tables of text, or what is missing for them."""
    from bench_eval import comparisons_to_text

    against = load_contrasts(run_dir)
    if not against:
        return "Nothing is compared yet: run the whole pipeline."
    if not against[BEFORE]:
        return "Nothing could be compared: there are no validation pairs, and no questions (--eval-data)."
    tables = [comparisons_to_text(_main_lines(against[BEFORE]))]
    for control, lines in _controls_of(against).items():
        table = comparisons_to_text(_main_lines(lines))
        tables.append(f"svco against {control} (before: {control}, after: svco)\n{table}")
    return "\n\n".join(tables)


def _main_lines(lines: "Sequence[Comparison]") -> "list[Comparison]":
    """Without single tasks, unless there is nothing else."""
    return [line for line in lines if line.task in MEASURES] or list(lines)


def _controls_of(against: "Contrasts") -> "dict[str, Sequence[Comparison]]":
    """The method against each control."""
    return {name: lines for name, lines in against.items() if name != BEFORE and lines}


def _newest_rows(run_dir: Path) -> list[Row]:
    """Pairs as the latest finished step left them."""
    steps = ("reference", "split", "filter", "check")
    return next((rows for name in steps if (rows := rows_so_far(run_dir, name))), [])


def _of_part(pairs: Sequence[Row], part: str) -> list[Row]:
    return [row for row in pairs if row.get("part") == part]


def _key_facts(
    accounts: Mapping[str, StageAccount], pairs: Sequence[Row], compared: "Sequence[Comparison]"
) -> "list[Section]":
    from run_report import Fact, KeyFacts

    facts: list[Fact] = []
    if (read := accounts.get("pairs")) and read.finished:
        facts.append(Fact("pairs", read.rows_out, "read"))
    if learned := _of_part(pairs, TRAIN):
        trained = "train" in accounts and accounts["train"].finished
        facts.append(Fact("trained on" if trained else "for training", len(learned), "pairs"))
        facts.append(Fact("validation", len(_of_part(pairs, VALIDATION)), "pairs"))
    if reasons := _refused(accounts):
        by_count = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
        facts.append(Fact("refused", sum(reasons.values()), ", ".join(f"{n} {reason}" for reason, n in by_count)))
    if pairs:
        share = median(row["changed_share"] for row in pairs)
        facts.append(Fact("median changed share", f"{100 * share:.1f} %", "of the pixels of a pair"))
    if compared:
        first = compared[0]
        change = f"{100 * first.before:.1f} → {100 * first.after:.1f} %"
        facts.append(Fact(first.task, change, f"{first.n} compared"))
    return [KeyFacts(facts)] if facts else []


def _refused(accounts: Mapping[str, StageAccount]) -> dict[str, int]:
    """Pairs that were dropped or failed before training, by reason."""
    reasons: dict[str, int] = {}
    for account in (accounts[name] for name in ("check", "filter", "reference") if name in accounts):
        for reason, count in [*account.dropped.items(), *account.failed.items()]:
            reasons[reason] = reasons.get(reason, 0) + count
    return reasons


def _comparisons(against: "Contrasts") -> "list[Section]":
    import run_report

    lines = against.get(BEFORE, ())
    found: list[Section] = [run_report.Comparison(lines, note=_TESTS + _left_out(lines))] if lines else []
    for control, lines in _controls_of(against).items():
        note = f"{_CONTROLS[control]} Same pairs, same number of steps, same tests.{_left_out(lines)}"
        title = f"The method against {control}"
        found.append(run_report.Comparison(lines, title=title, note=note, before_label=control, after_label="svco"))
    return found


def _left_out(lines: "Sequence[Comparison]") -> str:
    count = sum(line.missing_before + line.missing_after + line.unscored for line in lines)
    return f" Rows that could not be compared, over all lines: {count}." if count else ""


def _charts(history: Sequence[Mapping[str, Any]]) -> "list[Section]":
    from run_report import Curves, history_to_curve

    found: list[Section] = []
    for chart in _CHARTS:
        for prefix, where, smoothing in (("", "training", 0.8), ("eval_", "validation pairs", 0.0)):
            curves = [history_to_curve(history, prefix + metric, label) for metric, label in chart.names.items()]
            if drawn := [curve for curve in curves if curve.x]:
                title, note = f"{chart.title}, {where}", chart.note if not prefix else ""
                found.append(Curves(drawn, title=title, note=note, y_label=chart.y_label, smoothing=smoothing))
    return found


def _what_pairs_are(pairs: Sequence[Row]) -> "list[Section]":
    """How many pairs there are of each category and changed share."""
    from run_report import Histogram, Table, count_right

    if not pairs:
        return []
    series = {part: rows for part in (TRAIN, VALIDATION) if (rows := _of_part(pairs, part))} or {"pairs": pairs}
    categories = sorted({row["category"] for row in pairs})
    counted = [
        (name or "(none)", *(sum(row["category"] == name for row in rows) for rows in series.values()))
        for name in categories
    ]
    percents = {part: [int(100 * row["changed_share"]) for row in rows] for part, rows in series.items()}
    most = max(max(values) for values in percents.values())
    return [
        Table(("category", *series), counted, title="Pairs by category"),
        Histogram(
            {part: count_right(values, of=most) for part, values in percents.items()},
            title="How much of a pair differs",
            note="The fewer pixels change, the closer a pair is to one visual detail.",
            x_label="changed pixels, whole percent",
            y_label="pairs",
        ),
    ]


def _galleries(pairs: Sequence[Row], run_dir: Path, settings: SvcoRunSettings) -> "list[Section]":
    from run_report import Gallery, evenly_spaced

    sides = [{row["id"]: row["logps"] for row in rows_so_far(run_dir, f"margins-{name}")} for name in (BEFORE, AFTER)]
    held = _of_part(pairs, VALIDATION)
    learned = [row for row in pairs if row.get("part") != VALIDATION]
    found: list[Section] = []
    for title, rows in (("Held-out pairs", held), ("Pairs to learn from", learned)):
        shown = evenly_spaced(rows, MAX_SHOWN)
        items = [pair_card(row, root=settings.image_root, logps=_both(row["id"], sides)) for row in shown]
        note = f"{len(shown)} of {len(rows)}. The frame holds all that differs."
        if items:
            found.append(Gallery(items, title=title, note=note, max_side_px=2 * MAX_WIDTH_PX + GAP_PX))
    return found


def _both(name: str, sides: Sequence[Mapping[str, Sequence[float]]]) -> list[Sequence[float]]:
    return [side[name] for side in sides] if all(name in side for side in sides) else []
