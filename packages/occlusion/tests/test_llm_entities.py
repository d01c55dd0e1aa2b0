from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from occlusion import Entity, EntityExtractor, OcclusionError
from occlusion.entities.llm_entities import LlmEntities
from occlusion.entities.prompt import ENTITY_EXAMPLES, few_shot_prompt

LABELLED = Path(__file__).parent / "data" / "entities.jsonl"


class Scripted:
    """Answers each prompt by the caption at its end, and remembers the calls."""

    def __init__(self, replies: dict[str, str]) -> None:
        self.replies, self.calls = replies, []

    def __call__(self, prompts: Sequence[str]) -> list[str]:
        self.calls.append(list(prompts))
        return [self.replies[prompt.rpartition("Caption: ")[2].removesuffix("\nThings:")] for prompt in prompts]


def test_captions_become_entities_in_order_and_equal_ones_are_asked_once() -> None:
    model = Scripted({"A duck.": "1. duck -> duck", "Joy": "none", "Two cats": "1. cats -> cats\n2. dog -> dog"})
    extract: EntityExtractor = LlmEntities(model, batch_size=2)
    found = extract(["A duck.", "Joy", "  ", "A duck.", "Two cats"])
    assert [[entity.head for entity in entities] for entities in found] == [["duck"], [], [], ["duck"], ["cats"]]
    assert found[0] == [Entity("duck", "duck", 2, 6, 2, 6)]
    assert [len(call) for call in model.calls] == [2, 1]


def test_what_was_rejected_comes_with_its_reason_and_the_reply() -> None:
    (reading,) = LlmEntities(Scripted({"Two cats": "1. cats -> cats\n2. dog -> dog"})).read(["Two cats"])
    assert [(rejected.line, rejected.reason) for rejected in reading.rejected] == [("2. dog -> dog", "not_in_caption")]
    assert reading.reply == "1. cats -> cats\n2. dog -> dog"


def test_a_failed_request_gives_no_entities() -> None:
    assert LlmEntities(Scripted({"A duck.": ""}))(["A duck."]) == [[]]


@pytest.mark.parametrize(("replies", "got"), [([], "0 of type none"), ([None], "1 of type NoneType")])
def test_a_generator_that_loses_replies_is_refused(replies: list[Any], got: str) -> None:
    with pytest.raises(OcclusionError, match=rf"must return 1 strings.*got {got}") as caught:
        LlmEntities(lambda prompts: replies)(["A duck."])
    assert caught.value.reason == "bad_generation"


def test_a_prompt_is_task_examples_and_caption_on_one_line() -> None:
    prompt = few_shot_prompt(
        "A duck\n on a\tpond.", examples=[("Two red kites", (("red kites", "kites"),)), ("Joy", ())]
    )
    task, first, second, asked = prompt.split("\n\n")
    assert '" -> "' in task
    assert '"none"' in task
    assert first == "Caption: Two red kites\nThings:\n1. red kites -> kites"
    assert second == "Caption: Joy\nThings:\nnone"
    assert asked == "Caption: A duck on a pond.\nThings:"


def test_the_examples_are_few_short_and_none_of_the_labelled_captions() -> None:
    labelled = {json.loads(line)["caption"] for line in LABELLED.read_text(encoding="utf-8").splitlines()}
    assert labelled.isdisjoint(caption for caption, _ in ENTITY_EXAMPLES)
    assert 12 <= len(ENTITY_EXAMPLES) <= 20
    assert sum(not listed for _, listed in ENTITY_EXAMPLES) >= 2
    assert len(few_shot_prompt("A duck.").split()) < 700


def test_a_real_language_model_runs_the_whole_path() -> None:
    generate = TinyLanguageModel(few_shot_prompt("A duck on a pond."))
    captions = ["A duck on a pond.", "Two white cats"]
    readings = LlmEntities(generate, batch_size=2).read(captions)
    assert len(readings) == 2
    assert all(reading.reply for reading in readings)
    for caption, reading in zip(captions, readings, strict=True):
        assert all(caption[entity.start : entity.end] == entity.phrase for entity in reading.entities)


class TinyLanguageModel:
    """A Llama with random weights behind the generator's call, with a tokenizer learnt from one text."""

    def __init__(self, text: str) -> None:
        import torch
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=["<pad>"], initial_alphabet=alphabet)
        tokenizer.train_from_iterator([text], trainer)
        self.tokenizer: Any = PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="<pad>", padding_side="left"
        )
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=600, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
        )
        self.model: Any = LlamaForCausalLM(config).eval()

    def __call__(self, prompts: Sequence[str]) -> list[str]:
        inputs = self.tokenizer(list(prompts), return_tensors="pt", padding=True)
        tokens = self.model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            do_sample=False,
            max_new_tokens=12,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        return self.tokenizer.batch_decode(tokens[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
