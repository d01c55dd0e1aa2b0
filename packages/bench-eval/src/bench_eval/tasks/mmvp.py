"""MMVP: pairs of pictures that CLIP takes for the same, with one question and opposite answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import CHOICE_RULE, grade_choice
from bench_eval.errors import RowError
from bench_eval.grades import Grade, Grader
from bench_eval.measures.pair_measures import measure_pairs
from bench_eval.rules.cambrian_answers import grade_mmvp_cambrian
from bench_eval.rules.mmvp_letters import grade_mmvp_lmms_eval
from bench_eval.rules.svco_letters import grade_first_characters_svco
from bench_eval.rules.vlmevalkit_letters import VLMEVALKIT_RULE, grade_vlmevalkit_letter
from bench_eval.tasks.asking_forms import LETTER, user_turn
from bench_eval.tasks.csv_files import read_csv
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.fields import need, need_whole
from bench_eval.tasks.hub_tables import hub_rows, hub_stands_in, official_file
from bench_eval.tasks.table_pictures import save_cell
from bench_eval.tasks.task import Profile, Task

CORRECTED = {99: "(b)", 100: "(a)", 279: "(b)", 280: "(a)"}
"""True labels of the rows whose labels the original file has swapped, by index from 1."""
_TABLES = "**/*.parquet"
_OPTIONS = re.compile(r"\s*\(a\)(.+?)\(b\)(.+)", re.DOTALL)


def read_mmvp(folder: DataFolder) -> Iterator[Row]:
    """Yield the questions of `Questions.csv` with `MMVP Images/`, or of the Parquet files of the corrected copy.

    Rows carry the file's label as `answer` and the label after correction as `corrected`; both rows of a pair name it
    in `pair` and `cluster`.

    Raises:
        FileError: neither is there, or a file can't be read.
        RowError: a row lacks a field, or its options or its label aren't (a) and (b).
    """
    if hub_stands_in(folder, ["Questions.csv"], _TABLES):
        for where, row in hub_rows(folder, _TABLES):
            yield _row(row, save_cell(folder, row.get("image"), where), where)
        return
    path = official_file(folder, ["Questions.csv"], _TABLES)
    for k, row in enumerate(read_csv(path), start=2):
        where = f"{path}, line {k}"
        index = _index(row, where)
        yield _row(row, folder.image(f"MMVP Images/{index}.jpg"), where)


def _row(row: Mapping[str, Any], image: str, where: str) -> Row:
    index, question = _index(row, where), str(need(row, "Question", where))
    told, answer = str(need(row, "Options", where)), str(need(row, "Correct Answer", where)).strip()
    options = _OPTIONS.fullmatch(told)
    if not options or answer not in ("(a)", "(b)"):
        raise RowError(
            f"{where}: options must be '(a) x (b) y' and the answer (a) or (b); got {told!r} and {answer!r}."
        )
    pair = f"pair-{(index + 1) // 2}"
    return {
        "id": str(index),
        "task": "mmvp",
        "cluster": pair,
        "pair": pair,
        "image": image,
        "messages": user_turn(f"{question} {told}\n{LETTER}"),
        "question": question,
        "options": [option.strip() for option in options.groups()],
        "answer": answer,
        "corrected": CORRECTED.get(index, answer),
    }


def _index(row: Mapping[str, Any], where: str) -> int:
    """The index from 1; older copies of the file misspell the column."""
    index = need_whole(row, "lndex" if "lndex" in row else "Index", where)
    if index < 1:
        raise RowError(f"{where}: Index must be a number from 1 on; got {index}.")
    return index


def corrected(grader: Grader) -> Grader:
    """Grade by the corrected labels instead of those of the file."""

    def grade(text: str, row: Mapping[str, Any]) -> Grade | float | bool:
        return grader(text, {**row, "answer": row["corrected"]})

    return grade


MMVP = Task(
    name="mmvp",
    title="MMVP",
    read=read_mmvp,
    decoding=Decoding(max_new_tokens=128),
    profiles=(
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=measure_pairs,
            rule=f"{CHOICE_RULE} Labels as in the file, with two pairs swapped in the original.",
        ),
        Profile(
            name="selfsight-corrected",
            grader=corrected(grade_choice),
            measure=measure_pairs,
            rule=f"{CHOICE_RULE} The swapped labels of two pairs are corrected.",
        ),
        Profile(
            name="svco",
            grader=grade_first_characters_svco,
            measure=measure_pairs,
            rule="The first four characters, without brackets and spaces, must be the letter: `B.` is wrong; S-VCO "
            "reports the question accuracy. Labels as in the file.",
        ),
        Profile(
            name="lmms-eval",
            grader=corrected(grade_mmvp_lmms_eval),
            measure=measure_pairs,
            rule="A or B by a list of patterns in any case, then a first character that is one; corrected labels.",
        ),
        Profile(
            name="cambrian",
            grader=grade_mmvp_cambrian,
            measure=measure_pairs,
            rule="What follows the last `answer is` must be the letter or the option's text. Labels as in the file.",
        ),
        Profile(
            name="vlmevalkit",
            grader=grade_vlmevalkit_letter,
            measure=measure_pairs,
            rule=f"{VLMEVALKIT_RULE} Labels as in the file.",
        ),
    ),
    card=DataCard(
        licence="MIT",
        address="https://huggingface.co/datasets/MMVP/MMVP",
        hub="lmms-lab-eval/MMVP",
        files=(
            DataFile(path="Questions.csv", what="300 questions with options and labels"),
            DataFile(path="MMVP Images", what="pictures 1.jpg to 300.jpg"),
        ),
        split="all",
        n=300,
        n_units=150,
        paper="Tong et al. 2024, Eyes wide shut? Exploring the visual shortcomings of MLLMs, arXiv 2401.06209",
        notes=(
            "The original swaps the labels of questions 99 and 100 and of 279 and 280; the profiles "
            "`selfsight-corrected` and `lmms-eval` correct them, the others take the file's.",
            "The hub copy lmms-lab-eval/MMVP has them corrected already: all profiles then use corrected labels.",
            "The paper's own grader was GPT-4; every profile here is a rule.",
        ),
    ),
)
"""150 pairs; the headline is the share of pairs with both questions right."""
