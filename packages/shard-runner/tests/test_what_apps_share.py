"""Rows of a run that is not finished, digests of a user's files, and addresses that hold no key."""

import os
from pathlib import Path

import pytest
from shard_runner import LedgerError, Source, run, stage_folder
from shard_runner.cli.addresses import plain_address
from shard_runner.file_digests import file_digest, file_stamp
from shard_runner.rows_so_far import rows_so_far

ROWS = [{"id": f"n{i}"} for i in range(3)]


def test_rows_of_an_unfinished_step_are_none_and_those_of_a_damaged_one_an_error(tmp_path: Path) -> None:
    assert rows_so_far(tmp_path, "numbers") == []
    run([Source(name="numbers", rows=lambda: ROWS)], tmp_path, seed=0, progress=False)
    assert rows_so_far(tmp_path, "numbers") == ROWS
    (stage_folder(tmp_path, "numbers") / "part-00000.parquet").unlink()
    with pytest.raises(LedgerError, match="is missing"):
        rows_so_far(tmp_path, "numbers")


def test_a_digest_follows_the_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for path, text in ((one, "a"), (other, "a")):
        path.write_text(text)
    assert file_digest(one, error=LookupError) == file_digest(other, error=LookupError)
    other.write_text("b")
    assert file_digest(one, error=LookupError) != file_digest(other, error=LookupError)
    assert file_digest(None, error=LookupError) is None
    with pytest.raises(LookupError, match="can't be read: No such file"):
        file_digest(tmp_path / "none", error=LookupError)


def test_a_stamp_tells_size_and_begin_and_opens_nothing_but_files(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(bytes(70_000))
    stamp = file_stamp(path)
    path.write_bytes(bytes(70_001))
    assert file_stamp(path) not in ("", stamp)
    os.mkfifo(tmp_path / "pipe")
    assert [file_stamp(one) for one in (tmp_path / "none", tmp_path / "pipe", Path("a\0b"), tmp_path)] == [""] * 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("127.0.0.1:8000", "base_url must be an address"),
        ("http://me:SECRET@host/v1", "base_url must hold no user, key or query"),
        ("http://host/v1?key=SECRET", "base_url must hold no user, key or query"),
    ],
)
def test_an_address_with_a_key_is_refused_and_not_repeated(value: str, text: str) -> None:
    with pytest.raises(ValueError, match=text) as refused:
        plain_address(value, name="base_url")
    assert "SECRET" not in str(refused.value)
    assert plain_address(None, name="base_url") is None
