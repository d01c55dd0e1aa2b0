"""Rows of a run that is not finished, digests of a user's files, and addresses that hold no key."""

from pathlib import Path

import pytest
from shard_runner import LedgerError, PipelineError, Source, file_digest, rows_so_far, run, stage_folder
from shard_runner.cli import plain_address

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
    assert file_digest(one) == file_digest(other)
    other.write_text("b")
    assert file_digest(one) != file_digest(other)
    assert file_digest(None) is None
    with pytest.raises(PipelineError, match="none can't be read: No such file"):
        file_digest(str(tmp_path / "none"))
    with pytest.raises(LookupError, match="can't be read: No such file"):
        file_digest(tmp_path / "none", error=LookupError)


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
