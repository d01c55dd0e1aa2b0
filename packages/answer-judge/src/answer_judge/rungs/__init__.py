"""The rungs, from certain and cheap to tolerant and dear; one file each."""

from answer_judge.lists import split_list
from answer_judge.rungs.alias import AliasRung
from answer_judge.rungs.answered import AnsweredRung
from answer_judge.rungs.equal import LONGEST_ANSWER, ExactRung, LengthRung, NormalisedRung
from answer_judge.rungs.guard import GuardRung
from answer_judge.rungs.instruction import InstructionRung
from answer_judge.rungs.lexical import LexicalRung
from answer_judge.rungs.number import NumberRung
from answer_judge.rungs.option import OptionRung
from answer_judge.rungs.pairwise import PairwiseRung
from answer_judge.rungs.spelled import SpellingRung
from answer_judge.rungs.verifier import VerifierRung, YesProbability, verification_prompt
from answer_judge.rungs.yes_no import YesNoRung

__all__ = [
    "LONGEST_ANSWER",
    "AliasRung",
    "AnsweredRung",
    "ExactRung",
    "GuardRung",
    "InstructionRung",
    "LengthRung",
    "LexicalRung",
    "NormalisedRung",
    "NumberRung",
    "OptionRung",
    "PairwiseRung",
    "SpellingRung",
    "VerifierRung",
    "YesNoRung",
    "YesProbability",
    "split_list",
    "verification_prompt",
]
