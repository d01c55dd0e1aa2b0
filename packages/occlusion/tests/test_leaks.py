from __future__ import annotations

import io
import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from occlusion import Occlusion, OcclusionError, occlude, write_question
from occlusion.leaks import LEAK_KINDS, find_leaks, save_occluded, words_in_common
from occlusion.leaks.containers import bytes_after_end, png_chunks
from occlusion.occluders import load_occluder
from PIL import Image, PngImagePlugin

CAPTION = "A fire hydrant on a street."
BOX = (40, 30, 90, 100)


def photo() -> NDArray[np.uint8]:
    """A smooth picture with a striped disc."""
    y, x = np.mgrid[:120, :160]
    image = np.stack([x, y, (x + y) / 2], axis=2).astype(np.uint8)
    stripes = 128 + 110 * np.sin(2 * np.pi * (x + y) / 60)
    image[round_mask()] = np.stack([stripes, stripes, stripes / 2], axis=2)[round_mask()].astype(np.uint8)
    return image


def round_mask() -> NDArray[np.bool_]:
    y, x = np.mgrid[:120, :160]
    return ((x - 64.5) / 25) ** 2 + ((y - 64.5) / 35) ** 2 <= 1


def hidden(name: str = "patches", **options: Any) -> Occlusion[Any]:
    return load_occluder(name, **options)(photo(), round_mask(), BOX, seed=1)


def kinds(after: Any, **options: Any) -> list[str]:
    given = {"entity_head": "fire hydrant", "before": photo(), "mask_hw": round_mask(), "caption": CAPTION}
    return [leak.kind for leak in find_leaks(after, **(given | options))]


def test_a_well_hidden_object_saved_bare_leaks_nothing(tmp_path: Path) -> None:
    path = save_occluded(hidden().image, tmp_path / "42-9f.png")
    assert kinds(path, question=write_question("fire hydrant"), name="occluded/42-9f.png") == []


def test_a_picture_in_memory_is_tested_by_its_pixels() -> None:
    assert kinds(hidden().image) == []
    assert kinds(photo()) == ["object_visible"]


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("fill", {}, ["outline"]),
        ("fill", {"dilate_share": 0.5}, []),
        ("pixelate", {"dilate_share": 0.5}, []),
        ("pixelate", {"block_share": 0.01}, ["object_visible"]),
        ("blur", {"radius_share": 0.3, "dilate_share": 0.5}, []),
        ("blur", {"radius_share": 0.001}, ["object_visible"]),
    ],
)
def test_weak_occluders_leave_the_object_visible_and_exact_ones_its_outline(
    name: str, options: dict[str, Any], expected: list[str]
) -> None:
    assert kinds(hidden(name, **options).image) == expected


def test_a_box_has_no_outline_of_its_own() -> None:
    box_mask = np.zeros((120, 160), bool)
    box_mask[30:100, 40:90] = True
    filled = load_occluder("fill")(photo(), box_mask, BOX, seed=0).image
    assert kinds(filled, mask_hw=box_mask) == []


def test_each_of_several_objects_must_be_hidden() -> None:
    other = np.zeros((120, 160), bool)
    other[5:20, 120:150] = True
    leaks = find_leaks(hidden().image, entity_head="fire hydrant", before=photo(), mask_hw=[round_mask(), other])
    assert [(leak.kind, leak.detail[:8]) for leak in leaks] == [("object_visible", "object 1")]


NAMES = [
    ("occluded/17-fire-hydrant-3f.png", "fire hydrant", ("fire", "firehydrant", "hydrant")),
    ("FireHydrants_2.png", "fire hydrant", ("fire", "firehydrant", "hydrant")),
    ("myfirehydrant.png", "fire hydrant", ("firehydrant",)),
    ("fire%20truck.png", "fire hydrant", ("fire",)),
    ("three_men.png", "man", ("man",)),
    ("snow-board.png", "snowboards", ("snowboard",)),
    ("DUCK.PNG", "Ducks", ("duck",)),
    ("location_catalog.png", "cat", ()),
    ("piece_of_cake.png", "bag of chips", ()),
    ("COCO_train2014_000000568396.png", "train", ("train",)),
    ("000000568396.png", "train", ()),
    ("thé_café.png", "Café", ("café",)),
]


