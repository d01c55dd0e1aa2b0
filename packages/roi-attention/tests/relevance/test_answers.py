"""Which positions predict an answer's tokens, under padding, and where templates stand in the way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import scene_world as world
import torch
from PIL import Image
from roi_attention.errors import MapError
from roi_attention.relevance.answers import Asked, encode_asked
from transformers import AutoProcessor

MODEL: Any = SimpleNamespace(parameters=lambda: iter([torch.zeros(1, dtype=torch.float64)]), device="cpu")
PICTURE = Image.new("RGB", (96, 96), "white")
PROMPT = "{{ 'USER: <image>\n' + messages[0]['content'][1]['text'] + ' ASSISTANT:' }}"
ANSWERED = "{% if messages | length > 1 %}SAID{% endif %}"
SAID = "{{ messages[1]['content'][0]['text'] }}"


@pytest.fixture
def processor() -> Any:
    return AutoProcessor.from_pretrained(world.tiny_vlm_path())


def encoded(processor: Any, *pairs: tuple[str, str | None]) -> Asked:
    messages = [
        [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}] for question, _ in pairs
    ]
    return encode_asked(MODEL, processor, messages, [[PICTURE]] * len(pairs), [answer for _, answer in pairs])


def words(processor: Any, asked: Asked, sample: int) -> list[str]:
    used = asked.targets.weights_B_T[sample] != 0
    return [processor.tokenizer.decode([int(token)]).strip() for token in asked.targets.tokens_B_T[sample, used]]


def test_each_target_stands_one_position_before_its_token(processor: Any) -> None:
    asked = encoded(processor, ("What do you see?", "A sign, a car and a house."))
    assert words(processor, asked, 0) == ["A", "sign", "a", "car", "and", "a", "house"]
    before = [processor.tokenizer.decode([int(token)]) for token in asked.inputs["input_ids"][0]]
    assert [before[place].strip() for place in asked.targets.positions_B_T[0]] == [
        ":",
        "A",
        ",",
        "a",
        "car",
        "and",
        "a",
    ]
    assert asked.said == [" A sign, a car and a house"]


def test_the_sequence_ends_where_the_last_token_is_predicted(processor: Any) -> None:
    asked = encoded(processor, ("What do you see?", "A sign."), ("What is it?", None))
    last = int(asked.targets.positions_B_T.max())
    assert asked.inputs["input_ids"].shape == asked.inputs["attention_mask"].shape == (2, last + 1)
    assert asked.inputs["pixel_values"].shape == (2, 3, 96, 96)
    assert asked.inputs["pixel_values"].dtype == torch.float64


def test_without_an_answer_the_token_behind_the_prompt_is_asked_for(processor: Any) -> None:
    asked = encoded(processor, ("What is it?", None))
    ids = asked.inputs["input_ids"][0]
    assert asked.targets.positions_B_T.tolist() == [[len(ids) - 1]]
    assert asked.targets.tokens_B_T.tolist() == [[-1]]
    assert asked.targets.weights_B_T.tolist() == [[1.0]]
    assert processor.tokenizer.decode(ids).endswith("ASSISTANT:")
    assert asked.said == [""]


def test_samples_with_fewer_tokens_are_filled_up_on_the_left_with_weight_0(processor: Any) -> None:
    pairs = [("What do you see?", "A red sign."), ("Is there a car in the image?", "no"), ("Where?", None)]
    asked, alone = encoded(processor, *pairs), [encoded(processor, pair) for pair in pairs]
    weights = asked.targets.weights_B_T
    assert torch.allclose(weights, torch.tensor([[1 / 3, 1 / 3, 1 / 3], [0, 0, 1], [0, 0, 1]], dtype=torch.float64))
    for sample, one in enumerate(alone):
        count = one.targets.positions_B_T.shape[1]
        assert torch.equal(asked.targets.positions_B_T[sample, -count:], one.targets.positions_B_T[0])
        assert torch.equal(asked.targets.tokens_B_T[sample, -count:], one.targets.tokens_B_T[0])
        length = one.inputs["input_ids"].shape[1]
        assert torch.equal(asked.inputs["input_ids"][sample, :length], one.inputs["input_ids"][0])


@pytest.mark.parametrize(
    ("answer", "explained"),
    [
        ("yes", ["yes"]),
        ("[0.25, 0.50]", ["0.25", "0.50"]),  # brackets and the comma are layout
        ("?", ["?"]),  # nothing else is there
    ],
)
def test_punctuation_has_weight_only_where_nothing_else_is_said(
    answer: str, explained: list[str], processor: Any
) -> None:
    assert words(processor, encoded(processor, ("Where is it?", answer)), 0) == explained


def test_the_layout_behind_an_answer_is_not_explained(processor: Any) -> None:
    processor.chat_template = PROMPT + ANSWERED.replace("SAID", "{{ ' ' }}" + SAID + "{{ '</s>\n' }}")
    assert words(processor, encoded(processor, ("What is it?", "a car")), 0) == ["a", "car"]


@pytest.mark.parametrize(
    "template",
    [
        ANSWERED.replace("SAID", "Old: ") + PROMPT,  # another text before the question
        PROMPT.replace("ASSISTANT:", "ASSIST") + ANSWERED.replace("SAID", "ANT:" + SAID),  # other tokens at its end
    ],
    ids=["text", "tokens"],
)
def test_a_template_that_writes_the_question_otherwise_once_answered_is_refused(template: str, processor: Any) -> None:
    processor.chat_template = template
    with pytest.raises(MapError, match="renders the question otherwise") as refused:
        encoded(processor, ("What is it?", "a car"))
    assert refused.value.reason == "answer"


@pytest.mark.parametrize("answer", ["", " ", "\n"])
def test_an_empty_answer_is_refused(answer: str, processor: Any) -> None:
    with pytest.raises(MapError, match="no token to explain"):
        encoded(processor, ("What is it?", answer))
