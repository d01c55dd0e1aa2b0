"""The graders that `grading.py` compares with: rules of the originals, written plainly from what each is known to do.

Nothing here comes from bench_eval, and nothing is fast: every call works on its text from the start. A reference takes
an answer and a row as the benchmark's reader yields it, and returns the score. Where an original draws a random letter
or asks a judge, the answer is wrong.

Sources: LLaVA's `eval_science_qa.py`, `m4c_evaluator.py`, `eval_pope.py`; S-VCO's rule graders; lmms-eval's `utils.py`
of each task and its shared extractor of letters as it stood in August 2026; VLMEvalKit's `vqa_eval.py`; the VQA script
(Antol et al. 2015; its table of contractions is data under the BSD licence); Cambrian's `realworldqa_test.py`; MME's
calculation tool.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
Reference = Callable[[str, Row], float]
Normalise = Callable[[str], str]

DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NUMBERS = {"none": "0", **{word: str(digit) for digit, word in enumerate(DIGITS)}}
PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
CONTRACTED = (
    "ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't haven't he'd "
    "he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've might've mustn't "
    "must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've shouldn't shouldn't've "
    "somebody'd've somebody'll somebody's someone'd someone'd've someone'll someone's something'd something'd've "
    "something'll that's there'd there'd've there're there's they'd they'd've they'll they're they've 'twas "
    "wasn't we'd've we've weren't what'll what're what's what've when's where'd where's where've who'd who'd've "
    "who'll who's who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd "
    "you'd've you'll you're you've"
)


def contractions() -> dict[str, str]:
    """Forms that lack one apostrophe, and the form with it; one entry of the published table takes one away."""
    table = {"somebody'd": "somebodyd"}
    for word in CONTRACTED.split():
        for place in [place for place, character in enumerate(word) if character == "'"]:
            table[word[:place] + word[place + 1 :]] = word
    return table


CONTRACTIONS = contractions()


# soft accuracy


def m4c(text: str) -> str:
    """TextVQA's normal form."""
    text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    return vqa(text)


def vqa(text: str) -> str:
    """The VQA script's; periods behind digits go as well, since its look-behind is misspelt."""
    return _words(_punctuation(_one_line(text), r"\.(?!\d)"))


def vlmevalkit(text: str) -> str:
    """The same, but a period beside a digit stays."""
    return _words(_punctuation(_one_line(text), r"(?<!\d)\.(?!\d)"))


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ").strip()


def _punctuation(text: str, period: str) -> str:
    result = text
    for mark in PUNCTUATION:
        is_beside_space = f"{mark} " in text or f" {mark}" in text
        is_in_number = re.search(r"\d,\d", text) is not None
        result = result.replace(mark, "" if is_beside_space or is_in_number else " ")
    return re.sub(period, "", result, count=32)


def _words(text: str) -> str:
    words = [NUMBERS.get(word, word) for word in text.lower().split()]
    return " ".join(CONTRACTIONS.get(word, word) for word in words if word not in ("a", "an", "the"))


def leave_one_out(said: str, golds: Sequence[str]) -> float:
    """Each person's answer is left out once: a third for each of the others who said it, at most 1; then the mean."""
    scores: list[float] = []
    for place in range(len(golds)):
        others = [*golds[:place], *golds[place + 1 :]]
        scores.append(min(1.0, others.count(said) / 3))
    return sum(scores) / len(scores)


def soft_accuracy(normalise: Normalise) -> Reference:
    """Both sides in a normal form."""

    def grade(text: str, row: Row) -> float:
        return leave_one_out(normalise(text), [normalise(gold) for gold in row["answer"]])

    return grade


def vqa_script(normalise: Normalise) -> Reference:
    """Both sides in a normal form, unless all people wrote the same; then as they stand."""

    def grade(text: str, row: Row) -> float:
        golds = [_one_line(gold) for gold in row["answer"]]
        if len(set(golds)) == 1:
            return leave_one_out(_one_line(text), golds)
        return leave_one_out(normalise(text), [normalise(gold) for gold in golds])

    return grade


# letters


