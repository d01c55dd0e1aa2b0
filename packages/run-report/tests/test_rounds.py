"""The sections of a run in rounds."""

from pathlib import Path
from types import SimpleNamespace

from run_report import Curves, Table, render_report, rounds_sections, rounds_to_rows, write_rounds_report


def record(number: int, score: float, **changes: object) -> SimpleNamespace:
    details = {"test": {"n": 40, "interval": [score - 0.1, score + 0.1]}}
    evaluation = SimpleNamespace(score=score, test=score, details=details)
    return SimpleNamespace(
        **{"number": number, "evaluation": evaluation, "rows": 7, "counts": {}, "collapse": None} | changes
    )


def collapse() -> SimpleNamespace:
    return SimpleNamespace(
        answers=8, distinct_share=0.75, duplicate_share=0.25, mean_words=3.5, distinct_words=9, agreement=None
    )


def test_scores_stand_with_their_intervals_and_unknown_ones_as_dashes() -> None:
    assert rounds_to_rows([record(0, 0.25), record(1, 0.5, collapse=collapse())]) == [
        ("round", "validation, %", "test, %", "rows learned", "distinct, %"),
        ("base", "25.0", "25.0 (15.0 to 35.0, n = 40)", "–", "–"),
        ("round 1", "50.0", "50.0 (40.0 to 60.0, n = 40)", "7", "75.0"),
    ]


def test_a_page_of_rounds_tells_the_best_what_was_dropped_and_how_answers_differ() -> None:
    last = record(1, 0.5, collapse=collapse(), counts={"kept": 5, "<too easy>": 2})
    records = [record(0, 0.25), last]
    rounds = SimpleNamespace(records=records, best=last, stopped="all 1 rounds are done.")
    sections = rounds_sections(rounds, measure="right answers", answers="trials", agreement="they name one thing")
    assert [type(one) for one in sections].count(Curves) == 1
    tables = [one for one in sections if isinstance(one, Table)]
    assert tables[1].rows == [("round 1", "8", "75.0", "25.0", "3.5", "9", "–")]
    assert tables[2].rows == [("round 1", "kept", "5"), ("round 1", "<too easy>", "2")]
    page = render_report(title="Rounds", sections=sections)
    assert "25.0 → 50.0 %" in page
    assert "&lt;too easy&gt;" in page


def test_a_base_model_alone_has_no_curve() -> None:
    base = record(0, 0.25)
    rounds = SimpleNamespace(records=[base], best=base, stopped="round 1 collapsed.")
    sections = rounds_sections(rounds, measure="right answers", answers="trials", agreement="same")
    assert not any(isinstance(one, Curves) for one in sections)


def test_the_page_of_rounds_names_the_page_of_each_and_the_settings(tmp_path: Path) -> None:
    last = record(2, 0.5)
    rounds = SimpleNamespace(records=[record(0, 0.25), record(1, 0.3), last], best=last, stopped="all are done.")
    page = write_page(tmp_path / "page.html", rounds).read_text(encoding="utf-8")
    assert "Twice." in page
    assert '<th scope="row">learning_rate</th>' in page
    assert [f'<a href="round-{number}/page.html">' in page for number in range(4)] == [False, True, True, False]
    assert "25.0 → 50.0 %" in page


def test_before_the_rounds_are_finished_the_page_has_introduction_and_settings(tmp_path: Path) -> None:
    page = write_page(tmp_path / "page.html", None).read_text(encoding="utf-8")
    assert "Twice." in page
    assert '<th scope="row">learning_rate</th>' in page
    assert "Is variety lost?" not in page
    assert "Reports of the rounds" not in page


def write_page(path: Path, rounds: SimpleNamespace | None) -> Path:
    words = {"measure": "right answers", "answers": "trials", "agreement": "same"}
    return write_rounds_report(
        path, rounds, title="Rounds", introduction="Twice.", settings={"learning_rate": 2e-5}, **words
    )
