"""The filter of pairs by semantic and visual similarity."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from svco_loss import EmbeddingError, SvcoLossError
from svco_loss.pairs import (
    CachedImageEmbedder,
    ImagePair,
    PairFilter,
    PairSimilarity,
    RefusedPair,
    filter_pairs,
    pair_similarities,
)


def pair(row: int, image_a: str, image_b: str, category: str = "count") -> ImagePair:
    return ImagePair("What?", image_a, image_b, "A cup.", "A mug.", category=category, row=row)


class ByColour:
    """The direction of an image's mean colour: red against green gives 0, red against red 1."""

    name = "colour"

    def __init__(self, channels: tuple[int, int] = (0, 1)) -> None:
        self.channels, self.calls = channels, list[int]()

    def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
        self.calls.append(len(images))
        means = np.array([np.asarray(image).mean((0, 1))[list(self.channels)] for image in images])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


SEMANTIC, VISUAL = ByColour((0, 1)), ByColour((1, 2))  # red and green tell what is shown, green and blue how it looks
COLOURS = {
    "base.png": (60, 80, 0),
    "alike.png": (60, 80, 0),  # the same pixels as base
    "look.png": (60, 80, 255),  # semantic 1, visual 80 / hypot(80, 255) = 0.2993
    "other.png": (80, 6, 255),  # semantic (4800 + 480) / (100 * hypot(80, 6)) = 0.6582
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("images")
    for name, colour in COLOURS.items():
        Image.new("RGB", (8, 6), colour).save(root / name)
    Image.new("CMYK", (8, 6), (10, 20, 30, 40)).save(root / "cmyk.jpg")
    Image.new("RGB", (4, 500), "red").save(root / "strip.png")
    Image.effect_noise((64, 64), 50).save(root / "torn.png")
    (root / "torn.png").write_bytes((root / "torn.png").read_bytes()[:2000])
    (root / "text.png").write_text("no picture")
    return root


def test_similarities_are_the_cosines_worked_by_hand(folder: Path) -> None:
    pairs = [pair(0, "base.png", "look.png"), pair(1, "base.png", "other.png"), pair(2, "base.png", "alike.png")]
    found = pair_similarities(pairs, SEMANTIC, VISUAL, image_root=folder)
    assert found[0] == pytest.approx((1, 80 / np.hypot(80, 255)), abs=1e-6)
    assert found[1] == pytest.approx((0.65815, (80 * 6) / (80 * np.hypot(6, 255))), abs=1e-4)
    assert found[2] == pytest.approx((1, 1), abs=1e-6)


def test_hard_but_meaningful_pairs_are_kept_and_the_others_refused_with_a_reason(folder: Path) -> None:
    pairs = [
        pair(10, "base.png", "look.png"),
        pair(11, "base.png", "other.png"),
        pair(12, "base.png", "alike.png"),
        pair(13, "base.png", "alike.png", "left_right"),
        pair(14, "base.png", "look.png", "order"),
        pair(15, "look.png", "base.png"),
    ]
    found = filter_pairs(pairs, SEMANTIC, VISUAL, image_root=folder)
    assert [one.row for one in found.pairs] == [10, 13, 15]
    assert [(one.row, one.reason) for one in found.refused] == [
        (11, "not_alike"),
        (12, "too_alike"),
        (14, "dropped_category"),
    ]
    assert found.refused[0].detail == "semantic similarity 0.6582 must lie above 0.7"
    assert found.counts == {"kept": 3, "dropped_category": 1, "not_alike": 1, "too_alike": 1}
    assert set(found.similarities) == {10, 11, 12, 15}
    assert found.similarities[10] == found.similarities[15]
    looser = PairFilter(semantic_above=0.6)
    assert looser.refusal(pairs[1], found.similarities[11]) is None


def test_both_thresholds_are_themselves_refused() -> None:
    rule, one = PairFilter(), pair(0, "a.png", "b.png")
    reasons = {
        similarity: (refusal.reason if (refusal := rule.refusal(one, PairSimilarity(*similarity))) else "kept")
        for similarity in ((0.7, 0.0), (0.7001, 0.4999), (0.9, 0.5), (-1.0, 1.0))
    }
    assert list(reasons.values()) == ["not_alike", "kept", "too_alike", "not_alike"]


BAD = {
    "absent.png": "missing",
    "torn.png": "truncated",
    "text.png": "not_an_image",
    "../outside.png": "outside_root",
    "nul\0.png": "missing",
    "🦆.png": "missing",
    "strip.png": "too_narrow",
}


@pytest.mark.parametrize("category", ["count", "left_right"])
def test_a_bad_image_refuses_its_own_pairs_and_no_others(folder: Path, category: str) -> None:
    bad = [pair(row, *sides, category) for row, path in enumerate(BAD) for sides in [("base.png", path)]]
    bad += [pair(100 + row, path, "look.png", category) for row, path in enumerate(BAD)]
    good = [pair(200, "base.png", "look.png"), pair(201, "cmyk.jpg", "look.png", "left_right")]
    found = filter_pairs([*bad, *good], SEMANTIC, VISUAL, image_root=folder)
    assert [one.row for one in found.pairs] == [200, 201]
    assert [one.reason for one in found.refused] == [*BAD.values()] * 2
    assert found.similarities == filter_pairs(good, SEMANTIC, VISUAL, image_root=folder).similarities


def test_dropped_pairs_are_not_even_opened(folder: Path) -> None:
    found = filter_pairs([pair(0, "absent.png", "text.png", "order")], SEMANTIC, VISUAL, image_root=folder)
    assert found.counts == {"kept": 0, "dropped_category": 1}
    assert filter_pairs([], SEMANTIC, VISUAL).counts == {"kept": 0}


def test_each_picture_is_embedded_once_whatever_the_number_of_its_pairs(folder: Path) -> None:
    semantic, visual = ByColour(), ByColour()
    pairs = [
        pair(row, "base.png", other) for row, other in enumerate(["look.png", "alike.png", "look.png", "other.png"])
    ]
    pair_similarities(pairs, semantic, visual, image_root=folder)
    assert (semantic.calls, visual.calls) == ([3], [3])  # base and alike hold the same pixels


IMAGES = [*COLOURS, "absent.png", "strip.png"]
LINKS = st.lists(
    st.tuples(st.sampled_from(IMAGES), st.sampled_from(IMAGES), st.sampled_from(["count", "left_right", "order"])),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(links=LINKS, seed=st.integers(0, 9), size=st.integers(1, 5))
def test_the_order_of_pairs_and_the_size_of_batches_change_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, links: list[tuple[str, str, str]], seed: int, size: int
) -> None:
    pairs = [pair(row, *link) for row, link in enumerate(links)]
    whole = filter_pairs(pairs, SEMANTIC, VISUAL, image_root=folder)
    monkeypatch.setattr("svco_loss.pairs.embedded_files._MOST_IMAGES", size)
    shuffled = random.Random(seed).sample(pairs, len(pairs))
    again = filter_pairs(shuffled, SEMANTIC, VISUAL, image_root=folder)
    monkeypatch.undo()
    assert sorted(again.pairs, key=lambda one: one.row) == list(whole.pairs)
    assert sorted(again.refused, key=lambda one: one.row) == list(whole.refused)
    assert again.similarities == whole.similarities
    assert again.counts == whole.counts
    alone = [filter_pairs([one], SEMANTIC, VISUAL, image_root=folder) for one in pairs]
    assert [one for each in alone for one in each.pairs] == list(whole.pairs)
    assert sum(whole.counts.values()) == len(pairs)


def test_it_runs_on_real_architectures_with_a_cache(folder: Path, tmp_path: Path) -> None:
    from svco_loss.pairs import load_image_embedder
    from transformers import CLIPVisionConfig, CLIPVisionModel, Dinov2Config, Dinov2Model
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    small: dict[str, Any] = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 16, "patch_size": 8,
    }  # fmt: skip
    for name, model in (
        ("clip", CLIPVisionModel(CLIPVisionConfig(**small))),
        ("dino", Dinov2Model(Dinov2Config(**small))),
    ):
        model.save_pretrained(tmp_path / name)
        sizes: dict[str, Any] = {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}
        CLIPImageProcessorPil(**sizes).save_pretrained(tmp_path / name)
    clip, dino = (
        CachedImageEmbedder(load_image_embedder(tmp_path / name, device="cpu"), tmp_path / "vectors.sqlite")
        for name in ("clip", "dino")
    )
    pairs = [pair(0, "base.png", "alike.png"), pair(1, "base.png", "other.png"), pair(2, "base.png", "absent.png")]
    same, other, bad = pair_similarities(pairs, clip, dino, image_root=folder)
    assert same == pytest.approx((1, 1), abs=1e-6)
    assert isinstance(other, PairSimilarity)
    assert -1 <= min(other) <= max(other) < 1
    assert isinstance(bad, RefusedPair)
    assert len(clip) == 4
    assert pair_similarities(pairs, clip, dino, image_root=folder) == [same, other, bad]


