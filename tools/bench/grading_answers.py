"""What `grading.py` grades: data in the layout of the benchmarks' files, and answers in every form that models use.

`lay_out` links the official files of a folder under the names that the tasks read; without one it makes files of the
same sizes, seeded: 4,241 questions of ScienceQA, 5,000 of TextVQA with ten answers each, 2,638 of CV-Bench, 300 of MMVP
and 765 of RealWorldQA. POPE (300 rows) and MME (2,374 rows, 1,187 pictures) are made either way.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

FILES = {
    "scienceqa": ("scienceqa_llava_test_CQM-A.json", "llava_test_CQM-A.json"),
    "textvqa": ("TextVQA_0.5.1_val.json", "TextVQA_0.5.1_val.json"),
    "cv_bench": ("cvbench_test.jsonl", "cvbench_test.jsonl"),
    "mmvp": ("mmvp_questions.csv", "Questions.csv"),
    "realworldqa": ("llava_test_realworldqa.jsonl", "llava_test_realworldqa.jsonl"),
}
"""Of each task: the name in the folder that is given, and the official one."""
LETTERS = "ABCDEF"
SPOKEN = (
    "the a an red blue dog cat stop exit coca-cola u.s. dont it's john's three 3 ten 1,000 3.14 $5.00 5. none left no. "
    "right yes 7-up 12:30 p.m. 50% (c) r&b new york street bank of america A An what's bed table tree car sky one two"
)
WORDS = SPOKEN.split()
MME_PICTURES = {
    "existence": 30, "count": 30, "position": 30, "color": 30, "posters": 147, "celebrity": 170, "scene": 200,
    "landmark": 200, "artwork": 200, "OCR": 20, "commonsense_reasoning": 70, "numerical_calculation": 20,
    "text_translation": 20, "code_reasoning": 20,
}  # fmt: skip


def lay_out(folder: Path, given: Path | None) -> Path:
    """Fill a folder of tasks, each with its files."""
    make = {"scienceqa": science_qa, "textvqa": textvqa, "cv_bench": cv_bench, "mmvp": mmvp, "realworldqa": rwqa}
    for task, (name, official) in FILES.items():
        (folder / task).mkdir()
        target = folder / task / official
        if given is not None:
            target.symlink_to((given / name).resolve(strict=True))
        else:
            target.write_text(make[task](random.Random(task)), encoding="utf-8")
    write_pope(folder / "pope")
    write_mme(folder / "mme")
    return folder


def phrase(rng: random.Random, most: int = 4) -> str:
    """Return a few words."""
    return " ".join(rng.choices(WORDS, k=rng.randint(1, most)))


def options(rng: random.Random, n: int) -> list[str]:
    """Return n texts of which none is another."""
    texts: dict[str, None] = {}
    while len(texts) < n:
        texts[phrase(rng, 6)] = None
    return list(texts)


def lines_of(items: Sequence[Any]) -> str:
    """Return one JSON object a line."""
    return "".join(json.dumps(item) + "\n" for item in items)


def science_qa(rng: random.Random) -> str:
    """LLaVA's list of conversations."""
    items: list[dict[str, Any]] = []
    for number in range(4241):
        told = options(rng, rng.choice((2, 2, 2, 3, 4, 4, 5)))
        asked = [f"What is {phrase(rng)}?", *(f"{LETTERS[k]}. {text}" for k, text in enumerate(told))]
        picture = {"image": f"{number}/image.png"} if rng.random() < 0.48 else {}
        turns = [
            {"from": "human", "value": "<image>\n" * bool(picture) + "\n".join(asked)},
            {"from": "gpt", "value": LETTERS[rng.randrange(len(told))]},
        ]
        items.append({"id": str(number), **picture, "conversations": turns})
    return json.dumps(items)


def textvqa(rng: random.Random) -> str:
    """Questions with ten answers each: of some all people say the same."""
    entries: list[dict[str, Any]] = []
    for number in range(5000):
        known = [phrase(rng) for _ in range(rng.choice((1, 2, 3, 5, 10)))]
        answers = rng.choices(known, k=10)
        entries.append(
            {"question": f"what is {number}?", "question_id": number, "image_id": f"{number % 3166:016x}",
             "answers": answers}
        )  # fmt: skip
    return json.dumps({"data": entries})


