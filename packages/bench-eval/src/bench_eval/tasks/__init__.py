"""Benchmarks."""

from bench_eval.tasks.asking_forms import LETTER, WORD_OR_PHRASE, option_lines, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.task import Profile, Task

__all__ = [
    "LETTER",
    "WORD_OR_PHRASE",
    "DataCard",
    "DataFile",
    "DataFolder",
    "Profile",
    "Task",
    "option_lines",
    "user_turn",
]
