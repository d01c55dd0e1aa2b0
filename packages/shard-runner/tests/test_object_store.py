"""Against a real S3 server on this machine: moto's, with s3fs as its client."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shard_runner import Row, Source, Stage, TableError, read_rows, run
from shard_runner.drafts import draft_of
from shard_runner.remote_files import remote_file, remote_version
from shard_runner.sinks import write_rows
from shard_runner.table_sources import table_source
from shard_runner.tables import iter_table, read_table

moto_server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")
boto3 = pytest.importorskip("boto3")
fsspec = pytest.importorskip("fsspec")

ROWS: list[Row] = [{"id": f"a/{k} 👩‍🚀\n", "text": "é" * k, "tags": [{"k": k}, {}]} for k in range(20)]
FORMS = (".parquet", ".jsonl", ".json.gz")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of its own, so that changes come from outside; the bucket is made anew for each test."""
    for name, value in (("AWS_ACCESS_KEY_ID", "hunter1"), ("AWS_SECRET_ACCESS_KEY", "hunter2")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    s3fs.S3FileSystem.clear_instance_cache()
    made = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    made.create_bucket(Bucket="data")
    yield made
    for key in keys(made):
        made.delete_object(Bucket="data", Key=key)
    made.delete_bucket(Bucket="data")
    made.close()


def keys(client: Any) -> list[str]:
    return sorted(item["Key"] for item in client.list_objects_v2(Bucket="data").get("Contents", []))


def put(client: Any, key: str, data: bytes) -> None:
    client.put_object(Bucket="data", Key=key, Body=data)


def finished(run_dir: Path, rows: list[Row]) -> Path:
    run([Source(name="rows", rows=lambda: rows)], run_dir, seed=0, shard_size=7)
    return run_dir


@pytest.mark.parametrize("form", FORMS)
def test_rows_go_to_a_bucket_and_come_back(tmp_path: Path, client: Any, form: str) -> None:
    run_dir = finished(tmp_path / "run", ROWS)
    for _ in range(2):  # the second replaces the first
        assert write_rows(run_dir, "rows", f"s3://data/deep/er/rows{form}") == 20
    assert keys(client) == [f"deep/er/rows{form}"]
    assert read_table(f"s3://data/deep/er/rows{form}") == ROWS
    assert write_rows(run_dir, "rows", f"s3://data/parts/rows{form}", shard_rows=8) == 20
    source = table_source("rows", f"s3://data/parts/*{form}")
    assert list(source.rows()) == ROWS
    with pytest.raises(TableError, match="would mix with another export"):
        write_rows(run_dir, "rows", f"s3://data/parts/rows{form}", shard_rows=5)


def test_a_run_reads_a_bucket_and_a_change_from_outside_is_seen(tmp_path: Path, client: Any) -> None:
    put(client, "in/a.jsonl", b'{"id": "a/b", "x": 1}\n{"id": "c", "x": 2}\n')
    put(client, "in/b.jsonl", b'{"id": "d", "x": 3}\n')

    def make() -> Any:
        return lambda rows: [[{**row, "y": row["x"] * 2}] for row in rows]

    source = table_source("rows", "s3://data/in/*.jsonl")
    pipeline = [source, Stage(name="double", make=make)]
    run(pipeline, tmp_path / "run", seed=0)
    assert [row["y"] for row in read_rows(tmp_path / "run", "double")] == [2, 4, 6]
    assert source.fingerprint is not None
    known = source.fingerprint()
    assert source.fingerprint() == known
    put(client, "in/b.jsonl", b'{"id": "d", "x": 4}\n')  # as many bytes
    assert source.fingerprint() != known
    put(client, "in/b.jsonl", b'{"id": "d", "x": 3}\n')
    assert source.fingerprint() == known
    put(client, "in/c.jsonl", b'{"id": "e", "x": 5}\n')
    assert source.fingerprint() != known
    run(pipeline, tmp_path / "run", seed=0)
    assert [row["y"] for row in read_rows(tmp_path / "run", "double")] == [2, 4, 6, 10]


def test_the_version_of_an_object_is_its_etag(client: Any) -> None:
    put(client, "rows.jsonl", b'{"id": "a"}\n')
    etag = client.head_object(Bucket="data", Key="rows.jsonl")["ETag"]
    assert remote_version(remote_file("s3://data/rows.jsonl")) == f"ETag:{etag}:12"


def test_a_file_of_many_pieces_is_written_and_read(
    tmp_path: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3fs.S3FileSystem, "default_block_size", 5 << 20)  # the least that S3 takes
    rows: list[Row] = [{"id": f"{k}", "text": chr(97 + k) * 4_000_000} for k in range(3)]
    run([Source(name="rows", rows=lambda: rows)], tmp_path / "run", seed=0, shard_size=1)
    write_rows(tmp_path / "run", "rows", "s3://data/rows.jsonl")
    assert client.head_object(Bucket="data", Key="rows.jsonl")["ContentLength"] > 12_000_000
    assert [row == rows[k] for k, row in enumerate(iter_table("s3://data/rows.jsonl"))] == [True] * 3


@pytest.mark.parametrize("form", FORMS)
def test_an_object_cut_short_is_refused(tmp_path: Path, client: Any, form: str) -> None:
    write_rows(finished(tmp_path / "run", ROWS), "rows", f"s3://data/rows{form}")
    whole = client.get_object(Bucket="data", Key=f"rows{form}")["Body"].read()
    for cut in (0, 1, len(whole) // 2, len(whole) - 2):
        if not (form == ".jsonl" and cut == 0):
            put(client, f"rows{form}", whole[:cut])
            with pytest.raises(TableError, match=rf"^s3://data/rows{form} (is truncated|is not a whole)"):
                read_table(f"s3://data/rows{form}")


def test_what_is_missing_in_the_store_is_named_before_any_work(tmp_path: Path, client: Any) -> None:
    put(client, "in/rows.jsonl", b"")
    for uri, message in (
        ("s3://data/none.jsonl", "can't be read: No such file"),
        ("s3://data/none/*.jsonl", "can't be read: No such file"),
        ("s3://nobucket/rows.jsonl", "can't be read: No such file"),
        ("s3://data/in", r"is a folder; name a file, or a pattern such as s3://data/in/\*.parquet"),
    ):
        with pytest.raises(TableError, match=message):
            table_source("rows", uri)
    with pytest.raises(TableError, match=r"^s3://nobucket/rows.jsonl can't be written: No such file or folder"):
        write_rows(finished(tmp_path / "run", ROWS), "rows", "s3://nobucket/rows.jsonl")


def test_a_draft_that_is_given_up_leaves_nothing(client: Any) -> None:
    put(client, "rows.jsonl", b"old")
    draft = draft_of("s3://data/rows.jsonl")
    with draft.open() as file:
        file.write(b"half")
    assert len(keys(client)) == 2
    draft.discard()
    assert keys(client) == ["rows.jsonl"]
    assert client.get_object(Bucket="data", Key="rows.jsonl")["Body"].read() == b"old"


def test_a_store_out_of_reach_is_named_without_keys(
    tmp_path: Path, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setattr(s3fs.S3FileSystem, "retries", 1)
    s3fs.S3FileSystem.clear_instance_cache()
    run_dir = finished(tmp_path / "run", ROWS)
    for deed in (
        lambda: read_table("s3://hunter1:hunter2@data/rows.jsonl"),
        lambda: table_source("rows", "s3://hunter1:hunter2@data/rows.jsonl"),
        lambda: write_rows(run_dir, "rows", "s3://hunter1:hunter2@data/rows.jsonl"),
    ):
        with pytest.raises(TableError, match=r"^s3://\*\*\*@data/rows.jsonl can't be ") as caught:
            deed()
        shown = "".join(line for line in traceback.format_exception(caught.value) if "lambda" not in line)
        assert "hunter2" not in shown
        assert "\n" not in str(caught.value)