def cv_bench(rng: random.Random) -> str:
    """Lines with options in the prompt."""
    items: list[dict[str, Any]] = []
    for number in range(2638):
        told = options(rng, rng.randint(2, 6))
        kind, source, dimension = [("Count", "ADE20K", "2D"), ("Relation", "COCO", "2D"), ("Depth", "Omni3D", "3D")][
            number % 3
        ]
        items.append(
            {"idx": number, "type": dimension, "task": kind, "image": f"{dimension}/{number}.png",
             "question": "Which?", "choices": told, "answer": f"({LETTERS[rng.randrange(len(told))]})",
             "prompt": "Which?\n" + "\n".join(f"({LETTERS[k]}) {text}" for k, text in enumerate(told)),
             "source": source, "source_dataset": source, "source_filename": f"{number // 2}.jpg"}
        )  # fmt: skip
    return lines_of(items)


def mmvp(rng: random.Random) -> str:
    """A table of pairs."""
    lines = [["Index", "Question", "Options", "Correct Answer"]]
    for pair in range(150):
        a, b = options(rng, 2)
        told = f"(a) {a} (b) {b}".replace("(c)", "c")
        lines += [[str(2 * pair + k), "Which?", told, answer] for k, answer in ((1, "(a)"), (2, "(b)"))]
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n"


def rwqa(rng: random.Random) -> str:
    """Lines that ask for a letter, or for a word."""
    items: list[dict[str, Any]] = []
    for number in range(1, 766):
        told = options(rng, rng.randint(2, 4))
        asked = "\n".join(f"{LETTERS[k]}. {text}" for k, text in enumerate(told))
        end = "Please answer directly with only the letter of the correct option and nothing else."
        text, answer = f"Which?\n{asked}\n{end}", LETTERS[rng.randrange(len(told))]
        if number > 438:
            text, answer = (
                "How many?\nPlease answer directly with a single word or number.",
                phrase(rng, 1).replace("a", "o"),
            )
        items.append({"question_id": str(number), "image": f"{number}.webp", "text": text, "answer": answer})
    return lines_of(items)


def write_pope(folder: Path, images: int = 50) -> None:
    """Two questions a picture and category; the pictures are never opened."""
    folder.mkdir()
    for category in ("random", "popular", "adversarial"):
        rows = [
            {"question_id": number, "image": f"COCO_{number // 2}.jpg", "label": ("yes", "no")[number % 2],
             "text": f"Is there a {category} {number} in the image?"}
            for number in range(2 * images)
        ]  # fmt: skip
        (folder / f"coco_pope_{category}.json").write_text(lines_of(rows), encoding="utf-8")


def write_mme(folder: Path) -> None:
    """Two questions a picture, a text file a sub-task; the pictures are empty files."""
    for name, n_pictures in MME_PICTURES.items():
        (folder / name).mkdir(parents=True)
        text = ""
        for number in range(n_pictures):
            (folder / name / f"{number}.jpg").touch()
            for truth in ("Yes", "No"):
                text += f"{number}.jpg\tIs it {truth.lower()}? Please answer yes or no.\t{truth}\n"
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")


# forms of answers

