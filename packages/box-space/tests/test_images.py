import os
import pickle
import struct
import zlib

import numpy as np
import pytest
from box_space import ImageError, clean_image, open_image
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

RED, WHITE = (255, 0, 0), (255, 255, 255)


def gradient(width=64, height=48):
    rng = np.random.default_rng(0)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def half(mode="RGB", size=(40, 20), left=RED, right=(0, 0, 255)):
    image = Image.new("RGB", size, right)
    image.paste(left, (0, 0, size[0] // 2, size[1]))
    return image.convert(mode)


def reason_of(path, **options):
    with pytest.raises(ImageError) as error:
        open_image(path, **options)
    assert "\n" not in str(error.value)
    return error.value.reason


def mode_or_reason(path):
    try:
        return open_image(path, max_pixels=10_000_000).mode
    except ImageError as error:
        return error.reason


def saved(folder, name, image, **options):
    image.save(folder / name, **options)
    return folder / name


def test_an_ordinary_image_is_unchanged_and_loaded(tmp_path):
    path = saved(tmp_path, "a.png", gradient())
    image = open_image(path)
    path.unlink()
    assert image.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(image), np.asarray(gradient()))


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "gif", "bmp", "tiff", "ppm"])
def test_every_usual_format_opens_whatever_its_name_says(tmp_path, extension):
    path = saved(tmp_path, f"a.{extension}", half())
    assert open_image(path.rename(tmp_path / "misnamed.dat")).size == (40, 20)


# Files that are not there, or not files of pictures


def test_a_missing_file_is_missing(tmp_path):
    assert reason_of(tmp_path / "no.png") == "missing"


def test_a_name_that_no_file_can_have_is_missing(tmp_path):
    assert reason_of(tmp_path / "a\0b.png") == "missing"
    assert reason_of(tmp_path / ("x" * 5000)) == "missing"


def test_links_that_lead_in_a_circle_are_missing(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert reason_of(tmp_path / "a") == "missing"


def test_a_directory_is_not_an_image(tmp_path):
    assert reason_of(tmp_path) == "not_an_image"


def test_a_pipe_is_not_an_image_and_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert reason_of(tmp_path / "pipe.png") == "not_an_image"


def test_zero_bytes_are_not_an_image(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    assert reason_of(tmp_path / "a.png") == "not_an_image"


def test_text_is_not_an_image(tmp_path):
    (tmp_path / "a.png").write_text("<html>404</html>")
    assert reason_of(tmp_path / "a.png") == "not_an_image"


def test_formats_that_start_other_programs_are_not_opened(tmp_path):
    assert reason_of(saved(tmp_path, "a.eps", half())) == "not_an_image"


# The image root


def test_paths_are_relative_to_the_root_and_may_be_absolute_inside_it(tmp_path):
    path = saved(tmp_path, "a.png", half())
    assert open_image("a.png", root=tmp_path).size == (40, 20)
    assert open_image(path, root=tmp_path).size == (40, 20)


@pytest.mark.parametrize("path", ["../secret.png", "sub/../../secret.png", "../nothing-here.png"])
def test_a_path_that_leaves_the_root_is_refused(tmp_path, path):
    saved(tmp_path, "secret.png", half())
    (tmp_path / "root/sub").mkdir(parents=True)
    assert reason_of(path, root=tmp_path / "root") == "outside_root"
    assert reason_of(tmp_path / "secret.png", root=tmp_path / "root") == "outside_root"


def test_a_symbolic_link_out_of_the_root_is_refused_and_one_within_is_followed(tmp_path):
    (tmp_path / "root").mkdir()
    secret = saved(tmp_path, "secret.png", half())
    inside = saved(tmp_path / "root", "inside.png", half())
    (tmp_path / "root/out.png").symlink_to(secret)
    (tmp_path / "root/folder").symlink_to(tmp_path)
    (tmp_path / "root/in.png").symlink_to(inside)
    assert reason_of("out.png", root=tmp_path / "root") == "outside_root"
    assert reason_of("folder/secret.png", root=tmp_path / "root") == "outside_root"
    assert open_image("in.png", root=tmp_path / "root").size == (40, 20)


def test_a_root_that_is_itself_a_link_works(tmp_path):
    (tmp_path / "real").mkdir()
    saved(tmp_path / "real", "a.png", half())
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert open_image("a.png", root=tmp_path / "link").size == (40, 20)


# Broken files


@pytest.mark.parametrize("extension", ["jpg", "png", "webp", "gif", "bmp", "tiff", "ppm"])
def test_half_a_file_is_refused(tmp_path, extension):
    path = saved(tmp_path, f"a.{extension}", gradient())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert reason_of(path) in {"truncated", "corrupt", "not_an_image"}


@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_half_a_photograph_is_called_truncated(tmp_path, extension):
    path = saved(tmp_path, f"a.{extension}", gradient())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert reason_of(path) == "truncated"


def test_damaged_pixels_are_corrupt(tmp_path):
    path = saved(tmp_path, "a.png", gradient())
    data = bytearray(path.read_bytes())
    start = data.index(b"IDAT") + 4
    data[start : start + 40] = bytes(40)
    path.write_bytes(data)
    assert reason_of(path) == "corrupt"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["jpg", "png", "gif", "webp", "tiff"]), st.data())
