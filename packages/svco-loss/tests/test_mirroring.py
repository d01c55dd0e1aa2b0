"""Left/right pairs by mirroring, the sides in their texts, and sampling by category."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from svco_loss import SideError, SvcoLossError
from svco_loss.pairs import ImagePair, check_pairs, mirror_pairs, sample_by_category, swap_sides


def pair(row: int = 0, **changes: Any) -> ImagePair:
    fields: dict[str, Any] = {
        "question": "Where is the cup?", "image_a": "a.jpg", "image_b": "", "text_x": "It is left of the plate.",
        "text_y": "", "row": row,
    }  # fmt: skip
    return ImagePair(**(fields | changes))


SWAPPED = [
    ("The cup is left of the plate.", "The cup is right of the plate."),
    ("A dog to the right of a cat", "A dog to the left of a cat"),
    ("On the left, a man; on the right, a woman.", "On the right, a man; on the left, a woman."),
    ("The man's left hand, the cat’s right ear", "The man's right hand, the cat’s left ear"),
    ("The leftmost of three, Rightmost too", "The rightmost of three, Leftmost too"),
    ("A left-handed batter in the TOP-RIGHT corner", "A right-handed batter in the TOP-LEFT corner"),
    ("From left to right: a dog, a cat.", "From right to left: a dog, a cat."),
    ("A left-to-right row leaning leftwards", "A right-to-left row leaning rightwards"),
    ("A car turning left, a man facing right", "A car turning right, a man facing left"),
    ("Man on left in red, bottom right corner", "Man on right in red, bottom left corner"),
    ("The LEFT cup. The Left cup.", "The RIGHT cup. The Right cup."),
    ("Left: a cat. Right: a dog.", "Right: a cat. Left: a dog."),
    ("A cat (left) and a dog (right)", "A cat (right) and a dog (left)"),
    ("on the left there is a bright upright leftover", "on the right there is a bright upright leftover"),
    ("Left and right wings up, the bird is on the left 🦆", "Right and left wings up, the bird is on the right 🦆"),
    ("İ on the left\0 of it", "İ on the right\0 of it"),
]


@pytest.mark.parametrize(("text", "swapped"), SWAPPED)
def test_sides_are_swapped_in_whole_words_with_their_case(text: str, swapped: str) -> None:
    assert swap_sides(text) == swapped
    assert swap_sides(swapped) == text


AMBIGUOUS = """
Two slices are left over; The man is right now here; All right; That's right; They left the room; He has left
What is left of the cake; what's left of it; Nothing left of it; Only one left; Two people left of the table
The right answer; A right angle; The right one; Right side up; In the right direction; The right to vote
A right-wing paper; left-over food; His right-hand man; right next to the dog; Stands right in front; right away
Looking right at the camera; Turn right around; left behind; We left at noon; The train left on time; It's right there
A sign says "turn left"; A sign says ‘left lane’; It turns clockwise; an anti-clockwise turn; LeFt of the cup
Left and right; trees on the left and on the right; left/right; To right the boat; The picture left unfinished
She left to the right; Right, so it is; Right; The cup is on the left and he left; people left side by side
"""


@pytest.mark.parametrize("text", [text.strip() for text in AMBIGUOUS.strip().replace("\n", ";").split(";")])
def test_idioms_verbs_and_quotes_are_ambiguous(text: str) -> None:
    with pytest.raises(SideError) as caught:
        swap_sides(text)
    assert caught.value.reason == "ambiguous_side"


@pytest.mark.parametrize("text", ["", "🦆", "A bright cup, leftovers, copyright, alright", "left_hand", "cleft"])
def test_inside_other_words_there_is_no_side(text: str) -> None:
    with pytest.raises(SideError) as caught:
        swap_sides(text)
    assert caught.value.reason == "no_side"


def test_a_text_of_one_word_is_a_side_only_where_the_question_offers_both() -> None:
    assert swap_sides("Right.", asked=True) == "Left."
    with pytest.raises(SideError, match=r"'Right\.' may mean something else than a side"):
        swap_sides("Right.")


def test_an_error_keeps_its_reason_on_the_way_between_processes() -> None:
    import pickle

    copied = pickle.loads(pickle.dumps(SideError("no_side", "neither")))
    assert (copied.reason, str(copied)) == ("no_side", "neither")


WORDS = [
    "left", "right", "Left", "RIGHT", "leftmost", "right-hand", "top-left", "left-right", "the", "a", "of", "to", "on",
    "and", "his", "man's", "cup", "is", "in", "over", "now", "turning", ",", ".", ":", "(", ")", "one", "side", "what",
    "hand", "has", "they", "from", "answer", '"', "'s",
]  # fmt: skip


def verdict(text: str) -> str:
    try:
        return swap_sides(text)
    except SideError as error:
        return error.reason


@settings(max_examples=400)
@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_swapping_twice_gives_the_text_back_and_is_refused_alike(words: list[str]) -> None:
    text = " ".join(words)
    mirrored = text
    for change in (str.lower, str.title, str.upper):
        mirrored = mirrored.replace(change("left"), "\1").replace(change("right"), change("left"))
        mirrored = mirrored.replace("\1", change("right"))
    expected = verdict(text)
    if expected in ("no_side", "ambiguous_side"):
        assert verdict(mirrored) == expected
    else:
        assert (expected, verdict(mirrored)) == (mirrored, text)


def test_a_huge_text_takes_no_more_than_its_length() -> None:
    assert swap_sides("on the left " * 20_000).count("right") == 20_000
    with pytest.raises(SideError):
        swap_sides("“' left " * 20_000)


def noise(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (6, 9, 3), np.uint8))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    noise().save(tmp_path / "a.jpg")
    (tmp_path / "more").mkdir()
    noise(1).save(tmp_path / "more" / "a.jpg")
    noise(2).save(tmp_path / f"{'🦆' * 60}.png")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "plain.png")
    (tmp_path / "text.png").write_text("no picture")
    return tmp_path


def test_a_pair_gets_the_mirrored_image_and_the_swapped_text(root: Path) -> None:
    found = mirror_pairs([pair(7, system="Be brief.")], root / "made" / "mirrors", image_root=root)
    (made,) = found.pairs
    assert (made.text_x, made.text_y) == ("It is left of the plate.", "It is right of the plate.")
    assert (made.row, made.system, made.category, made.image_a) == (7, "Be brief.", "left_right", "a.jpg")
    assert made.image_b.startswith("made/mirrors/a.mirrored-")
    with Image.open(root / "a.jpg") as source, Image.open(root / made.image_b) as mirrored:
        assert (mirrored.format, mirrored.mode) == ("PNG", "RGB")
        assert (np.asarray(mirrored) == np.asarray(source)[:, ::-1]).all()
    assert check_pairs(found.pairs, image_root=root) == found


def test_mirroring_twice_gives_the_pixels_and_the_text_back(root: Path) -> None:
    (made,) = mirror_pairs([pair()], root / "mirrors", image_root=root).pairs
    turned = pair(image_a=made.image_b, text_x=made.text_y)
    (back,) = mirror_pairs([turned], root / "mirrors", image_root=root).pairs
    with Image.open(root / "a.jpg") as source, Image.open(root / back.image_b) as twice:
        assert (np.asarray(source) == np.asarray(twice)).all()
    assert back.text_y == pair().text_x


def test_names_come_from_the_source_and_do_not_clash(root: Path) -> None:
    pairs = [pair(0), pair(1, image_a="more/a.jpg"), pair(2, image_a=f"{'🦆' * 60}.png"), pair(3)]
    made = mirror_pairs(pairs, root / "mirrors", image_root=root).pairs
    names = [Path(one.image_b).name for one in made]
    assert names[0] == names[3] != names[1]
    assert names[2].startswith("🦆" * 30 + ".mirrored-")
    assert sorted(one.name for one in (root / "mirrors").iterdir()) == sorted({*names})
    assert mirror_pairs(pairs, root / "mirrors", image_root=root).pairs == made
    absolute = mirror_pairs([pair(image_a=str(root / "a.jpg"))], root / "mirrors").pairs[0]
    assert Path(absolute.image_b) == root / "mirrors" / names[0]


def test_what_cannot_be_mirrored_is_refused_alone(root: Path) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("no_side", {"text_x": "A bright cup."}),
        ("no_side", {"text_x": ""}),
        ("ambiguous_side", {"text_x": "Two are left over."}),
        ("ambiguous_side", {"question": "What is left of the plate?", "text_x": "The cup on the left."}),
        ("empty_text", {"question": " "}),
        ("missing", {"image_a": "absent.jpg"}),
        ("missing", {"image_a": "nul\0.jpg"}),
        ("outside_root", {"image_a": "../a.jpg"}),
        ("not_an_image", {"image_a": "text.png"}),
        ("same_image", {"image_a": "plain.png"}),
    ]
    pairs = [pair(0), *(pair(row, **changes) for row, (_, changes) in enumerate(wrong, 1)), pair(99)]
    found = mirror_pairs(pairs, root / "mirrors", image_root=root)
    assert [one.row for one in found.pairs] == [0, 99]
    assert [one.reason for one in found.refused] == [reason for reason, _ in wrong]
    assert len(list((root / "mirrors").iterdir())) == 1


def test_a_question_may_offer_both_sides(root: Path) -> None:
    asked = pair(question="Is the cup left or right of the plate?", text_x="Left")
    (made,) = mirror_pairs([asked], root / "mirrors", image_root=root).pairs
    assert made.text_y == "Right"


def test_images_with_text_are_refused_where_the_caller_can_tell(root: Path) -> None:
    seen: list[tuple[int, int]] = []

    def has_text(image: Image.Image) -> bool:
        seen.append(image.size)
        return np.asarray(image).sum() == np.asarray(ImageOps.mirror(noise(2))).sum()

    pairs = [pair(0), pair(1, image_a=f"{'🦆' * 60}.png")]
    found = mirror_pairs(pairs, root / "mirrors", image_root=root, has_readable_text=has_text)
    assert ([one.row for one in found.pairs], found.refused[0].reason) == ([0], "readable_text")
    assert seen == [(9, 6), (9, 6)]


def test_a_folder_outside_the_images_or_in_a_file_is_an_error(root: Path) -> None:
    with pytest.raises(SvcoLossError, match="folder must lie inside image_root"):
        mirror_pairs([pair()], root / ".." / "mirrors", image_root=root)
    with pytest.raises(SvcoLossError, match=r"cannot be written: .* The folder must be writable"):
        mirror_pairs([pair()], root / "text.png", image_root=root)


def kinds(**counts: int) -> list[ImagePair]:
    names = [name for name, count in counts.items() for _ in range(count)]
    return [pair(row, image_a=f"{row}.png", category=name) for row, name in enumerate(names)]


def drawn(pairs: list[ImagePair], **arguments: Any) -> dict[str, int]:
    return dict(Counter(one.category for one in sample_by_category(pairs, **arguments)))


def test_shares_decide_how_many_of_each_category_are_drawn() -> None:
    pairs = kinds(count=60, left_right=30, up_down=10)
    assert drawn(pairs, total=20) == {"count": 12, "left_right": 6, "up_down": 2}
    assert drawn(pairs, shares={"count": 0.5, "left_right": 0.5}) == {"count": 30, "left_right": 30}
    assert drawn(pairs, shares={"count": 0.9, "up_down": 0.1}) == {"count": 59, "up_down": 7}
    assert drawn(pairs, shares={"count": 0.25, "left_right": 0.75}, total=8) == {"count": 2, "left_right": 6}
    assert drawn(pairs, shares={"count": 1.0, "up_down": 0.0}) == {"count": 60}
    assert drawn(pairs, total=100) == {"count": 60, "left_right": 30, "up_down": 10}
    assert drawn(pairs, total=0) == drawn([], total=0) == drawn(pairs, shares={"absent": 1.0}) == {}


@given(st.tuples(*[st.integers(0, 9)] * 3), st.integers(0, 30), st.integers(0, 5))
def test_the_total_is_met_and_the_order_of_pairs_changes_nothing(sizes: tuple[int, ...], total: int, seed: int) -> None:
    pairs = kinds(**dict(zip("abc", sizes, strict=True)))
    total = min(total, len(pairs))
    sample = sample_by_category(pairs, total=total, seed=seed)
    assert len({one.row for one in sample}) == len(sample) == total
    for name, size in zip("abc", sizes, strict=True):
        exact = total * size / max(1, len(pairs))
        assert abs(sum(one.category == name for one in sample) - exact) < 1
    assert sample_by_category(random.Random(seed).sample(pairs, len(pairs)), total=total, seed=seed) == sample


@given(st.tuples(*[st.integers(0, 12)] * 3), st.tuples(*[st.integers(0, 7)] * 3).filter(any))
def test_as_many_as_the_shares_allow_are_drawn_and_no_more(sizes: tuple[int, ...], weights: tuple[int, ...]) -> None:
    pairs = kinds(**dict(zip("abc", sizes, strict=True)))
    shares = {name: weight / sum(weights) for name, weight in zip("abc", weights, strict=True)}
    sample = sample_by_category(pairs, shares=shares)
    for name, share in shares.items():
        assert abs(sum(one.category == name for one in sample) - share * len(sample)) < 1 + 1e-9
    exact = min(size / share for size, share in zip(sizes, shares.values(), strict=True) if share)
    assert exact - 3 <= len(sample) <= exact + 1e-6 or exact < 3


def test_another_seed_gives_another_sample() -> None:
    pairs = kinds(a=40, b=20)
    first, second = (sample_by_category(pairs, total=15, seed=seed) for seed in (0, 1))
    assert first != second
    assert {one.row for one in first} != {one.row for one in second}


def test_what_cannot_be_drawn_is_an_error() -> None:
    pairs = kinds(a=4, b=2)
    with pytest.raises(SvcoLossError, match="needs shares, total or both"):
        sample_by_category(pairs)
    with pytest.raises(SvcoLossError, match=r"total must lie in \[0, 6\]"):
        sample_by_category(pairs, total=7)
    with pytest.raises(SvcoLossError, match=r"shares must sum to 1; got 0\.9"):
        sample_by_category(pairs, shares={"a": 0.9})
    with pytest.raises(SvcoLossError, match=r"shares must lie in \[0, 1\]; that of 'a' is nan"):
        sample_by_category(pairs, shares={"a": float("nan")})
    with pytest.raises(SvcoLossError, match="category 'b' has 2 pairs, fewer than the 3 asked for"):
        sample_by_category(pairs, shares={"a": 0.4, "b": 0.6}, total=5)
    with pytest.raises(SvcoLossError, match="total must be at least 0; got -1"):
        sample_by_category(pairs, shares={"a": 1.0}, total=-1)
