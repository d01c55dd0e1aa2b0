"""How little the images of a pair differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from svco_loss import EmbeddingError, SvcoLossError
from svco_loss.pairs import ImagePair, Minimality, RefusedPair, minimality, most_minimal, pair_minimalities


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def pair(row: int, image_a: str = "a.png", image_b: str = "b.png") -> ImagePair:
    return ImagePair("What?", image_a, image_b, "A cup.", "A mug.", row=row)


def test_a_pasted_patch_is_found_where_it_is() -> None:
    image = Image.new("RGB", (20, 10), (100, 100, 100))
    other = image.copy()
    other.paste((100, 160, 100), (3, 2, 8, 6))
    found = minimality(image, other)
    assert found.changed_share == pytest.approx(5 * 4 / 200)
    assert found.box_xyxy_px == (3, 2, 8, 6)
    assert found.mean_difference == pytest.approx(20 * 60 / 600)
    assert found.embedding_distance is None
    assert minimality(other, image) == found


@pytest.mark.parametrize(("difference", "share"), [(0, 0.0), (31, 0.0), (32, 0.0), (33, 1.0)])
def test_a_channel_must_differ_by_more_than_the_tolerance(difference: int, share: float) -> None:
    found = minimality(Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), (0, 0, difference)))
    assert found.changed_share == share
    assert found.mean_difference == pytest.approx(difference / 3)
    assert found.box_xyxy_px == ((0, 0, 4, 4) if share else None)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.integers(0, 255))
def test_equal_images_have_no_changed_share(width: int, height: int, seed: int, tolerance: int) -> None:
    image = noise(width, height, seed)
    assert minimality(image, image.copy(), tolerance=tolerance) == Minimality(0.0, None, 0.0)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.integers(0, 255))
def test_it_agrees_with_plain_array_arithmetic(width: int, height: int, seed: int, tolerance: int) -> None:
    one, other = noise(width, height, seed), noise(width, height, seed + 1000)
    difference = np.abs(np.asarray(one).astype(int) - np.asarray(other).astype(int))
    rows, columns = np.nonzero(changed := difference.max(2) > tolerance)
    found = minimality(one, other, tolerance=tolerance)
    assert found.changed_share == pytest.approx(changed.mean())
    assert found.mean_difference == pytest.approx(difference.mean())
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if changed.any() else None
    assert found.box_xyxy_px == box


@given(st.integers(0, 99), st.integers(0, 254))
def test_a_larger_tolerance_never_finds_more(seed: int, tolerance: int) -> None:
    one, other = noise(6, 5, seed), noise(6, 5, seed + 1000)
    strict, loose = (minimality(one, other, tolerance=limit) for limit in (tolerance, tolerance + 1))
    assert loose.changed_share <= strict.changed_share


def test_images_of_other_sizes_are_compared_at_the_size_of_image_a() -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste("black", (10, 5, 20, 15))
    half = image.resize((20, 10), Image.Resampling.BOX)
    plain = Image.new("RGB", (20, 10), "white")
    assert minimality(half, image.resize((80, 40), Image.Resampling.NEAREST)).changed_share < 0.1
    box = minimality(image, plain).box_xyxy_px
    assert box == (10, 5, 20, 15)
    assert minimality(plain, Image.new("RGB", (3, 77), "white")) == Minimality(0.0, None, 0.0)


class MeanColour:
    name = "mean colour"

    def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
        means = np.array([np.asarray(image).mean((0, 1)) for image in images])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def test_an_embedder_adds_the_distance_of_its_vectors() -> None:
    red, green = Image.new("RGB", (4, 4), "red"), Image.new("RGB", (9, 4), (0, 9, 0))
    assert minimality(red, green, embedder=MeanColour()).embedding_distance == pytest.approx(1)
    assert minimality(red, red.copy(), embedder=MeanColour()).embedding_distance == pytest.approx(0, abs=1e-6)

    class Short(MeanColour):
        def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
            return super().__call__(images)[:1]

    with pytest.raises(EmbeddingError, match=r"shape \(2, D\)"):
        minimality(red, green, embedder=Short())


def test_a_bad_image_gets_a_verdict_for_its_pair_alone(tmp_path: Path) -> None:
    noise(8, 8).save(tmp_path / "a.png")
    noise(8, 8, 1).save(tmp_path / "b.png")
    (tmp_path / "text.png").write_text("no picture")
    pairs = [pair(0), pair(1, image_b="text.png"), pair(2, image_a="../a.png"), pair(3, "b.png", "a.png")]
    first, text, outside, last = pair_minimalities(pairs, image_root=tmp_path, embedder=MeanColour())
    assert isinstance(first, Minimality)
    assert first == last
    assert first == minimality(noise(8, 8), noise(8, 8, 1), embedder=MeanColour())
    assert isinstance(text, RefusedPair)
    assert isinstance(outside, RefusedPair)
    assert (text.row, text.reason, outside.row, outside.reason) == (1, "not_an_image", 2, "outside_root")


def test_the_most_minimal_pairs_come_first() -> None:
    pairs = [pair(row) for row in range(6)]
    figures = [
        Minimality(0.3, (0, 0, 1, 1), 9.0),
        Minimality(0.1, (0, 0, 1, 1), 5.0),
        RefusedPair(2, "missing", "absent"),
        Minimality(0.1, (0, 0, 1, 1), 4.0),
        Minimality(0.0, None, 0.5),
        Minimality(0.1, (0, 0, 1, 1), 4.0),
    ]
    assert [one.row for one in most_minimal(pairs, figures, k=3)] == [3, 5, 1]
    assert [one.row for one in most_minimal(pairs, figures, changed_share_below=0.3)] == [3, 5, 1]
    assert [one.row for one in most_minimal(pairs, figures, changed_share_below=1)] == [3, 5, 1, 0]
    assert [one.row for one in most_minimal(pairs, figures, k=1, changed_share_below=0.2)] == [3]
    assert most_minimal(pairs[::-1], figures[::-1], k=4) == most_minimal(pairs, figures, k=9)


def test_wrong_arguments_are_errors() -> None:
    image = Image.new("RGB", (4, 4))
    with pytest.raises(SvcoLossError, match=r"tolerance must lie in \[0, 255\]; got 256"):
        minimality(image, image, tolerance=256)
    with pytest.raises(SvcoLossError, match="must be in mode RGB; got L"):
        minimality(image, image.convert("L"))
    with pytest.raises(SvcoLossError, match="needs a limit"):
        most_minimal([], [])
    with pytest.raises(SvcoLossError, match="k must be at least 0; got -1"):
        most_minimal([], [], k=-1)
    with pytest.raises(SvcoLossError, match="changed_share_below must be above 0; got nan"):
        most_minimal([], [], changed_share_below=float("nan"))
    with pytest.raises(SvcoLossError, match="got 1 pairs and 0 figures"):
        most_minimal([pair(0)], [], k=1)