@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # Pillow warns of some damage that it can still read
def test_any_damage_gives_an_image_or_a_reason(tmp_path, extension, data):
    path = saved(tmp_path, f"a.{extension}", half())
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    verdict = mode_or_reason(path)
    assert verdict == "RGB" or f"`{verdict}`" in str(ImageError.__doc__)


# Too large


def png_of_size(width, height):
    """A PNG header that promises a size; its pixels never come."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b""))]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("side", [9_500, 12_000, 60_000])
def test_a_decompression_bomb_is_refused_before_decoding(tmp_path, side):
    (tmp_path / "bomb.png").write_bytes(png_of_size(side, side))
    assert reason_of(tmp_path / "bomb.png") == "too_large"


def test_the_limit_is_inclusive_and_can_be_set(tmp_path):
    path = saved(tmp_path, "a.png", half(size=(40, 20)))
    assert open_image(path, max_pixels=800).size == (40, 20)
    assert reason_of(path, max_pixels=799) == "too_large"


def test_a_text_chunk_that_unpacks_to_far_too_much_is_refused(tmp_path):
    chunk = b"zTXtcomment\0\0" + zlib.compress(bytes(200_000_000))
    data = saved(tmp_path, "a.png", half()).read_bytes()
    packed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(data[:33] + packed + data[33:])
    assert reason_of(tmp_path / "a.png") == "too_large"


# Odd but good


def test_cmyk_becomes_rgb(tmp_path):
    image = open_image(saved(tmp_path, "a.jpg", half("CMYK"), quality=95))
    assert image.mode == "RGB"
    assert np.abs(np.int64(image.getpixel((5, 10))) - RED).max() < 12


@pytest.mark.parametrize("extension", ["png", "tiff", "pgm"])
def test_sixteen_bit_gray_is_scaled_and_not_cut_off(tmp_path, extension):
    gray = np.tile(np.linspace(0, 65535, 256).astype(np.uint16), (8, 1))
    image = open_image(saved(tmp_path, f"a.{extension}", Image.fromarray(gray)))
    assert image.mode == "RGB"
    assert np.abs(np.asarray(image)[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_float_gray_from_zero_to_one_is_scaled_and_anything_else_is_refused(tmp_path):
    ramp = np.linspace(0, 1, 256, dtype=np.float32).reshape(1, -1)
    image = open_image(saved(tmp_path, "a.tiff", Image.fromarray(ramp)))
    np.testing.assert_array_equal(np.asarray(image)[0, :, 0], np.arange(256))
    assert reason_of(saved(tmp_path, "b.tiff", Image.fromarray(ramp * 300))) == "unsupported_mode"


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_an_animation_gives_its_first_frame(tmp_path, extension):
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 255, 0), (0, 0, 255))]
    path = tmp_path / f"a.{extension}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert open_image(path).getpixel((4, 4)) == RED


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied_once(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = half("RGB", left=RED, right=WHITE)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transposition that a camera of this orientation made
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(undo[orientation]))
    opened = open_image(saved(tmp_path, "a.jpg", stored, exif=exif, quality=95, subsampling=0))
    assert opened.size == (40, 20)
    assert np.abs(np.asarray(opened).astype(int) - np.asarray(upright)).max() < 30
    again = open_image(saved(tmp_path, "b.png", opened))
    np.testing.assert_array_equal(np.asarray(again), np.asarray(opened))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_exif_that_says_nothing_sensible_leaves_the_image_as_it_is(tmp_path):
    path = saved(tmp_path, "a.jpg", half(), exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(40)))
    assert open_image(path).size == (40, 20)


def test_transparent_palette_entries_lie_on_white_and_do_not_come_back(tmp_path):
    palette = half("P")
    transparent = palette.getpixel((0, 0))
    image = open_image(saved(tmp_path, "a.png", palette, transparency=transparent))
    assert (image.getpixel((5, 5)), image.getpixel((35, 5))) == (WHITE, (0, 0, 255))
    assert not open_image(saved(tmp_path, "b.png", image)).has_transparency_data


def test_16_bit_gray_keeps_its_values_beside_a_transparent_one(tmp_path):
    gray = Image.fromarray(np.array([[0, 1000, 40000, 65535]], dtype=np.uint16))
    image = open_image(saved(tmp_path, "a.png", gray, transparency=0))
    assert np.asarray(image)[0, :, 0].tolist() == [255, 4, 156, 255]


def test_half_transparent_pixels_are_mixed_with_white(tmp_path):
    image = open_image(saved(tmp_path, "a.png", Image.new("RGBA", (4, 4), (0, 0, 0, 128))))
    assert image.getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA"])
def test_other_modes_become_rgb(tmp_path, mode):
    assert open_image(saved(tmp_path, "a.png", half(mode))).mode == "RGB"


# The same picture, as a file and in memory


def seen(image):
    return image.mode, image.size, image.info, image.tobytes()


def odd_image(mode, pixels):
    if mode == "I;16":
        return Image.fromarray(pixels[..., 0].astype(np.uint16) * 257 + 3)
    if mode == "P with transparency":
        image = Image.fromarray(pixels[..., :3]).quantize(8)
        image.info["transparency"] = int(np.asarray(image)[0, 0])
        return image
    if mode == "EXIF":
        image = Image.fromarray(pixels[..., :3])
        image.info["exif"] = exif_of(6)
        return image
    rgba = Image.fromarray(pixels)
    return rgba if mode == "RGBA" else rgba.convert(mode)


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P with transparency", "I;16", "CMYK", "1", "EXIF"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(size=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 99))
def test_a_picture_in_memory_has_the_pixels_of_its_file(tmp_path, mode, size, seed):
    image = odd_image(mode, np.random.default_rng(seed).integers(0, 256, (*size, 4), dtype=np.uint8))
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    image.save(path, **{name: image.info[name] for name in ("exif", "transparency") if name in image.info})
    before = image.tobytes()
    with Image.open(path) as unread:
        assert seen(clean_image(image)) == seen(open_image(path)) == seen(clean_image(unread))
    assert image.tobytes() == before


def test_cleaning_copies_and_cleans_once(tmp_path):
    image = gradient()
    cleaned = clean_image(image)
    assert cleaned is not image
    turned = odd_image("EXIF", np.zeros((2, 5, 4), np.uint8))
    assert (clean_image(turned).size, clean_image(clean_image(turned)).size) == ((2, 5), (2, 5))


def test_an_image_of_half_a_file_is_refused_as_its_file_is(tmp_path):
    path = saved(tmp_path, "a.png", gradient())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Image.open(path) as unread, pytest.raises(ImageError, match=r"a\.png ends too early") as error:
        clean_image(unread)
    assert error.value.reason == "truncated"
    with pytest.raises(ImageError, match="gray values must be 0 to 1 in mode F"):
        clean_image(Image.new("F", (2, 2), 7.0))


def test_an_error_keeps_its_reason_between_processes():
    error = pickle.loads(pickle.dumps(ImageError("corrupt", "a.png cannot be decoded.")))
    assert (type(error), error.reason, str(error)) == (ImageError, "corrupt", "a.png cannot be decoded.")
