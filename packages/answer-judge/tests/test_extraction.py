from __future__ import annotations

import time

import pytest
from answer_judge import UNKNOWN, extract_answer

COMMITTED = [
    ("The blocks are below a pond on snow, so it is a penguin.", "penguin"),
    ("Nothing near the blocks explains it, so I guess a car.", "car"),
    ("The blocks are left of a flower, so they are bees.", "bees"),
    ("The rails lead to the blocks, so it must be a train because trains need rails.", "train"),
    ("I think it's a kite.", "kite"),
    ("Most likely a bus, given the stop nearby.", "bus"),
    ("I looked twice. **Answer:** two cats", "two cats"),
    ("Unique answer:\nThe object behind the gray blocks is a tennis racket.", "tennis racket"),
    ("Therefore, the answer is $\\boxed{clock}$.", "clock"),
    ("What are they? They are cups.", "cups"),
    ("The object behind the gray blocks is most likely a street sign, as it stands on a pole.", "street sign"),
    ("The knife seems like the most plausible choice.", "knife"),
    ("The tool hidden by the blocks is a pair of scissors.", "scissors"),
    ("The rope might be a leash, which is a rope used for controlling a dog.", "leash"),
]
LATER_WINS = [
    ("It is a dog. No, wait: it is a cat.", "cat"),
    ("It isn't a dog, it's a cat.", "cat"),
    ("The hidden animal is a dog, not a cat.", "dog"),
    ("It might be a cup. The handle is missing, so it must be a glass.", "glass"),
    ("The object behind the blocks could be a ball. Thus, the object behind the blocks is a frisbee.", "frisbee"),
]
SEVERAL = [
    ("It is either a cup or a mug.", "cup, mug"),
    ("It could be a cat. It could be a dog.", "cat, dog"),
    ("The answer could be a cup, a mug, or a bowl.", "cup, mug, bowl"),
]
BARE = [
    ("penguin", "penguin"),
    ("A red bus on the street.", "red bus"),
    ("probably a bus", "bus"),
    ("cup, mug", "cup, mug"),
]
NOTHING = [
    "",
    "   ",
    "unknown",
    "I cannot tell.",
    "I don't know what it is.",
    "It is hard to say what is behind the blocks.",
    "It could be anything.",
    "The object is not visible. It is unclear.",
    "It is not a dog.",
    "Answer: none",
    "Is it a cat?",
    "The image shows a street with many people who walk in the rain and look at shop windows.",
]


@pytest.mark.parametrize(("text", "answer"), COMMITTED + BARE)
def test_a_committed_answer_is_found(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(("text", "answer"), LATER_WINS)
def test_the_firmer_and_then_the_later_answer_wins(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(("text", "answer"), SEVERAL)
def test_equally_likely_answers_are_joined_by_commas(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize("text", NOTHING)
def test_a_text_without_commitment_is_unknown(text: str) -> None:
    assert extract_answer(text) == UNKNOWN


def test_gray_blocks_are_not_the_answer_where_the_object_is_named() -> None:
    text = "The object covered by the blocks is a rock. The gray blocks could be temporary seats."
    assert extract_answer(text) == "rock"


@pytest.mark.parametrize(
    "text",
    [
        "the captured " * 20_000,
        "a, " * 20_000,
        "it is " * 20_000,
        "answer: " * 20_000,
        "it is a cat. " * 20_000,
        "\x00‮🦆" * 5_000,
    ],
)
def test_a_runaway_text_takes_less_than_a_second(text: str) -> None:
    started = time.process_time()
    extract_answer(text)
    assert time.process_time() - started < 1
