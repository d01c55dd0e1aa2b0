from __future__ import annotations

import itertools
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
    ("We can conclude it is a harbor.", "harbor"),
    ("From the furrows I infer the vehicle is a tractor.", "tractor"),
    ("I'm fairly confident it's a newspaper.", "newspaper"),
    ("The violin would be the unique answer.", "violin"),
    ("It is hard to be sure, but the most plausible candidate is a harp.", "harp"),
    ("I conclude that the picture shows a lighthouse.", "lighthouse"),
    ("The chrome and the curtains suggest the presence of a hearse.", "hearse"),
    ("The tool might be recognised as a chisel.", "chisel"),
    ("This lamp, if it is one, the object is a lantern.", "lantern"),
    ("The device, if it were switched on, would be a heater.", "heater"),
    ("The fruits covered by the blocks might be lemons.", "lemons"),
    ("The hidden people are a family.", "family"),
    ("It is definitely a parked bus.", "parked bus"),
    ("The hidden object is a partially obscured harmonica.", "harmonica"),
    ("The blocks show a grainy and tilted view of the skyline, so it is a grainy view of the skyline.", "skyline"),
    ("The hidden place is a kitchen area.", "kitchen"),
    ("The hidden place is a picnic area.", "picnic area"),
]
HIDING = [
    ("The grey blocks hide an elephant.", "elephant"),
    ("There is a canoe hidden behind the gray blocks.", "canoe"),
    ("I think that a tractor is hidden behind the gray blocks.", "tractor"),
    ("What the blocks cover is a mailbox.", "mailbox"),
    ("The blocks cover a round thing, which is likely a clock.", "clock"),
    ("A man is standing behind a counter. The hidden machine is a till.", "till"),
]
FORMATS = [
    ('```json\n{"answer": "stop sign", "confidence": 0.7}\n```', "stop sign"),
    ('{"answers": ["cup", "mug"]}', "cup, mug"),
    ('{"answer": null}', UNKNOWN),
    ("{'final_answer': 'a stop sign'}", "stop sign"),
    ('{"answer": "caf\\u00e9"}', "café"),
    ('{"answer": "a \\cat"}', "cat"),
    ("<think>It is a dog.</think> A cat.", "cat"),
    ("It is a dog. <answer>fire hydrant</answer>", "fire hydrant"),
    ("Thus $\\boxed{\\text{a kite}}$.", "kite"),
    ("## Answer\n\n**Traffic cone**", "traffic cone"),
    ("**Final Answer:** *Grey squirrel*", "gray squirrel"),
    ("Answer: (B) umbrella", "umbrella"),
    ("The answer is B. umbrella", "umbrella"),
    ("- Reasoning: wheels\n- Answer: skateboard", "skateboard"),
    ("Lighthouse\n\nThe coast and the beam of light give it away.", "lighthouse"),
    ("Therefore, my final guess for the hidden object: traffic light", "traffic light"),
    ("Conclusion: the gray blocks hide a pram.", "pram"),
]
LATER_WINS = [
    ("It is a dog. No, wait: it is a cat.", "cat"),
    ("It isn't a dog, it's a cat.", "cat"),
    ("The hidden animal is a dog, not a cat.", "dog"),
    ("It might be a cup. The handle is missing, so it must be a glass.", "glass"),
    ("The object behind the blocks could be a ball. Thus, the object behind the blocks is a frisbee.", "frisbee"),
    ("Answer: a violin. Wait, the bow is too large. Answer: a cello.", "cello"),
    ("My answer is a drum. No, wait: the sticks are missing, so it is a bucket.", "bucket"),
    ("The object behind the blocks must be a swan. Scratch that, it is a goose.", "goose"),
    ("I do not think it is a fox. It is a coyote.", "coyote"),
    ("The object is not a table, but a piano.", "piano"),
    ("The animal is neither a sheep nor a cow. It is a goat.", "goat"),
    ("We need to decide whether it is a boat or a raft. It is a raft.", "raft"),
    ("One possibility is that it could be a flute. The most likely explanation is that it is a clarinet.", "clarinet"),
    ("It is likely that the object is a stool. The cushion shows that it is a comfortable seat.", "stool"),
    ("It is a chair, or more precisely, a rocking chair.", "rocking chair"),
    ("The concealed animal is a dog, a poodle.", "dog"),
]
NARROWED = [
    ("The object behind the blocks could be a lamp or a candle. A candle is unlikely on a desk like this.", "lamp"),
    ("It could be a sheep, a goat or a cow. Cows and goats are far less likely in this pen.", "sheep"),
    ("The hidden vehicle is a van or a minibus. Given the sliding door, the vehicle could be a van.", "van"),
    ("The covered appliance may be a toaster or a kettle. It is more likely that the appliance is a kettle.", "kettle"),
    ("The answer is either a hen or a duck, but it is not a hen.", "duck"),
    ("The object is most likely a spoon rather than a fork.", "spoon"),
]
SEVERAL = [
    ("It is either a cup or a mug.", "cup, mug"),
    ("It could be a cat. It could be a dog.", "cat, dog"),
    ("The answer could be a cup, a mug, or a bowl.", "cup, mug, bowl"),
    ("The place appears to be a marina or a pier.", "marina, pier"),
    ("The hidden equipment is a tennis or badminton racket.", "tennis racket, badminton racket"),
    ("The object is a van or a bus. It could be a van if it is small, or it could be a bus.", "van, bus"),
    ("It is possible that the object is a kite, but it is also possible that the object is a drone.", "kite, drone"),
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
    "It is neither a sheep nor a cow.",
    "It might be a cup. But it is not a cup.",
    "It may be a jar. Final answer: unknown",
    "The answer is unknown.",
    "I can't say whether it is a pear or an apple.",
    "The hidden object is large and red.",
    "The sign is pointing to the left.",
    "As an AI language model, I cannot see the image.",
    "The image shows a street with many people who walk in the rain and look at shop windows.",
]


@pytest.mark.parametrize(("text", "answer"), COMMITTED + HIDING + BARE)
def test_a_committed_answer_is_found(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(("text", "answer"), FORMATS)
def test_an_answer_in_a_format_is_read_from_it(text: str, answer: str) -> None:
    assert extract_answer(text) == answer


@pytest.mark.parametrize(("text", "answer"), NARROWED)
def test_alternatives_that_the_text_drops_are_no_answers(text: str, answer: str) -> None:
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


PIECES = ("it's ", "answer is ", "that ", "a, ")
RUNAWAY = (
    *("".join(pair) for pair in itertools.product(PIECES, PIECES)),
    *("the captured ", "a b c d e f g ", "it is a cat. ", "\x00‮🦆", "x", " ", "\n", ".", "not ", "view of ", "gray "),
    *("\\boxed{", "\\boxed{{}", "{", '"answer": [', '"answer": "', '\\"', "<answer>", "<think>", "</think>"),
    *("the blocks are hiding a ", "a dog is ", "is less likely ", ", if a ", "rather than a ", "most likely a ", "-"),
)


@pytest.mark.parametrize("piece", RUNAWAY)
def test_a_runaway_text_does_not_run_away(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    started = time.process_time()
    extract_answer(text)
    assert time.process_time() - started < 30  # below a second; backtracking would take hours


def test_time_does_not_grow_with_the_length_of_a_runaway_text() -> None:
    def seconds(length: int) -> float:
        text = ("it is a cat, that it is a dog or " * length)[:length]
        started = time.process_time()
        extract_answer(text)
        return time.process_time() - started

    seconds(20_000)
    assert seconds(1_000_000) < 5 * seconds(20_000) + 0.1
