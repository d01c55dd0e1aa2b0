import sys
import traceback
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from shard_runner import TableError
from shard_runner.remote_files import open_remote, remote_file, remote_files, remote_version
from shard_runner.table_sources import table_source
from shard_runner.tables import iter_table, read_table
from shard_runner.uris import is_uri, masked, path_of_uri, secrets_in

LINES = b'{"id": "a"}\n{"id": "b"}\n'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("s3://bucket/a/b.jsonl", "s3://bucket/a/b.jsonl"),
        ("ftp://ann@host/a.json", "ftp://***@host/a.json"),
        ("ftp://ann:se@cr/et@host/a@b.json", "ftp://***@b.json"),
        ("simplecache::ftp://ann:hunter2@host/a.json", "simplecache::ftp://***@host/a.json"),
        ("zip://a.json::ftp://ann:hunter2@host/a.zip", "zip://***@host/a.zip"),
        ("https://host/a.json?X-Amz-Signature=secret&b=secret", "https://host/a.json?***"),
        (
            "no 'ftp://ann:hunter2@host/a' there, nor 'https://host/b?secret'",
            "no 'ftp://***@host/a' there, nor 'https://host/b?***'",
        ),
        ("mail ann@host about 3:4@5", "mail ann@host about 3:4@5"),
    ],
)
def test_messages_show_uris_without_logins_and_signatures(text: str, shown: str) -> None:
    assert masked(text) == shown


@given(st.text("abc:/@ ?=&'\"", max_size=12))
def test_a_password_is_never_shown_whatever_it_holds(middle: str) -> None:
    password = f"Secret{middle.replace(' ', '+')}Secret"
    assert "Secret" not in masked(f"can't read ftp://ann:{password}@host/rows.json today")


def test_what_a_store_says_of_a_uri_is_masked_without_the_uri_around_it() -> None:
    uri = "s3://KEY:pass/word@bucket/rows.json?sig=abc%3D&x=1"
    text = masked("no bucket 'KEY:pass/word'; pass/word; sig=abc%3D&x=1; abc%3D", secrets_in(uri))
    assert text == "no bucket '***'; ***; ***; ***"


def test_windows_drives_and_plain_paths_are_no_uris() -> None:
    assert not any(map(is_uri, ["a/b.json", "/a/b.json", "a:b.json", "~/x", "", "://x"]))
    assert path_of_uri("zip://in/rows.json::s3://b/a.zip") == "in/rows.json"
    assert path_of_uri("simplecache::s3://b/rows.json") == "b/rows.json"


def test_rows_are_read_from_a_store_by_uri(memory: MemoryFileSystem) -> None:
    memory.pipe({"/in/b.jsonl": LINES, "/in/a.json": b'[{"id": "c"}]', "/in/deep/c.jsonl": b"", "/in/d.txt": b""})
    assert read_table("memory://in/b.jsonl") == [{"id": "a"}, {"id": "b"}]
    source = table_source("rows", ["memory://in/**/*.jsonl", "memory://in/a.json"])
    assert [row["id"] for row in source.rows()] == ["a", "b", "c"]
    assert [file.path for file in remote_files("memory://in/*.js*")] == ["/in/a.json", "/in/b.jsonl"]


def test_two_readers_of_one_file_do_not_disturb_each_other(memory: MemoryFileSystem) -> None:
    memory.pipe("/rows.jsonl", LINES)
    with (
        open_remote(remote_file("memory://rows.jsonl")) as first,
        open_remote(remote_file("memory://rows.jsonl")) as second,
    ):
        first.raw.read(3)  # pyright: ignore[reportAttributeAccessIssue]
        assert second.read() == LINES
        assert first.read() == LINES[3:]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("memory://none.jsonl", "^memory://none.jsonl can't be read: No such file"),
        ("memory://in/none-*.jsonl", r"^memory://in/none-\*.jsonl can't be read: No such file"),
        ("memory://in", r"^memory://in is a folder; name a file, or a pattern such as memory://in/\*.parquet"),
        ("memory://in/rows.csv", r"^memory://.*in/rows.csv must end in \.parquet"),
        ("nostore://ann:hunter2@x/a.json", r"^nostore://\*\*\*@x/a.json can't be reached: Protocol not known: nostore"),
    ],
)
def test_what_is_not_in_a_store_is_refused_before_any_work(memory: MemoryFileSystem, uri: str, message: str) -> None:
    memory.pipe({"/in/rows.csv": b"", "/in/rows.jsonl": LINES})
    with pytest.raises(TableError, match=message):
        table_source("rows", ["memory://in/rows.jsonl", uri])


