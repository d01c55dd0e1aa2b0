"""MME: two yes/no questions about each picture, in fourteen sub-tasks of perception and cognition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.errors import FileError, RowError
from bench_eval.measures.mme_measure import COGNITION, PERCEPTION, measure_mme
from bench_eval.rules.yes_no_words import grade_mme_lmms_eval, grade_mme_official, grade_stated_yes_no
from bench_eval.tasks.asking_forms import WORD_OR_PHRASE, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_yes_no
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task
from bench_eval.text_files import read_lines

SUB_TASKS = (*PERCEPTION, *COGNITION)
_ENDING = "Please answer yes or no."
_RELEASE = "MME_Benchmark_release_version"
_TABLES = "**/*.parquet"


def read_mme(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of the official text files, or of the hub's Parquet files where there are none of those.

    Raises:
        FileError: a file or a picture is missing, or a line doesn't have at least three cells.
        RowError: a Parquet row lacks a field.
    """
    if hub_stands_in(folder, [name for sub_task in SUB_TASKS for name in _names(sub_task)], _TABLES):
        yield from _hub_rows(folder)
    else:
        for sub_task in SUB_TASKS:
            yield from _official_rows(folder, sub_task)


def _names(sub_task: str) -> tuple[str, ...]:
    return f"eval_tool/Your_Results/{sub_task}.txt", f"Your_Results/{sub_task}.txt", f"{sub_task}.txt"


def _official_rows(folder: DataFolder, sub_task: str) -> Iterator[Row]:
    """Lines of picture, question and answer with tabs between; what a model answered may follow and is passed over."""
    path = official_file(folder, _names(sub_task), _TABLES)
    seen: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        cells = [cell.strip() for cell in line.split("\t")]
        if len(cells) < 3 or not all(cells[:3]):
            raise FileError(f"{where}: expected picture, question and answer with tabs between.")
        picture, question, truth = cells[:3]
        place = seen[picture] = seen.get(picture, -1) + 1
        image = _picture(folder, sub_task, picture)
        yield _row(sub_task, picture, place, image, question, truth, where)


def _picture(folder: DataFolder, sub_task: str, picture: str) -> str:
    """Where the release has it: beside the sub-task's texts, or in a folder of pictures."""
    heads = (f"{_RELEASE}/MME_Benchmark/", f"{_RELEASE}/", "")
    names = [f"{head}{sub_task}/{part}{picture}" for head in heads for part in ("", "images/")]
    paths = [folder.image(name) for name in names]
    found = next((path for path in paths if Path(path).exists()), None)
    if found is None:
        raise FileError(f"{folder.root} must hold the pictures of MME; there is no {names[0]} or {names[1]}.")
    return found


def _hub_rows(folder: DataFolder) -> Iterator[Row]:
    seen: dict[tuple[str, str], int] = {}
    for where, item in hub_rows(folder, _TABLES):
        sub_task, question = str(need(item, "category", where)), str(need(item, "question", where))
        picture = str(need(item, "question_id", where)).removeprefix(f"{sub_task}/").removeprefix("images/")
        place = seen[sub_task, picture] = seen.get((sub_task, picture), -1) + 1
        image = save_cell(folder, need(item, "image", where), where)
        yield _row(sub_task, picture, place, image, question, str(need(item, "answer", where)), where)


def _row(sub_task: str, picture: str, place: int, image: str, question: str, truth: str, where: str) -> Row:
    if sub_task not in SUB_TASKS:
        raise RowError(f"{where}: category must be a sub-task of MME; got {sub_task!r}.")
    asked = question.strip().removesuffix(_ENDING).strip()
    return {
        "id": f"{sub_task}/{picture}#{place}",
        "task": "mme",
        "cluster": f"{sub_task}/{picture}",
        "image": image,
        "messages": user_turn(f"{asked}\n{WORD_OR_PHRASE}"),
        "answer": need_yes_no({"answer": truth}, "answer", where),
        "category": sub_task,
        "picture": picture,
    }


MME = Task(
    name="mme",
    title="MME",
    read=read_mme,
    decoding=Decoding(max_new_tokens=16),
    profiles=(
        Profile(
            name="official",
            grader=grade_mme_official,
            measure=measure_mme,
            rule="The whole answer, or else whichever of yes and no occurs in its first four characters; all else is "
            "wrong. Outer spaces are cut first.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_mme_lmms_eval,
            measure=measure_mme,
            rule="As official, but periods are deleted anywhere, and a single y or n counts.",
        ),
        Profile(
            name="selfsight",
            grader=grade_stated_yes_no,
            measure=measure_mme,
            rule="Yes or no as the first word, behind 'answer is', or alone on the last line; all else is no answer.",
        ),
    ),
    card=DataCard(
        licence="not stated",
        address="https://github.com/BradyFU/Awesome-Multimodal-Large-Language-Models/tree/Evaluation",
        files=(
            DataFile(
                path="eval_tool/Your_Results/",
                what="14 text files SUB_TASK.txt with lines of picture, question and answer, tabs between",
            ),
            DataFile(path=f"{_RELEASE}/", what="14 folders of pictures, SUB_TASK/ or SUB_TASK/images/"),
        ),
        hub="lmms-lab/MME",
        split="test",
        n=2374,
        n_units=1187,
        paper="Fu et al. 2023, MME: A Comprehensive Evaluation Benchmark for Multimodal Large Language Models, "
        "arXiv 2306.13394",
        notes=(
            "The questions end in 'Please answer yes or no.'; here, as in lmms-eval's runs, the request for a single "
            "word or phrase stands instead, which changes the scores.",
            "In a sub-task of 20 pictures a single question is worth up to 7.5 points.",
        ),
    ),
)
"""All fourteen sub-tasks."""
