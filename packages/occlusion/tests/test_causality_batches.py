from __future__ import annotations

from typing import Any

import pytest
from occlusion import Causality, Unscored
from occlusion.causality.guessing import Guess, Guesser
from occlusion.causality.logits import LogitsAt


@pytest.fixture(scope="session")
def small_bert() -> type:
    """A class of real models that has memory for `room` tokens in one pass."""
    import torch
    from transformers import BertConfig, BertForMaskedLM

    class SmallMemoryBert(BertForMaskedLM):
        room = 10**9
        passes: list[tuple[int, int]]

        def forward(self, *args: Any, **inputs: Any) -> Any:
            rows, longest = inputs["input_ids"].shape
            self.passes.append((rows, longest))
            if rows * longest > self.room:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nMore of it.")
            return super().forward(*args, **inputs)

    def make() -> Any:
        torch.manual_seed(0)
        model = SmallMemoryBert(
            BertConfig(
                vocab_size=40,
                hidden_size=16,
                num_hidden_layers=1,
                num_attention_heads=1,
                intermediate_size=16,
                initializer_range=0.5,
            )
        )
        model.passes = []
        return model.eval()

    return make  # pyright: ignore[reportReturnType]


def guesses(lengths: list[int]) -> list[Guess]:
    return [Guess(tuple((7 * k + t) % 40 for t in range(n)), (n // 2,), ((k + 3) % 40,)) for k, n in enumerate(lengths)]


def guesser(model: Any, **bounds: int) -> Guesser:
    made = Guesser(LogitsAt(model), pad_id=0, **({"batch_size": 100, "batch_tokens": 1000} | bounds))
    model.passes.clear()
    return made


def test_batches_keep_to_rows_and_tokens_and_the_longest_come_first(small_bert: Any) -> None:
    model = small_bert()
    guesser(model, batch_size=3, batch_tokens=20).perplexities(guesses([4, 10, 4, 9, 4, 4, 30]))
    assert model.passes == [(1, 30), (2, 10), (3, 4), (1, 4)]


def test_out_of_memory_halves_the_batch_for_good_and_changes_no_result(small_bert: Any) -> None:
    model = small_bert()
    work = guesses([8] * 16 + [5] * 6)
    expected = guesser(model).perplexities(work)
    model.room = 40
    tight = guesser(model)
    got = tight.perplexities(work)
    assert got == pytest.approx(expected, rel=1e-4)
    assert tight.batch_tokens == 40
    tried = [rows for rows, longest in model.passes if longest == 8]
    assert tried[:4] == [22, 11, 5, 5]
    model.passes.clear()
    tight.perplexities(work)
    assert max(rows * longest for rows, longest in model.passes) <= 40


def test_what_does_not_fit_alone_is_unscored_and_its_neighbours_are_not(small_bert: Any) -> None:
    model = small_bert()
    scorer = guesser(model)
    model.room = 12
    long, short = guesses([20, 6])
    got = scorer.perplexities([short, long])
    assert got[long] == Unscored("out_of_memory", "a text of 20 tokens alone ran out of memory.")
    assert isinstance(got[short], float)


def test_other_errors_of_a_model_are_not_taken_for_a_lack_of_memory(small_bert: Any) -> None:
    with pytest.raises(IndexError):
        guesser(small_bert()).perplexities([Guess((1, 99), (0,), (3,))])


def test_the_lack_of_memory_reaches_the_caller_as_a_result(small_bert: Any) -> None:
    from occlusion import Entity, MaskedLmCausality
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "duck"]
    model = small_bert()
    score = MaskedLmCausality(model, BertTokenizer(vocab={word: i for i, word in enumerate(words)}))
    model.room = 8
    caption = "a " * 9 + "duck"
    items = [(caption, Entity("duck", "duck", 18, 22, 18, 22)), ("a duck", Entity("duck", "duck", 2, 6, 2, 6))]
    long, short = score(items)
    assert isinstance(long, Unscored)
    assert long.reason == "out_of_memory"
    assert isinstance(short, Causality)


def test_broken_text_is_unscored_and_its_neighbours_are_not(small_bert: Any) -> None:
    from occlusion import Entity, MaskedLmCausality
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "duck"]
    score = MaskedLmCausality(small_bert(), BertTokenizer(vocab={word: i for i, word in enumerate(words)}))
    entity = Entity("duck", "duck", 2, 6, 2, 6)
    broken, fine, unknown = score([("a duck \ud800", entity), ("a duck", entity), ("a bird", entity)])
    assert isinstance(fine, Causality)
    assert [one.reason for one in (broken, unknown) if isinstance(one, Unscored)] == ["broken_text", "unknown_token"]
    assert [one.reason for one in score([("\ud800", entity)]) if isinstance(one, Unscored)] == ["broken_text"]
