from pathlib import Path

import pytest
from shard_runner.errors import ShardTaken
from shard_runner.journal import Journal, read_journal
from shard_runner.verdicts import Verdict


def test_a_journal_cut_at_any_byte_of_its_last_record_keeps_the_records_before(tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    verdicts = [
        {"k1": Verdict("done", [{"id": "a", "text": "line\nbreak \u2028 \r"}])},
        {"k2": Verdict("dropped", (), "r", "d", 7)},
    ]
    with Journal(path, "shard") as journal:
        for record in verdicts:
            journal.append(record)
    whole = path.read_bytes()
    first = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        with Journal(path, "shard") as journal:
            assert journal.verdicts == verdicts[0]
            journal.append(verdicts[1])
        assert path.read_bytes() == whole
    assert read_journal(path) == ("shard", verdicts[0] | verdicts[1], whole)


def test_a_damaged_record_costs_its_own_rows_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "part.jsonl"
    with Journal(path, "shard") as journal:
        for key in ("k1", "k2", "k3"):
            journal.append({key: Verdict("done", [{"id": key}])})
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b'"id": "k2"', b'"id": "k9"')  # still valid JSON: only the checksum tells
    path.write_bytes(b"".join(lines))
    assert set(read_journal(path).verdicts) == {"k1", "k3"}
    assert "part.jsonl is damaged at record 3 of 4; its rows are worked on again" in caplog.text


def test_a_worker_that_was_thought_dead_writes_into_a_file_that_nobody_reads(tmp_path: Path) -> None:
    path = tmp_path / "part.jsonl"
    verdict = Verdict("done", [{"id": "a"}])
    with Journal(path, "shard") as old:
        old.append({"k1": verdict})
        with Journal(path, "shard") as new:
            assert set(new.verdicts) == {"k1"}
            old.append({"k2": verdict})
            new.append({"k3": verdict})
            assert set(read_journal(path).verdicts) == {"k1", "k3"}
            new.check_held()
            with pytest.raises(ShardTaken, match="was taken over by another worker"):
                old.check_held()