@pytest.mark.parametrize(("name", "entity", "expected"), NAMES)
def test_the_words_of_an_entity_are_found_in_names(name: str, entity: str, expected: tuple[str, ...]) -> None:
    assert words_in_common(name, entity) == expected


def test_the_name_is_that_of_the_file_or_the_one_given(tmp_path: Path) -> None:
    folder = tmp_path / "hydrants"
    folder.mkdir()
    image = hidden().image
    assert kinds(save_occluded(image, folder / "fire-hydrant.png")) == ["file_name"]
    path = save_occluded(image, folder / "0.png")
    assert kinds(path) == []
    assert kinds(path, name="hydrants/0.png") == ["file_name"]


def test_a_question_that_names_it_is_a_leak() -> None:
    image = hidden().image
    assert kinds(image, question="Which hydrants are hidden?") == ["question"]
    question = write_question("duck")
    assert kinds(image, question=question) == []
    assert kinds(image, question=question, entity_head=f"{question.category}s") == ["question"]


def png_with(path: Path, **texts: str) -> Path:
    info = PngImagePlugin.PngInfo()
    for key, text in texts.items():
        (info.add_itxt if key.startswith("i") else info.add_text)(key, text, zip=key.endswith("z"))
    Image.fromarray(hidden().image).save(path, pnginfo=info)
    return path


@pytest.mark.parametrize("key", ["Title", "Titlez", "iTitle", "iTitlez"])
def test_png_texts_that_name_it_or_hold_the_caption_are_leaks(tmp_path: Path, key: str) -> None:
    path = tmp_path / "0.png"
    assert kinds(png_with(path, **{key: "the red HYDRANTS"})) == ["metadata"]
    assert kinds(png_with(path, **{key: "no. 7: a  fire HYDRANT, on a street"}), entity_head="plug") == ["metadata"]
    assert kinds(png_with(path, **{key: "made by a camera"})) == []


def test_the_detail_says_where_and_what(tmp_path: Path) -> None:
    leaks = find_leaks(png_with(tmp_path / "0.png", Title="a hydrant"), entity_head="hydrant")
    assert leaks[0].detail == "Title says hydrant: 'a hydrant'"


def jpeg_with(path: Path, **options: Any) -> Path:
    Image.fromarray(hidden().image).save(path, "JPEG", quality=95, **options)
    return path


def exif(tag: int, value: Any, *, ifd: int | None = None) -> Image.Exif:
    made = Image.Exif()
    (made.get_ifd(ifd) if ifd else made)[tag] = value
    return made


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"exif": exif(0x010E, "a fire hydrant")}, id="ImageDescription"),
        pytest.param({"exif": exif(0x9C9C, "Hydrant\0".encode("utf-16-le"))}, id="XPComment"),
        pytest.param({"exif": exif(0x9286, b"ASCII\0\0\0a hydrant", ifd=0x8769)}, id="UserComment"),
        pytest.param({"comment": b"hydrant"}, id="comment"),
        pytest.param({"xmp": b"<x:xmpmeta><dc:title>hydrants</dc:title></x:xmpmeta>"}, id="XMP"),
        pytest.param({"icc_profile": b"\0" * 36 + b"acsp" + b"\0\x01 desc hydrant \0"}, id="ICC"),
    ],
)
def test_texts_in_a_jpeg_are_leaks(tmp_path: Path, options: dict[str, Any]) -> None:
    assert kinds(jpeg_with(tmp_path / "0.jpg")) == []
    assert set(kinds(jpeg_with(tmp_path / "0.jpg", **options))) == {"metadata"}


