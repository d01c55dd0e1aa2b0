"""Question files of one's own, and of the embedded world, as tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.measures.question_file_measure import measure_question_file
from bench_eval.question_files import read_question_file
from bench_eval.short_answers import SHORT_ANSWER_GRADER, grade_short_answer
from bench_eval.tasks.asking_forms import user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.task import Profile, Task


def question_file_task(path: str | Path, *, name: str | None = None, max_new_tokens: int = 128) -> Task:
    """Make the task of a JSON list of `{id, image, question, answer}`, as `read_question_file` takes it.

    Questions are asked as they stand; a row's own `task` becomes its `kind`.

    Args:
        path: of the file; pictures are found from its folder, so that the task needs no data folder.
        name: of the task; the file's name without its ending by default.
        max_new_tokens: longest answer.

    >>> task = question_file_task("runs/world-questions.json")
    >>> task.name, task.profile().name, task.profile().version
    ('world-questions', 'selfsight', 'boxes-options-yes-no-words-4')
    """
    path = Path(path)
    task_name = name or path.stem

    def read(_: DataFolder) -> Iterator[Row]:
        for row in read_question_file(path, default_task=task_name):
            yield row | {"task": task_name, "kind": row["task"], "messages": user_turn(str(row["question"]))}

    return Task(
        name=task_name,
        reference=f"file:{path.absolute()}",
        title=task_name,
        read=read,
        decoding=Decoding(max_new_tokens=max_new_tokens),
        profiles=(
            Profile(
                name="selfsight",
                version=SHORT_ANSWER_GRADER,
                grader=grade_short_answer,
                measure=measure_question_file,
                rule="A letter or option where the row has options, yes or no by the first word, boxes by an IoU of "
                "0.5, else the whole answer.",
            ),
        ),
        card=DataCard(
            licence="that of the file's owner",
            address="",
            files=(DataFile(path=str(path), what="JSON list of id, image, question and answer, pictures beside it"),),
            split="all",
            paper="",
        ),
    )
