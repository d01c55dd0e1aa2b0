"""Sections of the report on rounds: scores, explanations, controls, labels, and comparisons with the last round."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shard_runner import LedgerError

from selfsynthx.comparing import BASE
from selfsynthx.measures import measure_model
from selfsynthx.settings import SynthSettings

if TYPE_CHECKING:
    from bench_eval import Contrasts
    from llava_train import RoundRecord, Rounds
    from run_report import Section

_TESTS = "Test pictures, paired: exact McNemar test of labels, sign flips of shares; 95 % bootstrap; not corrected."

_MEASURES = {
    "accuracy": "right label",
    "exists": "explains",
    "coverage": "features named",
    "grounding": "seen of these",
    "published": "contains the letters",
}
"""Measures of test pictures that are shown, with what they are called."""


def round_sections(settings: SynthSettings, found: "Rounds", run_dir: Path) -> "list[Section]":
    """Everything on rounds that is not a comparison."""
    from run_report import Table, rounds_sections

    header, *lines = explanation_table(found)
    sections: list[Section] = [
        *rounds_sections(
            found,
            measure="right labels",
            answers="answers",
            agreement="of two answers to one question, how often they come to the same label",
        ),
        Table(header, lines, title="Explanations by round", note=_EXPLANATIONS),
    ]
    controls = list(_control_lines(settings, found, run_dir))
    if controls:
        header = ("control, percent", *_MEASURES.values())
        sections.append(Table(header, controls, title="Controls", note="Test pictures."))
    return [*sections, _label_table(found.records)]


_EXPLANATIONS = (
    "Test pictures: answers that explain at all, visible features that are named, named ones that can be seen; the "
    "released code's accuracy (the answer contains the label's letters). Last, of the round's own answers the share "
    "that was accepted."
)


def explanation_table(found: "Rounds") -> list[tuple[str, ...]]:
    """Right labels and explanations of test pictures, and accepted answers, round by round."""
    return [("percent", *_MEASURES.values(), "accepted"), *map(_explanation_line, found.records)]


def comparison_sections(against: "Contrasts") -> "list[Section]":
    """The last round against other models."""
    from run_report import Comparison

    return [
        Comparison(
            lines,
            title=f"Last round against {compared_with(name)}",
            note=_TESTS,
            before_label=_short_name(name),
            after_label="last round",
        )
        for name, lines in against.items()
        if lines
    ]


def _short_name(name: str) -> str:
    """The same for the head of a column.

    >>> _short_name("base"), _short_name("round-1"), _short_name("labels-2")
    ('base', 'round 1', 'labels alone')
    """
    kind, _, number = name.rpartition("-")
    return {"": BASE, "round": f"round {number}"}.get(kind, f"{kind} alone")


def compared_with(name: str) -> str:
    """What the last round was compared with, for people.

    >>> compared_with("base"), compared_with("round-1"), compared_with("labels-2")
    ('the base model', 'round 1', 'labels alone, round 2')
    """
    if name == BASE:
        return "the base model"
    kind, _, number = name.rpartition("-")
    return f"round {number}" if kind == "round" else f"{kind} alone, round {number}"


def model_name(number: int, arm: str = "") -> str:
    """A model of a run, for people.

    >>> model_name(0), model_name(2), model_name(2, "labels")
    ('base', 'round 2', 'round 2, labels alone')
    """
    return "base" if number == 0 else f"round {number}" + (f", {arm} alone" if arm else "")


def percent(share: float | None) -> str:
    """A share as percent; a dash for none.

    >>> percent(0.5), percent(None)
    ('50.0', '–')
    """
    return "–" if share is None else f"{100 * share:.1f}"


def _explanation_line(record: "RoundRecord") -> tuple[str, ...]:
    test = record.evaluation.details["test"]
    made = sum(record.counts.get(name, 0) for name in ("accepted", "repaired", "fallback"))
    accepted = record.counts["accepted"] / made if made else None
    return (model_name(record.number), *(percent(test[name]) for name in _MEASURES), percent(accepted))


def _control_lines(settings: SynthSettings, found: "Rounds", run_dir: Path) -> Iterator[tuple[str, ...]]:
    for record in found.records[1:]:
        for arm in settings.controls:
            measured = _measured(run_dir, record.number, arm)
            if measured:
                yield model_name(record.number, arm), *(percent(measured[name]) for name in _MEASURES)


def _measured(run_dir: Path, number: int, arm: str) -> dict[str, Any] | None:
    try:
        return measure_model(run_dir, number, arm)["test"].as_dict()
    except LedgerError:
        return None


def _label_table(records: "Sequence[RoundRecord]") -> "Section":
    """Accuracy of each label, base and rounds."""
    from run_report import Table

    models = [record.evaluation.details["test"]["per_label"] for record in records]
    header = ("label", *(model_name(record.number) for record in records))
    rows = [(label, *(percent(one.get(label)) for one in models)) for label in models[0]]
    return Table(header, rows, title="Right label by label", note="Test pictures, percent.")
