import os

from box_space import image_stamp


def test_a_stamp_tells_size_and_begin_and_knows_a_copy(tmp_path):
    path, copy = tmp_path / "a.png", tmp_path / "b.png"
    path.write_bytes(bytes(70_000))
    copy.write_bytes(bytes(70_000))
    stamp = image_stamp("a.png", root=tmp_path)
    assert stamp == image_stamp(copy) != ""
    for content in (bytes(70_001), b"x" + bytes(69_999)):
        path.write_bytes(content)
        assert image_stamp(path) not in ("", stamp)


def test_a_stamp_of_what_open_image_would_not_open_is_empty(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.png").write_bytes(b"secret")
    (root / "link.png").symlink_to(tmp_path / "secret.png")
    (root / "loop.png").symlink_to(root / "loop.png")
    (root / "empty.png").write_bytes(b"")
    os.mkfifo(root / "pipe.png")
    odd = ["link.png", "loop.png", "empty.png", "pipe.png", "../secret.png", str(tmp_path / "secret.png")]
    odd += ["none.png", "", ".", "a\0b", "\ud800"]
    assert [image_stamp(name, root=root) for name in odd] == [""] * len(odd)
