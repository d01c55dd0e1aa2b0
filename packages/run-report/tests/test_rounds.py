"""The sections of a run in rounds."""

from types import SimpleNamespace

from run_report import Curves, Table, render_report
from run_report.rounds import rounds_sections, rounds_table


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
    table = rounds_table([record(0, 0.25), record(1, 0.5, collapse=collapse())])
    assert table.rows == [
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
