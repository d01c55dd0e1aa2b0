"""One page that shows a whole run, and its few lines for the terminal."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import LedgerError, Row, read_rows, status

from selfsynthx.comparing import BASE, compared_names, load_against
from selfsynthx.errors import InputError
from selfsynthx.evaluation import grades_name
from selfsynthx.measures import Measure, measure_model
from selfsynthx.pipeline import rows_name
from selfsynthx.report_cards import MAX_SHOWN, asked_card, learned_card, spread
from selfsynthx.running import read_rounds
from selfsynthx.selecting import SELECT
from selfsynthx.selection_scores import score_selection
from selfsynthx.settings import SynthSettings

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

_TESTS = "Test pictures, paired: exact McNemar test of labels, sign flips of shares; 95 % bootstrap; not corrected."


def make_report(settings: SynthSettings, run_dir: Path) -> Path:
    """Write `report.html` from what a run folder holds so far, and return its path.

    Raises:
        shard_runner.LedgerError: the folder holds no run.
    """
    from run_report import Prose, StageAccounts, Table, write_report

    accounts = [account for account in status(run_dir) if account.kind != "task"]
    values = [(name, str(value)) for name, value in settings.model_dump(mode="json").items()]
    sections: list[Section] = [
        Prose(_INTRODUCTION),
        *_key_facts(settings, run_dir),
        *_comparisons(run_dir, [BASE]),
        *_rounds(settings, run_dir),
        *_comparisons(run_dir, [name for name in compared_names(run_dir) if name != BASE]),
        *_labels(settings, run_dir),
        *_losses(run_dir),
        *_galleries(settings, run_dir),
        StageAccounts([account for account in accounts if account.finished or account.rows_in]),
        Table(("setting", "value"), values, title="Settings"),
    ]
    return write_report(run_dir / REPORT, title="SelfSynthX", sections=sections)


def headline(run_dir: Path) -> str:
    """The rounds and the comparison with the base model as small tables of text, or what is missing for them."""
    from bench_eval import comparisons_to_text, text_table

    found = _read_rounds(run_dir)
    if not found:
        return "No round is finished yet: `selfsynthx run` goes through them."
    tables = [text_table(rounds_table(found)), f"best round on validation: {found['best']}; {found['stopped']}"]
    tables += [
        f"last round against {_shown(name)}, test pictures\n{comparisons_to_text(lines)}"
        for name in compared_names(run_dir)
        if (lines := load_against(run_dir, name))
    ]
    return "\n\n".join(tables)


def rounds_table(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Accuracy, explanations, what became of answers and how much they differ, round by round."""
    header = ("percent", "validation", "test", "explains", "features named", "seen of these", "accepted", "distinct")
    return [header, *map(_round_line, found["rounds"])]


