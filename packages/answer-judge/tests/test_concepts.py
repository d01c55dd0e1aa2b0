from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from answer_judge import (
    PUBLISHED_STD_FACTOR,
    PUBLISHED_TAU,
    ConceptBank,
    SelectionError,
    description_bank,
    group_by_image,
    info_nce,
    score_concepts,
    select_concepts,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[np.floating]


def by_the_formula(anchors: Array, candidates: Array, negatives: Array, tau: float) -> Array:
    """The definition, one exponential at a time; overflows nowhere at the sizes used."""
    anchors, candidates, negatives = (
        rows / np.linalg.norm(rows, axis=1)[:, None] for rows in (anchors, candidates, negatives)
    )
    scores = []
    for b in candidates:
        against = math.fsum(math.exp(float(b @ c) / tau) for c in negatives)
        scores.append(
            sum(math.log(math.exp(float(a @ b) / tau) / (math.exp(float(a @ b) / tau) + against)) for a in anchors)
        )
    return np.array(scores)


def images(
    *, count: int = 12, labels: int = 3, spread: float = 1.0, dtype: type = np.float64, seed: int = 0
) -> tuple[list[Array], list[str], dict[str, Array]]:
    """Images of 1 to 6 descriptions around a centre of their label; 1 to 7 concepts a label."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(labels, 8))
    names = [f"label {image % labels}" for image in range(count)]
    hearts = [centres[image % labels] + spread * rng.normal(size=8) for image in range(count)]
    descriptions = [(heart + 0.3 * rng.normal(size=(1 + k % 6, 8))).astype(dtype) for k, heart in enumerate(hearts)]
    concepts = {f"label {k}": (centres[k] + 0.7 * rng.normal(size=(1 + 3 * k, 8))).astype(dtype) for k in range(labels)}
    return descriptions, names, concepts


def explicit(
    descriptions: Sequence[Array], labels: Sequence[str], concepts: dict[str, Array], *, tau: float, other_labels: bool
) -> list[Array]:
    """Every image's negatives gathered anew."""
    scores = []
    for image, own in enumerate(descriptions):
        others = [
            rows
            for other, rows in enumerate(descriptions)
            if (labels[other] != labels[image] if other_labels else other != image)
        ]
        scores.append(info_nce(own, concepts[labels[image]], np.concatenate(others), tau=tau))
    return scores


def test_a_score_worked_by_hand() -> None:
    # One anchor equal to the candidate, one negative at a right angle: log(e / (e + 1)).
    assert info_nce([[3.0, 0.0]], [[0.5, 0.0]], [[0.0, 2.0]], tau=1.0)[0] == pytest.approx(
        math.log(math.e / (math.e + 1))
    )
    # Two anchors: the sum of both; two negatives: both in the denominator.
    two = info_nce([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0]], [[0.0, 1.0], [-1.0, 0.0]], tau=0.5)[0]
    against = math.exp(0) + math.exp(-2)
    assert two == pytest.approx(math.log(math.exp(2) / (math.exp(2) + against)) + math.log(1 / (1 + against)))


def test_the_published_settings() -> None:
    assert (PUBLISHED_TAU, PUBLISHED_STD_FACTOR) == (0.1, 0.4)


@pytest.mark.parametrize("tau", [1.0, 0.1, 0.01])
def test_the_stable_form_equals_the_formula(tau: float) -> None:
    rng = np.random.default_rng(1)
    anchors, candidates, negatives = (rng.normal(size=(rows, 6)) for rows in (5, 4, 50))
    expected = by_the_formula(anchors, candidates, negatives, tau)
    assert np.abs(info_nce(anchors, candidates, negatives, tau=tau) - expected).max() < 1e-9


