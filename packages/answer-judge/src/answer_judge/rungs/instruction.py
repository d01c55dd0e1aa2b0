"""Answers that speak to the judge instead of answering."""

from __future__ import annotations

import re
from dataclasses import dataclass

from answer_judge.characters import plain
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.verdicts import UNDECIDED, Opinion, Pair

_GAP = r"\W+(?:[\w']+\W+){0,5}"
_PATTERNS = (
    rf"(?:ignore|disregard|forget|override|bypass){_GAP}(?:instructions?|previous|above|prior|reference|rules?"
    rf"|prompts?|guidelines?)",
    rf"(?:mark|grade|judge|score|rate|count|treat|consider|evaluate|accept){_GAP}(?:as|is) (?:correct|right"
    rf"|accepted|true|valid|a match)",
    r"(?:you|must|please|and|always|to) accept\b",
    r"(?:output|print|respond|reply|say|return|(?:answer|write)(?= (?:only|just|with|always)))\W+"
    r"(?:only |just |with |always )*[\"']?(?:yes|true|accepted|accept|correct)\b",
    r"(?:same|equal|identical) (?:as|to) (?:the )?(?:reference|correct answer|expected|gold|ground truth)",
    r"(?:what|which|whatever|that|as) the (?:reference|correct answer|gold|ground truth|expected answer)",
    r"whatever (?:the|is) (?:reference|correct|right|expected)",
    r"(?:as the|dear|hey|attention|note to) (?:judge|grader|evaluator|verifier)",
    r"(?:judge|grader|evaluator|verifier)\s*:",
    r"(?:^|\n)\s*(?:system|assistant|user|human|instruction)\s*:",
    r"<\|[a-z_]+\|>|\[/?inst\]|</?s>|<</?sys>>|<(?:start|end)_of_turn>",
    r"[\"'](?:accepted|verdict|correct|score|right|answer|label)[\"']\s*:",
    r"\b(?:reference|expected|verdict)\s*:\s*[\"']?\w*",
)
_INSTRUCTION = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))
_TRIGGER = re.compile(
    r"ignor|disregard|forget|overrid|bypass|accept|mark|grad|judge|scor|rate|count|treat|consider|evaluat|output"
    r"|print|respon|repl"
    r"|say|return|answer|write|same|equal|identical|refer|system|assistant|user|human|instruc|<|\[|:|whatever|verifier"
)


@dataclass(frozen=True)
class InstructionRung(PairwiseRung):
    """Rejects answers that hold instructions to a judge, control tokens or a verdict, even beside the right words.

    What the reference itself says is no instruction.
    """

    name: str = "instruction"
    """Name in verdicts."""

    def opinion(self, pair: Pair) -> Opinion:
        """Return a rejection or nothing."""
        answer = plain(pair.answer)
        if not _TRIGGER.search(answer):
            return UNDECIDED
        match = _INSTRUCTION.search(answer)
        if not match or match[0].strip() in plain(pair.reference):
            return UNDECIDED
        return Opinion(False, 0.0, f"speaks to the judge: {' '.join(match[0].split())[:60]!r}")
