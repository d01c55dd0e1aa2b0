import gzip
import io
import json
import math
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shard_runner import TableError
from shard_runner.columns import rows_to_table
from shard_runner.disk import write_table
from shard_runner.json_rows import json_list
from shard_runner.tables import iter_table, read_table

ROWS: list[dict[str, Any]] = [
    {"id": "a/b/../c", "text": "line\nbreak \u2028", "tags": []},
    {"id": "👩‍🚀", "score": -1.5e-3, "ok": True, "none": None},
    {"id": "new\nline", "text": 'quote " \\ שלום \ud83d', "big": 2**70, "deep": {"list": [[1], {}]}},
]
FORMS = (".parquet", ".json", ".jsonl", ".json.gz", ".jsonl.gz")


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = json.dumps(rows, indent=1) if ".json" in path.suffixes else "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".parquet":
        write_table(path, rows_to_table(rows))
    else:
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def rows_before_fault(path: Path) -> tuple[list[Any], str]:
    rows: list[Any] = []
    try:
        rows.extend(iter_table(path))
    except TableError as error:
        return rows, str(error)
    return rows, ""


@pytest.mark.parametrize("form", FORMS)
def test_rows_come_back_from_every_format(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / f"rows{form}", ROWS)
    assert list(iter_table(path)) == read_table(str(path)) == ROWS
    assert read_table(write(tmp_path / f"none{form}", [])) == []
    assert read_table(write(tmp_path / f"LOUD{form}", ROWS).rename(tmp_path / f"LOUD{form.upper()}")) == ROWS


