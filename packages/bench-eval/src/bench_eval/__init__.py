"""Score two models on the same rows and compare them honestly."""

from bench_eval.asking import Answers, Decoding, Question, Sampler, row_to_question
from bench_eval.bootstrap import bootstrap_values, cluster_bootstrap, percentiles
from bench_eval.choices import grade_choice, text_to_letter
from bench_eval.comparison import Comparison, by_task, compare, compare_tasks
from bench_eval.comparison_files import load_comparisons, save_comparisons
from bench_eval.comparison_tables import comparisons_to_markdown, comparisons_to_text
from bench_eval.contrast_files import load_contrasts, save_contrasts
from bench_eval.contrast_tables import (
    Contrasts,
    contrasts_to_rows,
    format_p,
    seed_changes_to_rows,
    seed_means_to_rows,
    ways_to_rows,
)
from bench_eval.errors import BenchEvalError, FileError, PairingError, RowError, StatisticsError
from bench_eval.evaluation import evaluate
from bench_eval.grades import Grade, Grader, grade_row, grader_by_task
from bench_eval.intervals import Accuracy, Interval, accuracy, wilson_interval
from bench_eval.located import box_grader, boxes_grader, text_to_box_xyxy, text_to_boxes_xyxy
from bench_eval.paired_tests import holm, mcnemar_exact, sign_flip_test, swap_test
from bench_eval.pairs import RowScore, mean_score
from bench_eval.passes import pass_at_k, pass_score
from bench_eval.power import design_effect_of, detectable_difference, questions_needed
from bench_eval.question_files import check_question_file, read_question_file
from bench_eval.question_pairs import PairedRows, pair_rows
from bench_eval.sampling import sampler_through
from bench_eval.scores import TaskScore, score_tasks
from bench_eval.short_answers import SHORT_ANSWER_GRADER, grade_short_answer
from bench_eval.stages import evaluation_stage, grading_stage, response_stage
from bench_eval.tables import markdown_table, text_table
from bench_eval.words import grade_exact, grade_number, grade_word, grade_yes_no, normalise, text_to_number

__all__ = [
    "SHORT_ANSWER_GRADER",
    "Accuracy",
    "Answers",
    "BenchEvalError",
    "Comparison",
    "Contrasts",
    "Decoding",
    "FileError",
    "Grade",
    "Grader",
    "Interval",
    "PairedRows",
    "PairingError",
    "Question",
    "RowError",
    "RowScore",
    "Sampler",
    "StatisticsError",
    "TaskScore",
    "accuracy",
    "bootstrap_values",
    "box_grader",
    "boxes_grader",
    "by_task",
    "check_question_file",
    "cluster_bootstrap",
    "compare",
    "compare_tasks",
    "comparisons_to_markdown",
    "comparisons_to_text",
    "contrasts_to_rows",
    "design_effect_of",
    "detectable_difference",
    "evaluate",
    "evaluation_stage",
    "format_p",
    "grade_choice",
    "grade_exact",
    "grade_number",
    "grade_row",
    "grade_short_answer",
    "grade_word",
    "grade_yes_no",
    "grader_by_task",
    "grading_stage",
    "holm",
    "load_comparisons",
    "load_contrasts",
    "markdown_table",
    "mcnemar_exact",
    "mean_score",
    "normalise",
    "pair_rows",
    "pass_at_k",
    "pass_score",
    "percentiles",
    "questions_needed",
    "read_question_file",
    "response_stage",
    "row_to_question",
    "sampler_through",
    "save_comparisons",
    "save_contrasts",
    "score_tasks",
    "seed_changes_to_rows",
    "seed_means_to_rows",
    "sign_flip_test",
    "swap_test",
    "text_table",
    "text_to_box_xyxy",
    "text_to_boxes_xyxy",
    "text_to_letter",
    "text_to_number",
    "ways_to_rows",
    "wilson_interval",
]
