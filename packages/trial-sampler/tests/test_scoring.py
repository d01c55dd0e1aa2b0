"""First-token scoring with transformers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from PIL import Image
from trial_sampler import ChoiceRequest, InvalidRequest
from trial_sampler.choices import choice_of_token, choice_result
from trial_sampler.hf import HfSampler


def choose(index: int, *choices: str, question: str = "Is it hidden?", **changes: Any) -> ChoiceRequest:
    content = [{"type": "image"}, {"type": "text", "text": question + "?" * (index % 4)}]
    picture = Image.new("RGB", (40, 40), (37 * index % 256, 91 * index % 256, 9))
    settings: dict[str, Any] = {"messages": [{"role": "user", "content": content}], "images": [picture]}
    return ChoiceRequest(**({"id": f"scene-{index}", "choices": choices} | settings | changes))


def test_probabilities_are_those_of_the_first_tokens(llava: Any, processor: Any) -> None:
    request = choose(1, "word3", "word14", "word15")
    (result,) = HfSampler(llava, processor).score([request])
    text = processor.apply_chat_template(request.messages, add_generation_prompt=True, tokenize=False)
    inputs = processor(text=text, images=request.images[0], return_tensors="pt")
    with torch.inference_mode():
        whole = llava(**inputs).logits[0, -1].double().softmax(-1)
    ids = processor.tokenizer.convert_tokens_to_ids(list(request.choices))
    expected = whole[ids]
    assert result.error is None
    assert sum(result.probabilities) == pytest.approx(1)
    assert list(result.probabilities) == pytest.approx((expected / expected.sum()).tolist(), abs=1e-4)
    assert result.mass == pytest.approx(float(expected.sum()), abs=1e-4)


def test_a_choice_gathers_the_tokens_of_all_its_spellings(llava: Any, processor: Any) -> None:
    (result,) = HfSampler(llava, processor).score([choose(1, "x", "q")])  # tokens x, X, q, Q of a byte vocabulary
    text = processor.apply_chat_template(choose(1, "x", "q").messages, add_generation_prompt=True, tokenize=False)
    with torch.inference_mode():
        inputs = processor(text=text, images=choose(1, "x", "q").images[0], return_tensors="pt")
        whole = llava(**inputs).logits[0, -1].double().softmax(-1)
    mine = [float(whole[processor.tokenizer.convert_tokens_to_ids([low, low.upper()])].sum()) for low in "xq"]
    assert list(result.probabilities) == pytest.approx([mass / sum(mine) for mass in mine], abs=1e-4)


def test_scores_do_not_depend_on_batch_size_or_order(llava: Any, processor: Any) -> None:
    requests = [choose(index, "word3", "word14") for index in range(7)]
    requests[3] = choose(3, "word5", "word6", messages=[{"role": "user", "content": "Which?"}], images=[])
    together = HfSampler(llava, processor, batch_size=7).score(requests)
    alone = HfSampler(llava, processor, batch_size=1).score(requests[::-1])[::-1]
    assert [one.id for one in together] == [request.id for request in requests]
    for one, other in zip(together, alone, strict=True):
        assert list(one.probabilities) == pytest.approx(list(other.probabilities), abs=1e-4)


def test_a_bad_request_fails_alone(llava: Any, processor: Any) -> None:
    requests = [choose(0, "word3", "word4"), choose(1, "word3", "word4", images=[]), choose(2, "日本", "no")]
    good, no_image, no_token = HfSampler(llava, processor).score(requests)
    assert good.error is None
    assert no_image.error is not None
    assert no_image.error.reason == "image_count"
    assert str(no_token.error) == "choices: no token of the vocabulary begins '日本' alone"


@pytest.mark.parametrize("choices", [("yes",), ("yes", " Yes "), ("yes", ""), "no"])
def test_choices_must_be_told_apart(choices: Any) -> None:
    with pytest.raises(InvalidRequest, match="choices must be two or more strings"):
        choose(0, *choices) if not isinstance(choices, str) else choose(0, choices=choices)


@pytest.mark.parametrize(
    ("token", "choices", "index"),
    [
        ("▁", ("yes", "no"), None),
        (" yes", ("yes", "no"), 0),
        ("Nope", ("yes", "no"), None),
        ("A", ("A", "B", "AB"), 0),
        ("a", ("apple", "avocado"), None),
        ("ap", ("apple", "avocado"), 0),
    ],
)
def test_a_token_begins_at_most_one_choice(token: str, choices: tuple[str, ...], index: int | None) -> None:
    assert choice_of_token(token, choices) == index


@pytest.mark.parametrize("masses", [[0.0, 0.0], [float("nan"), 0.1], [0.9, 0.9]])
def test_impossible_probabilities_are_an_error(masses: list[float]) -> None:
    result = choice_result("a", masses)
    assert result.error is not None
    assert result.error.reason == "choices"
