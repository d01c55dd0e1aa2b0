from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from answer_judge import CachedEmbedder, CacheError, EmbeddingError, default_ladder


class LetterCounts:
    """A bag of letters; remembers what it was asked."""

    identity = "letters 1"
    model_name = "all-MiniLM-L6-v2"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked.extend(texts)
        return np.array([[text.count(chr(97 + index)) + 1 for index in range(26)] for text in texts], dtype=float)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "vectors.sqlite"


def test_a_later_run_embeds_nothing_again(path: Path) -> None:
    first, second = LetterCounts(), LetterCounts()
    vectors = CachedEmbedder(first, path)(["kayak", "boat", "kayak"])
    again = CachedEmbedder(second, path)(["boat", "kayak", "canoe"])
    assert (first.asked, second.asked) == (["kayak", "boat"], ["canoe"])
    assert vectors.dtype == again.dtype == np.float32
    assert np.array_equal(vectors[[1, 0]], again[:2])
    assert np.array_equal(again, LetterCounts()(["boat", "kayak", "canoe"]))


def test_an_empty_call_has_no_rows(path: Path) -> None:
    assert CachedEmbedder(lambda texts: np.zeros((len(texts), 7)), path, identity="x")([]).shape == (0, 7)


def test_another_identity_shares_nothing(path: Path) -> None:
    CachedEmbedder(LetterCounts(), path)(["kayak"])
    other = LetterCounts()
    CachedEmbedder(other, path, identity="letters 2")(["kayak"])
    assert other.asked == ["kayak"]


def test_an_embedder_without_identity_needs_one(path: Path) -> None:
    with pytest.raises(CacheError, match="function has no identity; pass identity="):
        CachedEmbedder(lambda texts: np.ones((len(texts), 2)), path)


def test_a_ladder_over_a_cache_judges_as_without_and_knows_its_threshold(path: Path) -> None:
    pairs = [("kayak", "boat"), ("yak", "kayak"), ("a big canoe", "ocean")]
    plain = default_ladder(LetterCounts()).judge_many(pairs)
    assert default_ladder(CachedEmbedder(LetterCounts(), path)).judge_many(pairs) == plain
    embedder = LetterCounts()
    assert default_ladder(CachedEmbedder(embedder, path)).judge_many(pairs) == plain
    assert embedder.asked == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE vectors SET vector = zeroblob(length(vector))",  # a torn page
        "UPDATE vectors SET vector = substr(vector, 1, 50)",  # cut within a number
        "UPDATE vectors SET vector = x'', checksum = x''",
        "UPDATE vectors SET vector = NULL",
        "UPDATE vectors SET vector = 'text'",
        "UPDATE vectors SET checksum = randomblob(16)",
    ],
)
def test_a_damaged_entry_is_embedded_anew_and_repaired(path: Path, damage: str) -> None:
    right = CachedEmbedder(LetterCounts(), path)(["kayak", "boat"])
    with sqlite3.connect(path) as database:
        database.execute(damage + " WHERE rowid = 1")
    database.close()
    repairing, later = LetterCounts(), LetterCounts()
    assert np.array_equal(CachedEmbedder(repairing, path)(["kayak", "boat"]), right)
    assert np.array_equal(CachedEmbedder(later, path)(["kayak", "boat"]), right)
    assert (repairing.asked, later.asked) == (["kayak"], [])


def test_vectors_that_changed_places_are_not_trusted(path: Path) -> None:
    CachedEmbedder(LetterCounts(), path)(["kayak", "boat"])
    with sqlite3.connect(path) as database:
        (one,), (two,) = database.execute("SELECT vector FROM vectors ORDER BY rowid").fetchall()
        database.execute("UPDATE vectors SET vector = ? WHERE rowid = 1", (two,))
        database.execute("UPDATE vectors SET vector = ? WHERE rowid = 2", (one,))
    database.close()
    embedder = LetterCounts()
    CachedEmbedder(embedder, path)(["kayak", "boat"])
    assert sorted(embedder.asked) == ["boat", "kayak"]