def exif_with_thumbnail(picture: NDArray[np.uint8]) -> bytes:
    """A TIFF header, an empty first directory, and a second one with a JPEG."""
    stored = io.BytesIO()
    Image.fromarray(picture).resize((40, 30)).save(stored, "JPEG", quality=90)
    coded = stored.getvalue()
    first = struct.pack("<HI", 0, 14)
    at = 8 + len(first) + 2 + 3 * 12 + 4
    entries = [(0x0103, 3, 6), (0x0201, 4, at), (0x0202, 4, len(coded))]
    second = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", tag, kind, 1, v) for tag, kind, v in entries)
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + struct.pack("<I", 0) + coded


def test_a_thumbnail_of_the_original_is_a_leak_and_one_of_the_occluded_picture_is_not(tmp_path: Path) -> None:
    of_original = jpeg_with(tmp_path / "0.jpg", exif=exif_with_thumbnail(photo()))
    of_hidden = jpeg_with(tmp_path / "1.jpg", exif=exif_with_thumbnail(hidden().image))
    assert kinds(of_original) == ["preview"]
    assert kinds(of_hidden) == []
    assert kinds(of_hidden, before=None, mask_hw=None) == ["preview"]


def test_an_alpha_channel_that_hides_nothing_for_good_is_a_leak(tmp_path: Path) -> None:
    mask = round_mask()
    see_through = np.dstack([photo(), np.where(mask, 0, 255).astype(np.uint8)])
    Image.fromarray(see_through).save(tmp_path / "0.png")
    assert kinds(tmp_path / "0.png") == ["object_visible", "alpha"]
    opaque = np.dstack([hidden().image, np.full(mask.shape, 255, np.uint8)])
    Image.fromarray(opaque).save(tmp_path / "1.png")
    assert kinds(tmp_path / "1.png") == []


def test_further_pictures_and_bytes_after_the_end_are_leaks(tmp_path: Path) -> None:
    shown, occluded = Image.fromarray(photo()), Image.fromarray(hidden().image)
    occluded.save(tmp_path / "0.png", save_all=True, append_images=[shown])
    assert "frames" in kinds(tmp_path / "0.png")
    for name, plain in (("1.png", "PNG"), ("1.jpg", "JPEG")):
        stored = io.BytesIO()
        occluded.save(stored, plain)
        (tmp_path / name).write_bytes(stored.getvalue())
        assert kinds(tmp_path / name) == []
        (tmp_path / name).write_bytes(stored.getvalue() + b"\xff\xd8\xff\xd9")
        assert kinds(tmp_path / name) == ["trailing_bytes"]


def test_unknown_png_chunks_are_read(tmp_path: Path) -> None:
    data = save_occluded(hidden().image, tmp_path / "0.png").read_bytes()
    text = b"noTe" + b"a hydrant"
    chunk = struct.pack(">I", 9) + text + struct.pack(">I", zlib.crc32(text))
    (tmp_path / "1.png").write_bytes(data[:33] + chunk + data[33:])
    assert kinds(tmp_path / "1.png") == ["metadata"]


def test_what_is_saved_holds_pixels_only_and_equal_pixels_give_equal_bytes(tmp_path: Path) -> None:
    image = Image.fromarray(photo())
    image.info.update(exif=exif(0x010E, "a hydrant").tobytes(), comment=b"hydrant", icc_profile=b"x", Title="hydrant")
    one = save_occluded(image, tmp_path / "0.png").read_bytes()
    two = save_occluded(np.asfortranarray(photo()), tmp_path / "1.png").read_bytes()
    assert one == two
    assert {chunk.kind for chunk in png_chunks(one)} == {"IHDR", "IDAT", "IEND"}
    assert bytes_after_end(one) == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "0.png")), photo())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.png", "1.png"]


