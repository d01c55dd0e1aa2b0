"""Images are changed as far as the text stays true, by seed, row and epoch alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, get_args

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llava_train import (
    AUGMENTATIONS,
    Augmentation,
    RowEncoder,
    RowError,
    SettingsError,
    SftSettings,
    allowed,
    check_rows,
    load_encoder,
    run_folder,
    train,
)
from llava_train.augmenting import changes_of
from llava_train.image_changes import adjust, back_from_corners, blur, crop, flip, move, put_corners
from llava_train.row_augmenter import RowAugmenter, draw_transforms
from llava_train.text_guards import Change
from PIL import Image

Rows = list[dict[str, Any]]
unhurried = hypothesis.settings(deadline=None, max_examples=50)

EVERYTHING = frozenset(get_args(Change))
COLOURS = {"brightness", "contrast", "saturation"}
STRONG = {"horizontal_flip", "vertical_flip", "strong_rotation", "strong_shift", "perspective"}
CUTS = {"crop", "shift", "strong_shift", "perspective"}
PLACES = STRONG | {"rotation", "shift", "crop"}
WRITTEN = {"horizontal_flip", "vertical_flip", "strong_rotation", "perspective", "blur"}


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("A duck swims.", set()),
        ("It is a Boeing, a long-haul jet.", set()),
        ("The duck is to the left of the boat.", STRONG),
        ("a left-facing bird", STRONG),
        ("LEFTMOST", STRONG),
        ("Is that the right answer?", STRONG),  # conservative: no side is meant
        ("Is he all right? There is enough left over.", STRONG),  # so here
        ("a copyright notice in daylight, deftly done", set()),  # right and left inside other words
        ("The tower is east of the river.", STRONG),
        ("at least one", set()),
        ("a lesion below the eye", STRONG),
        ("The hand moves clockwise.", STRONG),
        ("a cat lying on a bed", STRONG),
        ("It has a red crown.", COLOURS),
        ("It is bored and hundred.", set()),  # red inside other words
        ("a reddish, yellow-green belly", COLOURS),
        ("bluish-grey wings", COLOURS),
        ("Wait at the traffic light.", COLOURS),
        ("What colour is it?", COLOURS),
        ("a pale opacity of the lung", COLOURS),
        ("a photo at night", COLOURS),
        ("It stands at [0.12, 0.30, 0.55, 0.81].", PLACES),
        ("It stands at (120, 40, 300, 280).", PLACES),
        ("Look at (0.5, 0.25).", PLACES),
        ('{"bbox_2d": [3 4 10 20]}', PLACES),
        ("<box>12</box>", PLACES),
        ("<|box_start|>", PLACES),
        ('<point x="10.5" y="3">', PLACES),
        ("Give the bounding-box.", PLACES),
        ("three ducks", CUTS),
        ("How many ducks are there?", CUTS),
        ("There are 3 ducks.", CUTS),
        ("a Boeing 737 jet", set()),  # no number of things
        ("The sign reads STOP.", WRITTEN),
        ("a rough texture", {"blur"}),
        ("eine Ente links", set()),  # another language in Latin letters is not noticed
        ("左边有一只鸭子", EVERYTHING),
        ("Утка слева", EVERYTHING),
        ("café au lait", set()),
        ("", set()),
    ],
)
def test_a_text_forbids_what_would_make_it_false(text: str, forbidden: set[str]) -> None:
    assert EVERYTHING - allowed(text) == forbidden


@unhurried
@given(st.text(max_size=60), st.text(max_size=60))
def test_more_text_never_allows_more(first: str, second: str) -> None:
    assert allowed(f"{first}\n{second}") <= allowed(first) & allowed(second)


@unhurried
@given(st.text(alphabet="abcdefgh LIRT redgntl-,.[12]", max_size=40))
def test_case_does_not_matter(text: str) -> None:
    assert allowed(text.upper()) == allowed(text.lower())


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("none", set()),
        ("mild", {"rotation", "brightness", "contrast", "crop"}),
        ("flip", {"horizontal_flip", "rotation", "brightness", "contrast", "crop"}),
        ("medical", {"rotation", "brightness", "crop"}),
        ("published", EVERYTHING),
    ],
)
def test_each_preset_makes_these_changes(preset: str, changes: set[str]) -> None:
    augmentation = AUGMENTATIONS[preset]
    made = {change for name in augmentation.transforms for change in changes_of(augmentation, name)}
    assert made == changes


def test_the_published_preset_picks_one_to_four_of_seven_with_their_probabilities() -> None:
    published = AUGMENTATIONS["published"]
    assert len(published.transforms) == 7
    draws = [draw_transforms(published, Random(k)) for k in range(20_000)]
    assert max(map(len, draws)) == 4
    counts = Counter(name for draw in draws for name in draw)
    # each is picked with probability (1 + 2 + 3 + 4) / 4 / 7 = 2.5 / 7, and then happens with its own
    for name in published.transforms:
        assert counts[name] / len(draws) == pytest.approx(2.5 / 7 * getattr(published, name), abs=0.015)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"blur": 1.5}, "blur must be from 0 to 1; got 1.5"),
        ({"distortion": 1.0}, "distortion must be from 0 to below 1"),
        ({"crop_scale": (0.5, 1.2)}, "crop_scale must be"),
        ({"zoom": (0.0, 1.2)}, "zoom must be"),
        ({"blur": 0.5, "picks": (1, 2)}, "picks must be from 1 to 1"),
    ],
)
def test_a_range_that_cannot_work_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Augmentation(**options)


@pytest.fixture(scope="module")
def square() -> Image.Image:
    """8 x 8, each pixel its own grey."""
    return Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 3).convert("RGB")


def grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))[..., 0].astype(int)


def test_flips_turns_and_shifts_move_pixels_as_written_by_hand(square: Image.Image) -> None:
    old = grey(square)
    still: dict[str, Any] = {"turn_deg": 0.0, "shift_wh": (0.0, 0.0), "zoom": 1.0, "is_black": True}
    assert (grey(flip(square, horizontally=True)) == old[:, ::-1]).all()
    assert (grey(flip(square, horizontally=False)) == old[::-1]).all()
    assert (grey(move(square, **still)) == old).all()
    turned = grey(move(square, **still | {"turn_deg": 90.0}))
    assert abs(turned - np.rot90(old))[1:-1, 1:-1].max() <= 1  # interpolated
    shifted = grey(move(square, **still | {"shift_wh": (0.25, 0.125)}))
    assert (shifted[1:, 2:] == old[:-1, :-2]).all()
    assert (shifted[0] == 0).all()
    assert (shifted[:, :2] == 0).all()
    halved = grey(move(square, **still | {"zoom": 0.5}))
    assert (halved[[0, 1, 6, 7]] == 0).all()
    assert (halved[2:6, 2:6] > 0).any()
    mean = grey(move(square, **still | {"shift_wh": (0.5, 0.0), "is_black": False}))
    assert (mean[:, :4] == round(old.mean())).all()


def test_a_crop_enlarges_the_part_at_its_place(square: Image.Image) -> None:
    quarter = grey(crop(square, area_share=0.25, offset_wh=(1.0, 0.0)))
    old = grey(square)
    assert quarter[0, 0] == pytest.approx(old[0, 4], abs=2)
    assert quarter[-1, -1] == pytest.approx(old[3, 7], abs=8)  # a row is 24: the one below comes in a little
    assert (grey(crop(square, area_share=1.0, offset_wh=(0.3, 0.7))) == old).all()


def test_colours_are_multiplied_and_blur_lowers_contrast(square: Image.Image) -> None:
    plain = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0}
    assert grey(adjust(square, **plain | {"brightness": 0.5})) == pytest.approx(grey(square) * 0.5, abs=1)
    assert grey(adjust(square, **plain | {"contrast": 0.0})).std() == 0
    red = Image.new("RGB", (4, 4), (200, 0, 0))
    assert len(set(adjust(red, **plain | {"saturation": 0.0}).getpixel((0, 0)))) == 1
    assert grey(blur(square, sigma_px=2.0)).std() < grey(square).std()


@unhurried
@given(st.lists(st.floats(0, 0.45), min_size=8, max_size=8))
def test_perspective_brings_each_corner_back_to_where_it_was(inwards: list[float]) -> None:
    from llava_train.row_augmenter import _moved_in

    width, height = 40, 30
    corners = _moved_in((width, height), inwards)
    a, b, c, d, e, f, g, h = back_from_corners(corners, (width, height))
    for (x, y), old in zip(corners, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        scale = g * x + h * y + 1
        assert ((a * x + b * y + c) / scale, (d * x + e * y + f) / scale) == pytest.approx(old, abs=1e-6)


def test_a_perspective_view_keeps_size_and_middle(square: Image.Image) -> None:
    seen = put_corners(square, [(2, 2), (6, 2), (6, 6), (2, 6)], is_black=True)
    assert seen.size == square.size
    assert (grey(seen)[[0, 1, 6, 7]] == 0).all()
    assert grey(seen)[3:5, 3:5].mean() == pytest.approx(grey(square).mean(), abs=3)


def question(text: str, answer: str = "a duck", **more: Any) -> dict[str, Any]:
    return {
        "id": "one", "images": ["a.png"],
        "messages": [{"role": "user", "content": text}, {"role": "assistant", "content": answer}], **more,
    }  # fmt: skip


def changed(row: dict[str, Any], image: Image.Image, *, augment: str, seed: int = 0, epoch: int = 0) -> Image.Image:
    change = RowAugmenter(augment=augment, seed=seed).change(row, epoch)
    return image if change is None else change(image)


@unhurried
@given(st.integers(0, 3), st.integers(0, 3), st.sampled_from(sorted(AUGMENTATIONS)))
def test_the_change_follows_from_seed_row_and_epoch_and_keeps_the_size(seed: int, epoch: int, preset: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8))
    first, again = (changed(question("Who?"), image, augment=preset, seed=seed, epoch=epoch) for _ in range(2))
    assert first.size == image.size
    assert first.tobytes() == again.tobytes()


def test_seeds_ids_and_epochs_each_make_another_change(square: Image.Image) -> None:
    row = question("Who?", augment="published")
    made = {changed(row, square, augment="none", seed=s, epoch=e).tobytes() for s in range(4) for e in range(4)}
    made |= {changed({**row, "id": f"{k}"}, square, augment="none").tobytes() for k in range(4)}
    assert len(made) > 12


@pytest.mark.parametrize(
    ("asked", "answered", "is_flipped"),
    [("Who?", "a duck", True), ("Who is on the left?", "a duck", False), ("Who?", "the left duck", False)],
)
def test_a_side_in_any_turn_keeps_the_image_from_being_mirrored(
    square: Image.Image, monkeypatch: pytest.MonkeyPatch, asked: str, answered: str, is_flipped: bool
) -> None:
    monkeypatch.setitem(AUGMENTATIONS, "mirror", Augmentation(horizontal_flip=1.0))  # type: ignore[index]
    seen = grey(changed(question(asked, answered), square, augment="mirror"))
    assert (seen == (grey(square)[:, ::-1] if is_flipped else grey(square))).all()


def test_a_row_may_ask_for_none_or_another_preset(square: Image.Image) -> None:
    epochs = range(12)

    def count(row: dict[str, Any], augment: str) -> int:
        return sum(changed(row, square, augment=augment, epoch=e).tobytes() != square.tobytes() for e in epochs)

    assert count(question("Who?", augment=False), "published") == 0
    assert count(question("Who?", augment="none"), "published") == 0
    assert count(question("Who?"), "none") == 0
    assert count(question("Who?", augment="mild"), "none") > 6
    assert count(question("Who?", augment=True), "mild") == count(question("Who?"), "mild") > 6


def test_a_preset_that_is_not_there_is_refused_in_settings_and_rows(tiny: Path, rows: Rows) -> None:
    with pytest.raises(SettingsError, match="augment must be one of none, mild, flip, medical, published; got 'wild'"):
        SftSettings(model="m", augment="wild")
    with pytest.raises(RowError, match="augment must be true, false or one of"):
        RowAugmenter(augment="none", seed=0).change(question("Who?", augment="wild"), 0)
    checked = check_rows([{**rows[0], "augment": 3}, rows[1]], load_encoder(SftSettings(model=str(tiny))))
    assert [(one.id, one.reason) for one in checked.refused] == [("row-0", "augment")]


def test_changed_images_are_neither_kept_nor_taken_from_those_kept(processor: Any, rows: Rows) -> None:
    encoder = RowEncoder(processor, stop_ids=frozenset({2}))
    plain = encoder.encode(rows[0]).images["pixel_values"]
    mirrored = encoder.encode(rows[0], change=lambda image: flip(image, horizontally=True)).images["pixel_values"]
    assert (mirrored == plain.flip(-1)).all()
    assert (encoder.encode(rows[0]).images["pixel_values"] == plain).all()
    fresh = RowEncoder(processor, stop_ids=frozenset({2}))
    fresh.encode(rows[0], change=lambda image: flip(image, horizontally=True))
    assert (fresh.encode(rows[0]).images["pixel_values"] == plain).all()


@pytest.fixture
def settings(tiny: Path) -> SftSettings:
    """Two epochs of two steps over eight rows."""
    return SftSettings(
        model=str(tiny), method="full", learning_rate=1e-2, epochs=2, batch_size=4, device="cpu", dtype="float32",
        train_vision=True, augment="published", save_every=3,
    )  # fmt: skip


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(id, epoch) of each row that is encoded."""
    drawn: list[tuple[str, int]] = []
    original: Callable[..., Any] = RowAugmenter.change

    def note(self: RowAugmenter, row: dict[str, Any], epoch: int) -> Any:
        drawn.append((row["id"], epoch))
        return original(self, row, epoch)

    monkeypatch.setattr(RowAugmenter, "change", note)
    return drawn