def test_a_rule_or_an_embedder_that_makes_no_sense_is_an_error(folder: Path) -> None:
    with pytest.raises(SvcoLossError, match=r"semantic_above must lie in \[-1, 1\] \(a cosine\); got 70"):
        PairFilter(semantic_above=70)
    with pytest.raises(SvcoLossError, match="visual_below must lie"):
        PairFilter(visual_below=float("nan"))
    with pytest.raises(SvcoLossError, match="'order' is both"):
        PairFilter(exempt=frozenset({"order"}))
    with pytest.raises(SvcoLossError, match="row 3 of category 'count' needs a similarity"):
        PairFilter().refusal(pair(3, "a.png", "b.png"), None)
    with pytest.raises(SvcoLossError, match="must have rows of their own; 2 have row 1"):
        filter_pairs([pair(1, "a.png", "b.png")] * 2, SEMANTIC, VISUAL)

    class Unnormalised(ByColour):
        def __call__(self, images: Sequence[Image.Image], /) -> NDArray[np.float32]:
            return super().__call__(images) * 7

    with pytest.raises(EmbeddingError, match="must be finite and of length 1; that of image 0 has length 7"):
        pair_similarities([pair(0, "base.png", "look.png")], SEMANTIC, Unnormalised(), image_root=folder)
