"""The page of a run in rounds, and its few lines for the terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from cvc.settings import CvcSettings
from cvc.training import TRAINED

if TYPE_CHECKING:
    from llava_train import Rounds
    from run_report import Section

_INTRODUCTION = (
    "The whole method in rounds: each guesses, learns and is asked with the model that the round before made. Held-out "
    "rows are in two: the validation rows choose the best round, the test rows only tell what it is worth."
)


def make_rounds_report(settings: CvcSettings, run_dir: Path, path: Path) -> Path:
    """Write the page of all rounds from what is finished so far, and return its path."""
    from llava_train import load_rounds
    from run_report import Prose, Table, write_report

    found = load_rounds(run_dir)
    values = [(name, str(value)) for name, value in settings.model_dump(mode="json").items()]
    sections: list[Section] = [Prose(_INTRODUCTION), *(_sections(found) if found else [])]
    sections.append(Table(("setting", "value"), values, title="Settings"))
    return write_report(path, title="Causality-driven visual object completion, in rounds", sections=sections)


def rounds_headline(run_dir: Path) -> str:
    """The rounds as a small table of text, and the best of them."""
    from bench_eval import text_table
    from llava_train import load_rounds, round_folder
    from run_report import rounds_table

    found = load_rounds(run_dir)
    if found is None:
        return "The rounds are not finished yet: the same `cvc run` goes on."
    table = rounds_table(found.records)
    best = found.best.number
    where = f"round {best}, {round_folder(run_dir, best) / TRAINED}" if best else "the base model"
    lines = text_table([tuple(table.columns), *(tuple(map(str, row)) for row in table.rows)])
    return f"{lines}\n\nbest by validation: {where}; {found.stopped}"


def _sections(found: "Rounds") -> "list[Section]":
    from run_report import Table, round_name, rounds_sections

    folders = [(round_name(one.number), f"round-{one.number}/report.html") for one in found.records if one.number]
    return [
        *rounds_sections(
            found,
            measure="right trials of hidden things",
            answers="trials",
            agreement="of two trials of one instance, how often they name the same thing",
        ),
        Table(("round", "its own report"), folders, title="Reports of the rounds", note="Beside this page."),
    ]
