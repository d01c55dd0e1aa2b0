"""MMStar: choices that cannot be answered without the picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, LETTERS, grade_choice
from bench_eval.errors import FileError
from bench_eval.measures import mean_measure
from bench_eval.measures.macro_measure import macro_measure
from bench_eval.rules.mm_star import grade_mm_star_lmms_eval, grade_mm_star_lmms_eval_0_2_3
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE, grade_vlmevalkit_letter
from bench_eval.tasks.asking_forms import LETTER, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_letter
from bench_eval.tasks.hub_tables import hub_rows
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

_TABLE = "**/mmstar.parquet"
_MOST = 4
"""Options of a question at most."""
_HEAD = re.compile(r"Options:\s*")
_INLINE = re.compile(r"(?:^|[,\n]\s*)([A-Z]):\s")
_LINES = re.compile(r"^\s*\(([A-Z])\)[ \t]*", re.MULTILINE)


def options_in_question(question: str) -> list[str]:
    """Read the options that stand inside a question; an empty list where they have neither of the two known forms.

    The forms are `Options: A: x, B: y` and lines `(A) x`; letters must come in order from A.

    >>> options_in_question("What is it?\\nOptions: A: a cat, black, B: a dog")
    ['a cat, black', 'a dog']
    >>> options_in_question("Question: How many?\\nChoices:\\n(A) 10\\n(B) 15")
    ['10', '15']
    """
    inline = _HEAD.split(question)[1:]
    return (_between(_INLINE, inline[-1]) if inline else []) or _between(_LINES, question)


def _between(pattern: re.Pattern[str], body: str) -> list[str]:
    marks: list[re.Match[str]] = []
    for mark in pattern.finditer(body):
        if mark[1] == LETTERS[len(marks) : len(marks) + 1]:
            marks.append(mark)
    ends = [*(mark.start() for mark in marks[1:]), len(body)]
    texts = [body[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=False)]
    return texts if len(texts) > 1 else []


def read_mm_star(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of `mmstar.parquet`, each as it stands, with the options inside.

    Rows have `category` and `l2_category`. `options` are read from the question; where they can't be, or the answer is
    beyond those found, there are four empty ones, so that letters count and texts of options do not. Questions about
    one picture share a cluster.

    Raises:
        FileError, RowError: the file, or a field is missing, or an answer is no letter.
    """
    if not folder.find(_TABLE):
        raise FileError(f"{folder.root} must hold mmstar.parquet; there is no such file.")
    for where, question in hub_rows(folder, _TABLE):
        text = str(need(question, "question", where)).strip()
        answer = need_letter(question, "answer", where, _MOST)
        options = options_in_question(text)
        options = options if answer in LETTERS[: len(options)] else [""] * _MOST
        image = save_cell(folder, need(question, "image", where), where)
        yield {
            "id": str(need(question, "index", where)),
            "task": "mmstar",
            "cluster": Path(image).stem,
            "image": image,
            "messages": user_turn(f"{text}\n{LETTER.rstrip('.')}"),
            "options": options,
            "answer": answer,
            "category": str(need(question, "category", where)),
            "l2_category": str(need(question, "l2_category", where)),
        }


_MICRO = mean_measure(by=["category", "l2_category"])
_MACRO = macro_measure("average", over="l2_category", within="category")
MM_STAR = Task(
    name="mmstar",
    title="MMStar",
    read=read_mm_star,
    decoding=Decoding(max_new_tokens=16),
    profiles=(
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=_MICRO,
            rule=f"{CHOICE_RULE} Accuracy over all.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_mm_star_lmms_eval,
            measure=_MACRO,
            rule="Best place of a capital A to D in the text, start or end first; mean over the fine categories.",
        ),
        Profile(
            name="lmms-eval-0.2.3",
            grader=grade_mm_star_lmms_eval_0_2_3,
            measure=_MACRO,
            rule="The character at the start, or after `(`, `option ` or `the answer is `; mean over the fine "
            "categories.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_vlmevalkit_letter,
            measure=_MICRO,
            rule=f"{VLMEVALKIT_RULE} Accuracy over all.",
        ),
    ),
    card=DataCard(
        licence="not stated",
        address="https://huggingface.co/datasets/Lin-Chen/MMStar",
        files=(DataFile(path="mmstar.parquet", what="questions, answers and pictures"),),
        hub="Lin-Chen/MMStar",
        split="val",
        n=1500,
        paper="Chen et al., 2024, Are We on the Right Way for Evaluating Large Vision-Language Models?, "
        "arXiv 2403.20330",
        notes=(
            "Some questions are padded with options whose text is `nan`.",
            "VLMEvalKit asks with a table of its own, in which the options stand apart from the question.",
        ),
    ),
)