def test_what_a_broken_embedder_returns_is_not_kept(path: Path) -> None:
    with pytest.raises(EmbeddingError, match="finite"):
        CachedEmbedder(lambda texts: np.full((len(texts), 2), np.nan), path, identity="x")(["kayak"])
    assert CachedEmbedder(LetterCounts(), path).size().entries == 0


def test_two_lengths_under_one_identity_are_an_error(path: Path) -> None:
    CachedEmbedder(lambda texts: np.ones((len(texts), 2)), path, identity="x")(["kayak"])
    with pytest.raises(CacheError, match=r"vectors of \[2, 3\] numbers under one identity, 'x'"):
        CachedEmbedder(lambda texts: np.ones((len(texts), 3)), path, identity="x")(["kayak", "boat"])


def test_a_file_that_is_no_cache_is_an_error(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("a shopping list, longer than the head of a data base" * 40)
    with pytest.raises(CacheError, match=r"cannot use the embedding cache .*file is not a database.*may be deleted"):
        CachedEmbedder(LetterCounts(), path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that even root cannot write")
def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(CacheError, match="Its folder must be writable"):
        CachedEmbedder(LetterCounts(), "/proc/vectors.sqlite")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_complete_cache_can_be_read_where_nothing_can_be_written(path: Path) -> None:
    CachedEmbedder(LetterCounts(), path)(["kayak"])
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        embedder = CachedEmbedder(LetterCounts(), path)
        assert len(embedder(["kayak"])) == 1
        with pytest.raises(CacheError, match="must be writable"):
            embedder(["boat"])
    finally:
        path.parent.chmod(0o755)


def test_the_size_counts_entries_and_bytes(path: Path) -> None:
    embedder = CachedEmbedder(lambda texts: np.ones((len(texts), 384)), path, identity="x")
    embedder([f"text {index}" for index in range(1000)])
    size = embedder.size()
    assert (size.entries, size.bytes) == (1000, path.stat().st_size)
    assert 384 * 4 < size.bytes / 1000 < 2300


def test_text_of_any_kind_is_a_key(path: Path) -> None:
    texts = ["", "\0", "\0\0", "\ud800", "🦆", "\u202eبطة", "a" * 100_000]
    CachedEmbedder(LetterCounts(), path)(texts)
    embedder = LetterCounts()
    CachedEmbedder(embedder, path)(texts)
    assert embedder.asked == []


def test_threads_embed_a_string_once_for_all_of_them(path: Path) -> None:
    embedder = LetterCounts()
    cached = CachedEmbedder(embedder, path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: cached([f"word {index % 5}"]), range(40)))
    assert sorted(embedder.asked) == [f"word {index}" for index in range(5)]


WRITER = """
import sys, numpy as np
from answer_judge import CachedEmbedder
path, first = sys.argv[1], int(sys.argv[2])
embedder = CachedEmbedder(lambda texts: np.array([[float(text), 1.0] for text in texts]), path, identity="numbers")
print("open", flush=True)
for start in range(first, first + 300, 3):
    embedder([str(start), str(start + 1), str(start + 2)])
"""


def start_writer(path: Path, first: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE)


def read_numbers(path: Path, count: int) -> np.ndarray:
    def never(texts: Sequence[str]) -> np.ndarray:
        raise AssertionError(texts)

    return CachedEmbedder(never, path, identity="numbers")([str(number) for number in range(count)])


def test_processes_that_start_at_once_on_a_new_file_lose_nothing(path: Path) -> None:
    writers = [start_writer(path, first) for first in (0, 150, 300, 300)]  # overlapping
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert np.array_equal(read_numbers(path, 600)[:, 0], np.arange(600))
    for writer in writers:
        writer.stdout.close()  # type: ignore[union-attr]


def test_a_killed_writer_leaves_a_cache_that_can_be_used(path: Path) -> None:
    writer = start_writer(path, 0)
    assert writer.stdout.readline() == b"open\n"  # type: ignore[union-attr]
    while CachedEmbedder(LetterCounts(), path).size().entries < 9:
        time.sleep(0.005)
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    kept = CachedEmbedder(LetterCounts(), path).size().entries
    assert kept % 3 == 0  # whole calls alone
    assert np.array_equal(read_numbers(path, kept)[:, 0], np.arange(kept))