def test_a_file_cut_in_a_store_is_refused_by_name(memory: MemoryFileSystem) -> None:
    memory.pipe({"/rows.jsonl": LINES[:-4], "/rows.parquet": b"PAR1", "/rows.json.gz": b"\x1f\x8b\x08"})
    for name, message in (
        ("rows.jsonl", "is truncated"),
        ("rows.parquet", "not a whole"),
        ("rows.json.gz", "truncated"),
    ):
        with pytest.raises(TableError, match=f"^memory://{name} .*{message}"):
            read_table(f"memory://{name}")


class Marked(MemoryFileSystem):
    """Tells an ETag as stores do."""

    protocol = "marked"
    etag = '"one"'

    def info(self, path: str, **named: Any) -> dict[str, Any]:
        return {**super().info(path, **named), "ETag": self.etag}


def test_the_version_is_the_mark_of_the_store_where_it_is_a_strong_one(memory: MemoryFileSystem) -> None:
    fsspec.register_implementation("marked", Marked, clobber=True)
    marked = remote_file("marked://rows.jsonl")
    marked.system.pipe(marked.path, LINES)
    assert remote_version(marked) == f'ETag:"one":{len(LINES)}'
    Marked.etag = 'W/"one"'  # says only that the meaning is the same
    by_bytes = remote_version(marked)
    marked.system.pipe(marked.path, LINES.upper())  # as many bytes
    assert remote_version(marked) != by_bytes
    memory.pipe("/rows.jsonl", LINES)  # another time
    assert remote_version(remote_file("memory://rows.jsonl")) == by_bytes


class Failing(MemoryFileSystem):
    """Breaks off while it is read, and tells its password."""

    protocol = "failing"

    def _open(self, path: str, mode: str = "rb", **named: Any) -> Any:
        file = super()._open(path.rpartition("/")[2], mode, **named)

        class Broken:
            seek, close = file.seek, file.close

            def read(self, size: int) -> bytes:
                raise ConnectionError(f"no answer from {path}")

        return Broken()


@pytest.mark.parametrize("form", [".jsonl", ".parquet", ".json.gz"])
def test_a_store_that_breaks_off_is_named_without_its_password(memory: MemoryFileSystem, form: str) -> None:
    fsspec.register_implementation("failing", Failing, clobber=True)
    memory.pipe(f"/rows{form}", LINES)
    rows = iter_table(f"failing://ann:hunter2@host/rows{form}")
    with pytest.raises(TableError, match=rf"^failing://\*\*\*@host/rows{form} can't be read: no answer from") as caught:
        list(rows)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_the_cause_is_kept_where_it_holds_no_secret(memory: MemoryFileSystem) -> None:
    fsspec.register_implementation("failing", Failing, clobber=True)
    memory.pipe("/rows.jsonl", LINES)
    with pytest.raises(TableError) as caught:
        read_table("failing://rows.jsonl")
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_a_missing_library_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(TableError, match=r"^s3://b/a.json needs fsspec; .*: pip install 'shard-runner\[remote\]'$"):
        read_table("s3://b/a.json")
    monkeypatch.undo()
    with pytest.raises(TableError, match=r"^sftp://\*\*\*@b/a.json needs one more library: .*paramiko"):
        read_table("sftp://ann:hunter2@b/a.json")
