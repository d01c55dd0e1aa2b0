"""Language models as judges: what they are asked, how their replies are read, and a cache of them."""

from bench_eval.judges.judge_rule import AskJudge, JudgeRule, ReadReply, judge_turn, quoted
from bench_eval.judges.judging import UNREADABLE, judging_stage
from bench_eval.judges.llava_bench_judge import LLAVA_BENCH_JUDGE
from bench_eval.judges.llava_bench_replies import (
    read_score_pair,
    read_score_pair_lmms_eval,
    read_score_pair_official,
)
from bench_eval.judges.mm_hal_judge import MM_HAL_JUDGE
from bench_eval.judges.mm_hal_replies import read_rating, read_rating_official, read_rating_svco
from bench_eval.judges.mm_vet_judge import MM_VET_JUDGE
from bench_eval.judges.mm_vet_replies import (
    read_correctness,
    read_correctness_official,
    read_correctness_vlmevalkit,
)
from bench_eval.judges.rereading import reply_grader, reread_row
from bench_eval.judges.verdict_cache import JudgeReply, VerdictCache, reply_key

__all__ = [
    "LLAVA_BENCH_JUDGE",
    "MM_HAL_JUDGE",
    "MM_VET_JUDGE",
    "UNREADABLE",
    "AskJudge",
    "JudgeReply",
    "JudgeRule",
    "ReadReply",
    "VerdictCache",
    "judge_turn",
    "judging_stage",
    "quoted",
    "read_correctness",
    "read_correctness_official",
    "read_correctness_vlmevalkit",
    "read_rating",
    "read_rating_official",
    "read_rating_svco",
    "read_score_pair",
    "read_score_pair_lmms_eval",
    "read_score_pair_official",
    "reply_grader",
    "reply_key",
    "reread_row",
]
