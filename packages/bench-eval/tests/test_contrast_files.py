"""One model against several others, saved and loaded."""

import json
from pathlib import Path

import pytest
from bench_eval import BenchEvalError, Comparison, FileError, compare, load_contrasts, save_contrasts


def compared(right: int) -> Comparison:
    old = [{"id": str(i), "trials": [{"score": float(i < right)}]} for i in range(9)]
    new = [{"id": str(i), "trials": [{"score": 1.0}]} for i in range(9)]
    return compare(old, new, task="colour", draws=50)


def test_contrasts_come_back_in_their_order_and_earlier_ones_are_gone(tmp_path: Path) -> None:
    save_contrasts({"before": [compared(3)], "gone": [compared(1)]}, tmp_path / "eval")
    found = {"before": [compared(3)], "a-control": [compared(5)], "empty": []}
    save_contrasts(found, tmp_path / "eval")
    assert load_contrasts(tmp_path / "eval") == found
    assert list(load_contrasts(tmp_path / "eval")) == list(found)
    assert not (tmp_path / "eval" / "against-gone.json").exists()


def test_nothing_is_compared_yet(tmp_path: Path) -> None:
    assert load_contrasts(tmp_path) == {}


@pytest.mark.parametrize("name", ["../other", "", "A", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BenchEvalError, match="a model's name must be"):
        save_contrasts({name: []}, tmp_path)
    for written in (name, 7, None):
        (tmp_path / "ways.json").write_text(json.dumps([written]))
        with pytest.raises(FileError, match="must list names of models"):
            load_contrasts(tmp_path)