LETTER_FORMS = (
    "{L}", "{l}", "({L})", "({l})", "{L}.", "{l}.", "{L})", "{L}:", "{L},", "{l})", "[{L}]", "**{L}**", '"{L}"',
    "'{L}'", " {L} ", "{L}\n", "({L}).", "( {L} )", "({L}) {text}", "({l}) {text}", "{L}. {text}", "{L}. {text}.",
    "{l}. {text}", "{L}: {text}", "{L}) {text}", "{L} {text}", "{L}\n{text}", "{L}.{text}", "The answer is {L}.",
    "The answer is {L}", "The answer is ({L}).", "the answer is ({l})", "The answer is: {L}",
    "The answer is {L}, {text}.", "THE ANSWER IS {L}.", "So the answer is {L}.",
    "The answer is {L}.\nThe answer is {M}.", "The answer is {L}. The answer is {M}.", "The answer is {L}\n",
    "Answer: {L}", "answer:{l}", "Option {L}", "option {l}.", "The correct option is {L}.", "I choose {L}",
    "It is {L}", "{L} or {M}", "{L}, {M}", "{L}{M}", "{L} {M}", "Not {M} but {L}.", "{text}", "{text}.", "{TEXT}",
    "{small}", "The {small}", "It is {text}.", "The answer is {text}.", "a {small}", "{text} ({L})", "{text}: {L}",
    '"{text}"', "{M}. No, {L}.", "I think it is {l}, because of the {small}",
)  # fmt: skip
PLAIN_FORMS = (
    "", " ", "\n", ".", "?", "A toy is there.", "A", "An apple", "a", "the", "Based on the picture, it is red.",
    "Because", "I cannot tell.", "I'm sorry, I can't see the image.", "None of the above.", "N/A", "unknown", "yes",
    "No.", "1", "two", "Z", "F", "(G)", "E. none", "Ａ", "É", "ß", "A dog and a cat", "Can't say", "Definitely", "E",
    "Option 1", "The answer is Z.", "The answer is ", "Answer", "both A and B", "ABCD", "A, B, C and D",
)  # fmt: skip
YES_NO_FORMS = (
    "", " ", "yes", "Yes", "YES", "Yes.", "yes,", "no", "No", "NO", "No.", "no,", "y", "n", "Y.", "N", " yes", " No",
    "\nno", "No, there is none.", "Yes, there is a dog. No cat.", "There is no dog.", "There is not one.",
    "There isn't.", "Not at all.", "I see nothing", "yes\nno", "no\nyes", "Answer: yes", "the answer is no", "nope",
    "yeah", "It is. No.", "I do not know", "unknown", "Nothing, no", "eyes", "a no", "oh yes", "noyes", "no-one",
    "yes no", ".no", "..", "Yes, not no", "know", "нет",
)  # fmt: skip
DIGITS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def letter_answers(row: Row) -> Iterator[tuple[str, str]]:
    """Forms and texts with the right letter, with a wrong one, and with none."""
    told: list[str] = row["options"]
    right = LETTERS.index(row["answer"].strip("()").upper())
    wrong = (right + 1) % len(told)
    for letter, other in ((right, wrong), (wrong, right)):
        text, name, more = told[letter], LETTERS[letter], LETTERS[other]
        for form in LETTER_FORMS:
            said = form.replace("{L}", name).replace("{l}", name.lower()).replace("{M}", more)
            said = said.replace("{TEXT}", text.upper()).replace("{small}", text.lower()).replace("{text}", text)
            yield form, said
    yield from ((form, form) for form in PLAIN_FORMS)


def word_answers(row: Row) -> Iterator[tuple[str, str]]:
    """Forms and texts with the words that most people gave, with those that fewest gave, and with neither."""
    golds: list[str] = row["answer"] if isinstance(row["answer"], list) else [row["answer"]]
    by_count = [gold for gold, _ in Counter(golds).most_common()]
    yield from word_forms(by_count[0])
    if len(by_count) > 1:
        rare = by_count[-1]
        yield from (("{rare}", rare), ("{rare}.", f"{rare}."), ("The {rare}", f"The {rare}"), ("{RARE}", rare.upper()))
    for said in (
        "",
        " ",
        "a",
        "The",
        "I can't tell.",
        "unanswerable",
        "none",
        "0",
        "don't know",
        "yes",
        ".",
        "it's 1,000",
    ):
        yield said, said


def word_forms(gold: str) -> Iterator[tuple[str, str]]:
    """What models make of an answer."""
    swapped = [DIGITS[int(word)] if re.fullmatch("[0-9]|10", word) else word for word in gold.split()]
    digits = [str(DIGITS.index(word)) if word in DIGITS else word for word in gold.lower().split()]
    yield from (
        ("{gold}", gold), ("{Gold}", gold.capitalize()), ("{GOLD}", gold.upper()), ("{gold}.", f"{gold}."),
        ("{Gold}.", f"{gold.title()}."), ("the {gold}", f"the {gold}"), ("A {gold}.", f"A {gold}."),
        ("words for digits", " ".join(swapped)), ("digits for words", " ".join(digits)), ('"{gold}"', f'"{gold}"'),
        ("'{gold}'", f"'{gold}'"), (" {gold}\n", f" {gold}\n"), ("{gold}!", f"{gold}!"), ("{gold}, x", f"{gold}, x"),
        ("- {gold}", f"- {gold}"), ("hyphens", gold.replace(" ", "-")), ("no apostrophes", gold.replace("'", "")),
        ("no periods", gold.replace(".", "")), ("many periods", f"{gold}{'.' * 33}"), ("(an {gold})", f"(an {gold})"),
        ("{gold}\t", f"{gold}\t"), ("lines", gold.replace(" ", "\n")), ("It says {gold}.", f"It says {gold}."),
        ("The answer is {gold}.", f"The answer is {gold}."), ("answer: {gold}", f"answer: {gold}"),
        ("{gold}?", f"{gold}?"),
    )  # fmt: skip


def yes_no_answers(_row: Row) -> Iterator[tuple[str, str]]:
    """Forms of yes, of no, and of neither."""
    return ((form, form) for form in YES_NO_FORMS)


def real_world_answers(row: Row) -> Iterator[tuple[str, str]]:
    """Forms of letters or of words, as the row asks."""
    return letter_answers(row) if row.get("options") else word_answers(row)
