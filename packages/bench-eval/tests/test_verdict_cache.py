"""A file of replies that survives kills, company and damage."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from bench_eval import Decoding, FileError
from bench_eval.judges import JudgeReply, VerdictCache, reply_key

WRITER = """
import sys
from bench_eval.judges import JudgeReply, VerdictCache
cache, name = VerdictCache(sys.argv[1]), sys.argv[2]
for number in range(int(sys.argv[3])):
    cache.keep({f"{name}-{number}": JudgeReply(name * 100, number)})
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "verdicts.sqlite"


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def test_what_was_kept_is_found_by_another_cache_on_the_same_file(path: Path) -> None:
    replies = {
        "a": JudgeReply("0.8", 3),
        "b": JudgeReply("nul \0, half \ud800, emoji 🦆, שלום\n", 0),
        "c": JudgeReply(""),
    }
    VerdictCache(path).keep(replies)
    assert VerdictCache(path).find(["a", "b", "c", "d"]) == replies


def test_more_keys_than_one_query_takes_are_found(path: Path) -> None:
    replies = {str(number): JudgeReply(str(number)) for number in range(1201)}
    VerdictCache(path).keep(replies)
    assert VerdictCache(path).find(list(replies)) == replies


def test_all_that_a_reply_depends_on_is_in_its_key() -> None:
    base = ("judge", [{"role": "user", "content": "a"}], Decoding(), 0)
    others = [
        ("other", *base[1:]),
        (base[0], [{"role": "user", "content": "b"}], *base[2:]),
        (*base[:2], Decoding(seed=1), 0),
        (*base[:2], Decoding(temperature=0.5), 0),
        (*base[:3], 1),
    ]
    assert len({reply_key(*one) for one in [base, *others]}) == 6


def test_two_processes_write_to_one_file(path: Path) -> None:
    writers = [writer(path, name, 8) for name in "ab"]
    assert [one.wait(timeout=60) for one in writers] == [0, 0]
    for one in writers:
        one.stdout.close()
    keys = [f"{name}-{number}" for name in "ab" for number in range(8)]
    assert set(VerdictCache(path).find(keys)) == set(keys)


def test_a_killed_writer_leaves_all_that_it_finished(path: Path) -> None:
    with writer(path, "a", 100_000) as process:
        for _ in range(5):
            done = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
    found = VerdictCache(path).find([f"a-{number}" for number in range(done + 1)])
    assert len(found) == done + 1
    VerdictCache(path).keep({"after": JudgeReply("0.1")})
    assert VerdictCache(path).find(["after"]) == {"after": JudgeReply("0.1")}


@pytest.mark.parametrize("damage", [b"no database at all " * 500, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_file_is_set_aside_with_a_word(path: Path, damage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path.parent.mkdir()
    path.write_bytes(damage)
    with caplog.at_level(logging.WARNING):
        assert VerdictCache(path).find(["a"]) == {}
    assert "is damaged" in caplog.text
    assert (path.parent / "verdicts.sqlite.damaged-1").read_bytes() == damage
    VerdictCache(path).keep({"a": JudgeReply("0.8")})
    assert VerdictCache(path).find(["a"]) == {"a": JudgeReply("0.8")}


def test_damage_within_a_large_file_is_set_aside_also_while_writing(path: Path) -> None:
    VerdictCache(path).keep({str(number): JudgeReply("x" * 500) for number in range(200)})
    whole = bytearray(path.read_bytes())
    whole[4096:20_480] = b"\xee" * 16_384
    path.write_bytes(whole)
    VerdictCache(path).keep({str(number): JudgeReply("y") for number in range(200)})
    assert VerdictCache(path).find(["7"]) == {"7": JudgeReply("y")}
    assert (path.parent / "verdicts.sqlite.damaged-1").exists()


def test_an_entry_that_was_tampered_with_counts_as_missing(path: Path) -> None:
    VerdictCache(path).keep({"a": JudgeReply("0.1"), "b": JudgeReply("0.2")})
    with sqlite3.connect(path) as database:
        database.execute("UPDATE replies SET reply = '[\"1.0\", 0]' WHERE key = 'a'")
    database.close()
    assert VerdictCache(path).find(["a", "b"]) == {"b": JudgeReply("0.2")}


def test_a_path_that_cannot_be_a_file_is_an_error_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"verdict cache .* can't be used: .* must be writable"):
        VerdictCache(tmp_path).find(["a"])
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="can't be used"):
        VerdictCache(tmp_path / "file" / "cache").find(["a"])
