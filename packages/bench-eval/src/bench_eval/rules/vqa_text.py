"""Three ways to bring a short answer into one form before it is compared; they differ on commas, 's and periods."""

from __future__ import annotations

import re
from functools import lru_cache

from bench_eval.rules.vqa_words import ARTICLES, CONTRACTIONS, NUMBERS

_MARKS = frozenset(';/[]"{}()=+\\_-><@`,?!')
_THOUSANDS = re.compile(r"\d,\d")
# The published pattern looks behind for a digit, but is mistyped so that any period not before a digit goes.
_PERIOD = re.compile(r"\.(?!\d)")
_LONE_PERIOD = re.compile(r"(?<!\d)\.(?!\d)")
# A regex flag stands in the place of the count, and its number is 32.
_MOST_PERIODS = 32
# Answers repeat: the golds of 5,000 questions are some 11,000 texts.
_CACHED = 2**17


@lru_cache(maxsize=_CACHED)
def normalise_m4c(text: str) -> str:
    """Normalise as M4C does: the evaluator of TextVQA, which LLaVA also applies before uploads.

    Lower-case, without commas and question marks, `'s` split off; then marks, periods and words as `normalise_vqa`.

    Source: `EvalAIAnswerProcessor` of facebookresearch/mmf; the same in LLaVA, S-VCO and lmms-eval.

    >>> normalise_m4c("John's"), normalise_m4c("The U.S.A."), normalise_m4c("Two, or 7-up?"), normalise_m4c("5.")
    ("john 's", 'usa', '2 or 7 up', '5')
    """
    split = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    return _words(_PERIOD.sub("", _without_marks(on_one_line(split)), count=_MOST_PERIODS))


@lru_cache(maxsize=_CACHED)
def normalise_vqa(text: str) -> str:
    """Normalise as the official VQA script does.

    A mark next to a space goes, and so does every mark of a text with a number such as 1,000; else marks become spaces.
    Then periods go unless a digit follows; number words become digits, articles go, contractions get apostrophes.

    Source: `vqaEval.py` of GT-Vision-Lab/VQA.

    >>> normalise_vqa("John's"), normalise_vqa("1,000"), normalise_vqa("3:30 p.m."), normalise_vqa("Dont")
    ("john's", '1000', '3:30 pm', "don't")
    """
    return _words(_PERIOD.sub("", _without_marks(on_one_line(text)), count=_MOST_PERIODS))


@lru_cache(maxsize=_CACHED)
def normalise_vlmevalkit(text: str) -> str:
    """Normalise as VLMEvalKit does: as `normalise_vqa`, but a period behind a digit stays.

    Source: `vlmeval/dataset/utils/vqa_eval.py` of open-compass/VLMEvalKit.

    >>> normalise_vlmevalkit("5."), normalise_vlmevalkit("It's.")
    ('5.', "it's")
    """
    return _words(without_marks_vlmevalkit(on_one_line(text)))


def without_marks_vlmevalkit(text: str) -> str:
    """Take out marks, and periods with no digit beside them, as VLMEvalKit does before it looks at words.

    >>> without_marks_vlmevalkit("Yes, it is."), without_marks_vlmevalkit("no/5.")
    ('Yes it is', 'no 5.')
    """
    return _LONE_PERIOD.sub("", _without_marks(text), count=_MOST_PERIODS)


def on_one_line(text: str) -> str:
    r"""Put spaces for newlines and tabs, and strip.

    >>> on_one_line(" a\tb\n")
    'a b'
    """
    return text.replace("\n", " ").replace("\t", " ").strip()


def _without_marks(text: str) -> str:
    """Take marks out or put spaces for them; each is judged in the text as it came, so their order is no matter."""
    found = _MARKS.intersection(text)
    if not found:
        return text
    joined = _THOUSANDS.search(text) is not None
    gone = {mark for mark in found if joined or f"{mark} " in text or f" {mark}" in text}
    return text.translate({ord(mark): None if mark in gone else " " for mark in found})


def _words(text: str) -> str:
    words = [NUMBERS.get(word, word) for word in text.lower().split()]
    return " ".join([CONTRACTIONS.get(word, word) for word in words if word not in ARTICLES])
