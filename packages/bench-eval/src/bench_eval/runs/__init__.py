"""Benchmarks asked of a model, scored, and compared between two."""

from bench_eval.runs.disagreements import Disagreement, DisagreementReport, find_disagreements
from bench_eval.runs.result_files import comparison_to_json, disagreements_to_json, results_to_json
from bench_eval.runs.result_tables import (
    comparison_to_latex,
    comparison_to_markdown,
    comparison_to_rows,
    comparison_to_text,
    results_to_rows,
)
from bench_eval.runs.run_comparisons import RunComparison, TaskComparison, compare_runs, profile_of
from bench_eval.runs.saved_answers import SavedAnswers, load_answers
from bench_eval.runs.task_records import TaskRecord, find_record, load_record, saved_tasks
from bench_eval.runs.task_results import AnswerCounts, TaskResult, count_answers, grade_answers, score_task
from bench_eval.runs.task_runs import AskedJudge, AskedModel, keep_answers, run_task

__all__ = [
    "AnswerCounts",
    "AskedJudge",
    "AskedModel",
    "Disagreement",
    "DisagreementReport",
    "RunComparison",
    "SavedAnswers",
    "TaskComparison",
    "TaskRecord",
    "TaskResult",
    "compare_runs",
    "comparison_to_json",
    "comparison_to_latex",
    "comparison_to_markdown",
    "comparison_to_rows",
    "comparison_to_text",
    "count_answers",
    "disagreements_to_json",
    "find_disagreements",
    "find_record",
    "grade_answers",
    "keep_answers",
    "load_answers",
    "load_record",
    "profile_of",
    "results_to_json",
    "results_to_rows",
    "run_task",
    "saved_tasks",
    "score_task",
]
