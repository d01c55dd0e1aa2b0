"""Files are there whole or not at all, and pictures of a task lie in its folder."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bench_eval import FileError
from bench_eval.tasks import DataFolder
from bench_eval.whole_files import partial_file, write_text_whole


def stop_half_way(path: Path) -> None:
    with partial_file(path) as partial:
        partial.write_text("torn")
        raise RuntimeError("half way")


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = write_text_whole(tmp_path / "new" / "a.json", "old")
    with pytest.raises(RuntimeError, match="half way"):
        stop_half_way(path)
    assert path.read_text() == "old\n"
    assert [one.name for one in path.parent.iterdir()] == ["a.json"]


def test_workers_that_write_the_same_picture_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    folder, picture = DataFolder(tmp_path, tmp_path / "pictures"), b"\x89PNG" + bytes(100_000)
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(folder.save_picture, [picture] * 64))
    assert [Path(path).read_bytes() for path in paths] == [picture]
    assert len(list((tmp_path / "pictures").iterdir())) == 1


@pytest.mark.parametrize("name", ["../a.png", "a/../../b.png", "/etc/passwd", "a\0b.png", "", " "])
def test_a_picture_must_lie_in_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match="pictures must lie in"):
        DataFolder(tmp_path, tmp_path).image(name)
    assert DataFolder(tmp_path, tmp_path).image("a/b.png") == str(tmp_path / "a" / "b.png")
