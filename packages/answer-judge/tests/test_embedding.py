from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from answer_judge import EmbeddingError, EmbeddingRung, Ladder, Pair, default_ladder


class LetterCounts:
    """A bag of letters; remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        return np.array([[text.count(chr(97 + index)) for index in range(26)] for text in texts], dtype=float)


def test_the_cosine_must_exceed_the_threshold() -> None:
    fixed = {"a": [1.0, 0.0], "b": [0.849, np.sqrt(1 - 0.849**2)], "c": [0.86, np.sqrt(1 - 0.86**2)]}
    rung = EmbeddingRung(lambda texts: np.array([fixed[text] for text in texts], dtype=np.float64), threshold=0.85)
    below, above = rung([Pair("b", "a"), Pair("c", "a")])
    assert (below.accepted, above.accepted) == (False, True)
    assert above.score == pytest.approx(0.86, abs=1e-6)
    assert above.reason == "cosine 0.860 > 0.85"


def test_each_distinct_string_is_embedded_once_and_sorted_by_length() -> None:
    embedder = LetterCounts()
    rung = EmbeddingRung(embedder, threshold=0.85, chunk_size=2)
    rung([Pair("kayak", "boat"), Pair("canoe", "boat"), Pair("Kayak ", "ox")])
    rung([Pair("kayak", "boat")])
    assert embedder.calls == [["ox", "boat"], ["canoe", "kayak"]]


def test_threads_embed_a_string_once() -> None:
    embedder = LetterCounts()
    ladder = Ladder([EmbeddingRung(embedder, threshold=0.85)])
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda _: ladder.judge("kayak", "boat"), range(200)))
    assert len({verdict.score for verdict in verdicts}) == 1
    assert embedder.calls == [["boat", "kayak"]]


def test_embeddings_judge_a_list_as_a_whole() -> None:
    embedder = LetterCounts()
    default_ladder(embedder, threshold=0.85).judge("kayak, tree", "boat")
    assert embedder.calls == [["boat", "kayak, tree"]]


def test_guards_stand_before_embeddings() -> None:
    ladder = default_ladder(lambda texts: np.ones((len(texts), 2)), threshold=0.85)
    assert ladder.judge("not a boat", "boat").rung == "guard"


@pytest.mark.parametrize(
    ("vectors", "text"),
    [
        (np.ones((1, 2)), "must return (2, D); got (1, 2)"),
        (np.full((2, 2), np.nan), "finite"),
        (np.zeros((2, 2)), "zero"),
    ],
)
def test_a_broken_embedder_is_an_error_and_no_verdict(vectors: np.ndarray, text: str) -> None:
    with pytest.raises(EmbeddingError) as error:
        EmbeddingRung(lambda texts: vectors, threshold=0.85)([Pair("kayak", "boat")])
    assert text in str(error.value)


def test_no_more_vectors_are_kept_than_allowed_and_the_last_used_stay() -> None:
    embedder = LetterCounts()
    rung = EmbeddingRung(embedder, threshold=0.85, max_vectors=4)
    rung([Pair("kayak", "boat"), Pair("dog", "cat")])
    rung([Pair("kayak", "boat")])
    rung([Pair("apple", "pear")])  # drops dog and cat
    embedder.calls.clear()
    rung([Pair("kayak", "boat")])
    rung([Pair("dog", "pear")])
    assert embedder.calls == [["dog"]]


def test_a_call_of_any_size_holds_no_more_vectors_and_decides_the_same() -> None:
    pairs = [Pair(f"answer {chr(97 + index % 26) * (index % 7)}", f"{index % 11} things") for index in range(300)]
    small, large = (EmbeddingRung(LetterCounts(), threshold=0.85, max_vectors=count) for count in (10, 100_000))
    assert small(pairs) == large(pairs)


def test_text_too_long_to_compare_is_rejected_and_never_cut() -> None:
    embedder = LetterCounts()
    rung = EmbeddingRung(embedder, threshold=0.85, max_characters=10)
    long, same, right = rung([Pair("kayak " * 20, "kayak"), Pair("boat", "a" * 11), Pair("boat", "boat")])
    assert (long.accepted, long.reason) == (False, "too long to compare: 119 characters, at most 10")
    assert (same.accepted, right.accepted) == (False, True)
    assert embedder.calls == [["boat"]]


@pytest.mark.parametrize("text", ["\ud800", "caf\udce9", "\udfff\ud800"])
def test_half_a_surrogate_pair_reaches_the_embedder_as_a_question_mark(text: str) -> None:
    embedder = LetterCounts()
    EmbeddingRung(embedder, threshold=0.85)([Pair(f"a {text}", "a boat")])
    assert all(one.encode("utf-8") for call in embedder.calls for one in call)
    assert "?" in "".join(embedder.calls[0])


def test_a_cosine_never_leaves_its_range() -> None:
    rng = np.random.default_rng(0)
    rows = {str(index): row for index, row in enumerate(rng.standard_normal((200, 7)).astype(np.float32))}

    def signed(texts: Sequence[str]) -> np.ndarray:
        return np.stack([rows[text.strip("-")] * (-1) ** text.count("-") for text in texts])

    rung = EmbeddingRung(signed, threshold=0)
    scores = [opinion.score for opinion in rung([Pair(sign + text, text) for text in rows for sign in ("", "-")])]
    assert max(scores) <= 1
    assert min(scores) >= -1
    assert scores == pytest.approx([1, -1] * 200, abs=1e-6)