def science_qa_llava(text: str, row: Row) -> float:
    """A letter alone, one before a period and a space, or one single `The answer is X` with a character behind."""
    letters = "ABCDE"
    found = re.findall(r"The answer is ([A-Z]).", text)
    if len(text) == 1 and text in letters:
        said = text
    elif len(text) >= 3 and text[0] in letters and text[1:3] == ". ":
        said = text[0]
    else:
        said = found[0] if len(found) == 1 else "FAILED"
    return float(said in list(letters)[: len(row["options"])] and said == row["answer"])


def science_qa_svco(text: str, row: Row) -> float:
    """The first character as a capital, if it is a letter."""
    first = text.upper()[:1]
    return float(first.isalpha() and first == row["answer"])


def science_qa_lmms_eval(text: str, row: Row) -> float:
    """The letter in any case, or a capital with a period behind."""
    text = text.strip()
    if text.lower() == row["answer"].lower():
        return 1.0
    return float(len(text) >= 2 and text[0].isupper() and text[1] == "." and text[0] == row["answer"])


def first_characters_svco(text: str, row: Row) -> float:
    """Four characters, without brackets and spaces."""
    return float(_without(text.strip().lower()[:4], r"[()\s]") == _without(row["answer"].strip().lower(), r"[()\s]"))


def real_world_qa_svco(text: str, row: Row) -> float:
    """Without brackets, spaces and periods; four characters where a letter alone is asked for."""
    said = text.strip().lower()
    if "answer directly with only the letter of the correct option and nothing else" in row["question"].lower():
        said = said[:4]
    return float(_without(said, r"[()\s.]") == _without(row["answer"].strip().lower(), r"[()\s.]"))


def _without(text: str, characters: str) -> str:
    return re.sub(characters, "", text)


def cv_bench_lmms_eval(text: str, row: Row) -> float:
    """The first letter behind brackets and spaces."""
    found = re.match(r"[(\s]*([A-Z])", text.strip(), re.IGNORECASE)
    return float(found is not None and found[1].upper() == row["answer"].strip("()"))


MMVP_FORMS = (
    r"^\s*\(?([AB])\)?\.?\s*$",
    r"^\s*\(?([AB])\)?[.\s]",
    r"answer\s+is\s+\(?([AB])\)?",
    r"option\s+\(?([AB])\)?",
    r"\(?([AB])\)?(?:\s|$)",
)
MMVP_SWAPPED = ("99", "100", "279", "280")


def mmvp_lmms_eval(text: str, row: Row) -> float:
    """The first of five forms that is found, or the first character; labels of two pairs are swapped back."""
    truth = row["answer"][1].upper()
    if row["id"] in MMVP_SWAPPED:
        truth = {"99": "B", "100": "A", "279": "B", "280": "A"}[row["id"]]
    text = text.strip()
    for form in MMVP_FORMS:
        found = re.search(form, text, re.IGNORECASE)
        if found:
            return float(found[1].upper() == truth)
    return float(text[:1].upper() == truth)


def mmvp_cambrian(text: str, row: Row) -> float:
    """What follows the last `answer is`: the letter, or the option."""
    said = _behind_answer(text).rstrip(".:,").lstrip("(").rstrip(")")
    truth = row["answer"][1]
    return float(said in (truth, row["options"]["ab".index(truth)].lower()))


def real_world_qa_cambrian(text: str, row: Row) -> float:
    """The first word behind the last `answer is`."""
    words = _behind_answer(text).rstrip(".").split()
    return float(bool(words) and words[0] == row["answer"].lower())


def _behind_answer(text: str) -> str:
    text = text.lower().strip()
    for phrase in ("answer is", "answer is:", "answer:"):
        text = text.split(phrase)[-1]
    return text.strip()


def real_world_qa_lmms_eval(text: str, row: Row) -> float:
    """Letters by the extractor of all tasks; other answers equal in any case, without periods at their end."""
    truth = row["answer"].strip()
    if truth.upper() in ("A", "B", "C", "D"):
        return float(lmms_eval_letter(text, "ABCD") == truth.upper())
    return float(text.lower().strip().rstrip(".") == truth.lower())