def test_a_small_tau_overflows_nothing_where_the_direct_form_does() -> None:
    rows = np.array([[1.0, 0.0]], np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        direct = np.exp(rows @ rows.T / np.float32(0.01))
        assert np.isnan(np.log(direct / (direct + direct))).all()
    assert info_nce(rows, rows, rows, tau=0.01)[0] == pytest.approx(-math.log(2))
    assert np.isfinite(info_nce(rows, rows, -rows, tau=1e-4)).all()
    assert info_nce(rows, -rows, rows, tau=1e-4)[0] == pytest.approx(-math.log(2))


@pytest.mark.parametrize("chunk_rows", [1, 3, 512])
@pytest.mark.parametrize("tau", [0.1, 0.01])
@pytest.mark.parametrize("negatives", ["other_images", "other_labels"])
def test_total_minus_own_equals_explicit_negatives(negatives: str, tau: float, chunk_rows: int) -> None:
    given = images()
    ours = score_concepts(*given, tau=tau, negatives=negatives, chunk_rows=chunk_rows)  # type: ignore[arg-type]
    theirs = explicit(*given, tau=tau, other_labels=negatives == "other_labels")
    assert [rows.shape for rows in ours] == [(len(given[2][label]),) for label in given[1]]
    assert max(np.abs((a - b) / b).max() for a, b in zip(ours, theirs, strict=True)) < 1e-9


@pytest.mark.parametrize("negatives", ["other_images", "other_labels"])
def test_where_the_own_part_dominates_the_negatives_are_summed_anew(
    negatives: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Far images, and concepts that are copies of one image's descriptions: exp(100) against exp(20) at tau = 0.01.
    descriptions, labels, concepts = images(spread=8.0)
    concepts = {label: descriptions[3 + labels.index(label)] for label in concepts}
    theirs = explicit(descriptions, labels, concepts, tau=0.01, other_labels=negatives == "other_labels")
    ours = score_concepts(descriptions, labels, concepts, tau=0.01, negatives=negatives)  # type: ignore[arg-type]
    assert max(np.abs((a - b) / b).max() for a, b in zip(ours, theirs, strict=True)) < 1e-9
    monkeypatch.setattr(description_bank, "_LEAST_SHARE", 0.0)  # never anew
    with np.errstate(divide="ignore"):
        naive = score_concepts(descriptions, labels, concepts, tau=0.01, negatives=negatives)  # type: ignore[arg-type]
    assert max(np.abs((a - b) / b).max() for a, b in zip(naive, theirs, strict=True)) > 1e-3


@pytest.mark.parametrize("share", [1e-2, 1.01e-4, 0.99e-4, 1e-6, 1e-12, 1e-30])
def test_the_difference_of_logarithms_is_exact_on_both_sides_of_its_limit(share: float) -> None:
    # One own description equal to the concept, one other whose part of the total is about `share`.
    tau = 0.01
    cosine = 1 + tau * math.log(share)
    own, other = np.array([[1.0, 0.0]]), np.array([[cosine, math.sqrt(1 - cosine**2)]])
    ours = score_concepts([own, other], ["a", "b"], {"a": own, "b": own}, tau=tau)
    assert ours[0][0] == pytest.approx(-math.log1p(share), rel=1e-9, abs=0)


def test_float32_embeddings_score_like_float64_ones() -> None:
    descriptions, labels, concepts = images(dtype=np.float32)
    exact = score_concepts(
        [rows.astype(np.float64) for rows in descriptions],
        labels,
        {label: rows.astype(np.float64) for label, rows in concepts.items()},
    )
    assert all(np.array_equal(a, b) for a, b in zip(score_concepts(descriptions, labels, concepts), exact, strict=True))


def test_order_of_concepts_descriptions_and_images_does_not_matter() -> None:
    descriptions, labels, concepts = images(count=9)
    scores = score_concepts(descriptions, labels, concepts)
    rng = np.random.default_rng(3)
    images_order = rng.permutation(9)
    orders = {label: rng.permutation(len(rows)) for label, rows in concepts.items()}
    shuffled = score_concepts(
        [descriptions[image][::-1] for image in images_order],
        [labels[image] for image in images_order],
        {label: rows[orders[label]] for label, rows in reversed(concepts.items())},
    )
    for place, image in enumerate(images_order):
        assert shuffled[place] == pytest.approx(scores[image][orders[labels[image]]], rel=1e-12)


def test_concepts_that_labels_share_score_alike_and_count_once() -> None:
    descriptions, labels, concepts = images()
    shared = concepts["label 2"]
    concepts = {"label 0": shared, "label 1": shared[::-1], "label 2": shared, "unused": shared}
    ours = score_concepts(descriptions, labels, concepts)
    theirs = explicit(descriptions, labels, concepts, tau=0.1, other_labels=False)
    assert max(np.abs((a - b) / b).max() for a, b in zip(ours, theirs, strict=True)) < 1e-9


def test_same_label_images_are_negatives_as_published_but_need_not_be() -> None:
    descriptions, labels, concepts = images()
    published = score_concepts(descriptions, labels, concepts)
    apart = score_concepts(descriptions, labels, concepts, negatives="other_labels")
    assert all((more > less).all() for more, less in zip(apart, published, strict=True))


def test_memory_is_bounded_by_the_chunk() -> None:
    rng = np.random.default_rng(0)
    descriptions = [rng.normal(size=(20, 256)).astype(np.float32) for _ in range(400)]
    labels, concepts = ["a", "b"] * 200, {"a": rng.normal(size=(10, 256)), "b": rng.normal(size=(10, 256))}
    peaks = [_peak(descriptions[:some], labels[:some], concepts) for some in (100, 400)]
    assert peaks[1] < 1.2 * peaks[0]
    assert peaks[1] < sum(rows.nbytes for rows in descriptions) / 4


def _peak(descriptions: list[Array], labels: list[str], concepts: dict[str, Array]) -> int:
    tracemalloc.start()
    score_concepts(descriptions, labels, concepts, chunk_rows=100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_rows_are_grouped_by_image_without_a_copy_where_they_lie_together() -> None:
    rows = np.arange(12.0).reshape(6, 2)
    together = group_by_image(rows, np.array([0, 0, 1, 1, 1, 2]))
    assert [len(part) for part in together] == [2, 3, 1]
    assert all(np.shares_memory(part, rows) for part in together)
    apart = group_by_image(rows, [2, 0, 1, 0, 1, 1])
    assert [part[:, 0].tolist() for part in apart] == [[2.0, 6.0], [4.0, 8.0, 10.0], [0.0]]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ([0, 1], "each row needs an image number; got (3, 2) rows and (2,) numbers"),
        ([0.0, 1.0, 2.0], "each row needs an image number; got (3, 2) rows and (3,) numbers"),
        ([0, 2, 2], "images must be numbered 0 to 2 without gaps; got 2 numbers"),
    ],
)
def test_rows_that_belong_to_no_image_are_an_error(numbers: list[float], message: str) -> None:
    with pytest.raises(SelectionError) as error:
        group_by_image(np.ones((3, 2)), numbers)
    assert str(error.value) == message


ONE = np.ones((1, 2))


@pytest.mark.parametrize(
    ("descriptions", "labels", "concepts", "options", "message"),
    [
        ([ONE, ONE], ["a"], {"a": ONE}, {}, "each image needs a label; got 2 images and 1 labels"),
        ([], [], {"a": ONE}, {}, "each image needs a label; got 0 images and 0 labels"),
        ([ONE, ONE], ["a", "b"], {"a": ONE}, {}, "every label needs concepts; 'b' has none (1 in all)"),
        ([ONE], ["a"], {"a": ONE}, {}, "two or more of them; got 'other_images'"),
        ([ONE, ONE], ["a", "a"], {"a": ONE}, {"negatives": "other_labels"}, "two or more of them; got 'other_labels'"),
        ([ONE, ONE], ["a", "a"], {"a": ONE}, {"negatives": "all"}, "got 'all'"),
        ([ONE, ONE], ["a", "a"], {"a": ONE}, {"tau": 0.0}, "tau must be positive and finite; got 0.0"),
        ([ONE, ONE], ["a", "a"], {"a": ONE}, {"tau": math.nan}, "tau must be positive and finite; got nan"),
        ([ONE, ONE], ["a", "a"], {"a": ONE}, {"chunk_rows": 0}, "chunk_rows must be at least 1; got 0"),
        ([ONE, ONE * np.nan], ["a", "a"], {"a": ONE}, {}, "descriptions of image 1: row 0 is not finite"),
        ([ONE, ONE * np.inf], ["a", "a"], {"a": ONE}, {}, "descriptions of image 1: row 0 is not finite"),
        ([ONE, ONE * 0], ["a", "a"], {"a": ONE}, {}, "descriptions of image 1: row 0 has length zero"),
        ([ONE, ONE[:0]], ["a", "a"], {"a": ONE}, {}, "descriptions of image 1 must be an array of numbers (rows, 2)"),
        ([ONE, np.ones((1, 3))], ["a", "a"], {"a": ONE}, {}, "(rows, 2); got float64 (1, 3)"),
        (
            [ONE, ONE],
            ["a", "a"],
            {"a": np.ones(2)},
            {},
            "concepts of 'a' must be an array of numbers (rows, D) with rows",
        ),
        ([ONE, ONE], ["a", "a"], {"a": np.array([["x"]])}, {}, "got <U1 (1, 1)"),
        (
            [ONE, ONE],
            ["a", "b"],
            {"a": ONE, "b": np.ones((1, 3))},
            {},
            "concepts of 'b' must be an array of numbers (rows, 2)",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(
    descriptions: list[Array], labels: list[str], concepts: dict[str, Array], options: dict, message: str
) -> None:
    with pytest.raises(SelectionError) as error:
        score_concepts(descriptions, labels, concepts, **options)
    assert message in str(error.value)


def test_the_cut_worked_by_hand() -> None:
    # mean 3, deviations -2 -1 0 1 2, std sqrt(10 / 4) = 1.5811; 3 + 0.4 * 1.5811 = 3.632
    selection = select_concepts([1.0, 4.0, 3.0, 5.0, 2.0], at_least=1)
    assert selection.threshold == pytest.approx(3 + 0.4 * math.sqrt(2.5))
    assert selection.kept == (3, 1)
    assert selection.scores == (1.0, 4.0, 3.0, 5.0, 2.0)


def test_too_few_above_the_cut_are_filled_up_with_the_best() -> None:
    assert select_concepts([0.0, 0.0, -1.0, 100.0, -2.0]).kept == (3, 0, 1)


def test_there_is_no_upper_limit() -> None:
    scores = [-100.0] * 50 + [float(index) for index in range(40)]
    assert select_concepts(scores).kept == tuple(range(89, 49, -1))


def test_a_score_equal_to_the_cut_is_below_it() -> None:
    # std_factor 0: the cut is the mean, 2.
    assert select_concepts([1.0, 2.0, 3.0], std_factor=0.0, at_least=1).kept == (2,)


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_equal_scores_keep_the_first_three_though_their_mean_may_round_below_them(count: int) -> None:
    selection = select_concepts([0.1] * count)
    assert selection.kept == tuple(range(min(count, 3)))
    assert selection.threshold == 0.1


def test_one_and_two_concepts_are_all_kept() -> None:
    one, two = select_concepts([-5.0]), select_concepts([-5.0, -4.0])
    assert (one.kept, one.threshold) == ((0,), -5.0)
    assert two.kept == (1, 0)
    assert two.threshold == pytest.approx(-4.5 + 0.4 * math.sqrt(0.5))


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30, unique=True), st.randoms())
def test_kept_are_those_above_the_cut_and_the_top_three_in_order_whatever_the_order_given(
    scores: list[float], random: object
) -> None:
    selection = select_concepts(scores)
    top = sorted(scores, reverse=True)[:3]
    kept = [scores[index] for index in selection.kept]
    assert set(kept) == {score for score in scores if score > selection.threshold} | set(top)
    assert all(more > less for more, less in pairwise(kept))
    order = list(range(len(scores)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = select_concepts([scores[index] for index in order])
    if again.threshold == selection.threshold:  # the mean may round differently
        assert [order[index] for index in again.kept] == list(selection.kept)


@pytest.mark.parametrize("scores", [[], [[1.0]], [1.0, math.nan], [math.inf]])
def test_scores_that_are_no_numbers_are_an_error(scores: list) -> None:
    with pytest.raises(SelectionError, match="scores must be"):
        select_concepts(scores)


def test_answers_score_against_the_concepts_that_are_not_selected() -> None:
    rng = np.random.default_rng(5)
    vectors, answers = rng.normal(size=(6, 4)), rng.normal(size=(3, 4))
    bank = ConceptBank(["red bill", "long tail", "Red  bill", "white head", "pink legs", "long tail"], vectors)
    assert len(bank) == 4
    ours = bank.score_answers(answers, ["pink legs", "red bill", "PINK legs"], tau=0.1)
    assert ours == pytest.approx(info_nce(vectors[[4, 0]], answers, vectors[[1, 3]], tau=0.1))


@pytest.mark.parametrize(
    ("selected", "message"),
    [
        (["b"], "selected concepts must be in the bank; 'b' is not"),
        ([], "some concepts but not all must be selected; got 0 of 2"),
        (["a", "c"], "some concepts but not all must be selected; got 2 of 2"),
    ],
)
def test_a_selection_that_is_none_is_an_error(selected: list[str], message: str) -> None:
    with pytest.raises(SelectionError) as error:
        ConceptBank(["a", "c"], np.eye(2)).score_answers(np.eye(2), selected)
    assert str(error.value) == message


def test_a_bank_needs_a_vector_for_each_concept() -> None:
    with pytest.raises(SelectionError, match="got 1 concepts and 2 vectors"):
        ConceptBank(["a"], np.eye(2))
