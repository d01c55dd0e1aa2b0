from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from answer_judge import (
    KNOWN_THRESHOLDS,
    PUBLISHED_THRESHOLD,
    CurvePoint,
    EmbeddingRung,
    LabelledPairs,
    Pair,
    ThresholdError,
    choose_threshold,
    curve_to_svg,
    default_ladder,
    labelled_pairs,
    minilm_embedder,
    threshold_curve,
    threshold_of,
)
from answer_judge.threshold_curve import wilson_upper
from answer_judge.threshold_report import main


def angle(texts: Sequence[str]) -> np.ndarray:
    """Texts are cosines with `1`."""
    return np.array([[float(text), math.sqrt(1 - float(text) ** 2)] for text in texts])


RIGHT, WRONG = [Pair(cosine, "1") for cosine in ("0.95", "0.85", "0.65")], [Pair("0.705", "1"), Pair("0.105", "1")]


@pytest.mark.parametrize(
    ("name", "threshold"),
    [
        ("BAAI/bge-m3", 0.85),
        ("models/bge-m3/", 0.85),
        ("BGE-M3", 0.85),
        ("sentence-transformers/all-MiniLM-L6-v2", 0.81),
        (r"D:\models\all-minilm-l6-v2", 0.81),
    ],
)
def test_a_model_is_known_by_the_last_part_of_its_name(name: str, threshold: float) -> None:
    assert threshold_of(SimpleNamespace(model_name=name)) == threshold


@pytest.mark.parametrize(
    ("embedder", "text"),
    [
        (SimpleNamespace(model_name="bge-m3-retromae"), "no threshold is known for the model 'bge-m3-retromae'"),
        (SimpleNamespace(model_name=""), "SimpleNamespace, which has no model_name"),
        (angle, "function, which has no model_name; known: bge-m3, all-MiniLM-L6-v2. Pass threshold="),
    ],
)
def test_a_threshold_that_is_not_known_is_not_guessed(embedder: object, text: str) -> None:
    with pytest.raises(ThresholdError) as error:
        threshold_of(embedder)
    assert text in str(error.value)
    with pytest.raises(ThresholdError):
        default_ladder(embedder)  # type: ignore[arg-type]


def test_a_given_threshold_wins_over_the_known_one() -> None:
    class Named:
        model_name = "bge-m3"

        def __call__(self, texts: Sequence[str]) -> np.ndarray:
            return angle(texts)

    assert EmbeddingRung(Named())([Pair("0.84", "1")])[0].reason == "cosine 0.840 <= 0.85"
    assert EmbeddingRung(Named(), threshold=0.5)([Pair("0.84", "1")])[0].reason == "cosine 0.840 > 0.5"


def test_the_published_threshold_is_that_of_bge_m3() -> None:
    assert {known.model: known.cosine for known in KNOWN_THRESHOLDS}["bge-m3"] == PUBLISHED_THRESHOLD == 0.85


def test_a_curve_counts_what_passes_above_each_threshold() -> None:
    curve = threshold_curve(angle, LabelledPairs(RIGHT, WRONG))
    assert [point.threshold for point in curve] == [hundredth / 100 for hundredth in range(101)]
    shares = {point.threshold: (point.right_share, point.wrong_share) for point in curve}
    assert shares[0.0] == (1, 1)
    assert shares[0.11] == (1, 0.5)
    assert shares[0.66] == (2 / 3, 0.5)
    assert shares[0.71] == (2 / 3, 0)
    assert shares[1.0] == (0, 0)


def test_a_curve_without_wrong_pairs_is_an_error() -> None:
    with pytest.raises(ThresholdError, match="got 3 and 0"):
        threshold_curve(angle, LabelledPairs(RIGHT, []))


def test_the_interval_is_wilsons() -> None:
    assert wilson_upper(0, 10) == pytest.approx(0.2775, abs=1e-4)
    assert wilson_upper(10, 100) == pytest.approx(0.1744, abs=1e-4)
    assert wilson_upper(10, 10) == pytest.approx(1)


def test_the_lowest_threshold_that_keeps_wrong_pairs_out_is_chosen() -> None:
    curve = [CurvePoint(t, 1 - t, w, u) for t, w, u in [(0.6, 0.1, 0.2), (0.7, 0.0, 0.02), (0.8, 0.0, 0.01)]]
    assert choose_threshold(curve).threshold == 0.7
    assert choose_threshold(curve, most_wrong_share=0.01).threshold == 0.8
    assert choose_threshold(curve, most_wrong_share=0.5).threshold == 0.6


def test_too_few_wrong_pairs_choose_no_threshold() -> None:
    curve = threshold_curve(angle, LabelledPairs(RIGHT, WRONG))
    with pytest.raises(ThresholdError, match=r"below 0\.02 with 95 % confidence; that takes at least 188 wrong pairs"):
        choose_threshold(curve)
    assert wilson_upper(0, 189) < 0.02 < wilson_upper(0, 188) + 1e-4


def test_the_packages_own_pairs_contradict_each_other_nowhere() -> None:
    pairs = labelled_pairs()
    assert not set(pairs.right) & set(pairs.wrong)
    assert len(set(pairs.right)) == len(pairs.right) == 312
    assert len(set(pairs.wrong)) == len(pairs.wrong) == 624
    assert all(pair.answer and pair.answer != pair.reference for some in pairs for pair in some)


def test_pairs_of_ones_own_are_read_from_a_table(tmp_path: Path) -> None:
    (tmp_path / "pairs.tsv").write_text("reference\tright\twrong\ncat\tkitten; tomcat\tdog\n")
    pairs = labelled_pairs(tmp_path / "pairs.tsv")
    assert pairs == ([Pair("kitten", "cat"), Pair("tomcat", "cat")], [Pair("dog", "cat")])


def test_the_picture_is_svg_that_names_what_was_chosen() -> None:
    curve = [CurvePoint(t / 100, 1 - t / 100, 0.0, 0.01) for t in range(101)]
    picture = ElementTree.fromstring(curve_to_svg(curve, curve[81], title="a <model> & more"))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "a <model> & more" in texts
    assert "0.81: right 19.0%, wrong 0.0%" in texts


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_threshold_of_minilm_is_what_the_rule_chooses() -> None:
    embedder = minilm_embedder(device="cpu")
    chosen = choose_threshold(threshold_curve(embedder))
    assert chosen.threshold == threshold_of(embedder) == 0.81
    assert (round(chosen.right_share * 312), round(chosen.wrong_share * 624)) == (106, 4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_command_prints_the_curve_and_draws_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["minilm", "--svg", str(tmp_path / "curve.svg")]) == 0
    assert "take 0.81: right 34.0%, wrong 0.6%" in capsys.readouterr().out
    committed = Path(__file__).parents[1] / "docs" / "minilm-threshold.svg"
    assert (tmp_path / "curve.svg").read_text() == committed.read_text()


def test_the_command_tells_on_one_line_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["minilm", "--pairs", str(tmp_path / "none.tsv")]) == 1
    assert capsys.readouterr().err.startswith("threshold_report: [Errno 2] No such file")
