"""The page of a run in rounds, and its few lines for the terminal."""

from pathlib import Path

from cvc.settings import CvcSettings
from cvc.training import TRAINED

_INTRODUCTION = (
    "The whole method in rounds: each guesses, learns and is asked with the model that the round before made. Held-out "
    "rows are in two: the validation rows choose the best round, the test rows only tell what it is worth."
)


def make_rounds_report(settings: CvcSettings, run_dir: Path, path: Path) -> Path:
    """Write the page of all rounds, once they are finished; before, that of the settings. Returns its path."""
    from llava_train import load_rounds
    from run_report import write_rounds_report

    return write_rounds_report(
        path,
        load_rounds(run_dir),
        title="Causality-driven visual object completion, in rounds",
        introduction=_INTRODUCTION,
        measure="right trials of hidden things",
        answers="trials",
        agreement="of two trials of one instance, how often they name the same thing",
        settings=settings.model_dump(mode="json"),
    )


def rounds_headline(run_dir: Path) -> str:
    """The rounds as a small table of text, and the best of them."""
    from bench_eval import text_table
    from llava_train import load_rounds, round_folder
    from run_report import rounds_to_rows

    found = load_rounds(run_dir)
    if found is None:
        return "The rounds are not finished yet: the same `cvc run` goes on."
    best = found.best.number
    where = f"round {best}, {round_folder(run_dir, best) / TRAINED}" if best else "the base model"
    return f"{text_table(rounds_to_rows(found.records))}\n\nbest by validation: {where}; {found.stopped}"