MADE = "answer is/correct answer is/best answer is/correct option is/best option is/choice is/correct choice is"
PHRASES = [
    *(head + phrase for phrase in MADE.split("/") for head in ("", "the ")),
    *("i choose", "i select", "i pick", "my answer is", "my choice is"),
    *("옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは"),
]


def lmms_eval_letter(text: str, letters: str) -> str:
    """Candidates of all forms; the form that counts most wins, of equal ones the later place."""
    text = text.strip()
    for mark in ",.!?;:'\"":
        text = text.strip(mark)
    text, bare = f" {text} ", text.strip()
    found: list[tuple[int, int, str]] = []
    for letter in letters:
        for points, form in (
            (6, f"({letter})"),
            (5, f"{letter}."),
            (4, f"{letter}:"),
            (3, f"{letter})"),
            (2, f"{letter} "),
        ):
            if form in text:
                found.append((points, text.rfind(form), letter))
        for phrase in PHRASES:
            begin = text.lower().find(phrase)
            if begin >= 0 and letter in text[begin + len(phrase) :]:
                found.append((7, text.find(letter, begin + len(phrase)), letter))
        if bare.startswith(letter) and not bare[1:2].isalpha():
            found.append((10, 0, letter))
        if bare.endswith(letter) and not bare[-2:-1].isalpha():
            found.append((9, len(text) - 1, letter))
    if not found:
        found = [(0, text.rfind(letter), letter) for letter in letters if letter in text]
    return max(found)[2] if found else ""


# yes and no


def pope_official(text: str, row: Row) -> float:
    """No where the first sentence has that word or `not`; yes else."""
    words = text.split(".")[0].replace(",", "").split(" ")
    said = "no" if "No" in words or "no" in words or "not" in words else "yes"
    return float(said == row["answer"])


def pope_lmms_eval(text: str, row: Row) -> float:
    """The whole answer."""
    return float(text.lower().strip() == row["answer"])


def mme_official(text: str, row: Row) -> float:
    """The whole answer, or yes, then no, within the first four characters."""
    said = text.strip().lower()
    if said not in ("yes", "no"):
        said = "yes" if "yes" in said[:4] else "no" if "no" in said[:4] else "other"
    return float(said == row["answer"].lower())


def mme_lmms_eval(text: str, row: Row) -> float:
    """The same without periods; a lone y or n counts."""
    said = text.lower().strip().replace(".", "")
    if said in ("y", "n"):
        said = {"y": "yes", "n": "no"}[said]
    return mme_official(said, row)


# MME's sums

MME_PERCEPTION = (
    "existence",
    "count",
    "position",
    "color",
    "posters",
    "celebrity",
    "scene",
    "landmark",
    "artwork",
    "OCR",
)
MME_COGNITION = ("commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning")


def pictures_of(rows: Sequence[Row]) -> list[tuple[str, float, float]]:
    """Of each picture its sub-task, share right, and whether both questions are."""
    pairs: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        pairs.setdefault((row["category"], row["picture"]), []).append(row["trials"][0]["score"])
    return [(category, sum(pair) / 2, float(pair == [1.0, 1.0])) for (category, _), pair in pairs.items()]


def draw_plainly(rows: Sequence[Row], draws: int) -> dict[str, list[float]]:
    """Draw as many pictures as there are, again and again."""
    rng, pictures = random.Random(1), pictures_of(rows)
    drawn = [score_pictures(rng.choices(pictures, k=len(pictures))) for _ in range(draws)]
    return {name: [values[name] for values in drawn] for name in ("perception", "cognition")}


def score_pictures(pictures: Sequence[tuple[str, float, float]]) -> dict[str, float]:
    """MME's sums: 100 times accuracy plus 100 times accuracy+ of each sub-task."""
    points, counts = dict[str, float](), dict[str, int]()
    for category, right, both in pictures:
        points[category] = points.get(category, 0.0) + 100 * (right + both)
        counts[category] = counts.get(category, 0) + 1
    sums = {"perception": MME_PERCEPTION, "cognition": MME_COGNITION}
    return {name: sum(points[part] / counts[part] for part in parts) for name, parts in sums.items()}