@pytest.mark.parametrize("form", [".json", ".jsonl"])
def test_byte_order_marks_blank_lines_and_carriage_returns_are_accepted(tmp_path: Path, form: str) -> None:
    path = write(tmp_path / f"rows{form}", ROWS)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n") + b" \n\t")
    assert read_table(path) == ROWS


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cut.json", '[{"a": 1}, {"a"', r"is truncated: it ends inside a value \(line 1, column 16\)"),
        ("cut.jsonl", '{"a": 1}\n{"a": "x', r"is truncated: it ends inside a value \(line 2, column 7\)"),
        ("cut2.jsonl", '{"a": 1}\n{"a": "é\udcc3', r"is truncated: it ends inside a value \(line 2, column 9\)"),
        ("cut2.json", '[\n{"a": "é\udcc3', r"is truncated: it ends inside a value \(line 2, column 9\)"),
        ("cut3.json", '[\n{"a": 1},\n', r"is truncated: it ends inside a value \(line 3, column 1\)"),
        ("open.json", "[", r"is truncated: it ends inside a value \(line 1, column 2\)"),
        ("bad.jsonl", '{"a": 1}\n{"a" 2}\n{"a": 3}', r"is not valid JSON: Expecting ':' delimiter \(line 2, column 6"),
        ("last.jsonl", '{"a": 1}\n{"a" 2}\n\n', r"is not valid JSON: Expecting ':' delimiter \(line 2, column 6"),
        ("mid.jsonl", '{"a": 1}\n{"a": "x\n{"a": 3}', r"is not valid JSON: Invalid control character at \(line 2"),
        ("bad.json", '[{"a": 1},\n {"a": tru3}]', r"is not valid JSON: Expecting value \(line 2, column 8\)"),
        ("comma.json", '[{"a": 1},\n]', r"is not valid JSON: Expecting value \(line 2, column 1\)"),
        ("two.json", '[{"a": 1} {"a": 2}]', r"is not valid JSON: Expecting ',' delimiter \(line 1, column 11\)"),
        ("more.json", '[{"a": 1}]\n[', r"is not valid JSON: Extra data \(line 2, column 1\)"),
        ("web.json", "<html>", r"is not valid JSON: Expecting value \(line 1, column 1\)"),
        ("one.json", '{"a": 1}', r"must hold a list of objects; got dict; .* must end in \.jsonl"),
        ("text.json", ' "a"', "must hold a list of objects; got str"),
        ("mixed.json", '[{"a": 1}, 2]', "must hold a list of objects; item 1 is int"),
        ("list.jsonl", '{"a": 1}\n[]', "must hold a list of objects; item 1 is list"),
        ("empty.json", "", r"is truncated: it ends inside a value \(line 1, column 1\)"),
        ("empty.jsonl.gz", "", "is truncated: it is empty"),
        ("plain.jsonl.gz", '{"a": 1}', "is not a whole gzip file: Not a gzipped file"),
        ("cut.parquet", "PAR1", "is not a whole Parquet file"),
        ("rows.csv", "a,b", r"must end in \.parquet, \.json, \.jsonl"),
        ("latin.json", "[]\udcff", r"is not UTF-8 text \(byte 2\)"),
        ("latin.jsonl", '{}\n{"a": "\udce9"}\n', r"is not UTF-8 text \(byte 10\)"),
        ("mark.json", "\ufeff[\udcff]", r"is not UTF-8 text \(byte 4\)"),
        ("mark.jsonl", "\ufeff{}\udcff", r"is not UTF-8 text \(byte 5\)"),
        ("deep.json", '[{"a":' + "[" * 200_000, "values are nested too deeply"),
        ("deep.jsonl", '{"a":' + "[" * 200_000, "values are nested too deeply"),
        ("digits.json", '[{"a": ' + "1" * 5000 + "}]", "Exceeds the limit"),
        ("digits.jsonl", '{"a": ' + "1" * 5000 + "}", "Exceeds the limit"),
    ],
)
def test_a_file_that_is_no_whole_table_is_refused_by_name(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(TableError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for form in FORMS:
        with pytest.raises(TableError, match="can't be read: No such file"):
            read_table(tmp_path / f"none{form}")
    (tmp_path / "folder.parquet").mkdir()
    with pytest.raises(TableError, match="can't be read: Is a directory"):
        read_table(tmp_path / "folder.parquet")


@pytest.mark.parametrize("form", FORMS)
def test_a_file_cut_at_any_byte_of_its_last_record_is_refused_or_whole(tmp_path: Path, form: str) -> None:
    expected = [{"id": row["id"]} for row in ROWS] if form == ".parquet" else ROWS  # of Parquet all bytes are tried
    path = write(tmp_path / f"rows{form}", expected)
    whole, first = path.read_bytes(), write(tmp_path / f"first{form}", expected[:-1]).read_bytes()
    start = {".json": len(first) - 2, ".jsonl": len(first)}.get(form, 0)
    assert whole[:start] == first[:start]
    for cut in range(start, len(whole)):
        path.write_bytes(whole[:cut])
        rows, message = rows_before_fault(path)
        assert rows == expected[: len(rows)]
        if form == ".jsonl" and cut in (start, len(whole) - 1):  # just behind a record: a whole file
            assert (len(rows), message) == (3 if cut > start else 2, "")
        else:
            assert any(text in message for text in ("is truncated", "is not a whole")), (cut, rows)
            assert message.startswith(str(path))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=2), values, max_size=3), max_size=4),
    st.integers(1, 9),
    st.booleans(),
    st.sampled_from([None, 1]),
)
@settings(max_examples=50, deadline=None)
def test_a_json_list_is_read_alike_in_pieces_of_any_size(
    rows: list[Any], size: int, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(rows, ensure_ascii=ascii_only, indent=indent).encode(errors="surrogatepass")
    assert repr(list(json_list(Drips(text, size), "rows"))) == repr(rows)


def test_faults_are_placed_alike_in_pieces_of_any_size() -> None:
    text = '\ufeff[{"a": "é\\u00e9"},\n\n  {"b": truth}]'.encode()
    for size in range(1, len(text) + 1):
        with pytest.raises(TableError, match=r"Expecting value \(line 3, column 9\)"):
            list(json_list(Drips(text, size), "rows"))


class Drips(io.BytesIO):
    """Gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        super().__init__(data)
        self._size = size

    def read(self, size: int | None = -1) -> bytes:
        return super().read(3 if size == 3 else self._size)


def test_an_invalid_json_list_is_refused_before_the_rest_is_read() -> None:
    file = io.BytesIO(b'[{"a": 1} nonsense ' + b"x" * 10_000_000)
    with pytest.raises(TableError, match="Expecting ',' delimiter"):
        list(json_list(file, "rows"))
    assert file.tell() < 2_000_000


def big_file(path: Path) -> int:
    text = "0123456789" * 1000
    rows = [{"id": f"{number}", "text": text} for number in range(2000)]
    if path.suffix == ".parquet":
        table = pa.Table.from_pylist(rows)
        pq.write_table(table, path, compression="none", use_dictionary=False, write_batch_size=50)
        return len(rows)
    data = json.dumps(rows) if ".json" in path.suffixes else "\n".join(map(json.dumps, rows))
    path.write_bytes(gzip.compress(data.encode(), 1) if path.suffix == ".gz" else data.encode())
    return len(rows)


@pytest.mark.parametrize("form", FORMS)
def test_memory_stays_flat_over_a_file_of_20_mb(tmp_path: Path, form: str) -> None:
    count = big_file(tmp_path / f"rows{form}")
    arrow = pa.total_allocated_bytes()
    tracemalloc.start()
    try:
        seen, most = 0, 0
        for row in iter_table(tmp_path / f"rows{form}"):
            seen += len(row["text"]) == 10_000
            most = max(most, pa.total_allocated_bytes() - arrow)
        peak = tracemalloc.get_traced_memory()[1] + most
    finally:
        tracemalloc.stop()
    assert seen == count
    assert peak < 8_000_000


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_10_mb_come_back(tmp_path: Path, form: str) -> None:
    rows = [{"id": name, "text": name * 10_000_000} for name in "ab"]
    path = write(tmp_path / f"rows{form}", rows)
    assert [(row["id"], row["text"] == row["id"] * 10_000_000) for row in iter_table(path)] == [
        ("a", True),
        ("b", True),
    ]


def test_parquet_that_others_wrote_is_read_as_it_is(tmp_path: Path) -> None:
    table = pa.table(
        {"id": ["a", "b", "c"], "x": [1.0, None, math.inf], "d": pa.array(["u", "v", "u"]).dictionary_encode()}
    )
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=2)
    assert read_table(tmp_path / "rows.parquet") == [
        {"id": "a", "x": 1.0, "d": "u"}, {"id": "b", "x": None, "d": "v"}, {"id": "c", "x": math.inf, "d": "u"},
    ]  # fmt: skip


def test_parquet_damaged_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.parquet", ROWS)
    whole = bytearray(path.read_bytes())
    whole[4:40] = b"\0" * 36
    path.write_bytes(whole)
    with pytest.raises(TableError, match="is not a whole Parquet file"):
        read_table(path)


def test_parquet_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    broken = pa.StringArray.from_buffers(1, pa.array([0, 1], pa.int32()).buffers()[1], pa.py_buffer(b"\xff"))
    pq.write_table(pa.table({"id": broken}), tmp_path / "rows.parquet")
    with pytest.raises(TableError, match="holds text that is not UTF-8"):
        read_table(tmp_path / "rows.parquet")
