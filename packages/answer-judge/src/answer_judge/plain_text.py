"""Free text in one plain spelling, cut into sentences."""

from __future__ import annotations

import re

_LONGEST_TEXT, _LONGEST_SENTENCE = 20_000, 600
"""Characters; what lies beyond is not read, or is read in pieces, so that time stays linear in a text's length."""

_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "\x00": " ", "\r": "\n", "\t": " ", "\u00a0": " "})
_THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning|scratchpad)>")
_LATEX = re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed)\{([^{}]*)\}")
_BULLET = re.compile(r"(?m)^ *(?:[-+•·>]|\(?\d{1,2}[.)]) +")
_MARKUP = re.compile(r"[*_`#$\"]+|</?(?:b|i|p|br|strong|em)/?>")
_SPELLINGS = (
    (r"\be\.g\.,?", "for example"),
    (r"\bi\.e\.,?", "that is"),
    (r"\b(st|mr|mrs|ms|dr|mt)\. ", r"\1 "),
    (r"\bgrey\b", "gray"),
    (r"\b(it|this|that|he|she|here|there|what|answer|guess)'s\b", r"\1 is"),
    (r"\b(they|these|those|we|you)'re\b", r"\1 are"),
    (r"\bi'm\b", "i am"),
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"\banswer:\s+", "answer: "),
    (r"\banswer(?: is)?:? \(?[a-h][.)] +(?=[a-z])", "answer: "),
)
_BOUNDARY = re.compile(r"(?<=[.!?])\s+|\n+")


def plain_text(text: str) -> str:
    """Return the end of a text in lower case, without Markdown, LaTeX and thoughts; contractions written out.

    >>> plain_text("<think>A dog?</think>**It isn’t** a \\\\text{cat}.")
    'it is not a cat.'
    """
    text = text[-_LONGEST_TEXT:].translate(_QUOTES).lower()
    spoken = _THOUGHT_ENDS.split(text)[-1]
    text = spoken if spoken.strip() else text
    text = _BULLET.sub("", _LATEX.sub(r"\1", text))
    text = re.sub(r" +", " ", _MARKUP.sub("", text)).strip()
    for found, written in _SPELLINGS:
        text = re.sub(found, written, text)
    return text


def sentences(plain: str) -> list[str]:
    """Return the sentences that are no questions, endless ones in pieces.

    >>> sentences("is it a cat? no. it is a dog.")
    ['no.', 'it is a dog.']
    """
    parts = [part.strip() for part in _BOUNDARY.split(plain)]
    asserted = [part for part in parts if part and not part.endswith("?")]
    return [one[cut : cut + _LONGEST_SENTENCE] for one in asserted for cut in range(0, len(one), _LONGEST_SENTENCE)]
