"""MMBench, English development part: choices asked in every rotation of their options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from shard_runner import Row

from bench_eval.asking import Decoding
from bench_eval.choices import grade_choice
from bench_eval.errors import RowError
from bench_eval.measures.circular_measure import circular_measure
from bench_eval.rules.letter_graders import true_letter
from bench_eval.rules.mm_bench import grade_mm_bench_lmms_eval
from bench_eval.rules.vlmevalkit_letters import grade_vlmevalkit_letter
from bench_eval.tasks.asking_forms import LETTER, option_lines, user_turn
from bench_eval.tasks.data_cards import DataCard, DataFile
from bench_eval.tasks.data_folder import DataFolder
from bench_eval.tasks.hub_tables import hub_rows
from bench_eval.tasks.table_pictures import save_base64, save_cell
from bench_eval.tasks.tables import need, read_csv
from bench_eval.tasks.task import Profile, Task

ROTATION = 1_000_000
"""An index from this on is a rotation of the question of index modulo this."""
_LONGEST_INDEX = 64
"""A shorter cell in place of a picture is the index of the row that holds it, as VLMEvalKit's tables have it."""
_FILES = ("mmbench_dev_20230712.tsv", "MMBench_DEV_EN.tsv")
_TABLES = "**/dev-*.parquet"


def read_mm_bench(folder: DataFolder) -> Iterator[Row]:
    """Yield all rotations of all questions of the official TSV file, or of the hub's `dev-*.parquet` files.

    Rows have `base`, `rotation`, `n_rotations`, `category` and `l2_category`; rows of one question share a cluster.

    Raises:
        FileError, RowError: a file or a field is missing, or an index, a picture, an answer can't be read.
    """
    pictures, n_rotations = _first_pass(folder)
    for where, question in _table(folder):
        yield _row(question, pictures, n_rotations, where)


def _table(folder: DataFolder) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if folder.find(_TABLES):
        yield from hub_rows(folder, _TABLES)
        return
    path = folder.file(*_FILES)
    for number, question in enumerate(read_csv(path, delimiter="\t"), start=1):
        yield f"{path}, row {number}", question


def _first_pass(folder: DataFolder) -> tuple[dict[int, str], Counter[int]]:
    """Pictures by index, and how many rows each question has; a row may lean on a later one, so all come first."""
    pictures: dict[int, str] = {}
    leaning: dict[int, str] = {}
    n_rotations: Counter[int] = Counter()
    for where, question in _table(folder):
        index, cell = _index(question, where), need(question, "image", where)
        n_rotations[index % ROTATION] += 1
        if not isinstance(cell, str):
            pictures[index] = save_cell(folder, cell, where)
        elif len(cell) > _LONGEST_INDEX:
            pictures[index] = save_base64(folder, cell, where)
        else:
            leaning[index] = cell
    for index, cell in leaning.items():
        if not cell.isdecimal() or int(cell) not in pictures:
            raise RowError(
                f"{folder.root}: index {index} needs a picture or the index of a row with one; got {cell!r}."
            )
        pictures[index] = pictures[int(cell)]
    return pictures, n_rotations


def _row(question: Mapping[str, Any], pictures: Mapping[int, str], n_rotations: Mapping[int, int], where: str) -> Row:
    index = _index(question, where)
    options = _options(question, where)
    hint = [question["hint"]] if _is_filled(question.get("hint")) else []
    asked = [*hint, str(need(question, "question", where)), option_lines(options), LETTER]
    l2_name = next((name for name in ("l2-category", "L2-category") if name in question), "l2-category")
    return {
        "id": str(index),
        "task": "mmbench",
        "cluster": str(index % ROTATION),
        "image": pictures[index],
        "messages": user_turn("\n".join(asked)),
        "options": options,
        "answer": true_letter({"id": where, "answer": need(question, "answer", where)}, len(options)),
        "base": str(index % ROTATION),
        "rotation": index // ROTATION,
        "n_rotations": n_rotations[index % ROTATION],
        "category": str(need(question, "category", where)),
        "l2_category": str(need(question, l2_name, where)),
    }


def _index(question: Mapping[str, Any], where: str) -> int:
    index = str(need(question, "index", where))
    if not index.isdecimal():
        raise RowError(f"{where}: index must be a whole number; got {index!r}.")
    return int(index)


def _options(question: Mapping[str, Any], where: str) -> list[str]:
    cells = [question.get(letter) for letter in "ABCD"]
    n_filled = next((place for place, cell in enumerate(cells) if not _is_filled(cell)), len(cells))
    if n_filled < 2 or any(_is_filled(cell) for cell in cells[n_filled:]):
        raise RowError(f"{where}: expected options A, B and on without a gap; got {cells}.")
    return [str(cell) for cell in cells[:n_filled]]


def _is_filled(cell: Any) -> bool:
    """Whether a cell holds a text; tables that went through pandas write `nan` for none."""
    return cell is not None and str(cell).strip() not in ("", "nan")


_MEASURE = circular_measure(by=["category", "l2_category"])
MM_BENCH = Task(
    name="mmbench",
    title="MMBench, English, dev",
    read=read_mm_bench,
    decoding=Decoding(max_new_tokens=1024),
    profiles=(
        Profile(
            name="vlmevalkit",
            grader=grade_vlmevalkit_letter,
            measure=_MEASURE,
            rule="VLMEvalKit's matcher without a judge, what is left wrong and unparsed; a question counts only if all "
            "rotations are right.",
        ),
        Profile(
            name="lmms-eval",
            grader=grade_mm_bench_lmms_eval,
            measure=_MEASURE,
            rule="lmms-eval's matcher without a judge, what is left wrong and unparsed; a question counts only if all "
            "rotations are right.",
        ),
        Profile(
            name="selfsight",
            grader=grade_choice,
            measure=_MEASURE,
            rule="A letter the answer is, begins with or states, else the one option it names; a question counts only "
            "if all rotations are right.",
        ),
    ),
    card=DataCard(
        licence="CC-BY-4.0",
        address="https://mmbench.opencompass.org.cn",
        files=(
            DataFile(
                path=_FILES[0],
                what="questions, answers and pictures in base64, every rotation a row; MMBench_DEV_EN.tsv does as well",
                address="https://download.openmmlab.com/mmclassification/datasets/mmbench/mmbench_dev_20230712.tsv",
            ),
        ),
        hub="lmms-lab/MMBench",
        split="dev",
        n=4329,
        paper="Liu et al., 2024, MMBench: Is Your Multi-modal Model an All-around Player?, arXiv 2307.06281",
        notes=(
            "1,164 questions, about 4 rotations each. Version 1.1 is another set of questions.",
            "Published scores let a model of OpenAI match what the rules leave open; here it is wrong and counted.",
        ),
    ),
)
