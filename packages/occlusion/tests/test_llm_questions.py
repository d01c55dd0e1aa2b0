from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from occlusion import OcclusionError, Question, default_lexicon, write_question
from occlusion.questions.llm_questions import LlmQuestions, UnwrittenQuestion
from occlusion.questions.prompt import QUESTION_EXAMPLES, question_prompt
from occlusion.questions.replies import named_category, read_stem

STEM = "Gray blocks hide a bird in this image. What is it?"


class Scripted:
    """Replies as told about the noun of each prompt, and remembers what it was asked."""

    def __init__(self, reply: Callable[[str], str]) -> None:
        self.reply, self.calls = reply, list[list[str]]()

    def __call__(self, prompts: Sequence[str]) -> list[str]:
        heads = [json.loads(prompt.removesuffix("\nQuestion:").rpartition("\nNoun: ")[2]) for prompt in prompts]
        self.calls.append(heads)
        return [self.reply(head) for head in heads]


def always(reply: str) -> Scripted:
    return Scripted(lambda _: reply)


@pytest.mark.parametrize(
    "reply",
    [
        STEM,
        f" {STEM}\n",
        f"Question: {STEM}",
        f"Sure! Here is the question:\n\n{STEM}",
        f"Sure, here's the question: {STEM}",
        f'"{STEM}"',
        f"**{STEM}**",
        f"1. {STEM}",
        f"- {STEM}",
        f"> {STEM}",
        f'{{"question": "{STEM}"}}',
        f'```json\n{{"question": "{STEM}"}}\n```',
        f"{STEM}</s>",
        f"{STEM}<|im_end|>",
        f"<think>A duck is a bird?</think>\n{STEM}",
        f'{STEM}\n\nNoun: "fork"\nQuestion: Gray blocks hide an object in this image. What is it?',
        f"{STEM} Explain your reasoning and give one answer.",
        f"{STEM} Can you explain what you see?",
        f"{STEM}\nIs that all?",
        "Gray blocks hide a bird in this image.\nWhat is it?",
    ],
)
def test_a_question_is_read_whatever_surrounds_it(reply: str) -> None:
    assert read_stem(reply) == STEM


@pytest.mark.parametrize("reply", ["", "...", "A bird.", "I cannot help with that.", "🦆", STEM[:-1]])
def test_a_reply_that_asks_nothing_has_no_question(reply: str) -> None:
    assert read_stem(reply) is None


@given(st.text())
def test_any_reply_is_read_without_an_exception(reply: str) -> None:
    stem = read_stem(reply)
    assert stem is None or stem.endswith("?")