def _round_line(record: Mapping[str, Any]) -> tuple[str, ...]:
    split = record["evaluation"]["details"]
    test, counts, collapse = split["test"], record["counts"], record["collapse"]
    made = sum(counts.get(name, 0) for name in ("accepted", "repaired", "fallback"))
    return (
        "base" if record["number"] == 0 else f"round {record['number']}",
        _percent(split["validation"]["accuracy"]),
        f"{_percent(test['accuracy'])} ({_interval(test['interval'])})",
        _percent(test["exists"]),
        _percent(test["coverage"]),
        _percent(test["grounding"]),
        _percent(counts["accepted"] / made if made else None),
        _percent(collapse["distinct_share"] if collapse else None),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _interval(ends: Sequence[float] | None) -> str:
    return "–" if ends is None else f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def _read_rounds(run_dir: Path) -> dict[str, Any]:
    """The rounds of a run; empty where none is finished."""
    try:
        return read_rounds(run_dir)
    except InputError:
        return {}


def _rows(run_dir: Path, name: str) -> list[Row]:
    try:
        return list(read_rows(run_dir, name))
    except LedgerError:
        return []


def _key_facts(settings: SynthSettings, run_dir: Path) -> "list[Section]":
    from run_report import Fact, KeyFacts

    found, facts = _read_rounds(run_dir), list[Fact]()
    if found:
        records = found["rounds"]
        first, last = records[0]["evaluation"]["test"], records[-1]["evaluation"]["test"]
        facts.append(
            Fact("right label", f"{_percent(first)} → {_percent(last)} %", "test pictures, base and last round")
        )
        facts.append(Fact("best round", str(found["best"]), f"on validation; {found['stopped']}"))
    scores = _selection(settings, run_dir)
    if scores:
        note = f"of all features of the labels {_percent(scores['all_precision'])} %"
        facts.append(Fact("chosen features that can be seen", f"{_percent(scores['precision'])} %", note))
    return [KeyFacts(facts)] if facts else []


def _selection(settings: SynthSettings, run_dir: Path) -> dict[str, float]:
    try:
        return score_selection(settings, run_dir)
    except LedgerError:
        return {}


def _comparisons(run_dir: Path, names: Sequence[str]) -> "list[Section]":
    import run_report

    sections: list[Section] = []
    for name in names:
        lines = load_against(run_dir, name)
        if lines:
            title = f"Last round against {_shown(name)}"
            sections.append(run_report.Comparison(lines, title=title, note=_TESTS))
    return sections


def _shown(name: str) -> str:
    """What the last round was compared with, for people.

    >>> _shown("base"), _shown("round-1"), _shown("labels-2")
    ('the base model', 'round 1', 'labels alone, round 2')
    """
    if name == BASE:
        return "the base model"
    kind, _, number = name.rpartition("-")
    return f"round {number}" if kind == "round" else f"{kind} alone, round {number}"


def _rounds(settings: SynthSettings, run_dir: Path) -> "list[Section]":
    from run_report import Curve, Curves, Table

    found = _read_rounds(run_dir)
    if not found:
        return []
    records = found["rounds"]
    header, *lines = rounds_table(found)
    numbers = [record["number"] for record in records]
    tests = [record["evaluation"]["details"]["test"] for record in records]
    names = {"accuracy": "right label", "coverage": "visible features named", "grounding": "named ones seen"}
    curves = [
        Curve(text, [n for n, one in zip(numbers, tests, strict=True) if one[name] is not None],
              [100 * one[name] for one in tests if one[name] is not None])
        for name, text in names.items()
    ]  # fmt: skip
    note = (
        "With the 95 % interval of the test accuracy; of a round's answers, the share accepted and the distinct share."
    )
    sections: list[Section] = [
        Table(header, lines, title="Rounds", note=note),
        Curves(curves, title="Test pictures by round", y_label="percent"),
        Table(("round", "what became of an answer", "answers"), list(_counts(records)), title="Answers that were made"),
        Table(_COLLAPSE_HEADER, list(_collapse(records)), title="Is variety lost?", note=_COLLAPSE_NOTE),
    ]
    controls = list(_control_lines(settings, run_dir, numbers[1:]))
    if controls:
        header = ("control", "right label", "explains", "features named", "seen of these")
        sections.insert(1, Table(header, controls, title="Controls", note="Test pictures, percent."))
    return sections


_COLLAPSE_HEADER = ("round", "answers", "distinct, %", "most frequent, %", "mean words", "words in use", "agreement, %")
_COLLAPSE_NOTE = "Agreement: of two answers to one question, how often they come to the same label."


def _counts(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for record in records[1:]:
        for name, count in record["counts"].items():
            yield str(record["number"]), name, str(count)


def _collapse(records: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    for record in records[1:]:
        one = record["collapse"]
        if one:
            shares = (_percent(one["distinct_share"]), _percent(one["duplicate_share"]))
            words = (f"{one['mean_words']:.1f}", str(one["distinct_words"]))
            yield str(record["number"]), str(one["answers"]), *shares, *words, _percent(one["agreement"])


def _control_lines(settings: SynthSettings, run_dir: Path, numbers: Sequence[int]) -> Iterator[tuple[str, ...]]:
    for number in numbers:
        for arm in settings.controls:
            found = _measured(run_dir, number, arm)
            if found is not None:
                shares = (found.accuracy, found.exists, found.coverage, found.grounding)
                yield f"{arm}, round {number}", *map(_percent, shares)


def _measured(run_dir: Path, number: int, arm: str = "") -> Measure | None:
    try:
        return measure_model(run_dir, number, arm).get("test")
    except LedgerError:
        return None


def _labels(settings: SynthSettings, run_dir: Path) -> "list[Section]":
    """Accuracy of each label, base and rounds."""
    from run_report import Table

    found = _read_rounds(run_dir)
    if not found:
        return []
    models = [one["evaluation"]["details"]["test"]["per_label"] for one in found["rounds"]]
    header = ("label", "base", *(f"round {number}" for number in range(1, len(models))))
    rows = [(label, *(_percent(one.get(label)) for one in models)) for label in models[0]]
    return [Table(header, rows, title="Right label by label", note="Test pictures, percent.")]


def _losses(run_dir: Path) -> "list[Section]":
    from run_report import Curve, Curves

    curves: list[Curve] = []
    for path in sorted(run_dir.glob("train-*/history.json")):
        entries = [entry for entry in json.loads(path.read_text(encoding="utf-8")) if "loss" in entry]
        curves.append(Curve(path.parent.name, [e["step"] for e in entries], [e["loss"] for e in entries]))
    drawn = [curve for curve in curves if curve.x]
    return [Curves(drawn, title="Loss", note="Of answers.", y_label="nats a token")] if drawn else []


def _galleries(settings: SynthSettings, run_dir: Path) -> "list[Section]":
    from run_report import Gallery

    sections: list[Section] = []
    selected = {row["id"]: row for row in _rows(run_dir, SELECT)}
    for number in range(1, settings.rounds + 1):
        rows = [row for row in _rows(run_dir, rows_name(number)) if row["picture"] in selected]
        if rows:
            items = [learned_card(row, selected[row["picture"]]) for row in spread(rows)]
            note = f"{len(items)} of {len(rows)}. Features with their scores (kept: +), candidates with scores."
            sections.append(Gallery(items, title=f"What round {number} learns from", note=note))
    base = {row["id"]: row for row in _rows(run_dir, grades_name(0))}
    last = len(_read_rounds(run_dir).get("rounds", [0])) - 1
    asked = [row for row in _rows(run_dir, grades_name(last)) if row["task"] == "test"] if last else []
    if asked:
        items = [asked_card(row, base.get(row["id"])) for row in spread(asked)]
        note = f"{len(items)} of {len(asked)}, at most {MAX_SHOWN}."
        sections.append(Gallery(items, title="Held-out pictures", note=note))
    return sections