def test_a_training_interrupted_in_the_second_epoch_sees_the_images_of_an_unbroken_one(
    settings: SftSettings, rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seen: list[tuple[str, int]]
) -> None:
    unbroken = train(settings, rows, tmp_path / "unbroken")
    assert sorted(seen) == sorted((row["id"], epoch) for row in rows for epoch in range(2))

    def stop_after_three_steps(checkpoint: Path) -> None:
        run_folder.mark_complete(checkpoint)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("llava_train.whole_checkpoints.mark_complete", stop_after_three_steps)
        with pytest.raises(KeyboardInterrupt):
            train(settings, rows, tmp_path / "broken")
    continued = train(settings, rows, tmp_path / "broken")
    assert continued.losses == unbroken.losses


def test_rows_that_ask_for_no_change_are_trained_on_as_without_a_preset(
    settings: SftSettings, rows: Rows, tmp_path: Path
) -> None:
    settings = replace(settings, max_steps=2)
    plain = train(replace(settings, augment="none"), rows, tmp_path / "plain")
    off = train(settings, [{**row, "augment": False} for row in rows], tmp_path / "off")
    changed_images = train(settings, rows, tmp_path / "on")
    assert off.losses == plain.losses
    assert changed_images.losses != plain.losses


def test_data_loading_processes_see_the_epoch(settings: SftSettings, rows: Rows, tmp_path: Path) -> None:
    here = train(settings, rows, tmp_path / "here")
    beside = train(replace(settings, workers=1), rows, tmp_path / "beside")
    assert beside.losses == pytest.approx(here.losses, rel=1e-6)