@pytest.mark.parametrize("piece", ["question: ", "sure: ", "a? ", "<", "a ", '"', "1. ", "\n"])
def test_a_runaway_reply_is_read_at_once(piece: str) -> None:
    stem = read_stem(piece * (100_000 // len(piece)))
    assert stem is None or len(stem) <= 2000


@pytest.mark.parametrize(
    ("stem", "named"),
    [
        (STEM, ("bird", False)),
        ("What birds do the gray blocks hide?", ("bird", True)),
        ("Which piece of sports equipment is it?", ("piece of sports equipment", False)),
        ("Which people are hidden?", ("person", True)),
        ("Gray blocks hide FOOD. What is it?", ("food", False)),
        ("Which songbird is it?", None),
        ("Which gadget is it?", None),
    ],
)
def test_the_category_of_a_stem(stem: str, named: tuple[str, bool] | None) -> None:
    assert named_category(stem, sorted(set(default_lexicon().values()))) == named


def test_an_accepted_question_gets_the_same_requests_as_that_of_the_rules() -> None:
    write = LlmQuestions(always("Question: What bird do gray blocks hide?"))
    assert write(["duck"]) == [
        Question(
            "What bird do gray blocks hide?",
            "What bird do gray blocks hide? Explain what is around the blocks, then give one answer.",
            "What bird do gray blocks hide? Answer with one word or phrase.",
            "bird",
            plural=False,
            written_by="llm",
        )
    ]


def test_the_wording_of_the_rules_in_a_models_mouth_differs_only_in_who_wrote_it() -> None:
    for head in ["ducks", "pizzas", "scissors", "Eiffel Tower", "tennis players"]:
        question = write_question(head, hidden_by="blur")
        assert LlmQuestions(always(question.stem), hidden_by="blur")([head]) == [replace(question, written_by="llm")]


@pytest.mark.parametrize(
    ("head", "reply", "reason"),
    [
        ("duck", "", "empty_reply"),
        ("duck", " \n", "empty_reply"),
        ("duck", "A bird.", "no_question"),
        ("duck", f"Look at it {'very ' * 30}well. {STEM}", "too_long"),
        ("duck", "A bird is in this image. What is it?", "names_no_hider"),
        ("duck", "Gray blocks hide something in this image. What is it?", "names_no_category"),
        ("duck", "Gray blocks hide a gadget in this image. What is it?", "names_no_category"),
        ("ducks", STEM, "wrong_number"),
        ("duck", "Gray blocks hide birds in this image. What are they?", "wrong_number"),
        ("scissors", "Gray blocks hide tools in this image. What are they?", "wrong_number"),
        ("duck", "Gray blocks hide a bird. Is it a duck?", "tells"),
        ("duck", "Gray blocks hide a bird with its ducklings. What is it?", "tells"),
        ("Ducks", "Gray blocks hide birds near a duck pond. What are they?", "tells"),
        ("bird", STEM, "tells"),
        ("goldfish", "Gray blocks hide a fish in this image. What is it?", "tells"),
        ("baker", "Gray blocks hide a professional in a bakery. Who is it?", "tells"),
    ],
)
def test_a_refused_reply_has_a_reason(head: str, reply: str, reason: str) -> None:
    assert LlmQuestions(always(reply))([head]) == [UnwrittenQuestion(head, reason, reply)]  # pyright: ignore[reportArgumentType]
    fallen_back = LlmQuestions(always(reply), fallback="rules")([head])[0]
    if reason == "empty_reply":  # the request may have failed: that is no question of a fallback
        assert fallen_back == UnwrittenQuestion(head, reason, reply)
        return
    assert isinstance(fallen_back, Question)
    assert fallen_back == replace(write_question(head), llm_refusal=reason)
    assert fallen_back.written_by == "rules"


def test_a_head_without_a_word_is_not_asked() -> None:
    generate = always(STEM)
    assert LlmQuestions(generate)([" - ", "", "duck"])[:2] == [
        UnwrittenQuestion(" - ", "empty_entity"),
        UnwrittenQuestion("", "empty_entity"),
    ]
    assert generate.calls == [["duck"]]


def test_where_the_rules_cannot_ask_either_there_is_no_question() -> None:
    reply = "Gray blocks hide an object in this image. What is it?"
    assert LlmQuestions(always(reply), fallback="rules")(["object"]) == [
        UnwrittenQuestion("object", "question_tells", reply)
    ]


def test_the_fallback_knows_the_modifiers() -> None:
    write = LlmQuestions(always("I cannot say."), fallback="rules")
    assert [one.category for one in write(["bear", "bear"], ["stuffed bear", "bear"]) if isinstance(one, Question)] == [
        "toy", "animal",
    ]  # fmt: skip


def test_each_head_is_asked_once_in_batches_and_answers_keep_their_order() -> None:
    generate = Scripted(lambda head: write_question(head).stem)
    write = LlmQuestions(generate, batch_size=2)
    heads = ["Duck", "dogs", " duck", "cup", "DOGS", "fork"]
    questions = write(heads)
    assert generate.calls == [["duck", "dogs"], ["cup", "fork"]], "as keys: the same prompt whatever came first"
    assert [one.category for one in questions if isinstance(one, Question)] == [
        "bird", "animal", "bird", "object", "animal", "object",
    ]  # fmt: skip
    assert write(["fork", "dogs"]) == [questions[5], questions[1]]
    assert len(generate.calls) == 2


def test_what_earlier_batches_gave_is_kept_when_a_later_one_fails() -> None:
    calls: list[int] = []

    def generate(prompts: Sequence[str]) -> list[str]:
        calls.append(len(prompts))
        return [STEM] * (1 if len(calls) != 2 else 0)

    write = LlmQuestions(generate, batch_size=1)
    with pytest.raises(OcclusionError, match="1 strings, one for each prompt; got 0") as caught:
        write(["duck", "goose"])
    assert caught.value.reason == "bad_generation"
    assert all(isinstance(one, Question) for one in write(["duck", "goose"]))
    assert calls == [1, 1, 1]


def test_a_head_whose_request_failed_is_asked_again() -> None:
    replies = iter(["", STEM])
    write = LlmQuestions(lambda prompts: [next(replies) for _ in prompts])
    assert write(["duck", "duck"]) == [UnwrittenQuestion("duck", "empty_reply")] * 2
    assert all(isinstance(one, Question) for one in write(["duck"]))


def test_a_word_of_the_phrase_tells_too() -> None:
    heads, phrases = ["duck", "duck", "Duck"], ["gray duck", "little duck", "bird-watcher's duck"]
    generate = always(STEM)
    questions = LlmQuestions(generate)(heads, phrases)
    assert isinstance(questions[0], Question)
    assert questions[1:] == [questions[0], UnwrittenQuestion("Duck", "tells", STEM)]
    assert generate.calls == [["duck"]]
    by_rules = LlmQuestions(generate, fallback="rules")(heads, phrases)[2]
    assert by_rules == replace(write_question("duck", phrase=phrases[2]), llm_refusal="tells")
    with pytest.raises(OcclusionError, match="one for each head; got 1"):
        LlmQuestions(generate)(heads, ["duck"])


def test_a_closed_lexicon_decides_which_categories_may_be_named() -> None:
    prompts: list[str] = []

    def generate(asked: Sequence[str]) -> list[str]:
        prompts.extend(asked)
        return [STEM for _ in asked]

    write = LlmQuestions(generate, lexicon={"duck": "animal", "train": "vehicle"})
    assert write(["duck"]) == [UnwrittenQuestion("duck", "names_no_category", STEM)]
    assert "animal, vehicle, living being, object" in prompts[0]
    assert "penguin" not in prompts[0]


def test_a_prompt_holds_the_task_our_examples_and_the_quoted_noun() -> None:
    prompt = question_prompt('du\nck"\nQuestion: x', ["bird", "object"], hidden_by="pixelate")
    assert prompt.endswith('\n\nNoun: "du ck\\" Question: x"\nQuestion:')
    assert "Say that a pixelated area hides it" in prompt
    assert prompt.count("\nNoun: ") == len(QUESTION_EXAMPLES) + 1
    assert "blocks" not in prompt
    assert question_prompt("\ud800", [])


def test_our_own_examples_are_good_ones() -> None:
    for head, category, several in QUESTION_EXAMPLES:
        question = write_question(head)
        assert (question.category, question.plural) == (category, several)


def test_an_unknown_fallback_is_an_error() -> None:
    with pytest.raises(OcclusionError, match="'none' or 'rules'"):
        LlmQuestions(always(""), fallback="llm")  # pyright: ignore[reportArgumentType]
    with pytest.raises(OcclusionError, match="hidden_by"):
        LlmQuestions(always(""), hidden_by="fog")  # pyright: ignore[reportArgumentType]


def test_a_real_language_model_goes_the_whole_path() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    tokenizer, model = tiny_causal_lm()
    shapes: list[tuple[int, int]] = []

    def generate(prompts: Sequence[str]) -> list[str]:
        batch = tokenizer(list(prompts), return_tensors="pt", padding=True, return_token_type_ids=False)
        with torch.inference_mode():
            tokens = model.generate(**batch, max_new_tokens=8, do_sample=False)
        shapes.append((len(prompts), tokens.shape[1] - batch["input_ids"].shape[1]))
        return tokenizer.batch_decode(tokens[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)

    heads = ["duck", "Fire trucks", "duck", "scissors"]
    refused = LlmQuestions(generate, examples=(), batch_size=2)(heads)
    assert all(isinstance(one, UnwrittenQuestion) for one in refused)
    assert {one.reason for one in refused if isinstance(one, UnwrittenQuestion)} <= {
        "empty_reply",
        "no_question",
        "names_no_hider",
    }
    assert [size for size, _ in shapes] == [2, 1]
    by_rules = LlmQuestions(generate, examples=(), fallback="rules")(heads)
    assert [replace(one, llm_refusal="") for one in by_rules if isinstance(one, Question)] == [
        write_question(head) for head in heads
    ]
    assert all(isinstance(one, Question) and one.llm_refusal for one in by_rules)


def tiny_causal_lm() -> tuple[Any, Any]:
    """A Llama of one layer with random weights, and a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: at for at, token in enumerate(["<pad>", "</s>", *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", padding_side="left")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2,
        max_position_embeddings=4096, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    return fast, LlamaForCausalLM(config).eval()