def test_wrong_arguments_name_their_reason(tmp_path: Path) -> None:
    (tmp_path / "torn.png").write_bytes(save_occluded(photo(), tmp_path / "0.png").read_bytes()[:900])
    Image.fromarray(photo()).save(tmp_path / "drawn.png", "PCX")  # none of box_space.FORMATS
    mask = round_mask()
    cases = [
        (lambda: find_leaks(tmp_path / "torn.png", entity_head="a"), "unreadable_image"),
        (lambda: find_leaks(tmp_path / "none.png", entity_head="a"), "unreadable_image"),
        (lambda: find_leaks(tmp_path / "drawn.png", entity_head="a"), "unreadable_image"),
        (lambda: find_leaks(photo(), entity_head="a", before=photo()), "bad_mask"),
        (lambda: find_leaks(photo()[1:], entity_head="a", before=photo(), mask_hw=mask), "bad_image"),
        (lambda: find_leaks(photo(), entity_head="a", before=photo(), mask_hw=[mask, mask & False]), "empty_mask"),
        (lambda: find_leaks(Image.new("L", (9, 9)), entity_head="a", before=photo(), mask_hw=mask), "bad_image"),
        (lambda: save_occluded(photo(), tmp_path / "0.jpg"), "bad_path"),
        (lambda: save_occluded(photo()[..., :2], tmp_path / "0.png"), "bad_image"),
    ]
    for call, reason in cases:
        with pytest.raises(OcclusionError) as caught:
            call()
        assert caught.value.reason == reason


def test_the_kinds_are_listed_in_the_order_of_the_tests() -> None:
    mask = np.zeros((120, 160), bool)
    mask[30:100, 40:90] = True
    found = find_leaks(photo(), entity_head="duck", before=photo(), mask_hw=mask, question="a duck?", name="duck.png")
    order = [LEAK_KINDS.index(leak.kind) for leak in found]
    assert order == sorted(order)
    assert len(order) == 3
    assert occlude(photo(), mask, BOX, seed=0).covered_share > 0.5


def thin_shape(name: str) -> NDArray[np.bool_]:
    y, x = np.mgrid[:200, :200]
    if name == "bar":  # Diagonal, 7 px across.
        return (np.abs(x - y) * 2**-0.5 < 3.5) & (x > 20) & (x < 180)
    return np.abs(np.hypot(x - 100, y - 100) - 80) < 4


@pytest.mark.parametrize("name", ["bar", "ring"])
def test_a_thin_object_is_hidden_when_it_is_covered_and_visible_when_it_is_not(name: str) -> None:
    mask = thin_shape(name)
    before = np.full((200, 200, 3), 120, np.uint8)
    before[mask] = (200, 60, 60)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    given = {"before": before, "mask_hw": mask, "entity_head": "rod"}
    for occluder, options in (("fill", {"fill": (120, 120, 120)}), ("patches", {"min_covered_share": 0.9})):
        after = load_occluder(occluder, **options)(before, mask, box, seed=0).image
        assert "object_visible" not in [leak.kind for leak in find_leaks(after, **given)]
    faint = np.where(mask[..., None], np.array([190, 70, 70], np.uint8), before)  # By 10 levels.
    blurred = load_occluder("blur", radius_share=0.001, dilate_px=2)(before, mask, box, seed=0).image
    for after in (before, faint, blurred):
        assert [leak.kind for leak in find_leaks(after, **given)] == ["object_visible"]


def test_a_preview_that_is_too_large_to_decode_is_a_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = io.BytesIO()
    Image.new("RGB", (600, 600)).save(small, "JPEG")
    info = PngImagePlugin.PngInfo()
    info.add(b"prVW", small.getvalue())
    Image.fromarray(hidden().image).save(tmp_path / "a.png", pnginfo=info)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)  # The picture has 19,200, the preview 360,000.
    assert kinds(tmp_path / "a.png") == ["preview"]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 200_000)  # Between once and twice the limit Pillow warns.
    assert kinds(tmp_path / "a.png") == ["preview"]


def test_bytes_full_of_beginnings_of_pictures_are_read_once_and_flagged(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"prVW", b"\xff\xd8\xff\x00" * 5_000)
    Image.fromarray(hidden().image).save(tmp_path / "a.png", pnginfo=info)
    begun = time.monotonic()
    assert kinds(tmp_path / "a.png") == ["preview"]
    assert time.monotonic() - begun < 5


def test_a_picture_that_cannot_be_saved_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(OSError, match=r"a\.png"):
        save_occluded(hidden().image, tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_threads_that_save_to_one_path_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: save_occluded(hidden().image, tmp_path / "a.png"), range(16)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert kinds(tmp_path / "a.png") == []
