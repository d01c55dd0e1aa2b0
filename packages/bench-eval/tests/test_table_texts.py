"""Tables hold text of models and of files: nothing in a cell leaves its place."""

import pytest
from bench_eval import BenchEvalError, markdown_table, text_table
from bench_eval.tables import printable
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.text(max_size=12), min_size=2, max_size=2))
def test_a_row_stays_one_line_of_as_many_cells(cells: list[str]) -> None:
    line = markdown_table([("a", "b"), cells]).split("\n")[2:]
    assert len(line) == 1
    assert line[0].replace("\\|", "").count("|") == 3
    assert len(text_table([("a", "b"), cells]).split("\n")) == 2


def test_escapes_of_a_terminal_are_not_printed() -> None:
    assert printable("\x1b[2J\x9b1m\u202eabc\r\n") == " [2J 1m abc  "


def test_tags_are_not_begun() -> None:
    shown = markdown_table([("a",), ("<script>alert(1)</script>",), ("< 0.001",)])
    assert "<s" not in shown
    assert "</" not in shown
    assert "| < 0.001 |" in shown


def test_uneven_rows_are_refused() -> None:
    with pytest.raises(BenchEvalError, match="rows of as many cells"):
        text_table([("a", "b"), ("c",)])
