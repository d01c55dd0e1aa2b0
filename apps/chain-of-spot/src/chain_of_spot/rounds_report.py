"""The page of a run in rounds, and its few lines for the terminal."""

from pathlib import Path

from chain_of_spot.settings import CosSettings
from chain_of_spot.training import trained_folder

_INTRODUCTION = (
    "The whole method in rounds: each finds regions, learns and is asked with the model that the round before made. "
    "The base model is asked at once, all others in two turns. Evaluation questions are in two: those of validation "
    "choose the best round, the test questions only tell what it is worth."
)


def make_rounds_report(settings: CosSettings, run_dir: Path, path: Path) -> Path:
    """Write the page of all rounds, once they are finished; before, that of the settings. Returns its path."""
    from llava_train import load_rounds
    from run_report import write_rounds_report

    return write_rounds_report(
        path,
        load_rounds(run_dir),
        title="Chain-of-Spot, in rounds",
        introduction=_INTRODUCTION,
        measure="right answers",
        answers="regions",
        agreement="of two questions about one picture, how often they are given the same region",
        settings=settings.model_dump(mode="json"),
    )


def rounds_headline(run_dir: Path) -> str:
    """The rounds as a small table of text, and the best of them."""
    from bench_eval import text_table
    from llava_train import load_rounds, round_folder
    from run_report import rounds_to_rows

    found = load_rounds(run_dir)
    if found is None:
        return "The rounds are not finished yet: the same `chain-of-spot run` goes on."
    best = found.best.number
    where = f"round {best}, {trained_folder(round_folder(run_dir, best), None)}" if best else "the base model"
    return f"{text_table(rounds_to_rows(found.records))}\n\nbest by validation: {where}; {found.stopped}"
